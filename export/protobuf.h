/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protobuf, written: the wire format, straight into a `struct out`.
 *
 *     struct proto_message span = proto_open(&o, 2, PROTO_ABOUT_16K);
 *     proto_bytes(&o, 1, id, 16);
 *     proto_string(&o, 5, name);             invalid UTF-8 becomes U+FFFD; empty is left out
 *     proto_close(&o, span);                 fills in the length
 *     if (o.error) ...                       sticky, as everything with `struct out`
 *
 * A nested message is preceded by its length, which is known only afterwards. Room for it is left
 * by a guess of the caller's and filled in at the end; a wrong guess moves the message by a byte or
 * two. Lengths are therefore always the shortest form, and nothing is measured twice.
 *
 * The put_* functions are for inner loops: they write at a cursor whose room was reserved before.
 */
#pragma once

#include "base/out.h"

#include <endian.h>

enum proto_wire { PROTO_VARINT = 0, PROTO_FIXED64 = 1, PROTO_BYTES = 2, PROTO_FIXED32 = 5 };

/* How long is a message about to be? The bytes that its length will take. */
enum proto_guess { PROTO_ABOUT_100 = 1, PROTO_ABOUT_16K = 2, PROTO_ABOUT_1M = 3, PROTO_HUGE = 4 };

enum { PUT_TAG_MOST = 5, PUT_VARINT_MOST = 10 };

struct proto_message {
	size_t body; /* where it starts, in bytes from the start of the out */
	enum proto_guess guess;
};

struct proto_message proto_open(struct out *o, uint32_t field, enum proto_guess guess);
void proto_close(struct out *o, struct proto_message m);

/* Fields of no value (zero, empty) are left out, as proto3 wants; the *_always forms write them. */
void proto_u64(struct out *o, uint32_t field, uint64_t v);
void proto_u64_always(struct out *o, uint32_t field, uint64_t v);
void proto_fixed64(struct out *o, uint32_t field, uint64_t v);
void proto_fixed64_always(struct out *o, uint32_t field, uint64_t v);
void proto_fixed32(struct out *o, uint32_t field, uint32_t v);
void proto_double_always(struct out *o, uint32_t field, double v);
void proto_bytes(struct out *o, uint32_t field, const void *p, size_t n);
void proto_bytes_always(struct out *o, uint32_t field, const void *p, size_t n);
void proto_string(struct out *o, uint32_t field, struct str s);
void proto_string_always(struct out *o, uint32_t field, struct str s);

/* Packed repeated fields: one length, then the numbers. Nothing when n is 0. */
void proto_packed_fixed64(struct out *o, uint32_t field, const uint64_t *v, size_t n);
void proto_packed_double(struct out *o, uint32_t field, const double *v, size_t n);

/* Is all of it UTF-8? */
bool proto_text_ok(struct str s);

/* Up to `n` bytes may be written at the result, then proto_take says where they end; NULL: error.
 */
static inline char *proto_room(struct out *o, size_t n)
{
	if (o->room - o->n < n && !out_reserve(o, n))
		return NULL;
	return o->error ? NULL : o->p + o->n;
}

static inline void proto_take(struct out *o, const char *end)
{
	o->n = (size_t)(end - o->p);
}

static inline size_t proto_varint_size(uint64_t v)
{
	return (size_t)(63 - __builtin_clzll(v | 1)) / 7 + 1;
}

static inline char *put_varint(char *p, uint64_t v)
{
	while (v >= 0x80) {
		*p++ = (char)(v | 0x80);
		v >>= 7;
	}
	*p++ = (char)v;
	return p;
}

static inline char *put_tag(char *p, uint32_t field, enum proto_wire wire)
{
	return put_varint(p, (uint64_t)field << 3 | wire);
}

static inline char *put_fixed64(char *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof(v));
	return p + sizeof(v);
}

static inline char *put_fixed32(char *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof(v));
	return p + sizeof(v);
}

static inline char *put_double(char *p, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return put_fixed64(p, bits);
}

/*
 * Copies `s` and gathers its bytes' high bits in *seen: PUT_NOT_ASCII is in it afterwards if there
 * was any. One pass for copying and looking; most strings are shorter than a call of memcpy costs.
 */
#define PUT_NOT_ASCII 0x8080808080808080u

static inline char *put_text(char *p, struct str s, uint64_t *seen)
{
	uint64_t word = 0, all = 0;

	if (s.n >= 8) {
		for (size_t i = 0; i < s.n - 8; i += 8) {
			memcpy(&word, s.p + i, 8);
			memcpy(p + i, &word, 8);
			all |= word;
		}
		memcpy(&word, s.p + s.n - 8, 8);
		memcpy(p + s.n - 8, &word, 8);
		all |= word;
	} else if (s.n >= 4) {
		uint32_t head, tail;

		memcpy(&head, s.p, 4);
		memcpy(&tail, s.p + s.n - 4, 4);
		memcpy(p, &head, 4);
		memcpy(p + s.n - 4, &tail, 4);
		all = head | tail;
	} else {
		for (size_t i = 0; i < s.n; i++) {
			p[i] = s.p[i];
			all |= (unsigned char)s.p[i];
		}
	}
	*seen |= all;
	return p + s.n;
}
