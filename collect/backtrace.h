/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backtrace: addresses become names, as attributes of a record and as text for people.
 *
 *     struct backtrace t = { .arena = &arena };
 *     backtrace_make(&t, symbols, address, n);
 *     t.frames                                an array of maps, innermost first
 *     t.text                                  a line each
 *
 * A frame's map has "address" and, as far as they are known, "function", "file", "line", "column",
 * "inlined" (true), "module", "build_id", "offset" (the address in the module's file), "symbol_offset".
 */
#pragma once

#include "base/arena.h"
#include "model/value.h"
#include "symbol/symbol.h"

struct backtrace {
	struct arena *arena;
	size_t cut_at, n_cut;	  /* so many frames are missing before address[cut_at]; 0: none */
	bool innermost_is_return; /* so is the first address, not only the others */
	struct value frames;
	struct str text;
};

void backtrace_make(struct backtrace *t, struct symbols *s, const uint64_t *address, size_t n);

/* "0x..." */
struct value backtrace_hex(struct arena *arena, uint64_t number);
