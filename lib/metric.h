/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metric: instruments and their series, as cells in the segment (wire/series.h).
 *
 *     lib/instrument.c   handle (private, lives for ever) -> instrument in the area
 *     lib/series.c       instrument and attributes -> series in the area, by a private hash index
 *     lib/quick.c        attributes as they are given -> bound series
 *     lib/area.c         room for instruments and series in the segment
 *     lib/cells.c        a thread's own block of cells
 *     lib/exponential.c  buckets that follow what is measured
 *     lib/views.c        what ORIEL_VIEWS makes of an instrument
 *     lib/observe.c      callbacks, and the thread that calls them
 *     lib/watch.c        numbers by address
 *     lib/exemplar.c     a late sampled measurement, kept as an example
 *     lib/measure.c      what the program calls to measure
 *
 * After fork the child's area is empty: handles and bound series hold the generation of the segment
 * that they were placed in, and place themselves again.
 */
#pragma once

#include "base/view.h"
#include "lib/clock.h"
#include "lib/thread.h"
#include "wire/series.h"

size_t metric_memory_size(void);
void metric_use(void *zeroed);
void metric_forked(void);

size_t instrument_memory_size(void);
void instrument_use(void *zeroed);
void instrument_forked(void);

/* A series that is bound: struct oriel_series. `generation` is stored last, with release. */
struct bound {
	_Atomic uint32_t quick_int; /* struct oriel_quick, */
	_Atomic uint32_t cell;	    /* in blocks; 0: none */
	_Atomic uint32_t generation;
	/* One of the three is the same if it has cells in blocks; the others are QUICK_NEVER. */
	_Atomic uint32_t quick_f64, quick_histogram;
	uint32_t at;
	uint16_t attributes_n;
	uint8_t kind;
	bool is_double;
	bool overflows; /* no room for it: the overflow series has what is measured, each counted */
	struct handle *handle;
	const unsigned char *attributes; /* NULL: the overflow series */
	struct bound *const *to;	 /* of an instrument of several views: what it stands for */
};

_Static_assert(offsetof(struct bound, quick_int) == offsetof(struct oriel_quick, word) &&
		       offsetof(struct bound, cell) == offsetof(struct oriel_quick, word) + 4 &&
		       __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "programs add to it themselves");

enum { BOUNDS_STEP = 4 };

#define QUICK_NEVER UINT32_MAX

/* An instrument. What was asked for is what it is found by; a view may have made it another. */
struct handle {
	_Atomic uint32_t generation; /* placed in that segment; 0: nowhere */
	uint32_t at, overflow_at;
	uint8_t kind; /* enum instrument_kind */
	bool is_double;
	uint16_t n_bounds;
	const double *bounds; /* as many more as make a multiple of BOUNDS_STEP are infinite */
	struct str name, unit, description;
	struct str asked_name;
	uint8_t scope; /* as in wire/record.h */
	uint8_t asked_kind;
	bool asked_double;
	bool observed;	/* by callbacks or by address: its values are set, not added to */
	uint32_t limit; /* of series, the overflow series included */
	_Atomic uint32_t n_series;
	const struct view *filter; /* of attributes; NULL: all stay */
	/*
	 * Of several views: the instruments that it is, for each of them one. It has no place itself, and its
	 * bound series, `overflow` as well, no cells: what is measured goes to each of these.
	 */
	struct handle *const *to;
	uint8_t n_to;
	struct bound overflow;
};

enum { VIEWS_AT_ONCE = 8 };

enum { ATTRIBUTES_COUNT_MOST = 32 };

/* ORIEL_VIEWS, once. */
void views_read(void);

/* The next view of `rest`, which views_all begins, that is this instrument's; false: there is none. */
struct str views_all(void);
bool views_next(struct str *rest, struct view *out, const struct handle *asked);

/* What becomes of it where no view says: OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION. */
void views_default(struct handle *h);

/* Into `h`, which is as it was asked for; bounds may go to `room`. False: it is dropped. */
bool views_apply(struct handle *h, const struct handle *asked, const struct view *v,
		 double room[VIEW_NUMBERS_MOST]);

/* Bounds, or quantiles, of an instrument that was given none; static. */
const double *bounds_usual(enum instrument_kind kind, struct str unit, uint16_t *n);

/* Attributes by what a view keeps of them; the rest may go with an example. */
struct filtered {
	const struct handle *of;
	struct oriel_attributes kept, out;
	struct oriel_attribute item[ATTRIBUTES_COUNT_MOST];
};

void filtered_make(struct filtered *f, const struct handle *h, struct oriel_attributes a);

/* Placed in this process's segment? False: no room, or another is at it just now. */
bool handle_ready(struct handle *h);
bool bound_ready(struct bound *b);

/* Not in handlers, bar one that gives up: false. */
bool register_begin(void);
void register_end(void);

/* The series for these attributes, or the instrument's overflow series; 0: nothing at all. */
uint32_t series_of(struct handle *h, struct oriel_attributes a);
/* NULL: no room for it, or another is at it just now. */
struct bound *series_bind(struct handle *h, struct oriel_attributes a);

/* The same of several views; one that alone has no room has its overflow series in it, counted. */
struct bound *series_bind_each(struct handle *h, struct oriel_attributes a);

/* Make it known, if there is room; else NULL, and the long way is the only one. */
struct bound *quick_learn(struct handle *h, struct oriel_attributes a);
size_t quick_memory_size(void);
void quick_use(void *zeroed);

uint32_t series_find(struct handle *h, const unsigned char *attributes, size_t n);
uint32_t series_make(const struct handle *h, const void *attributes, size_t n);

static inline unsigned char *series_area(void)
{
	return (unsigned char *)process.segment + process.segment->series_at;
}

static inline _Atomic uint64_t *series_cells(uint32_t at)
{
	return (_Atomic uint64_t *)(series_area() + at + sizeof(struct series));
}

/* `bytes` of the area, zero, 8-byte aligned; 0 when it is full. Signal-safe. */
uint32_t area_take(size_t bytes);
void area_publish(uint32_t at, enum series_kind kind);
size_t area_most(void); /* what it may grow to */
void area_forked(void);

/*
 * A chunk of the pool, for good, zero behind its head; NULL: none is free. Whoever calls it has seen
 * to it that only so many are taken.
 */
unsigned char *chunk_take(enum chunk_state state);

/* Is the current span one that is sampled? That nobody can want an example is told from this alone. */
static inline bool is_example(const struct thread *t)
{
	return t->entry[t->depth].meta & ORIEL_SAMPLED;
}

/* What a thread remembers of examples that it wrote: of which slot, and in which tick of the clock. */
enum {
	MEMO_SLOT,
	MEMO_TICK,
	MEMO_WORDS,
	MEMOS = (CELL_BLOCK_WORDS - CELL_BLOCK_MEMO) / MEMO_WORDS
};
enum { TICK_BITS = 22 /* 1.4 ms at 3 GHz */ };

static inline uint64_t memo_tick(void)
{
	return clock_tick_cheap() >> TICK_BITS;
}

static inline uint64_t memo_key(uint32_t series_at, size_t slot)
{
	return (uint64_t)series_at << 16 | slot;
}

/* NULL: it has no cells. */
static inline uint64_t *memo_of(const struct thread *t, uint64_t key)
{
	size_t i = (key * 0x9e3779b97f4a7c15u >> 32) % MEMOS;

	return t->cells ? t->cells + CELL_BLOCK_MEMO + i * MEMO_WORDS : NULL;
}

/*
 * Keep this measurement as the example of the slot, if examples are wanted: a histogram's bucket, else
 * 0. `at` is the series; `bits` an integer, or a double's. exemplar_write: false, it isn't kept.
 */
bool exemplar_write(const struct thread *t, const struct handle *h, uint32_t at, size_t slot,
		    uint64_t bits);

static inline void exemplar_keep(const struct thread *t, const struct handle *h, uint32_t at,
				 size_t slot, uint64_t bits)
{
	uint64_t key = memo_key(at, slot), *memo = memo_of(t, key);

	if (memo && memo[MEMO_SLOT] == key && memo[MEMO_TICK] == memo_tick())
		return;
	if (exemplar_write(t, h, at, slot, bits) && memo) {
		memo[MEMO_SLOT] = key;
		memo[MEMO_TICK] = memo_tick();
	}
}

void exemplar_forked(void);

/*
 * Private memory that is kept for ever, 8-byte aligned; NULL when there is no more. Under
 * register_begin.
 */
void *metric_keep(const void *bytes, size_t n);
void *metric_keep_room(size_t n);

static inline bool is_exponential(uint8_t kind)
{
	return kind == INSTRUMENT_EXPONENTIAL || kind == INSTRUMENT_SUMMARY;
}

static inline bool is_histogram(uint8_t kind)
{
	return kind >= INSTRUMENT_HISTOGRAM;
}

static inline size_t cells_of(const struct handle *h)
{
	return h->kind == INSTRUMENT_HISTOGRAM		    ? HISTOGRAM_BUCKETS + h->n_bounds + 1u
	       : is_exponential(h->kind)		    ? (size_t)EXPONENTIAL_CELLS
	       : h->kind == INSTRUMENT_GAUGE || h->observed ? GAUGE_SET_NS + 1u
							    : 1;
}

/* Of these a thread has its own. */
static inline size_t own_cells_of(const struct handle *h)
{
	return is_exponential(h->kind) ? (size_t)EXPONENTIAL_COARSE : cells_of(h);
}

/* The bucket that has v, which is finite and above 0, at this scale. */
int32_t exponential_index(double v, int scale);

/*
 * Count v, finite, in a bucket of this series, or of the overflow series when there is no room; which
 * of them is the answer (0: neither), and its slot for an example goes to *slot. 0 is in no bucket.
 */
uint32_t exponential_count(const struct handle *h, uint32_t at, double v, size_t *slot);

/* Room for `n` cells in every block; 0: there is none. */
uint16_t cells_reserve(size_t n);

/* This thread's block, taken if it has none yet; NULL: none to be had. */
uint64_t *cells_take(struct thread *t);
void cells_leave(struct thread *t);
void cells_inherit(struct thread *t); /* what a killed holder of its slot left */
void cells_forked(void);

static inline double as_double(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, 8);
	return d;
}

static inline uint64_t as_bits(double d)
{
	uint64_t bits;

	memcpy(&bits, &d, 8);
	return bits;
}
