/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/decoding.h"

#include "base/clock.h"
#include "base/err.h"

#include <errno.h>

enum { SEVERITY_MOST = 24 };

static void log_bytes(struct decoding *d, struct log_record *l, const struct proto_field *f,
		      size_t mark)
{
	switch (f->number) {
	case LOG_SEVERITY_TEXT:
		l->severity_text = f->bytes;
		break;
	case LOG_BODY:
		decode_any_value(d, f->bytes, &l->body);
		break;
	case LOG_ATTRIBUTES:
		decode_key_value(d, f->bytes, mark, &l->attributes.dropped);
		break;
	case LOG_TRACE_ID:
		decode_trace_id(f->bytes, &l->trace_id);
		break;
	case LOG_SPAN_ID:
		decode_span_id(f->bytes, &l->span_id);
		break;
	case LOG_EVENT_NAME:
		l->event_name = f->bytes;
		break;
	}
}

static void log_number(struct log_record *l, const struct proto_field *f)
{
	if (f->number == LOG_TIME && f->wire == PROTO_FIXED64)
		l->time_ns = f->value;
	else if (f->number == LOG_OBSERVED && f->wire == PROTO_FIXED64)
		l->observed_ns = f->value;
	else if (f->number == LOG_FLAGS && f->wire == PROTO_FIXED32)
		l->flags = (uint32_t)f->value;
	else if (f->number == LOG_SEVERITY && f->wire == PROTO_VARINT)
		l->severity = f->value <= SEVERITY_MOST ? (int)f->value : 0;
	else if (f->number == LOG_DROPPED && f->wire == PROTO_VARINT)
		l->attributes.dropped += (uint32_t)f->value;
}

/* A record that doesn't say when it was seen was seen now, and was made when it was seen. */
static void log_time(struct log_record *l)
{
	if (!l->observed_ns)
		l->observed_ns = l->time_ns ? l->time_ns : clock_real_ns();
	if (!l->time_ns)
		l->time_ns = l->observed_ns;
}

/* Ids of a wrong length are none: the record still tells something. */
void decode_log(struct decoding *d, struct str bytes)
{
	struct log_record l = { .time_ns = 0 }, *slot;
	size_t mark = d->n_values;
	struct proto_reader r;
	struct proto_field f;

	if (!decoding_room(d))
		return;
	r = (struct proto_reader){ .rest = decoding_copy(d, bytes) };
	while (!d->error && decoding_read(d, &r, &f)) {
		if (f.wire == PROTO_BYTES)
			log_bytes(d, &l, &f, mark);
		else
			log_number(&l, &f);
	}
	l.attributes = decoded_attributes(d, mark, l.attributes.dropped);
	log_time(&l);
	l.scope = decoding_scope(d);
	slot = d->error ? NULL : batch_add_log(d->batch);
	if (slot)
		*slot = l;
	else
		d->error = ERR(-ENOMEM);
}
