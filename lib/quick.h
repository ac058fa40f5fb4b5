/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quick: from attributes as the program gives them to the bound series, without sorting or encoding
 * them first.
 *
 * The first measurement with some attributes finds its series the long way (lib/series.c), binds it,
 * and keeps the attributes as they were given, in their order, under a cheap hash. The next one only
 * hashes and compares. What the hash leaves out (most of a long text, all of the keys) the comparison
 * doesn't; what collides too often, or finds no room, goes the long way each time.
 *
 * Entries are written once, under register_begin, and read without a lock: `word` is stored last, with
 * release, and pairs with the reader's acquire.
 *
 *     struct bound *b = quick_find(h, attributes);      NULL: not known
 */
#pragma once

#include "lib/encode.h"
#include "lib/metric.h"

enum { QUICK_ENTRIES = 1024, QUICK_WORDS = 4096 };

/* An attribute as it was given. Its texts are two words each, all of those that have up to 16 bytes. */
struct kept {
	uint64_t shape;
	uint64_t key[2];
	uint64_t value[2];	   /* a number or a boolean: the first one */
	const unsigned char *text; /* the key, and behind it the value */
};

struct entry_known {
	struct bound *bound;
	const struct kept *kept;
	uint32_t n; /* how many; QUICK_LONG if a text of theirs has more than 16 bytes */
};

#define QUICK_LONG 0x80000000u

struct known {
	_Atomic uint64_t word[QUICK_WORDS]; /* hash << 32 | number + 1 */
	_Atomic uint32_t n;		    /* only rises */
	struct entry_known entry[QUICK_ENTRIES];
};

extern struct known *_Atomic quick_memory __attribute__((visibility("hidden")));

/* As quick_find, also where another has taken its place, or a text is long. */
struct bound *quick_find_far(const struct handle *h, struct oriel_attributes a, uint32_t hash);

static inline uint64_t word_at(const void *p)
{
	uint64_t word;

	memcpy(&word, p, 8);
	return word;
}

/* A text of less than 8 bytes, all of it. */
static inline uint64_t short_word(const unsigned char *p, size_t n)
{
	uint32_t a, b;

	if (n < 4)
		return n ? (uint64_t)p[0] << 16 | p[n / 2] << 8 | p[n - 1] : 0;
	memcpy(&a, p, 4);
	memcpy(&b, p + n - 4, 4);
	return (uint64_t)a << 32 | b;
}

/* Up to 16 bytes of a text. */
static inline uint64_t text_hash(const unsigned char *p, size_t n)
{
	return n >= 8 ? word_at(p) ^ word_at(p + n - 8) * 3 : short_word(p, n);
}

static inline uint64_t quick_hash(const struct handle *h, struct oriel_attributes a)
{
	uint64_t hash = (uintptr_t)h;

	for (const struct oriel_attribute *x = a.item, *end = x + a.n; x < end; x++) {
		uint64_t value = attribute_type(x) == ORIEL_STR && !attribute_is_none(x)
					 ? text_hash(x->value.p, attribute_n(x))
					 : (uint64_t)x->value.integer;

		hash = (hash ^ x->shape ^ value) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
	}
	return hash;
}

/* As far as two words tell, which is all of it if it isn't a long one. */
static inline bool text_is(const unsigned char *p, size_t n, const uint64_t word[2])
{
	if (n < 8)
		return short_word(p, n) == word[0];
	return !((word_at(p) ^ word[0]) | (word_at(p + n - 8) ^ word[1]));
}

static inline __attribute__((always_inline)) bool is_same(const struct kept *k,
							  struct oriel_attributes a)
{
	for (const struct oriel_attribute *x = a.item, *end = x + a.n; x < end; x++, k++) {
		if (x->shape != k->shape ||
		    !text_is((const unsigned char *)x->key, attribute_key_n(x), k->key))
			return false;
		if (attribute_type(x) == ORIEL_STR ? !text_is(x->value.p, attribute_n(x), k->value)
						   : (uint64_t)x->value.integer != k->value[0])
			return false;
	}
	return true;
}

/* Where it usually is; what is elsewhere, or has a long text, is for the other one. */
static inline __attribute__((always_inline)) struct bound *quick_find(const struct handle *h,
								      struct oriel_attributes a)
{
	const struct known *m = atomic_load_explicit(&quick_memory, memory_order_acquire);
	uint32_t hash = (uint32_t)quick_hash(h, a);
	uint64_t word = atomic_load_explicit(&m->word[hash % QUICK_WORDS], memory_order_acquire);
	const struct entry_known *e = &m->entry[(uint32_t)word - 1];

	if (!word)
		return NULL;
	if (__builtin_expect(word >> 32 == hash && e->n == a.n && e->bound->handle == h &&
				     is_same(e->kept, a),
			     1))
		return e->bound;
	return quick_find_far(h, a, hash);
}
