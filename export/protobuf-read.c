/* SPDX-License-Identifier: Apache-2.0 */
#include "export/protobuf-read.h"

enum { FIELD_NUMBER_MOST = (1 << 29) - 1 };

static bool read_varint(struct str *s, uint64_t *v)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < PUT_VARINT_MOST && i < s->n; i++) {
		unsigned char b = (unsigned char)s->p[i];

		if (i == PUT_VARINT_MOST - 1 && b > 1)
			return false;
		sum |= (uint64_t)(b & 0x7f) << (7 * i);
		if (b < 0x80) {
			*s = str_from(*s, i + 1);
			*v = sum;
			return true;
		}
	}
	return false;
}

static bool read_fixed(struct str *s, size_t n, uint64_t *v)
{
	uint64_t sum = 0;

	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++)
		sum |= (uint64_t)(unsigned char)s->p[i] << (8 * i);
	*s = str_from(*s, n);
	*v = sum;
	return true;
}

static bool read_bytes(struct str *s, struct str *bytes)
{
	uint64_t n;

	if (!read_varint(s, &n) || n > s->n)
		return false;
	*bytes = str_first(*s, n);
	*s = str_from(*s, n);
	return true;
}

static bool read_field(struct str *s, struct proto_field *f)
{
	uint64_t tag;

	*f = (struct proto_field){ 0 };
	if (!read_varint(s, &tag) || tag >> 3 == 0 || tag >> 3 > FIELD_NUMBER_MOST)
		return false;
	f->number = (uint32_t)(tag >> 3);
	switch (tag & 7) {
	case PROTO_VARINT:
		f->wire = PROTO_VARINT;
		return read_varint(s, &f->value);
	case PROTO_FIXED64:
		f->wire = PROTO_FIXED64;
		return read_fixed(s, 8, &f->value);
	case PROTO_BYTES:
		f->wire = PROTO_BYTES;
		return read_bytes(s, &f->bytes);
	case PROTO_FIXED32:
		f->wire = PROTO_FIXED32;
		return read_fixed(s, 4, &f->value);
	default:
		return false;
	}
}

bool proto_read(struct proto_reader *r, struct proto_field *f)
{
	if (r->bad || !r->rest.n)
		return false;
	if (!read_field(&r->rest, f))
		r->bad = true;
	return !r->bad;
}
