/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Series: the metrics of a process, as cells in its segment that the program adds to and the
 * collector reads whenever somebody asks. They are not records and are never drained.
 *
 *     series_at   struct series_area, then entries, each a multiple of 8 bytes:
 *                 struct instrument | bounds | name | unit | description
 *                 struct series     | cells | attributes as in wire/record.h
 *                 struct exemplars  | slots
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

enum series_kind {
	SERIES_NONE = 0, /* not whole yet */
	SERIES_INSTRUMENT = 1,
	SERIES_POINT = 2,
	SERIES_DEAD = 3, /* lost a race or did not fit; skip it */
	SERIES_EXEMPLARS = 4,
};

enum instrument_kind {
	INSTRUMENT_COUNTER = 1, /* monotonic sum */
	INSTRUMENT_UP_DOWN = 2,
	INSTRUMENT_GAUGE = 3,
	INSTRUMENT_HISTOGRAM = 4, /* explicit bounds */
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
	 * min and max meaningless while count is 0), then n_bounds + 1 bucket counts.
	 */
};

/*
 * Measurements kept as examples: of a histogram one a bucket, of a counter one. A slot is words:
 *
 *     done | time | trace id, 2 | span id | value | (bytes of attributes, attributes) | begun
 *
 * A writer makes `begun` one more, by compare-and-swap; who finds it ahead of `done` leaves the slot
 * to whoever is at it. `done` follows with release. A reader goes from the first word to the last, each
 * with acquire: a slot is whole if both are the same, and empty if they are 0.
 */
struct exemplars {
	struct series_entry entry;
	uint32_t series_at;
	uint16_t n;	  /* slots */
	uint16_t n_words; /* of a slot, EXEMPLAR_WORDS at least */
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

enum {
	CELL_BLOCKS = 2, /* in a chunk */
	CELL_BLOCK_SIZE = 8064,
	CELL_BLOCK_WORDS = CELL_BLOCK_SIZE / 8,
	CELL_BLOCKS_AT = 128, /* in the chunk: behind its head */
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
