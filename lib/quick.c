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

struct entry_known {
	struct bound *bound;
	const unsigned char *attributes;
	uint32_t n; /* how many */
};

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

/* Up to 16 bytes of a text. */
static inline uint64_t text_hash(const unsigned char *p, size_t n)
{
	uint32_t a, b;

	if (n >= 8)
		return word_at(p) ^ word_at(p + n - 8) * 3;
	if (n < 4)
		return n ? (uint64_t)p[0] << 16 | p[n / 2] << 8 | p[n - 1] : 0;
	memcpy(&a, p, 4);
	memcpy(&b, p + n - 4, 4);
	return (uint64_t)a << 32 | b;
}

static inline uint64_t hash_of(const struct handle *h, struct oriel_attributes a)
{
	uint64_t hash = (uintptr_t)h;

	for (size_t i = 0; i < a.n; i++) {
		const struct oriel_attribute *x = &a.item[i];
		uint64_t value = attribute_type(x) == ORIEL_STR && !attribute_is_none(x)
					 ? text_hash(x->value.p, attribute_n(x))
					 : (uint64_t)x->value.integer;

		hash = (hash ^ x->shape ^ value) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
	}
	return hash;
}

/* Texts of equal length; most have 4 to 16 bytes. */
static inline bool same(const unsigned char *a, const unsigned char *b, size_t n)
{
	if (n - 8 <= 8)
		return !((word_at(a) ^ word_at(b)) | (word_at(a + n - 8) ^ word_at(b + n - 8)));
	return !n || memcmp(a, b, n) == 0;
}

static inline bool is_same(const unsigned char *p, struct oriel_attributes a)
{
	for (size_t i = 0; i < a.n; i++) {
		const struct oriel_attribute *x = &a.item[i];
		size_t key_n = attribute_key_n(x), value_n = attribute_n(x);
		uint32_t head;

		memcpy(&head, p, sizeof(head));
		p += WIRE_ATTRIBUTE_HEAD;
		if (head != (uint32_t)x->shape || !same(p, (const unsigned char *)x->key, key_n))
			return false;
		p += key_n;
		if (attribute_type(x) == ORIEL_STR
			    ? !same(p, x->value.p, value_n)
			    : memcmp(p, &x->value, value_n <= 8 ? value_n : 8) != 0)
			return false;
		p += value_n;
	}
	return true;
}

struct bound *quick_find(const struct handle *h, struct oriel_attributes a)
{
	const struct known *m = memory;
	uint64_t hash = hash_of(h, a);

	for (uint32_t i = 0; i < PROBES; i++) {
		uint64_t word = atomic_load_explicit(&m->word[((uint32_t)hash + i) % WORDS],
						     memory_order_acquire);
		const struct entry_known *e = &m->entry[(uint32_t)word - 1];

		if (!word)
			return NULL;
		if (word >> 32 == (uint32_t)hash && e->n == a.n && e->bound->handle == h &&
		    is_same(e->attributes, a))
			return e->bound;
	}
	return NULL;
}

/* What may be a secret is looked at each time, and not kept as it is. */
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

/* Under register_begin. */
static void keep(const struct handle *h, struct oriel_attributes a, struct bound *b)
{
	unsigned char bytes[BYTES_MOST + 8];
	struct encode e = encode_fit(a, BYTES_MOST);
	struct known *m = memory;
	uint32_t hash = (uint32_t)hash_of(h, a);
	_Atomic uint64_t *word = free_word(m, hash);
	uint32_t n = atomic_load_explicit(&m->n, memory_order_relaxed);
	const unsigned char *kept;

	if (e.n < a.n || e.cut != SIZE_MAX || !word || n == ENTRIES)
		return;
	encode_put(bytes, &e);
	kept = metric_keep(bytes, e.bytes);
	if (!kept)
		return;
	m->entry[n] = (struct entry_known){ b, kept, (uint32_t)a.n };
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
