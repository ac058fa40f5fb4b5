/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/alone.h"
#include "lib/audit.h"
#include "lib/clock.h"
#include "lib/context.h"
#include "lib/encode.h"
#include "lib/known.h"
#include "lib/lane.h"
#include "lib/names.h"
#include "lib/watcher.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

enum { BODY_MOST = 4096, PRINT_MOST = 1024 };

/*
 * A record's severity | scope << 8 | call site << 16 | logger << 32, as it ends up in the record's last word. A
 * site's number is one in this segment if its upper half says so.
 */
static inline uint64_t log_whence(struct oriel_site *site, uint64_t what)
{
	uint32_t mark = process.generation_mark;
	uint32_t number = __atomic_load_n(&site->number, __ATOMIC_RELAXED) ^ mark;

	if (__builtin_expect(number > UINT16_MAX, 0))
		number = names_learn(site, mark);
	return what | (uint64_t)number << 16;
}

/* What the context adds to a record: before what the caller says, so that of one key his counts. */
static __attribute__((noinline)) size_t log_context(struct oriel_attribute to[2],
						    const struct entry *top)
{
	struct carried c = carry_read(entry_carry(top));
	size_t n = 0;

	if (c.fields.n)
		to[n++] = known_row(c.fields.p, c.fields.n);
	if (c.request_id.n)
		to[n++] = known_strn(KEY_REQUEST_ID, c.request_id.p, c.request_id.n);
	return n;
}

static inline void log_fill(struct record_log *r, uint64_t head, const struct entry *top,
			    uint64_t whence)
{
	uint64_t rest = entry_flags(top) | (whence & ~0xffull);

	record_head(&r->head, head);
	memcpy(r->trace_id, &top->trace_id[0], 8);
	memcpy(r->trace_id + 8, &top->trace_id[1], 8);
	r->span_id = top->span_id;
	_Static_assert(sizeof(*r) == offsetof(struct record_log, trace_flags) + sizeof(rest) &&
			       offsetof(struct record_log, scope) ==
				       offsetof(struct record_log, trace_flags) + 1 &&
			       offsetof(struct record_log, site) ==
				       offsetof(struct record_log, trace_flags) + 2 &&
			       offsetof(struct record_log, logger) ==
				       offsetof(struct record_log, trace_flags) + 4,
		       "flags, scope, site and logger are one word");
	memcpy(&r->trace_flags, &rest, sizeof(rest));
}

/*
 * The record's time; UINT64_MAX: there is none, which is counted as this loss (N_LOSSES: it isn't).
 * `extra` stands beside what the context adds; it may be NULL.
 */
static __attribute__((noinline)) uint64_t log_write_with(uint64_t whence, struct str body,
							 size_t most,
							 struct oriel_attributes attributes,
							 const struct oriel_attribute *extra,
							 enum segment_loss loss)
{
	struct thread *t = oriel_recording() ? thread_self() : NULL;
	const struct entry *top;
	struct record_log *r;
	struct oriel_attribute context[3];
	struct encode_text fit;
	struct encode e, more = { 0 };
	struct write w;
	unsigned char *p;
	uint64_t time;
	size_t size, n;

	if (!t) {
		process_lose(LOSS_logs_no_slot, oriel_recording());
		return UINT64_MAX;
	}
	fit = encode_text_fit(body, most);
	top = thread_top(t);
	size = sizeof(*r) + fit.n;
	if (__builtin_expect(entry_carry(top) || extra, 0)) {
		n = entry_carry(top) ? log_context(context, top) : 0;
		if (extra)
			context[n++] = *extra;
		more = encode_fit((struct oriel_attributes){ context, n }, RECORD_MOST - size);
		size += more.bytes;
	}
	e = encode_fit(attributes, RECORD_MOST - size);
	size += e.bytes;
	w = write_begin_keeping(t, encode_pad(size), (size_t)END_SIZE * (t->n_open + 1));
	if (!w.p) {
		process_lose(loss, loss != N_LOSSES);
		return UINT64_MAX;
	}
	r = (struct record_log *)w.p;
	log_fill(r,
		 RECORD_HEAD(encode_pad(size), RECORD_LOG, 0, fit.n, encode_pad(size) - size,
			     whence),
		 top, whence);
	time = r->time = clock_now(&r->head.flags);
	p = encode_text_put(w.p + sizeof(*r), &fit);
	if (__builtin_expect(more.n != 0, 0))
		p = encode_put(p, &more);
	encode_put(p, &e);
	write_end(w, encode_pad(size));
	lane_rest(t);
	return time;
}

static uint64_t log_write_any(uint64_t whence, struct str body, size_t most,
			      struct oriel_attributes attributes)
{
	return log_write_with(whence, body, most, attributes, NULL, LOSS_logs_no_room);
}

bool log_write_audit(struct str event, struct oriel_attributes attributes, uint64_t number)
{
	struct oriel_attribute extra = oriel_int(AUDIT_NUMBER, (int64_t)number);

	return log_write_with(WHAT_OF(SCOPE_AUDIT, ORIEL_INFO), event, BODY_MOST, attributes,
			      &extra, N_LOSSES) != UINT64_MAX;
}

/* What is left of the chunk holds it, and the context adds nothing. False: nothing is written. */
static inline __attribute__((always_inline)) bool log_try(struct thread *t, uint64_t whence,
							  struct str body, size_t most,
							  struct oriel_attributes attributes,
							  uint64_t *time)
{
	size_t keep = (size_t)END_SIZE * (t->n_open + 1), size;
	const struct entry *top = &t->entry[t->depth];
	struct record_log *r;
	unsigned char *to;

	if (__builtin_expect(body.n > most || (top->meta & ENTRY_CARRY) ||
				     !judged_text(body.p, body.n),
			     0) ||
	    !clock_counts() || !write_try(t, keep + encode_pad(sizeof(*r) + body.n)))
		return false;
	r = (struct record_log *)t->lane[0].at;
	to = encode_copy((unsigned char *)(r + 1), body.p, body.n);
	if (attributes.n)
		to = encode_try(to, write_end_of(t, keep), attributes);
	r->time = *time = clock_count();
	if (__builtin_expect(!to, 0) || !clock_counts()) {
		write_leave(t);
		return false;
	}
	size = encode_pad((size_t)(to - (unsigned char *)r));
	log_fill(r,
		 RECORD_HEAD(size, RECORD_LOG, 0, body.n, (unsigned char *)r + size - to, whence),
		 &t->entry[t->depth], whence);
	write_keep(t, (unsigned char *)r + size);
	return true;
}

/* What comes here has passed the gate, so this process records, or can't and is to say so. */
static inline __attribute__((always_inline)) void log_record(struct oriel_site *site, uint64_t what,
							     struct str body, size_t most,
							     struct oriel_attributes attributes)
{
	struct thread *t = thread_here;
	uint64_t whence = log_whence(site, what), time;

	if (__builtin_expect(t->live == THREAD_LIVE &&
				     log_try(t, whence, body, most, attributes, &time),
			     1))
		lane_rest(t);
	else
		time = log_write_any(whence, body, most, attributes);
	if (alone_must_look(time))
		alone_look(what, body, attributes);
}

void oriel_log_at(struct oriel_site *site, uint64_t what, const char *event, size_t event_n,
		  struct oriel_attributes attributes)
{
	log_record(site, what, (struct str){ event, event_n }, BODY_MOST, attributes);
}

void oriel_log_write(enum oriel_severity severity, const char *event, size_t event_n,
		     struct oriel_attributes attributes)
{
	static struct oriel_site nowhere;

	if (oriel_recording())
		oriel_log_at(&nowhere, (uint8_t)severity, event, event_n, attributes);
}

void oriel_log_print(struct oriel_site *site, uint64_t what, const char *format, ...)
{
	int kept = errno, n;
	char text[PRINT_MOST + REDACT_AHEAD]; /* a secret is cut when it is known as one */
	va_list values;

	va_start(values, format);
	n = vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	if (n >= (int)sizeof(text))
		n = sizeof(text) - 1;
	if (n >= 0)
		log_record(site, what, (struct str){ text, (size_t)n }, PRINT_MOST, ORIEL_WITH());
	errno = kept;
}
