/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pack: the spans of a trace that came together, in one row; a row costs more than a span.
 *
 *     size_t at = pack_begin(&out, &head);                then its blob follows
 *     blob_write_span(...to `out`...);
 *     pack_end(&out, at);
 *
 *     while (pack_next(&left, &span)) ...                  what was cut or broken ends it
 *
 * The reader trusts nothing: lengths are held against the bytes that are left.
 */
#pragma once

#include "base/out.h"

#include <errno.h>

enum { PACK_SPANS = 32, PACK_BYTES = 6144 }; /* a row is closed when it has as much */

/* What stands before each blob, as it is in memory. */
struct __attribute__((packed)) pack_head {
	uint64_t span_id, parent_id; /* bytes in network order */
	uint64_t start_ns, duration_ns;
	uint32_t resource;
	uint32_t size; /* of the blob */
	uint8_t what;  /* kind, status and end: span_what in write.c */
};

struct packed {
	struct pack_head head;
	struct str data; /* borrowed */
};

/* A head, the size of which isn't known yet. Returns where it is, for pack_end after the blob. */
static inline size_t pack_begin(struct out *o, const struct pack_head *head)
{
	out_bytes(o, head, sizeof(*head));
	return o->n - sizeof(*head);
}

/* Or -EFBIG, or the out's error. */
static inline int pack_end(struct out *o, size_t at)
{
	struct pack_head head;
	size_t n = o->n - at - sizeof(head);

	if (o->error || n > UINT32_MAX)
		return o->error ? o->error : -EFBIG;
	memcpy(&head, o->p + at, sizeof(head));
	head.size = (uint32_t)n;
	memcpy(o->p + at, &head, sizeof(head));
	return 0;
}

static inline bool pack_next(struct str *left, struct packed *out)
{
	uint32_t n;

	if (left->n < sizeof(out->head))
		return false;
	memcpy(&out->head, left->p, sizeof(out->head));
	n = out->head.size;
	if (n > left->n - sizeof(out->head))
		return false;
	out->data = (struct str){ left->p + sizeof(out->head), n };
	left->p += sizeof(out->head) + n;
	left->n -= sizeof(out->head) + n;
	return true;
}
