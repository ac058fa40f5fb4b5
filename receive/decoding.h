/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding: one OTLP request on its way into batches; what otlp.c (the frame), values.c, spans.c,
 * logs.c and metrics.c share. Nobody else includes it.
 *
 * Each item's bytes are copied into its batch's arena first, and everything that has a text points
 * into that copy. Attributes are gathered on a stack (of nested values the inner ones lie above the
 * outer), and then copied to where they stay.
 *
 * `bad` (not protobuf: the request is refused) and `error` (memory) are sticky.
 */
#pragma once

#include "export/otlp-fields.h"
#include "export/protobuf-read.h"
#include "receive/otlp.h"
#include "receive/receipt.h"

enum {
	NESTED_MOST = 24,	/* values in values; as many as are written out again */
	ATTRIBUTES_MOST = 1024, /* of one item; also its events and links */
	LIST_MOST = 65536,	/* items of an array or a map */
	BUCKETS_MOST = 16384,	/* of a histogram's point */
};

/* A scope that may still be told its schema. */
struct made_scope {
	struct scope scope;
	struct made_scope *next;
	struct arena *arena;
};

struct decoding {
	struct receipt *to;
	struct batch *batch; /* of `resource`; NULL: none yet */
	struct resource *resource;
	struct str scope_bytes;	   /* of the scope that is read now */
	struct str schema_bytes;   /* and its schema's URL, which mostly comes last */
	struct made_scope *made;   /* scopes that were made of it, one a batch */
	const struct scope *scope; /* that scope, in the batch; NULL: not there yet */
	bool has_scope;
	size_t items_left, values_left;

	struct attribute *value;
	size_t n_values, room_values;
	struct span_event *event;
	size_t n_events, room_events;
	struct span_link *link;
	size_t n_links, room_links;
	struct exemplar *exemplar;
	size_t n_exemplars, room_exemplars;
	struct quantile *quantile;
	size_t n_quantiles, room_quantiles;
	uint64_t *number[2]; /* buckets; bounds, or the other buckets */
	size_t n_numbers[2], room_numbers[2];
	bool bad;
	int error;
};

/* The next slot of one of the arrays above, zeroed; NULL: no memory. */
void *decoding_slot(struct decoding *d, void *array, size_t *n, size_t *room, size_t size);
#define DECODING_SLOT(d, what) \
	decoding_slot((d), &(d)->what, &(d)->n_##what##s, &(d)->room_##what##s, sizeof(*(d)->what))

/* `n` things of an array, where they stay; NULL: none, or no memory. */
void *decoding_keep(struct decoding *d, const void *from, size_t n, size_t size);

/* The batch's own copy of an item's bytes; makes the batch if need be. */
struct str decoding_copy(struct decoding *d, struct str item);

/* The scope of what is read now. */
const struct scope *decoding_scope(struct decoding *d);

/* Is there room for one more item in this request? */
bool decoding_room(struct decoding *d);

static inline void decoding_reject(struct decoding *d, const char *why)
{
	receipt_reject(d->to, 1, why);
}

static inline bool decoding_read(struct decoding *d, struct proto_reader *r, struct proto_field *f)
{
	if (proto_read(r, f))
		return true;
	d->bad |= r->bad;
	return false;
}

/* values.c: a KeyValue goes onto the stack, those from `mark` on come down as attributes. */
void decode_key_value(struct decoding *d, struct str bytes, size_t mark, uint32_t *dropped);
struct attributes decoded_attributes(struct decoding *d, size_t mark, uint32_t dropped);
void decode_any_value(struct decoding *d, struct str bytes, struct value *to);

/* Sixteen bytes, or eight; false: of another length. */
static inline bool decode_trace_id(struct str bytes, struct trace_id *to)
{
	if (bytes.n != sizeof(to->b))
		return false;
	memcpy(to->b, bytes.p, sizeof(to->b));
	return true;
}

static inline bool decode_span_id(struct str bytes, struct span_id *to)
{
	if (bytes.n != sizeof(to->b))
		return false;
	memcpy(to->b, bytes.p, sizeof(to->b));
	return true;
}

/* One item each, of its own copy. */
void decode_span(struct decoding *d, struct str bytes);
void decode_log(struct decoding *d, struct str bytes);
void decode_metric(struct decoding *d, struct str bytes);
