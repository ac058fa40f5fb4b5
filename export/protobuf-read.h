/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protobuf, read: foreign bytes field by field, without copying or allocating.
 *
 *     struct proto_reader r = { .rest = body };
 *     struct proto_field f;
 *     while (proto_read(&r, &f))
 *             if (f.number == 1 && f.wire == PROTO_BYTES) ...f.bytes
 *     if (r.bad) ...                         cut short, or not protobuf at all
 *
 * A nested message is `bytes` to be read by another reader: how deep is the caller's decision.
 * Groups (which proto3 doesn't have) are bad.
 */
#pragma once

#include "export/protobuf.h"

enum { PROTO_FIELD_MOST = (1 << 29) - 1 };

struct proto_reader {
	struct str rest;
	bool bad;
};

struct proto_field {
	uint32_t number;
	enum proto_wire wire;
	uint64_t value;	  /* VARINT, FIXED64, FIXED32 */
	struct str bytes; /* BYTES; borrowed from what is read */
};

/* How many bytes the varint at `p` takes, any length; 0: cut short, or longer than any. */
size_t proto_long_varint(const char *p, size_t n, uint64_t *v);

/* At the front of *s, which it is cut from. By value to the long one, so that *s stays in registers. */
static inline bool proto_cut_varint(struct str *s, uint64_t *v)
{
	uint64_t sum;
	size_t n;

	if (__builtin_expect(s->n && (unsigned char)s->p[0] < 0x80, 1)) {
		*v = (unsigned char)s->p[0];
		s->p++;
		s->n--;
		return true;
	}
	n = proto_long_varint(s->p, s->n, &sum);
	*v = n ? sum : 0;
	s->p += n;
	s->n -= n;
	return n != 0;
}

static inline bool proto_cut_fixed64(struct str *s, uint64_t *v)
{
	if (s->n < sizeof(*v))
		return false;
	memcpy(v, s->p, sizeof(*v));
	*v = le64toh(*v);
	s->p += sizeof(*v);
	s->n -= sizeof(*v);
	return true;
}

static inline bool proto_cut_fixed32(struct str *s, uint64_t *v)
{
	uint32_t word;

	if (s->n < sizeof(word))
		return false;
	memcpy(&word, s->p, sizeof(word));
	*v = le32toh(word);
	s->p += sizeof(word);
	s->n -= sizeof(word);
	return true;
}

static inline bool proto_cut_bytes(struct str *s, struct str *bytes)
{
	uint64_t n;

	if (!proto_cut_varint(s, &n) || n > s->n)
		return false;
	*bytes = (struct str){ s->p, n };
	s->p += n;
	s->n -= n;
	return true;
}

static inline bool proto_cut_field(struct str *s, struct proto_field *f)
{
	uint64_t tag;

	if (!proto_cut_varint(s, &tag) || tag >> 3 == 0 || tag >> 3 > PROTO_FIELD_MOST)
		return false;
	f->number = (uint32_t)(tag >> 3);
	f->wire = (enum proto_wire)(tag & 7);
	f->value = 0;
	f->bytes = (struct str){ "", 0 };
	switch (tag & 7) {
	case PROTO_VARINT:
		return proto_cut_varint(s, &f->value);
	case PROTO_FIXED64:
		return proto_cut_fixed64(s, &f->value);
	case PROTO_BYTES:
		return proto_cut_bytes(s, &f->bytes);
	case PROTO_FIXED32:
		return proto_cut_fixed32(s, &f->value);
	default:
		return false;
	}
}

/* False at the end and from the first bad byte on. */
static inline bool proto_read(struct proto_reader *r, struct proto_field *f)
{
	if (r->bad || !r->rest.n)
		return false;
	r->bad = !proto_cut_field(&r->rest, f);
	return !r->bad;
}

/* sint32 and sint64 */
static inline int64_t proto_zigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (~(v & 1) + 1));
}

static inline double proto_double(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}
