/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/decoding.h"

#include "base/err.h"

#include <errno.h>

/* A span in its place, which it loses again if it makes no sense. */
struct draft {
	struct span *span;
	bool has_trace_id, has_span_id, has_odd_parent;
	uint32_t dropped;
	size_t mark; /* where its attributes begin on the stack */
};

static void decode_event(struct decoding *d, struct str bytes)
{
	struct proto_reader r = { .rest = bytes };
	struct span_event e = { .name = { "", 0 } }, *slot;
	struct proto_field f;
	uint32_t dropped = 0;
	size_t mark = d->n_values;

	while (decoding_read(d, &r, &f)) {
		if (f.number == EVENT_TIME && f.wire == PROTO_FIXED64)
			e.time_ns = f.value;
		else if (f.number == EVENT_NAME && f.wire == PROTO_BYTES)
			e.name = f.bytes;
		else if (f.number == EVENT_ATTRIBUTES && f.wire == PROTO_BYTES)
			decode_key_value(d, f.bytes, mark, &dropped);
		else if (f.number == EVENT_DROPPED && f.wire == PROTO_VARINT)
			dropped += (uint32_t)f.value;
	}
	e.attributes = decoded_attributes(d, mark, dropped);
	slot = DECODING_SLOT(d, event);
	if (slot)
		*slot = e;
}

/* One without ids leads nowhere. */
static void decode_link(struct decoding *d, struct str bytes, uint32_t *dropped_links)
{
	struct proto_reader r = { .rest = bytes };
	struct span_link l = { .trace_state = { "", 0 } }, *slot;
	bool has_trace_id = false, has_span_id = false;
	struct proto_field f;
	uint32_t dropped = 0;
	size_t mark = d->n_values;

	while (decoding_read(d, &r, &f)) {
		if (f.number == LINK_FLAGS && f.wire == PROTO_FIXED32)
			l.flags = (uint32_t)f.value;
		else if (f.number == LINK_DROPPED && f.wire == PROTO_VARINT)
			dropped += (uint32_t)f.value;
		else if (f.wire != PROTO_BYTES)
			continue;
		else if (f.number == LINK_TRACE_ID)
			has_trace_id = decode_trace_id(f.bytes, &l.trace_id);
		else if (f.number == LINK_SPAN_ID)
			has_span_id = decode_span_id(f.bytes, &l.span_id);
		else if (f.number == LINK_TRACE_STATE)
			l.trace_state = f.bytes;
		else if (f.number == LINK_ATTRIBUTES)
			decode_key_value(d, f.bytes, mark, &dropped);
	}
	l.attributes = decoded_attributes(d, mark, dropped);
	slot = has_trace_id && has_span_id ? DECODING_SLOT(d, link) : NULL;
	if (slot)
		*slot = l;
	else
		++*dropped_links;
}

static void decode_status(struct decoding *d, struct str bytes, struct span *s)
{
	struct proto_reader r = { .rest = bytes };
	struct proto_field f;

	while (decoding_read(d, &r, &f)) {
		if (f.number == SPAN_STATUS_MESSAGE && f.wire == PROTO_BYTES)
			s->status_message = f.bytes;
		else if (f.number == SPAN_STATUS_CODE && f.wire == PROTO_VARINT)
			s->status =
				f.value <= STATUS_ERROR ? (enum span_status)f.value : STATUS_UNSET;
	}
}

static inline void span_bytes(struct decoding *d, struct draft *t, uint32_t number,
			      struct str bytes)
{
	struct span *s = t->span;

	switch (number) {
	case SPAN_TRACE_ID:
		t->has_trace_id = decode_trace_id(bytes, &s->trace_id);
		break;
	case SPAN_SPAN_ID:
		t->has_span_id = decode_span_id(bytes, &s->span_id);
		break;
	case SPAN_TRACE_STATE:
		s->trace_state = bytes;
		break;
	case SPAN_PARENT_ID:
		t->has_odd_parent = bytes.n && !decode_span_id(bytes, &s->parent_id);
		break;
	case SPAN_NAME:
		s->name = bytes;
		break;
	case SPAN_ATTRIBUTES:
		decode_key_value(d, bytes, t->mark, &t->dropped);
		break;
	case SPAN_EVENTS:
		if (d->n_events < ATTRIBUTES_MOST)
			decode_event(d, bytes);
		else
			s->dropped_events++;
		break;
	case SPAN_LINKS:
		if (d->n_links < ATTRIBUTES_MOST)
			decode_link(d, bytes, &s->dropped_links);
		else
			s->dropped_links++;
		break;
	case SPAN_STATUS:
		decode_status(d, bytes, s);
		break;
	}
}

static inline void span_number(struct draft *t, const struct proto_field *f)
{
	struct span *s = t->span;

	if (f->number == SPAN_START && f->wire == PROTO_FIXED64)
		s->start_ns = f->value;
	else if (f->number == SPAN_END && f->wire == PROTO_FIXED64)
		s->end_ns = f->value;
	else if (f->number == SPAN_FLAGS && f->wire == PROTO_FIXED32)
		s->flags = (uint32_t)f->value;
	else if (f->number == SPAN_KIND && f->wire == PROTO_VARINT)
		s->kind = f->value >= SPAN_INTERNAL && f->value <= SPAN_CONSUMER
				  ? (enum span_kind)f->value
				  : SPAN_INTERNAL;
	else if (f->number == SPAN_DROPPED_ATTRIBUTES && f->wire == PROTO_VARINT)
		t->dropped += (uint32_t)f->value;
	else if (f->number == SPAN_DROPPED_EVENTS && f->wire == PROTO_VARINT)
		s->dropped_events += (uint32_t)f->value;
	else if (f->number == SPAN_DROPPED_LINKS && f->wire == PROTO_VARINT)
		s->dropped_links += (uint32_t)f->value;
}

static const char *why_not(const struct draft *t)
{
	if (!t->has_trace_id || !trace_id_is_set(t->span->trace_id))
		return "a span without a trace id of 16 bytes";
	if (!t->has_span_id || !span_id_is_set(t->span->span_id))
		return "a span without a span id of 8 bytes";
	return t->has_odd_parent ? "a span whose parent's id isn't 8 bytes" : NULL;
}

/* What was gathered goes to where it stays. */
static void span_end(struct decoding *d, struct draft *t)
{
	struct span *s = t->span;

	s->attributes = decoded_attributes(d, t->mark, t->dropped);
	s->n_events = d->n_events;
	s->event = decoding_keep(d, d->event, d->n_events, sizeof(*d->event));
	s->n_links = d->n_links;
	s->link = decoding_keep(d, d->link, d->n_links, sizeof(*d->link));
	s->scope = decoding_scope(d);
	if (s->end_ns < s->start_ns)
		s->end_ns = s->start_ns;
}

void decode_span(struct decoding *d, struct str bytes)
{
	struct draft t = { .mark = d->n_values };
	struct proto_reader r;
	struct proto_field f;
	const char *why;

	if (!decoding_room(d))
		return;
	d->n_events = d->n_links = 0;
	r = (struct proto_reader){ .rest = decoding_copy(d, bytes) };
	t.span = d->error ? NULL : batch_add_span(d->batch);
	if (!t.span) {
		d->error = ERR(-ENOMEM);
		return;
	}
	t.span->kind = SPAN_INTERNAL;
	while (!d->error && decoding_read(d, &r, &f)) {
		if (f.wire == PROTO_BYTES)
			span_bytes(d, &t, f.number, f.bytes);
		else
			span_number(&t, &f);
	}
	why = why_not(&t);
	if (!why) {
		span_end(d, &t);
		return;
	}
	d->n_values = t.mark;
	d->batch->n_spans--;
	decoding_reject(d, why);
}
