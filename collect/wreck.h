/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wreck: what a process left in its segment for the time after it (wire/crash.h), copied and checked.
 *
 *     struct wreck w;
 *     r = wreck_read(&w, in);                 also while the process lives: its modules so far
 *     w.block.signal                          0: there was no fault
 *     wreck_fini(&w);
 *
 * Bounds are checked here: texts end in NUL, counts are below their arrays, modules lie within what
 * was read. Whether any of it is true nobody knows.
 */
#pragma once

#include "collect/intake.h"
#include "symbol/symbol.h"
#include "wire/crash.h"

enum { WRECK_FRAMES = CRASH_FIRST + CRASH_LAST };

struct wreck {
	struct crash_block block;
	uint64_t frame[WRECK_FRAMES]; /* innermost first */
	size_t n_frames;
	size_t cut_at, n_cut; /* so many are missing before frame[cut_at] */
	struct symbol_module *module;
	size_t n_modules;
	char *bytes; /* which modules borrow */
};

/* 0, -ENOMEM, or -EFAULT: the segment was cut short. A segment without this part has nothing in it. */
int wreck_read(struct wreck *w, struct intake *in);

/* From a copy of the area; takes `bytes`, which malloc gave. `program`: the path that is empty there. */
int wreck_take(struct wreck *w, char *bytes, size_t n, const char *program);
void wreck_fini(struct wreck *w);
