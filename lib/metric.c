/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metric: instruments and their series, as cells in the segment (wire/series.h).
 *
 *     handle (private, lives for ever) -> instrument in the area -> series, one per attribute set
 *
 * A series is found by a hash of its attributes' bytes in an index in private memory: open
 * addressing, words of offset and hash, published by a swap. Whoever loses the race to publish the
 * same series marks his own entry dead and uses the other. A full area or index sends the
 * measurement to the instrument's overflow series (otel.metric.overflow=true; Metrics SDK,
 * "Overflow attribute"), which is made with the instrument so that it can't fail later.
 *
 * After fork the child's area is empty: handles hold the generation of the segment that they were
 * placed in, and place themselves again.
 */
#include "lib/metric.h"

#include "lib/encode.h"
#include "lib/process.h"

#include <errno.h>
#include <sched.h>
#include <time.h>

enum {
	HANDLES = 128,
	TEXTS = 32768,
	INDEX = 2048, /* words; a power of two */
	BOUNDS_MOST = 64,
	SORTED_MOST = 32,
	ATTRIBUTES_MOST = 1024,
};

struct handle {
	_Atomic uint32_t generation; /* placed in that segment; 0: nowhere */
	uint32_t at, overflow_at;
	uint8_t kind;
	uint16_t n_bounds;
	const double *bounds;
	struct str name, unit, description;
};

struct metric_memory {
	struct handle handle[HANDLES];
	_Atomic uint32_t n_handles;
	_Atomic uint32_t texts_used;
	char texts[TEXTS];
	_Atomic uint64_t index[INDEX]; /* hash << 32 | offset in the area */
};

static struct metric_memory *_Atomic known_memory;
#define memory atomic_load_explicit(&known_memory, memory_order_acquire)
static _Atomic uint32_t registering; /* a try-lock: see register_begin */

size_t metric_memory_size(void)
{
	return sizeof(struct metric_memory);
}

void metric_use(void *zeroed)
{
	atomic_store_explicit(&known_memory, zeroed, memory_order_release);
}

/* In a forked child, before any other thread is. */
void metric_forked(void)
{
	atomic_store_explicit(&registering, 0, memory_order_relaxed);
	if (memory)
		memset((void *)memory->index, 0, sizeof(memory->index));
}

static unsigned char *area(void)
{
	return (unsigned char *)process.segment + process.segment->series_at;
}

/* `bytes` of the area, zero-filled by its maker; 0 when it is full. */
static uint32_t area_take(size_t bytes)
{
	struct series_area *a = (struct series_area *)area();
	uint32_t used = atomic_load_explicit(&a->used, memory_order_relaxed);

	bytes = encode_pad(bytes);
	do {
		if (bytes > process.segment->series_size - used)
			return 0;
	} while (!atomic_compare_exchange_weak_explicit(&a->used, &used, used + (uint32_t)bytes,
							memory_order_relaxed,
							memory_order_relaxed));
	((struct series_entry *)(area() + used))->size = (uint32_t)bytes;
	return used;
}

/* Release: pairs with the reader's acquire of `kind`; the entry is whole. */
static void area_publish(uint32_t at, enum series_kind kind)
{
	struct series_entry *e = (struct series_entry *)(area() + at);

	atomic_store_explicit(&e->kind, (uint16_t)kind, memory_order_release);
}

static struct str text_keep(const char *text, size_t most)
{
	size_t n = text ? encode_cut(text, strlen(text), most) : 0;
	uint32_t at =
		atomic_fetch_add_explicit(&memory->texts_used, (uint32_t)n, memory_order_relaxed);

	if (at > TEXTS || n > TEXTS - at)
		return STR("");
	if (n)
		memcpy(memory->texts + at, text, n);
	return (struct str){ memory->texts + at, n };
}

static size_t cells_of(const struct handle *h)
{
	return h->kind == INSTRUMENT_HISTOGRAM ? HISTOGRAM_BUCKETS + h->n_bounds + 1u : 1;
}

static _Atomic uint64_t *cells_at(uint32_t at)
{
	return (_Atomic uint64_t *)(area() + at + sizeof(struct series));
}

static double as_double(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, 8);
	return d;
}

static uint64_t as_bits(double d)
{
	uint64_t bits;

	memcpy(&bits, &d, 8);
	return bits;
}

static uint32_t series_make(const struct handle *h, const void *attributes, size_t n)
{
	size_t cells = cells_of(h);
	uint32_t at = area_take(sizeof(struct series) + cells * 8 + n);
	struct series *s;
	struct timespec now;

	if (!at)
		return 0;
	s = (struct series *)(area() + at);
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	s->instrument_at = h->at;
	s->attributes_n = (uint16_t)n;
	s->n_cells = (uint16_t)cells;
	s->start_real_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	if (h->kind == INSTRUMENT_HISTOGRAM) {
		atomic_init(&cells_at(at)[HISTOGRAM_MIN], as_bits(__builtin_inf()));
		atomic_init(&cells_at(at)[HISTOGRAM_MAX], as_bits(-__builtin_inf()));
	}
	memcpy(area() + at + sizeof(*s) + cells * 8, attributes, n);
	area_publish(at, SERIES_POINT);
	return at;
}

static uint32_t overflow_make(const struct handle *h)
{
	unsigned char bytes[64 + 8]; /* encode_put may write a little further */
	struct oriel_attribute a = oriel_bool("otel.metric.overflow", true);
	struct encode e = encode_fit((struct oriel_attributes){ &a, 1 }, 64);

	encode_put(bytes, &e);
	return series_make(h, bytes, e.bytes);
}

static bool handle_place(struct handle *h, uint32_t generation)
{
	size_t texts = h->name.n + h->unit.n + h->description.n;
	uint32_t at = area_take(sizeof(struct instrument) + h->n_bounds * 8u + texts);
	struct instrument *i;
	unsigned char *p;

	if (!at)
		return false;
	i = (struct instrument *)(area() + at);
	i->kind = h->kind;
	i->is_double = h->kind == INSTRUMENT_HISTOGRAM;
	i->name_n = (uint16_t)h->name.n;
	i->unit_n = (uint16_t)h->unit.n;
	i->description_n = (uint16_t)h->description.n;
	i->n_bounds = h->n_bounds;
	p = (unsigned char *)(i + 1);
	if (h->n_bounds)
		memcpy(p, h->bounds, h->n_bounds * 8u);
	p = encode_copy(p + h->n_bounds * 8u, h->name.p, h->name.n);
	p = encode_copy(p, h->unit.p, h->unit.n);
	encode_copy(p, h->description.p, h->description.n);
	area_publish(at, SERIES_INSTRUMENT);
	h->at = at;
	h->overflow_at = overflow_make(h);
	atomic_store_explicit(&h->generation, generation, memory_order_release);
	return h->overflow_at != 0;
}

/*
 * Registration is rare and short, so whoever finds another at it tries a while and then gives up: the
 * other one may be the very thread that this handler interrupted.
 */
static bool register_begin(void)
{
	for (int i = 0; i < 10000; i++)
		if (!atomic_exchange_explicit(&registering, 1, memory_order_acquire))
			return true;
	return false;
}

static bool handle_ready(struct handle *h)
{
	uint32_t generation = atomic_load_explicit(&process.generation, memory_order_relaxed);
	bool ready;

	if (atomic_load_explicit(&h->generation, memory_order_acquire) == generation)
		return h->overflow_at != 0;
	if (!register_begin())
		return false;
	ready = atomic_load_explicit(&h->generation, memory_order_relaxed) == generation ||
		handle_place(h, generation);
	atomic_store_explicit(&registering, 0, memory_order_release);
	return ready;
}

static struct handle *handle_find(struct str name, uint8_t kind)
{
	uint32_t n = atomic_load_explicit(&memory->n_handles, memory_order_acquire);

	for (uint32_t i = 0; i < n; i++)
		if (memory->handle[i].kind == kind && str_eq(memory->handle[i].name, name))
			return &memory->handle[i];
	return NULL;
}

static struct handle *handle_new(const struct handle *like)
{
	uint32_t n = atomic_load_explicit(&memory->n_handles, memory_order_relaxed);
	struct handle *h;

	if (n == HANDLES)
		return NULL;
	h = &memory->handle[n];
	h->kind = like->kind;
	h->name = text_keep(like->name.p, 255);
	h->unit = text_keep(like->unit.p, 63);
	h->description = text_keep(like->description.p, 511);
	if (like->n_bounds) {
		uint32_t bytes = like->n_bounds * 8u + 7;
		uint32_t at =
			atomic_fetch_add_explicit(&memory->texts_used, bytes, memory_order_relaxed);

		if (at > TEXTS || bytes > TEXTS - at)
			return NULL;
		at = (at + 7) & ~7u;
		memcpy(memory->texts + at, like->bounds, like->n_bounds * 8u);
		h->bounds = (const double *)(const void *)(memory->texts + at);
		h->n_bounds = like->n_bounds;
	}
	if (!h->name.n)
		return NULL;
	atomic_store_explicit(&memory->n_handles, n + 1, memory_order_release);
	return h;
}

static struct handle *handle_get(const struct handle *like)
{
	struct handle *h = NULL;

	if (!memory || !process.segment || !like->name.n)
		return NULL;
	/* Instruments aren't made in handlers, so another thread is at it, and may need its turn. */
	for (int i = 0; i < 1000 && !h; i++) {
		if (!register_begin()) {
			sched_yield();
			continue;
		}
		h = handle_find(like->name, like->kind);
		if (!h)
			h = handle_new(like);
		atomic_store_explicit(&registering, 0, memory_order_release);
		break;
	}
	return h;
}

struct oriel_counter *oriel_counter(const char *name, const char *unit, const char *description)
{
	struct handle like = { .kind = INSTRUMENT_COUNTER,
			       .name = str_of(name),
			       .unit = str_of(unit),
			       .description = str_of(description) };

	return (struct oriel_counter *)handle_get(&like);
}

/* Semantic conventions for HTTP metrics, advice on http.server.request.duration. */
static const double seconds[] = { 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
				  0.5,	 0.75, 1,     2.5,  5,	   7.5, 10 };

struct oriel_histogram *oriel_histogram(const char *name, const char *unit, const char *description,
					const double *bounds, size_t n)
{
	struct handle like = { .kind = INSTRUMENT_HISTOGRAM,
			       .name = str_of(name),
			       .unit = str_of(unit),
			       .description = str_of(description) };

	like.bounds = n ? bounds : seconds;
	like.n_bounds = (uint16_t)(n ? n : sizeof(seconds) / sizeof(seconds[0]));
	if (n > BOUNDS_MOST || (n && !bounds))
		return NULL;
	for (size_t i = 1; i < n; i++)
		if (!(bounds[i - 1] < bounds[i]))
			return NULL;
	return (struct oriel_histogram *)handle_get(&like);
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
	const struct series *s = (const struct series *)(area() + at);

	return s->instrument_at == h->at && s->attributes_n == n &&
	       memcmp(area() + at + sizeof(*s) + s->n_cells * 8u, attributes, n) == 0;
}

static uint32_t series_find(const struct handle *h, const unsigned char *attributes, size_t n)
{
	uint32_t hash = hash_of(attributes, n, h->at), made = 0;

	for (uint32_t i = 0; i < INDEX / 2; i++) {
		_Atomic uint64_t *word = &memory->index[(hash + i) % INDEX];
		uint64_t seen = atomic_load_explicit(word, memory_order_acquire);

		if (!seen) {
			if (!made && !(made = series_make(h, attributes, n)))
				return 0;
			/* Release: the series is whole for whoever finds it here. */
			if (atomic_compare_exchange_strong_explicit(word, &seen,
								    (uint64_t)hash << 32 | made,
								    memory_order_release,
								    memory_order_acquire))
				return made;
		}
		if (seen >> 32 == hash && series_is((uint32_t)seen, h, attributes, n)) {
			if (made)
				area_publish(made, SERIES_DEAD);
			return (uint32_t)seen;
		}
	}
	if (made)
		area_publish(made, SERIES_DEAD);
	return 0;
}

/* Two orders of the same attributes are the same series. */
static size_t attributes_sorted(unsigned char *to, struct oriel_attributes a)
{
	struct oriel_attribute sorted[SORTED_MOST];
	struct encode e;

	if (a.n > SORTED_MOST)
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

static _Atomic uint64_t *series_cells(struct handle *h, struct oriel_attributes a)
{
	unsigned char bytes[ATTRIBUTES_MOST + 8]; /* encode_put may write a little further */
	uint32_t at = 0;
	size_t n;

	/* A child that nobody told of has no segment: thread_self finds that out. */
	if (!h || !thread_self())
		return NULL;
	if (!handle_ready(h)) {
		process_lose(LOSS_series_overflow, 1);
		return NULL;
	}
	n = attributes_sorted(bytes, a);
	if (n != SIZE_MAX)
		at = series_find(h, bytes, n);
	if (!at) {
		process_lose(LOSS_series_overflow, 1);
		at = h->overflow_at;
	}
	return cells_at(at);
}

void oriel_add_all(struct oriel_counter *counter, int64_t n, struct oriel_attributes attributes)
{
	_Atomic uint64_t *cell;

	if (!oriel_gate.recording || n < 0)
		return;
	cell = series_cells((struct handle *)counter, attributes);
	if (cell)
		atomic_fetch_add_explicit(cell, (uint64_t)n, memory_order_relaxed);
}

static void cell_add(_Atomic uint64_t *cell, double v)
{
	uint64_t was = atomic_load_explicit(cell, memory_order_relaxed);

	while (!atomic_compare_exchange_weak_explicit(cell, &was, as_bits(as_double(was) + v),
						      memory_order_relaxed, memory_order_relaxed))
		;
}

/* `sign` 1 keeps the larger, -1 the smaller. */
static void cell_extreme(_Atomic uint64_t *cell, double v, double sign)
{
	uint64_t was = atomic_load_explicit(cell, memory_order_relaxed);

	while ((v - as_double(was)) * sign > 0 &&
	       !atomic_compare_exchange_weak_explicit(cell, &was, as_bits(v), memory_order_relaxed,
						      memory_order_relaxed))
		;
}

void oriel_record_all(struct oriel_histogram *histogram, double value,
		      struct oriel_attributes attributes)
{
	struct handle *h = (struct handle *)histogram;
	_Atomic uint64_t *cell;
	size_t bucket = 0;

	if (!oriel_gate.recording || value != value)
		return;
	cell = series_cells(h, attributes);
	if (!cell)
		return;
	while (bucket < h->n_bounds && value > h->bounds[bucket])
		bucket++;
	atomic_fetch_add_explicit(&cell[HISTOGRAM_COUNT], 1, memory_order_relaxed);
	cell_add(&cell[HISTOGRAM_SUM], value);
	cell_extreme(&cell[HISTOGRAM_MIN], value, -1);
	cell_extreme(&cell[HISTOGRAM_MAX], value, 1);
	atomic_fetch_add_explicit(&cell[HISTOGRAM_BUCKETS + bucket], 1, memory_order_relaxed);
}
