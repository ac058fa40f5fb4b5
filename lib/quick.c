/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/quick.h"

enum { PROBES = 8, BYTES_MOST = 512 };

struct known *_Atomic quick_memory;
#define memory atomic_load_explicit(&quick_memory, memory_order_acquire)

size_t quick_memory_size(void)
{
	return (sizeof(struct known) + 63) & ~(size_t)63;
}

void quick_use(void *zeroed)
{
	atomic_store_explicit(&quick_memory, zeroed, memory_order_release);
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

struct bound *quick_find_far(const struct handle *h, struct oriel_attributes a, uint32_t hash)
{
	const struct known *m = memory;

	for (uint32_t i = 0; i < PROBES; i++) {
		uint64_t word = atomic_load_explicit(&m->word[(hash + i) % QUICK_WORDS],
						     memory_order_acquire);
		const struct entry_known *e = &m->entry[(uint32_t)word - 1];

		if (!word)
			return NULL;
		if (word >> 32 == hash && (e->n & ~QUICK_LONG) == a.n && e->bound->handle == h &&
		    is_same_long(e->kept, a))
			return e->bound;
	}
	return NULL;
}

static inline void text_words(uint64_t word[2], const unsigned char *p, size_t n)
{
	word[0] = n >= 8 ? word_at(p) : short_word(p, n);
	word[1] = n >= 8 ? word_at(p + n - 8) : 0;
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
		_Atomic uint64_t *word = &m->word[(hash + i) % QUICK_WORDS];

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
			return QUICK_LONG;
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
	uint32_t hash = (uint32_t)quick_hash(h, a);
	_Atomic uint64_t *word = free_word(m, hash);
	uint32_t n = atomic_load_explicit(&m->n, memory_order_relaxed);
	size_t texts = texts_bytes(a);
	unsigned char *text;
	struct kept *kept;

	if (!word || n == QUICK_ENTRIES || texts > BYTES_MOST || a.n > ATTRIBUTES_COUNT_MOST)
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

	if (atomic_load_explicit(&m->n, memory_order_relaxed) == QUICK_ENTRIES || !all_plain(a))
		return NULL;
	b = series_bind(h, a);
	if (!b || !register_begin())
		return b;
	if (!quick_find(h, a))
		keep(h, a, b);
	register_end();
	return b;
}
