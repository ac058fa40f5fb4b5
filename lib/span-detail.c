/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a span between its START and its END: a record each, of the given one or the current one. */
#include "lib/span.h"

#include "lib/carry.h"
#include "lib/clock.h"
#include "lib/encode.h"
#include "lib/known.h"
#include "lib/lane.h"

enum { TEXT_MOST = 4096 };

/* The span that a call is about: given, or the current one; 0 if it does not record. */
static uint64_t span_target(struct thread *t, const struct oriel_span *span)
{
	uint64_t id = 0;

	if (span) {
		if (span->flags & SPAN_RECORDS)
			memcpy(&id, span->context.span_id, 8);
		return id;
	}
	for (uint32_t i = t->depth; i; i--) {
		const struct entry *e = &t->entry[i];

		if (entry_kind(e) == ENTRY_SPAN)
			return e->span_id;
		if (entry_kind(e) == ENTRY_ATTACHED)
			return entry_flags(e) & ORIEL_SAMPLED && !entry_remote(e) ? e->span_id : 0;
		if (entry_kind(e) == ENTRY_SILENT)
			return 0;
	}
	return 0;
}

/* What follows a record's fixed part, as much of it as fits. */
struct detail {
	struct encode_text text;
	struct encode attributes;
};

static inline struct detail detail_fit(struct record_head *h, size_t fixed, struct str text,
				       size_t text_most, struct oriel_attributes attributes)
{
	struct detail d = { .text = encode_text_fit(text, text_most) };
	size_t size;

	d.attributes = encode_fit(attributes, RECORD_MOST - fixed - d.text.n);
	size = fixed + d.text.n + d.attributes.bytes;
	h->size = (uint16_t)encode_pad(size);
	h->pad_n = (uint8_t)(h->size - size);
	h->text_n = (uint16_t)d.text.n;
	return d;
}

/* SET, STATUS and NAME: an id, a text and attributes. */
static void span_write_detail(const struct oriel_span *span, struct record_head head,
			      struct str text, struct oriel_attributes attributes)
{
	struct thread *t = oriel_recording() ? thread_self() : NULL;
	struct record_span r = { .head = head };
	struct detail d;
	struct write w;

	r.span_id = t ? span_target(t, span) : 0;
	if (!r.span_id)
		return;
	d = detail_fit(&r.head, sizeof(r), text, TEXT_MOST, attributes);
	w = write_begin(t, r.head.size, LOSS_details_no_room);
	if (!w.p)
		return;
	memcpy(w.p, &r, sizeof(r));
	encode_put(encode_text_put(w.p + sizeof(r), &d.text), &d.attributes);
	write_end(w, r.head.size);
	lane_rest(t);
}

void oriel_span_set_all(const struct oriel_span *span, struct oriel_attributes attributes)
{
	if (attributes.n)
		span_write_detail(span, (struct record_head){ .type = RECORD_SET }, STR(""),
				  attributes);
}

void oriel_span_name(const struct oriel_span *span, const char *name)
{
	if (name)
		span_write_detail(span, (struct record_head){ .type = RECORD_NAME }, str_of(name),
				  ORIEL_WITH());
}

void oriel_span_status(const struct oriel_span *span, enum oriel_status status, const char *message)
{
	span_write_detail(span,
			  (struct record_head){ .type = RECORD_STATUS, .code = (uint8_t)status },
			  str_of(message), ORIEL_WITH());
}

void oriel_span_event_all(const struct oriel_span *span, const char *name, uint64_t time_ns,
			  struct oriel_attributes attributes)
{
	struct thread *t = oriel_recording() ? thread_self() : NULL;
	struct record_event r = { .head = { .type = RECORD_EVENT } };
	struct detail d;
	struct write w;

	r.span_id = t ? span_target(t, span) : 0;
	if (!r.span_id)
		return;
	d = detail_fit(&r.head, sizeof(r), str_of(name), SPAN_NAME_MOST, attributes);
	w = write_begin(t, r.head.size, LOSS_details_no_room);
	if (!w.p)
		return;
	if (time_ns) {
		r.head.flags |= RECORD_TIME_REAL;
		r.time = time_ns;
	} else {
		r.time = clock_now(&r.head.flags);
	}
	memcpy(w.p, &r, sizeof(r));
	encode_put(encode_text_put(w.p + sizeof(r), &d.text), &d.attributes);
	write_end(w, r.head.size);
	lane_rest(t);
}

void oriel_span_link_all(const struct oriel_span *span, const struct oriel_context *to,
			 struct oriel_attributes attributes)
{
	struct thread *t = oriel_recording() ? thread_self() : NULL;
	struct str state = to ? carry_read(to->carry).trace_state : STR("");
	size_t state_n = state.n ? state.n + 2 : 0, size;
	struct record_link r = { .head = { .type = RECORD_LINK } };
	struct encode e;
	struct write w;
	unsigned char *p;

	r.span_id = t && to ? span_target(t, span) : 0;
	if (!r.span_id)
		return;
	memcpy(r.trace_id, to->trace_id, 16);
	memcpy(&r.linked_id, to->span_id, 8);
	r.flags = to->flags | (to->remote ? 0x300u : 0x100u);
	e = encode_fit(attributes, RECORD_MOST - sizeof(r) - state_n);
	size = sizeof(r) + state_n + e.bytes;
	r.head.size = (uint16_t)encode_pad(size);
	r.head.pad_n = (uint8_t)(r.head.size - size);
	r.head.flags = state_n ? RECORD_TRACESTATE : 0;
	w = write_begin(t, r.head.size, LOSS_details_no_room);
	if (!w.p)
		return;
	memcpy(w.p, &r, sizeof(r));
	p = w.p + sizeof(r);
	if (state_n)
		p = span_put_state(p, state);
	encode_put(p, &e);
	write_end(w, r.head.size);
}

enum { ERROR_ATTRIBUTES = 16 };

void oriel_span_error_all(const struct oriel_span *span, const char *type, const char *message,
			  struct oriel_attributes attributes)
{
	struct oriel_attribute all[ERROR_ATTRIBUTES];
	size_t n = 0;

	if (!oriel_recording())
		return;
	all[n++] = known_str(KEY_EXCEPTION_TYPE, type);
	all[n++] = known_str(KEY_EXCEPTION_MESSAGE, message);
	for (size_t i = 0; i < attributes.n && n < ERROR_ATTRIBUTES; i++)
		all[n++] = attributes.item[i];
	oriel_span_event_all(span, "exception", 0, (struct oriel_attributes){ all, n });
	oriel_span_set_all(span, ORIEL_WITH(known_str(KEY_ERROR_TYPE, type)));
	oriel_span_status(span, ORIEL_ERROR, message);
}

void oriel_span_error(const struct oriel_span *span, const char *type, const char *message)
{
	oriel_span_error_all(span, type, message, ORIEL_WITH());
}
