/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Series: the metrics of a process, as cells in its segment that the program adds to and the
 * collector reads whenever somebody asks. They are not records and are never drained.
 *
 *     series_at   struct series_area, then entries, each a multiple of 8 bytes:
 *                 struct instrument | name | unit | description | bounds
 *                 struct series     | attributes as in wire/record.h | cells
 *
 * Entries are taken from `used` by fetch-and-add and never given back. An entry is whole when its
 * `kind` is stored, with release; a reader walks entries by `size` and stops at the first without
 * one. Cells are relaxed atomics: a reader wants untorn numbers, not an order among them.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

enum series_kind {
	SERIES_NONE = 0, /* not whole yet */
	SERIES_INSTRUMENT = 1,
	SERIES_POINT = 2,
	SERIES_DEAD = 3, /* lost a race or did not fit; skip it */
};

enum instrument_kind {
	INSTRUMENT_COUNTER = 1, /* monotonic sum */
	INSTRUMENT_UP_DOWN = 2,
	INSTRUMENT_GAUGE = 3,
	INSTRUMENT_HISTOGRAM = 4, /* explicit bounds */
};

struct series_area {
	_Atomic uint32_t used; /* bytes from the area's start, this struct included */
	uint32_t n_buckets;    /* of the writer's own hash index, which lies in private memory */
};

struct series_entry {
	_Atomic uint16_t kind;
	uint16_t flags;
	uint32_t size; /* with its payload; stored before `kind` */
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
	uint32_t instrument_at; /* offset of its instrument in the area */
	uint16_t attributes_n;	/* bytes */
	uint16_t n_cells;
	uint64_t start_real_ns;
	/*
	 * then n_cells _Atomic uint64_t, then the attributes' bytes. Cells: one number (integer, or
	 * a double's bits) for sums and gauges; for a histogram count, sum, min, max (doubles' bits;
	 * min and max meaningless while count is 0), then n_bounds + 1 bucket counts.
	 */
};

enum {
	HISTOGRAM_COUNT,
	HISTOGRAM_SUM,
	HISTOGRAM_MIN,
	HISTOGRAM_MAX,
	HISTOGRAM_BUCKETS,
};
