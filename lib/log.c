/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/clock.h"
#include "lib/context.h"
#include "lib/encode.h"
#include "lib/lane.h"
#include "lib/request-id.h"

enum { BODY_MOST = 4096 };

/* What the context adds to a record, unless the caller said it already. */
static __attribute__((noinline)) size_t log_context(struct oriel_attribute *to,
						    const struct entry *top,
						    struct oriel_attributes attributes)
{
	struct str id = request_id_of(top);

	for (size_t i = 0; i < attributes.n; i++)
		if (attributes.item[i].key && !strcmp(attributes.item[i].key, "request_id"))
			return 0;
	*to = oriel_strn("request_id", id.p, id.n);
	return id.n != 0;
}

void oriel_log_write(enum oriel_severity severity, const char *event, size_t event_n,
		     struct oriel_attributes attributes)
{
	struct thread *t = oriel_gate.recording ? thread_self() : NULL;
	struct str body = { event, event_n };
	const struct entry *top;
	struct record_log *r;
	struct oriel_attribute context;
	struct encode e, more = { 0 };
	struct write w;
	unsigned char *p;
	size_t size;

	if (!t) {
		process_lose(LOSS_logs_no_slot, oriel_gate.recording);
		return;
	}
	if (__builtin_expect(body.n > BODY_MOST, 0)) {
		body.n = encode_cut(body.p, body.n, BODY_MOST);
		process_lose(LOSS_values_cut, 1);
	}
	top = thread_top(t);
	size = sizeof(*r) + body.n;
	if (__builtin_expect(entry_carry(top) != 0, 0) && log_context(&context, top, attributes)) {
		more = encode_fit((struct oriel_attributes){ &context, 1 }, RECORD_MOST - size);
		size += more.bytes;
	}
	e = encode_fit(attributes, RECORD_MOST - size);
	size += e.bytes;
	w = write_begin(t, encode_pad(size), LOSS_logs_no_room);
	if (!w.p)
		return;
	r = (struct record_log *)w.p;
	record_head(&r->head, RECORD_HEAD(encode_pad(size), RECORD_LOG, 0, body.n,
					  encode_pad(size) - size, severity));
	memcpy(r->trace_id, &top->trace_id[0], 8);
	memcpy(r->trace_id + 8, &top->trace_id[1], 8);
	r->span_id = top->span_id;
	r->trace_flags = entry_flags(top);
	r->scope = SCOPE_APPLICATION;
	memset(r->reserved, 0, sizeof(r->reserved));
	r->time = clock_now(&r->head.flags);
	p = encode_put(encode_copy(w.p + sizeof(*r), body.p, body.n), &e);
	if (__builtin_expect(more.n != 0, 0))
		encode_put(p, &more);
	write_end(w, encode_pad(size));
	lane_rest(t);
}
