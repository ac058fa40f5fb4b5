/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encode: attributes as they lie in a record (wire/record.h). Sized first, so that the copy needs
 * no checks: encode_fit says how many attributes fit and how many bytes they take; encode_put
 * writes exactly those.
 *
 * All that a program says of itself passes here, and what is secret in it stays here (base/redact.h):
 * no byte of it is copied. What is surely harmless is told by its key, and by a look at its text,
 * which is remembered (lib/judged.h); all else is `loud` and goes the longer way.
 */
#pragma once

#include "base/redact.h"
#include "base/str.h"
#include "lib/judged.h"
#include "lib/watcher.h"
#include "oriel.h"
#include "wire/keys.h"
#include "wire/record.h"

static inline enum oriel_type attribute_type(const struct oriel_attribute *a)
{
	return (enum oriel_type)(a->shape & (WIRE_KNOWN - 1));
}

/* Made of NULL: nothing is written of it. */
static inline bool attribute_is_none(const struct oriel_attribute *a)
{
	return !(a->shape & 0xff00);
}

/* A row of attributes as they are on the wire already. */
static inline bool attribute_is_prepared(const struct oriel_attribute *a)
{
	return attribute_type(a) == ATTRIBUTE_PREPARED;
}

/* Its key's number, or KEY_NONE: its key is a text. */
static inline enum wire_key attribute_known(const struct oriel_attribute *a)
{
	return a->shape & WIRE_KNOWN ? (enum wire_key)(uint8_t)(a->shape >> 8) : KEY_NONE;
}

/* Of the key's text on the wire. */
static inline size_t attribute_key_n(const struct oriel_attribute *a)
{
	return a->shape & WIRE_KNOWN ? 0 : (uint8_t)(a->shape >> 8);
}

static inline uint32_t attribute_n(const struct oriel_attribute *a)
{
	return (uint32_t)(a->shape >> 16);
}

struct encode {
	const struct oriel_attribute *item;
	size_t n;      /* how many of them are written */
	size_t bytes;  /* what they take */
	size_t cut;    /* room for the last one's value, if it is cut short; else SIZE_MAX */
	uint64_t loud; /* bit i: item i may be a secret; beyond the last bit all may */
};

/* At most `most` bytes; what doesn't fit is counted. */
struct encode encode_fit_slow(struct oriel_attributes a, size_t most);

/* An array, bytes, or text that is cut to *value_n; how many bytes they took goes there. */
unsigned char *encode_odd(unsigned char *to, const struct oriel_attribute *a, size_t *value_n);

/* A loud one, all of it, with room for so many bytes. */
unsigned char *encode_loud(unsigned char *to, const struct oriel_attribute *a, size_t room);

/* A short copy without a call; most keys and values have 8 to 16 bytes. */
static inline __attribute__((always_inline)) unsigned char *encode_copy(unsigned char *to,
									const void *from, size_t n)
{
	const unsigned char *f = from;

	if (n - 8 <= 8) {
		uint64_t a, b;

		memcpy(&a, f, 8);
		memcpy(&b, f + n - 8, 8);
		memcpy(to, &a, 8);
		memcpy(to + n - 8, &b, 8);
	} else if (n < 8) {
		if (n >= 4) {
			uint32_t a, b;

			memcpy(&a, f, 4);
			memcpy(&b, f + n - 4, 4);
			memcpy(to, &a, 4);
			memcpy(to + n - 4, &b, 4);
		} else if (n) {
			to[0] = f[0];
			to[n / 2] = f[n / 2];
			to[n - 1] = f[n - 1];
		}
	} else if (__builtin_expect(n <= 32, 1)) {
		memcpy(to, f, 16);
		memcpy(to + n - 16, f + n - 16, 16);
	} else {
		memcpy(to, f, n);
	}
	return to + n;
}

static inline size_t encode_pad(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/*
 * Booleans, numbers and text, which is nearly all there is: their shape is their head on the wire
 * already, if the value has at most 65,535 bytes (encode_fit sees to that).
 */
static inline bool encode_is_plain(const struct oriel_attribute *a)
{
	return attribute_type(a) <= ORIEL_STR && !attribute_is_none(a);
}

/* Surely nothing to redact: neither by its key nor in its text. */
static inline __attribute__((always_inline)) bool encode_is_quiet(const struct oriel_attribute *a)
{
	uint64_t shape = a->shape;

	if (attribute_is_prepared(a))
		return true; /* it was, when it was prepared */
	if (shape & WIRE_KNOWN) {
		uint8_t judged = judged_known[(uint8_t)(shape >> 8)];

		if (judged)
			return judged == JUDGED_CLEAN;
	} else if (__builtin_expect(!judged_key(a->key, (uint8_t)(shape >> 8)), 0)) {
		return false;
	}
	return attribute_type(a) < ORIEL_STR || judged_text(a->value.p, attribute_n(a));
}

static inline struct encode encode_fit(struct oriel_attributes a, size_t most)
{
	struct encode e = { a.item, a.n, 0, SIZE_MAX, 0 };

	for (size_t i = 0; i < a.n; i++) {
		const struct oriel_attribute *x = &a.item[i];

		e.bytes += attribute_n(x);
		if (__builtin_expect(encode_is_plain(x), 1))
			e.bytes += WIRE_ATTRIBUTE_HEAD + attribute_key_n(x);
		else if (!attribute_is_prepared(x))
			return encode_fit_slow(a, most);
		if (__builtin_expect(e.bytes > most || !encode_is_quiet(x), 0))
			return encode_fit_slow(a, most);
	}
	return e;
}

static inline bool encode_is_loud(const struct encode *e, size_t i)
{
	return i >= 64 || e->loud >> i & 1;
}

/* Behind a loud one that another thread made longer meanwhile there may be less room than was taken. */
static inline bool encode_is_too_much(const struct oriel_attribute *a, const struct encode *e,
				      ptrdiff_t room)
{
	size_t value = e->cut == SIZE_MAX ? attribute_n(a) : e->cut;

	if (attribute_is_prepared(a))
		return (size_t)room < value;
	if (attribute_type(a) > ORIEL_BYTES)
		value *= 8;
	return (size_t)room < WIRE_ATTRIBUTE_HEAD + attribute_key_n(a) + value;
}

/*
 * Up to 7 bytes behind what encode_fit said may be written too: every record that has attributes
 * stands before the room that is kept for an END.
 */
static inline __attribute__((always_inline)) unsigned char *encode_put(unsigned char *to,
								       const struct encode *e)
{
	unsigned char *end = to + e->bytes;

	for (size_t i = 0; i < e->n; i++) {
		const struct oriel_attribute *a = &e->item[i];
		uint32_t head = (uint32_t)a->shape;
		size_t value_n = attribute_n(a);
		enum oriel_type type = attribute_type(a);
		unsigned char *value = to + WIRE_ATTRIBUTE_HEAD;

		if (__builtin_expect(encode_is_loud(e, i), 0)) {
			to = encode_loud(to, a, (size_t)(end - to));
			continue;
		}
		if (__builtin_expect(attribute_is_none(a), 0))
			continue;
		if (__builtin_expect(e->loud != 0, 0) && encode_is_too_much(a, e, end - to))
			break;
		if (!(head & WIRE_KNOWN))
			value = encode_copy(value, a->key, (uint8_t)(head >> 8));
		if (type == ORIEL_STR && __builtin_expect(e->cut == SIZE_MAX || i + 1 < e->n, 1)) {
			value = encode_copy(value, a->value.p, value_n);
		} else if (__builtin_expect(type < ORIEL_STR, 1)) {
			memcpy(value, &a->value, 8);
			value += value_n;
		} else if (type == ATTRIBUTE_PREPARED) {
			to = encode_copy(to, a->value.p, value_n);
			continue;
		} else {
			value_n = e->cut;
			value = encode_odd(value, a, &value_n);
			head = (uint32_t)(a->shape & 0xffff) | (uint32_t)value_n << 16;
		}
		memcpy(to, &head, sizeof(head));
		to = value;
	}
	if (__builtin_expect(e->loud != 0, 0) && to < end)
		memset(to, 0, (size_t)(end - to)); /* as above */
	return to;
}

/*
 * The same in one go, if all are plain and quiet and end before `end`; else NULL, and what it wrote is of no
 * use. Up to 7 bytes further may be written here too.
 */
unsigned char *encode_try(unsigned char *to, const unsigned char *end, struct oriel_attributes a);

/* Text cut to `most` bytes, not within a UTF-8 character. */
size_t encode_cut(const char *text, size_t n, size_t most);

/* A name, a message or a body of at most `most` bytes, as it goes out. */
struct encode_text {
	struct str text; /* as it was given */
	size_t n;	 /* bytes that it takes */
	bool loud;
};

struct encode_text encode_text_slow(struct str text, size_t most);

/* What is cut off is counted. */
static inline struct encode_text encode_text_fit(struct str text, size_t most)
{
	if (__builtin_expect(text.n > most || !judged_text(text.p, text.n), 0))
		return encode_text_slow(text, most);
	return (struct encode_text){ text, text.n, false };
}

unsigned char *encode_text_loud(unsigned char *to, const struct encode_text *t);

static inline unsigned char *encode_text_put(unsigned char *to, const struct encode_text *t)
{
	if (__builtin_expect(t->loud, 0))
		return encode_text_loud(to, t);
	return encode_copy(to, t->text.p, t->n);
}
