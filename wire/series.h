/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Series: the metrics of a process, as cells in its segment that the program adds to and the
 * collector reads whenever somebody asks. They are not records and are never drained.
 *
 *     series_at   struct series_area, then entries, each a multiple of 8 bytes:
 *                 struct instrument | bounds | name | unit | description
 *                 struct series     | cells | attributes as in wire/record.h
 *                 struct exemplars  | slots
 *                 struct buckets    | counts
 *                 struct watch
 *
 * When that is full, chunks go on with it (CHUNK_SERIES): behind the chunk's head the same again. A
 * place is counted in bytes from series_at, also in chunks, which lie behind it.
 *
 * Entries are taken from `used` by compare-and-swap and never given back. An entry is whole when its
 * `kind` is stored, with release; a reader walks entries by `size` and stops at the first without
 * one. Cells are relaxed atomics: a reader wants untorn numbers, not an order among them.
 *
 * So that threads don't write to each other's cache lines, a thread has a block of cells of its own,
 * where series that are bound add without a lock:
 *
 *     chunk (CHUNK_CELLS)   head | block: word 0 unused, 1, 2, ... | block
 *
 * A series with `entry.flags` n has its cells at word n of every block, in the same order as in its
 * entry; its value is the sum of the entry's and all blocks'. Blocks begin as zeros, and so that zero
 * is "nothing yet" for them too, a histogram's min and max lie there exclusive-or'd with the bits of
 * +infinity and -infinity. A block outlives its thread, and the next thread goes on in it: nothing is
 * ever moved, so a total never goes back.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

enum series_kind {
	SERIES_NONE = 0, /* not whole yet */
	SERIES_INSTRUMENT = 1,
	SERIES_POINT = 2,
	SERIES_DEAD = 3, /* lost a race or did not fit; skip it */
	SERIES_EXEMPLARS = 4,
	SERIES_BUCKETS = 5,
	SERIES_WATCH = 6,
};

enum instrument_kind {
	INSTRUMENT_COUNTER = 1, /* monotonic sum */
	INSTRUMENT_UP_DOWN = 2,
	INSTRUMENT_GAUGE = 3,
	INSTRUMENT_HISTOGRAM = 4, /* explicit bounds */
	INSTRUMENT_EXPONENTIAL = 5,
	INSTRUMENT_SUMMARY = 6, /* kept as an exponential histogram; its bounds are quantiles */
};

struct series_area {
	_Atomic uint32_t used; /* bytes from here, this struct included */
	uint32_t reserved;
};

struct series_entry {
	_Atomic uint16_t kind;
	uint16_t flags; /* SERIES_POINT: its place in blocks, 0: none */
	uint32_t size;	/* with its payload; stored before `kind` */
};

struct instrument {
	struct series_entry entry;
	uint8_t kind; /* enum instrument_kind */
	uint8_t is_double;
	uint8_t scope;
	uint8_t reserved;
	uint16_t name_n, unit_n, description_n, n_bounds;
	uint32_t reserved2;
	/*
	 * When its values were observed last (nanoseconds since the epoch): a series that was set
	 * earlier is no longer there. 0: they are recorded, or each is watched.
	 */
	_Atomic uint64_t observed_ns;
	/* then n_bounds doubles, name, unit, description */
};

struct series {
	struct series_entry entry;
	uint32_t instrument_at; /* place of its instrument */
	uint16_t attributes_n;	/* bytes */
	uint16_t n_cells;
	uint64_t start_real_ns;
	_Atomic uint32_t exemplars_at; /* place of its struct exemplars; 0: none yet */
	uint32_t reserved;
	/*
	 * then n_cells _Atomic uint64_t, then the attributes' bytes. Cells: one number (integer, or
	 * a double's bits) for sums and gauges, which have after it when they were set (nanoseconds
	 * since the epoch); for a histogram count, sum, min, max (doubles' bits;
	 * min and max meaningless while count is 0), then n_bounds + 1 bucket counts; for an
	 * exponential one enum exponential_cell.
	 */
};

/*
 * Buckets of an exponential histogram, of one sign, at one scale: bucket i counts values in
 * (base^i, base^(i + 1)], base = 2^(2^-scale). What is in use, [low, high], is never wider than n, so
 * that index i lies at word `buckets_word`. A value that would make it wider goes to the next one, of
 * a lower scale; what was counted stays where it is, and the histogram is the sum of all of them.
 */
struct buckets {
	struct series_entry entry;
	_Atomic uint32_t next_at; /* 0: there is none yet */
	int16_t scale;
	uint16_t n;		/* BUCKETS_FIRST or BUCKETS_MOST */
	_Atomic uint64_t range; /* low | high << 32, as int32_t; low > high: nothing yet */
	uint64_t apart[8];	/* all read what is above, and write what is below */
				/* then n _Atomic uint64_t */
};

enum {
	BUCKETS_MOST = 160,
	BUCKETS_FIRST = 16, /* at the highest scale two values seldom fit anyway */
	BUCKETS_SCALE_MOST = 20,
	BUCKETS_SCALE_LEAST = -10,
	EXEMPLARS_EXPONENTIAL = 16, /* slots; a bucket's is its index modulo this */
};

/* 160 times 2^24 is more than any index below 0 at the highest scale. */
static inline uint32_t buckets_word(int32_t index, uint32_t n)
{
	return ((uint32_t)index + 160u * (1u << 24)) % n;
}

/*
 * Measurements kept as examples: of a histogram one a bucket, of a counter one. A slot is words:
 *
 *     done | time | trace id, 2 | span id | value | (bytes of attributes, attributes) | begun
 *
 * `done` and `begun` are how often it was written << 16 and who did last, a thread slot's number + 1. A
 * writer changes `begun` first, by compare-and-swap; who finds it ahead of `done` leaves the slot to
 * whoever is at it. `done` follows with release. A reader goes from the first word to the last, each
 * with acquire: a slot is whole if both are the same, and empty if they are 0.
 */
struct exemplars {
	struct series_entry entry;
	uint16_t n;	  /* slots */
	uint16_t n_words; /* of a slot, EXEMPLAR_WORDS at least */
	uint32_t reserved;
};

enum {
	EXEMPLAR_DONE,
	EXEMPLAR_TIME, /* nanoseconds since the epoch */
	EXEMPLAR_TRACE,
	EXEMPLAR_SPAN = EXEMPLAR_TRACE + 2,
	EXEMPLAR_VALUE, /* an integer, or a double's bits */
	EXEMPLAR_WORDS = EXEMPLAR_VALUE + 2,
	EXEMPLAR_ATTRIBUTES = EXEMPLAR_VALUE + 1,
};

/* A number in the process's memory; its value goes to the series' cells, which are as a gauge's. */
struct watch {
	struct series_entry entry;
	uint32_t series_at;
	uint16_t type; /* enum watch_type */
	uint16_t reserved;
	_Atomic uint64_t address; /* 0: not any more */
};

enum watch_type {
	WATCH_SIZE = 0xff, /* of the number, bytes */
	WATCH_SIGNED = 0x100,
	WATCH_FLOAT = 0x200,
};

/* The bytes of such a number as a cell has it: an integer, or a double's bits. */
static inline uint64_t watch_bits(const unsigned char bytes[8], unsigned type)
{
	unsigned shift = 64 - 8 * (type & 0xf);
	uint64_t bits;
	double wide;
	float narrow;

	memcpy(&bits, bytes, 8);
	if (type & WATCH_FLOAT && shift) {
		memcpy(&narrow, bytes, 4);
		wide = (double)narrow;
		memcpy(&bits, &wide, 8);
	} else if (type & WATCH_SIGNED) {
		bits = (uint64_t)((int64_t)(bits << shift) >> shift);
	} else {
		bits = bits << shift >> shift;
	}
	return bits;
}

enum {
	CELL_BLOCKS = 2, /* in a chunk */
	CELL_BLOCK_SIZE = 8064,
	CELL_BLOCK_WORDS = CELL_BLOCK_SIZE / 8,
	CELL_BLOCK_MEMO =
		CELL_BLOCK_WORDS - 16, /* from here on words that are the thread's alone */
	CELL_BLOCKS_AT = 128,	       /* in the chunk: behind its head */
};

#define CELLS_INFINITY 0x7ff0000000000000ull
#define CELLS_MINUS_INFINITY 0xfff0000000000000ull

enum { GAUGE_VALUE, GAUGE_SET_NS };

enum {
	HISTOGRAM_COUNT,
	HISTOGRAM_SUM,
	HISTOGRAM_MIN,
	HISTOGRAM_MAX,
	HISTOGRAM_BUCKETS,
};

/*
 * After sum, min and max; a thread's own cells are those before the coarse ones. Of the buckets there
 * are two, for positive and for negative values.
 */
enum exponential_cell {
	EXPONENTIAL_ZERO = HISTOGRAM_BUCKETS,
	EXPONENTIAL_COARSE, /* what found no room, at scale -10: indices -2, -1, 0 */
	EXPONENTIAL_FIRST = EXPONENTIAL_COARSE + 6, /* place of the first struct buckets */
	EXPONENTIAL_NEWEST = EXPONENTIAL_FIRST + 2, /* for the writer: about the last one */
	EXPONENTIAL_CELLS = EXPONENTIAL_NEWEST + 2,
};
