/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Series: an instrument's cells for one set of attributes.
 *
 * Found by a hash of the attributes' bytes in an index in private memory: open addressing, words of
 * offset and hash, published by a swap. Whoever loses the race to publish the same series marks his
 * own entry dead and uses the other. A full area or index sends the measurement to the instrument's
 * overflow series.
 */
#include "lib/encode.h"
#include "lib/metric.h"

#include <time.h>

enum {
	INDEX = 16384, /* words; powers of two */
	BOUND_INDEX = 2048,
	BOUNDS = 1024,
	ATTRIBUTES_MOST = 1024,
};

struct index {
	_Atomic uint64_t word[INDEX];		/* hash << 32 | offset in the area */
	_Atomic uint16_t bound_at[BOUND_INDEX]; /* its number + 1 */
	_Atomic uint32_t any;			/* of the words is in use */
	uint32_t n_bound;
	struct bound bound[BOUNDS];
};

enum { INDEX_SIZE = (sizeof(struct index) + 63) & ~(size_t)63 };

static struct index *_Atomic known_memory;
#define memory atomic_load_explicit(&known_memory, memory_order_acquire)

size_t metric_memory_size(void)
{
	return instrument_memory_size() + quick_memory_size() + INDEX_SIZE;
}

void metric_use(void *zeroed)
{
	char *p = zeroed;

	quick_use(p);
	p += quick_memory_size();
	atomic_store_explicit(&known_memory, (struct index *)(void *)p, memory_order_release);
	/* Last: who has an instrument may use all of it. */
	instrument_use(p + INDEX_SIZE);
}

/* In a forked child, before any other thread is. */
void metric_forked(void)
{
	instrument_forked();
	area_forked();
	exemplar_forked();
	cells_forked();
	if (memory && atomic_exchange_explicit(&memory->any, 0, memory_order_relaxed))
		memset((void *)memory->word, 0, sizeof(memory->word));
}

uint32_t series_make(const struct handle *h, const void *attributes, size_t n)
{
	size_t cells = cells_of(h);
	uint32_t at = area_take(sizeof(struct series) + cells * 8 + n);
	struct series *s;
	struct timespec now;

	if (!at)
		return 0;
	s = (struct series *)(series_area() + at);
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	s->instrument_at = h->at;
	s->attributes_n = (uint16_t)n;
	s->n_cells = (uint16_t)cells;
	s->start_real_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	if (is_histogram(h->kind)) {
		atomic_init(&series_cells(at)[HISTOGRAM_MIN], as_bits(__builtin_inf()));
		atomic_init(&series_cells(at)[HISTOGRAM_MAX], as_bits(-__builtin_inf()));
	}
	memcpy(series_area() + at + sizeof(*s) + cells * 8, attributes, n);
	area_publish(at, SERIES_POINT);
	return at;
}

static uint32_t hash_of(const unsigned char *bytes, size_t n, uint32_t instrument)
{
	uint64_t h = 0x9e3779b97f4a7c15u ^ instrument * 0xff51afd7ed558ccdu;

	for (; n >= 8; bytes += 8, n -= 8) {
		uint64_t word;

		memcpy(&word, bytes, 8);
		h = (h ^ word) * 0x2545f4914f6cdd1du;
		h ^= h >> 29;
	}
	for (size_t i = 0; i < n; i++)
		h = (h ^ bytes[i]) * 0x100000001b3u;
	return (uint32_t)(h >> 32 ^ h);
}

static bool series_is(uint32_t at, const struct handle *h, const void *attributes, size_t n)
{
	const struct series *s = (const struct series *)(series_area() + at);

	return s->instrument_at == h->at && s->attributes_n == n &&
	       memcmp(series_area() + at + sizeof(*s) + s->n_cells * 8u, attributes, n) == 0;
}

/* Within the instrument's limit, of which the overflow series is one. */
static uint32_t series_add(struct handle *h, const unsigned char *attributes, size_t n)
{
	uint32_t at = 0;

	if (atomic_fetch_add_explicit(&h->n_series, 1, memory_order_relaxed) + 1 < h->limit)
		at = series_make(h, attributes, n);
	if (!at)
		atomic_fetch_sub_explicit(&h->n_series, 1, memory_order_relaxed);
	return at;
}

/* Another made the same one first. */
static void series_drop(struct handle *h, uint32_t made)
{
	if (!made)
		return;
	area_publish(made, SERIES_DEAD);
	atomic_fetch_sub_explicit(&h->n_series, 1, memory_order_relaxed);
}

uint32_t series_find(struct handle *h, const unsigned char *attributes, size_t n)
{
	uint32_t hash = hash_of(attributes, n, h->at), made = 0;

	for (uint32_t i = 0; i < INDEX / 2; i++) {
		_Atomic uint64_t *word = &memory->word[(hash + i) % INDEX];
		uint64_t seen = atomic_load_explicit(word, memory_order_acquire);

		if (!seen) {
			if (!made && !(made = series_add(h, attributes, n)))
				return 0;
			atomic_store_explicit(&memory->any, 1, memory_order_relaxed);
			/* Release: the series is whole for whoever finds it here. */
			if (atomic_compare_exchange_strong_explicit(word, &seen,
								    (uint64_t)hash << 32 | made,
								    memory_order_release,
								    memory_order_acquire))
				return made;
		}
		if (seen >> 32 == hash && series_is((uint32_t)seen, h, attributes, n)) {
			series_drop(h, made);
			return (uint32_t)seen;
		}
	}
	series_drop(h, made);
	return 0;
}

/* Two orders of the same attributes are the same series. */
static size_t attributes_sorted(unsigned char *to, struct oriel_attributes a)
{
	struct oriel_attribute sorted[ATTRIBUTES_COUNT_MOST];
	struct encode e;

	if (a.n > ATTRIBUTES_COUNT_MOST)
		return SIZE_MAX;
	for (size_t i = 0; i < a.n; i++) {
		size_t j = i;

		for (; j && strcmp(sorted[j - 1].key ? sorted[j - 1].key : "",
				   a.item[i].key ? a.item[i].key : "") > 0;
		     j--)
			sorted[j] = sorted[j - 1];
		sorted[j] = a.item[i];
	}
	e = encode_fit((struct oriel_attributes){ sorted, a.n }, ATTRIBUTES_MOST);
	if (e.cut != SIZE_MAX || e.n < a.n)
		return SIZE_MAX;
	encode_put(to, &e);
	return e.bytes;
}

static bool series_ready(struct handle *h)
{
	/* A child that nobody told of has no segment: thread_self finds that out. */
	if (!h || !thread_self())
		return false;
	if (handle_ready(h))
		return true;
	process_lose(LOSS_series_overflow, 1);
	return false;
}

uint32_t series_of(struct handle *h, struct oriel_attributes a)
{
	unsigned char bytes[ATTRIBUTES_MOST + 8]; /* encode_put may write a little further */
	uint32_t at = 0;
	size_t n;

	if (!series_ready(h))
		return 0;
	n = attributes_sorted(bytes, a);
	if (n != SIZE_MAX)
		at = series_find(h, bytes, n);
	if (at)
		return at;
	process_lose(LOSS_series_overflow, 1);
	return h->overflow_at;
}

/* ---- bound ------------------------------------------------------------------------------------- */

static void bound_slow(struct bound *b)
{
	atomic_store_explicit(&b->quick_int, QUICK_NEVER, memory_order_relaxed);
	atomic_store_explicit(&b->quick_f64, QUICK_NEVER, memory_order_relaxed);
	atomic_store_explicit(&b->quick_histogram, QUICK_NEVER, memory_order_relaxed);
}

/* Under register_begin: one at a time. */
static bool bound_place(struct bound *b, uint32_t generation)
{
	struct handle *h = b->handle;
	_Atomic uint32_t *quick;
	struct series *s;

	bound_slow(b);
	b->at = b->attributes ? series_find(h, b->attributes, b->attributes_n) : 0;
	b->overflows = b->attributes && !b->at;
	if (!b->at)
		b->at = h->overflow_at;
	if (!b->at)
		return false;
	s = (struct series *)(series_area() + b->at);
	if (!s->entry.flags && b->kind != INSTRUMENT_GAUGE && !h->observed)
		__atomic_store_n(&s->entry.flags, cells_reserve(own_cells_of(h)), __ATOMIC_RELAXED);
	b->cell = s->entry.flags;
	quick = b->kind == INSTRUMENT_HISTOGRAM ? &b->quick_histogram
		: b->is_double			? &b->quick_f64
						: &b->quick_int;
	/* The quick ways look at examples only where a span is sampled, and take what they get. */
	if (b->cell && process.config.exemplars != EXEMPLARS_ALL &&
	    (h->asked_kind == h->kind || is_histogram(h->asked_kind)) && !b->overflows)
		atomic_store_explicit(quick, generation, memory_order_release);
	atomic_store_explicit(&b->generation, generation, memory_order_release);
	return true;
}

bool bound_ready(struct bound *b)
{
	uint32_t generation = atomic_load_explicit(&process.generation, memory_order_relaxed);
	bool ready;

	if (atomic_load_explicit(&b->generation, memory_order_acquire) == generation)
		return true;
	if (!thread_self() || !handle_ready(b->handle) || !register_begin())
		return false;
	ready = atomic_load_explicit(&b->generation, memory_order_relaxed) == generation ||
		bound_place(b, generation);
	register_end();
	return ready;
}

/* Under register_begin. */
static struct bound *bound_find(struct handle *h, const unsigned char *bytes, size_t n)
{
	uint32_t hash = hash_of(bytes, n, (uint32_t)(uintptr_t)h);
	struct index *index = memory;
	struct bound *b;

	for (uint32_t i = 0; i < BOUND_INDEX; i++) {
		_Atomic uint16_t *at = &index->bound_at[(hash + i) % BOUND_INDEX];
		uint16_t number = atomic_load_explicit(at, memory_order_relaxed);

		if (!number) {
			if (index->n_bound == BOUNDS)
				return NULL;
			b = &index->bound[index->n_bound];
			b->attributes = metric_keep(bytes, n);
			if (!b->attributes)
				return NULL;
			b->attributes_n = (uint16_t)n;
			b->handle = h;
			b->kind = h->kind;
			b->is_double = h->is_double;
			bound_slow(b);
			atomic_store_explicit(at, (uint16_t)++index->n_bound, memory_order_relaxed);
			return b;
		}
		b = &index->bound[number - 1];
		if (b->handle == h && b->attributes_n == n && !memcmp(b->attributes, bytes, n))
			return b;
	}
	return NULL;
}

/* Under register_begin. */
static struct bound *bound_of(struct handle *h, struct oriel_attributes a)
{
	unsigned char bytes[ATTRIBUTES_MOST + 8];
	size_t n = attributes_sorted(bytes, a);

	return n != SIZE_MAX ? bound_find(h, bytes, n) : NULL;
}

struct bound *series_bind(struct handle *h, struct oriel_attributes a)
{
	struct bound *b;

	if (!series_ready(h) || !register_begin())
		return NULL;
	b = bound_of(h, a);
	register_end();
	if (b)
		bound_ready(b);
	return b;
}

static struct bound *bound_of_view(struct handle *h, struct oriel_attributes a)
{
	struct filtered f;
	struct bound *b;

	f.kept = a;
	if (h->filter)
		filtered_make(&f, h, a);
	b = bound_of(h, f.kept);
	return b ? b : &h->overflow;
}

/* Under register_begin, once: what has no room now won't have any later. */
static bool bound_stand_for(struct bound *b, struct oriel_attributes a)
{
	const struct handle *h = b->handle;
	struct bound *to[VIEWS_AT_ONCE];

	for (size_t i = 0; i < h->n_to; i++)
		to[i] = bound_of_view(h->to[i], a);
	b->to = metric_keep(to, h->n_to * sizeof(to[0]));
	return b->to != NULL;
}

struct bound *series_bind_each(struct handle *h, struct oriel_attributes a)
{
	struct bound *b;

	if (!thread_self() || !register_begin())
		return NULL;
	b = bound_of(h, a);
	if (b && !b->to && !bound_stand_for(b, a))
		b = NULL;
	register_end();
	for (size_t i = 0; b && i < h->n_to; i++) {
		bound_ready(b->to[i]);
		if (b->to[i] == &h->to[i]->overflow)
			process_lose(LOSS_series_overflow, 1);
	}
	return b;
}
