/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measure: the calls that count.
 *
 * A bound series is added to in the thread's own block, where nobody else writes: a load and a store,
 * no lock. Handlers interrupt: an integer is added by one instruction where there is one, and what
 * takes several is done under `busy`, which sends a handler to the shared cells; those are atomic.
 */
#include "lib/quick.h"

#include "base/hot.h"

#include <time.h>

/* ---- shared cells -------------------------------------------------------------------------------- */

static void shared_add_f64(_Atomic uint64_t *cell, double v)
{
	uint64_t was = atomic_load_explicit(cell, memory_order_relaxed);

	while (!atomic_compare_exchange_weak_explicit(cell, &was, as_bits(as_double(was) + v),
						      memory_order_relaxed, memory_order_relaxed))
		;
}

/* `sign` 1 keeps the larger, -1 the smaller. */
static void shared_extreme(_Atomic uint64_t *cell, double v, double sign)
{
	uint64_t was = atomic_load_explicit(cell, memory_order_relaxed);

	while ((v - as_double(was)) * sign > 0 &&
	       !atomic_compare_exchange_weak_explicit(cell, &was, as_bits(v), memory_order_relaxed,
						      memory_order_relaxed))
		;
}

typedef double doubles __attribute__((vector_size(16), aligned(8)));
typedef int64_t truths __attribute__((vector_size(16)));

/* How many bounds lie below: compared two by two, without a branch that could be guessed wrong. */
static inline size_t bucket_of(const struct handle *h, double v)
{
	const doubles *bound = (const doubles *)(const void *)h->bounds, both = { v, v };
	truths below = { 0, 0 };

	for (size_t i = 0; i < h->n_bounds; i += BOUNDS_STEP, bound += BOUNDS_STEP / 2)
		below -= (both > bound[0]) + (both > bound[1]);
	return (size_t)(below[0] + below[1]);
}

/* The bucket. */
static size_t shared_record(const struct handle *h, _Atomic uint64_t *cell, double v)
{
	size_t bucket = bucket_of(h, v);

	atomic_fetch_add_explicit(&cell[HISTOGRAM_COUNT], 1, memory_order_relaxed);
	shared_add_f64(&cell[HISTOGRAM_SUM], v);
	shared_extreme(&cell[HISTOGRAM_MIN], v, -1);
	shared_extreme(&cell[HISTOGRAM_MAX], v, 1);
	atomic_fetch_add_explicit(&cell[HISTOGRAM_BUCKETS + bucket], 1, memory_order_relaxed);
	return bucket;
}

/* What an exponential histogram has beside its buckets, which are shared. */
static void shared_beside(_Atomic uint64_t *cell, double v)
{
	shared_add_f64(&cell[HISTOGRAM_SUM], v);
	shared_extreme(&cell[HISTOGRAM_MIN], v, -1);
	shared_extreme(&cell[HISTOGRAM_MAX], v, 1);
	if (v == 0)
		atomic_fetch_add_explicit(&cell[EXPONENTIAL_ZERO], 1, memory_order_relaxed);
}

/* False: this instrument doesn't take such a value. */
static bool takes_int(const struct handle *h, int64_t n)
{
	return !h->asked_double && (h->asked_kind != INSTRUMENT_COUNTER || n >= 0);
}

static bool takes_f64(const struct handle *h, double v)
{
	if (is_exponential(h->kind) && __builtin_isinf(v))
		return false;
	if (v < 0 && (h->asked_kind == INSTRUMENT_COUNTER || h->kind == INSTRUMENT_COUNTER))
		return false;
	return h->is_double && v == v;
}

/* What it is set to, and when: of several processes' somebody may want the newest. */
static void shared_set(_Atomic uint64_t *cell, uint64_t bits)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	atomic_store_explicit(&cell[GAUGE_VALUE], bits, memory_order_relaxed);
	atomic_store_explicit(&cell[GAUGE_SET_NS],
			      (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
			      memory_order_relaxed);
}

static void shared_int(const struct handle *h, uint32_t at, int64_t n)
{
	if (h->kind == INSTRUMENT_GAUGE)
		shared_set(series_cells(at), (uint64_t)n);
	else
		atomic_fetch_add_explicit(series_cells(at), (uint64_t)n, memory_order_relaxed);
	exemplar_keep(thread_here, h, at, 0, (uint64_t)n);
}

static void shared_f64(const struct handle *h, uint32_t at, double v)
{
	size_t slot = 0;

	if (h->kind == INSTRUMENT_HISTOGRAM)
		slot = shared_record(h, series_cells(at), v);
	else if (h->kind == INSTRUMENT_GAUGE)
		shared_set(series_cells(at), as_bits(v));
	else if (!is_exponential(h->kind))
		shared_add_f64(series_cells(at), v);
	else if ((at = exponential_count(h, at, v, &slot)))
		shared_beside(series_cells(at), v);
	else
		return;
	exemplar_keep(thread_here, h, at, slot, as_bits(v));
}

/* ---- bound series ----------------------------------------------------------------------------------- */

/* Where there is no room, what is measured goes to the overflow series. */
struct oriel_series *oriel_bind_all(void *instrument, struct oriel_attributes attributes)
{
	struct handle *h = instrument;
	struct filtered f;
	struct bound *b;

	if (!oriel_recording() || !h)
		return NULL;
	if (h->filter) {
		filtered_make(&f, h, attributes);
		attributes = f.kept;
	}
	b = h->to ? series_bind_each(h, attributes) : series_bind(h, attributes);
	if (!b)
		process_lose(LOSS_series_overflow, 1);
	return (struct oriel_series *)(b ? b : &h->overflow);
}

/* Relaxed by one thread that writes: the collector wants an untorn number. */
static inline void own_set(uint64_t *cell, uint64_t bits)
{
	__atomic_store_n(cell, bits, __ATOMIC_RELAXED);
}

/*
 * Has this thread cells for the series? `quick` is the word of its sort. A forked child has another
 * generation, and the slot of one that nobody saw is wiped.
 */
static inline bool is_quick(const _Atomic uint32_t *quick, const struct thread *t)
{
	return atomic_load_explicit(quick, memory_order_acquire) == t->cells_generation;
}

/* The first time in a thread or a process: make it so, if there is room. */
static bool make_quick(struct bound *b, const _Atomic uint32_t *quick, struct thread *t)
{
	if (b->kind == INSTRUMENT_GAUGE || !bound_ready(b) || t->busy)
		return false;
	cells_take(t);
	return is_quick(quick, t);
}

/* Shared cells: false if there is no place at all. What goes to the overflow series is counted. */
static bool bound_shared(struct bound *b)
{
	bool ready = bound_ready(b);

	if (!ready || b->overflows)
		process_lose(LOSS_series_overflow, 1);
	return ready;
}

static void bound_f64(struct bound *b, double v);

static __attribute__((noinline, cold)) void bound_int(struct bound *b, int64_t n)
{
	struct thread *t = oriel_recording() ? thread_self() : NULL;

	for (size_t i = 0; b->to && i < b->handle->n_to; i++)
		bound_int(b->to[i], n);
	if (b->to)
		return;
	if (!t || !takes_int(b->handle, n))
		return;
	if (b->is_double) { /* by a view */
		bound_f64(b, (double)n);
		return;
	}
	if (make_quick(b, &b->quick_int, t)) {
		oriel_cell_add(&t->cells[b->cell], (uint64_t)n);
		exemplar_keep(t, b->handle, b->at, 0, (uint64_t)n);
	} else if (bound_shared(b)) {
		shared_int(b->handle, b->at, n);
	}
}

HOT void oriel_series_measure_int(struct oriel_series *series, int64_t n)
{
	struct bound *b = (struct bound *)series;
	struct thread *t = thread_here;

	if (__builtin_expect(!b, 0))
		return;
	if (__builtin_expect(n < 0 || !is_quick(&b->quick_int, t), 0)) {
		bound_int(b, n);
		return;
	}
	oriel_cell_add(&t->cells[b->cell], (uint64_t)n);
	if (__builtin_expect(is_example(t), 0))
		exemplar_keep(t, b->handle, b->at, 0, (uint64_t)n);
}

static inline void own_add_f64(uint64_t *cell, double v)
{
	own_set(cell, as_bits(as_double(*cell) + v));
}

static inline void own_extremes(uint64_t *cell, double v)
{
	double least = as_double(cell[HISTOGRAM_MIN] ^ CELLS_INFINITY);
	double most = as_double(cell[HISTOGRAM_MAX] ^ CELLS_MINUS_INFINITY);

	if (__builtin_expect(v < least, 0))
		own_set(&cell[HISTOGRAM_MIN], as_bits(v) ^ CELLS_INFINITY);
	if (__builtin_expect(v > most, 0))
		own_set(&cell[HISTOGRAM_MAX], as_bits(v) ^ CELLS_MINUS_INFINITY);
}

/* The bucket. The count is the buckets' sum; nobody needs it twice. */
static inline size_t own_record(const struct handle *h, uint64_t *cell, double v)
{
	size_t bucket = bucket_of(h, v);

	oriel_cell_add(&cell[HISTOGRAM_BUCKETS + bucket], 1);
	own_extremes(cell, v);
	own_add_f64(&cell[HISTOGRAM_SUM], v);
	return bucket;
}

/* Handlers go to the shared cells meanwhile. */
static inline void own_begin(struct thread *t)
{
	t->busy = 1;
	atomic_signal_fence(memory_order_seq_cst);
}

static inline void own_end(struct thread *t)
{
	atomic_signal_fence(memory_order_seq_cst);
	t->busy = 0;
}

static inline void own_beside(uint64_t *cell, double v)
{
	own_extremes(cell, v);
	own_add_f64(&cell[HISTOGRAM_SUM], v);
	if (__builtin_expect(v == 0, 0))
		oriel_cell_add(&cell[EXPONENTIAL_ZERO], 1);
}

static void bound_exponential(struct bound *b, struct thread *t, double v)
{
	bool own = make_quick(b, &b->quick_f64, t);
	size_t slot;
	uint32_t at;

	if (!own && !bound_shared(b))
		return;
	at = exponential_count(b->handle, b->at, v, &slot);
	if (!at)
		return;
	if (own && at == b->at) {
		own_begin(t);
		own_beside(&t->cells[b->cell], v);
		own_end(t);
	} else {
		shared_beside(series_cells(at), v);
	}
	exemplar_keep(t, b->handle, at, slot, as_bits(v));
}

static __attribute__((noinline, cold)) void bound_f64(struct bound *b, double v)
{
	struct thread *t = oriel_recording() ? thread_self() : NULL;
	size_t slot;

	for (size_t i = 0; b->to && i < b->handle->n_to; i++)
		bound_f64(b->to[i], v);
	if (b->to)
		return;
	if (!t || !takes_f64(b->handle, v))
		return;
	if (is_exponential(b->kind)) {
		bound_exponential(b, t, v);
	} else if (make_quick(b, &b->quick_f64, t)) {
		own_begin(t);
		own_add_f64(&t->cells[b->cell], v);
		own_end(t);
		exemplar_keep(t, b->handle, b->at, 0, as_bits(v));
	} else if (make_quick(b, &b->quick_histogram, t)) {
		own_begin(t);
		slot = own_record(b->handle, &t->cells[b->cell], v);
		own_end(t);
		exemplar_keep(t, b->handle, b->at, slot, as_bits(v));
	} else if (bound_shared(b)) {
		shared_f64(b->handle, b->at, v);
	}
}

/* The usual case is a histogram; sums of doubles may take the longer way. */
HOT void oriel_series_measure_f64(struct oriel_series *series, double v)
{
	struct bound *b = (struct bound *)series;
	struct thread *t = thread_here;
	size_t slot;

	if (__builtin_expect(!b, 0))
		return;
	if (__builtin_expect(!is_quick(&b->quick_histogram, t) || t->busy || v != v, 0)) {
		bound_f64(b, v);
		return;
	}
	own_begin(t);
	slot = own_record(b->handle, &t->cells[b->cell], v);
	own_end(t);
	if (__builtin_expect(is_example(t), 0))
		exemplar_keep(t, b->handle, b->at, slot, as_bits(v));
}

/* ---- by attributes ----------------------------------------------------------------------------------- */

static void shared_any(struct handle *h, uint32_t at, int64_t n, double v)
{
	if (!h->is_double)
		shared_int(h, at, n);
	else
		shared_f64(h, at, v);
}

/* `n` or `v` is meant, by what the instrument was asked to be. */
static void measure_slow(struct handle *h, int64_t n, double v, struct oriel_attributes attributes)
{
	struct bound *b = quick_learn(h, attributes);
	uint32_t at = b ? 0 : series_of(h, attributes);

	if (at)
		shared_any(h, at, n, v);
	else if (b && !h->is_double)
		bound_int(b, n);
	else if (b)
		bound_f64(b, v);
}

/* As measure_slow, of what the view keeps; the rest is at hand for an example. */
static __attribute__((noinline)) void measure_filtered(struct handle *h, int64_t n, double v,
						       struct oriel_attributes attributes)
{
	struct thread *t = thread_here;
	const struct filtered *before = t->filtered;
	struct filtered f;
	struct bound *b;

	filtered_make(&f, h, attributes);
	t->filtered = &f;
	b = quick_find(h, f.kept);
	if (!b)
		measure_slow(h, n, v, f.kept);
	else if (h->is_double)
		bound_f64(b, v);
	else
		bound_int(b, n);
	t->filtered = before;
}

static __attribute__((noinline, cold)) void measure_int_slow(struct handle *h, int64_t n,
							     struct oriel_attributes attributes)
{
	if (!oriel_recording() || !takes_int(h, n) || !thread_self())
		return;
	for (size_t i = 0; i < h->n_to; i++)
		measure_int_slow(h->to[i], n, attributes);
	if (h->to)
		return;
	if (h->filter)
		measure_filtered(h, n, (double)n, attributes);
	else
		measure_slow(h, n, (double)n, attributes);
}

void oriel_measure_int(void *instrument, int64_t n, struct oriel_attributes attributes)
{
	struct handle *h = instrument;
	struct bound *b = h ? quick_find(h, attributes) : NULL;

	if (__builtin_expect(b != NULL, 1))
		oriel_series_measure_int((struct oriel_series *)b, n);
	else if (h)
		measure_int_slow(h, n, attributes);
}

static __attribute__((noinline, cold)) void measure_f64_slow(struct handle *h, double v,
							     struct oriel_attributes attributes)
{
	for (size_t i = 0; i < h->n_to; i++)
		measure_f64_slow(h->to[i], v, attributes);
	if (h->to || !oriel_recording() || !takes_f64(h, v) || !h->asked_double || !thread_self())
		return;
	if (h->filter)
		measure_filtered(h, 0, v, attributes);
	else
		measure_slow(h, 0, v, attributes);
}

void oriel_measure_f64(void *instrument, double v, struct oriel_attributes attributes)
{
	struct handle *h = instrument;
	struct bound *b = h ? quick_find(h, attributes) : NULL;

	if (__builtin_expect(b != NULL, 1))
		oriel_series_measure_f64((struct oriel_series *)b, v);
	else if (h)
		measure_f64_slow(h, v, attributes);
}
