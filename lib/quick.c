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
 */
#include "lib/encode.h"
#include "lib/metric.h"

enum { ENTRIES = 1024, WORDS = 4096, PROBES = 8, BYTES_MOST = 512 };

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
	uint32_t n; /* how many; LONG if a text of theirs has more than 16 bytes */
};

#define LONG 0x80000000u

struct known {
	_Atomic uint64_t word[WORDS]; /* hash << 32 | number + 1 */
	_Atomic uint32_t n;	      /* only rises */
	struct entry_known entry[ENTRIES];
};

static struct known *_Atomic known_memory;
#define memory atomic_load_explicit(&known_memory, memory_order_acquire)

size_t quick_memory_size(void)
{
	return (sizeof(struct known) + 63) & ~(size_t)63;
}

void quick_use(void *zeroed)
{
	atomic_store_explicit(&known_memory, zeroed, memory_order_release);
}

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

static inline uint64_t hash_of(const struct handle *h, struct oriel_attributes a)
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

static inline void text_words(uint64_t word[2], const unsigned char *p, size_t n)
{
	word[0] = n >= 8 ? word_at(p) : short_word(p, n);
	word[1] = n >= 8 ? word_at(p + n - 8) : 0;
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

static bool is_same_long(const struct kept *k, struct oriel_attributes a)
{
	if (!is_same(k, a))
		return false;
	for (size_t i = 0; i < a.n; i++) {
		const struct oriel_attribute *x = &a.item[i];
		size_t key_n = attribute_key_n(x);

		if (memcmp(x->key, k[i].text, key_n) != 0)
			return false;
		if (attribute_type(x) == ORIEL_STR &&
		    memcmp(x->value.p, k[i].text + key_n, attribute_n(x)) != 0)
			return false;
	}
	return true;
}

static __attribute__((noinline)) struct bound *quick_find_far(const struct known *m,
							      const struct handle *h,
							      struct oriel_attributes a,
							      uint32_t hash)
{
	for (uint32_t i = 0; i < PROBES; i++) {
		uint64_t word =
			atomic_load_explicit(&m->word[(hash + i) % WORDS], memory_order_acquire);
		const struct entry_known *e = &m->entry[(uint32_t)word - 1];

		if (!word)
			return NULL;
		if (word >> 32 == hash && (e->n & ~LONG) == a.n && e->bound->handle == h &&
		    is_same_long(e->kept, a))
			return e->bound;
	}
	return NULL;
}

/* Where it usually is; what is elsewhere, or has a long text, is for the other one. */
struct bound *quick_find(const struct handle *h, struct oriel_attributes a)
{
	const struct known *m = memory;
	uint32_t hash = (uint32_t)hash_of(h, a);
	uint64_t word = atomic_load_explicit(&m->word[hash % WORDS], memory_order_acquire);
	const struct entry_known *e = &m->entry[(uint32_t)word - 1];

	if (!word)
		return NULL;
	if (__builtin_expect(word >> 32 == hash && e->n == a.n && e->bound->handle == h &&
				     is_same(e->kept, a),
			     1))
		return e->bound;
	return quick_find_far(m, h, a, hash);
}

static bool all_plain(struct oriel_attributes a)
{
	for (size_t i = 0; i < a.n; i++)
		if (!encode_is_plain(&a.item[i]) || attribute_n(&a.item[i]) > BYTES_MOST ||
		    !encode_is_quiet(&a.item[i]))
			return false;
	return true;
}

static _Atomic uint64_t *free_word(struct known *m, uint32_t hash)
{
	for (uint32_t i = 0; i < PROBES; i++) {
		_Atomic uint64_t *word = &m->word[(hash + i) % WORDS];

		if (!atomic_load_explicit(word, memory_order_relaxed))
			return word;
	}
	return NULL;
}

static size_t texts_bytes(struct oriel_attributes a)
{
	size_t n = 0;

	for (size_t i = 0; i < a.n; i++)
		n += attribute_key_n(&a.item[i]) +
		     (attribute_type(&a.item[i]) == ORIEL_STR ? attribute_n(&a.item[i]) : 0);
	return n;
}

static uint32_t long_of(struct oriel_attributes a)
{
	for (size_t i = 0; i < a.n; i++)
		if (attribute_key_n(&a.item[i]) > 16 ||
		    (attribute_type(&a.item[i]) == ORIEL_STR && attribute_n(&a.item[i]) > 16))
			return LONG;
	return 0;
}

/* Into memory that is kept for ever; `text` has room for all of the texts. */
static void keep_one(struct kept *k, const struct oriel_attribute *x, unsigned char **text)
{
	size_t key_n = attribute_key_n(x);

	*k = (struct kept){ .shape = x->shape, .text = *text };
	text_words(k->key, (const unsigned char *)x->key, key_n);
	*text = encode_copy(*text, x->key, key_n);
	if (attribute_type(x) == ORIEL_STR) {
		text_words(k->value, x->value.p, attribute_n(x));
		*text = encode_copy(*text, x->value.p, attribute_n(x));
	} else {
		k->value[0] = (uint64_t)x->value.integer;
	}
}

/* Under register_begin. */
static void keep(const struct handle *h, struct oriel_attributes a, struct bound *b)
{
	struct known *m = memory;
	uint32_t hash = (uint32_t)hash_of(h, a);
	_Atomic uint64_t *word = free_word(m, hash);
	uint32_t n = atomic_load_explicit(&m->n, memory_order_relaxed);
	size_t texts = texts_bytes(a);
	unsigned char *text;
	struct kept *kept;

	if (!word || n == ENTRIES || texts > BYTES_MOST || a.n > ATTRIBUTES_COUNT_MOST)
		return;
	kept = metric_keep_room(a.n * sizeof(*kept) + texts);
	if (!kept)
		return;
	text = (unsigned char *)(kept + a.n);
	for (size_t i = 0; i < a.n; i++)
		keep_one(&kept[i], &a.item[i], &text);
	m->entry[n] = (struct entry_known){ b, kept, (uint32_t)a.n | long_of(a) };
	atomic_store_explicit(&m->n, n + 1, memory_order_relaxed);
	atomic_store_explicit(word, (uint64_t)hash << 32 | (n + 1), memory_order_release);
}

struct bound *quick_learn(struct handle *h, struct oriel_attributes a)
{
	struct known *m = memory;
	struct bound *b;

	if (atomic_load_explicit(&m->n, memory_order_relaxed) == ENTRIES || !all_plain(a))
		return NULL;
	b = series_bind(h, a);
	if (!b || !register_begin())
		return b;
	if (!quick_find(h, a))
		keep(h, a, b);
	register_end();
	return b;
}
