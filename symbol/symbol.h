/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbol: what stands at an address of a process, by the files that its modules came from.
 *
 *     struct symbols *s = symbols_new(modules, n);        borrows them
 *     symbols_at(s, address, is_return, each, you);       innermost inlined function first
 *     s = symbols_free(s);
 *
 * A module's file is looked at when the first address in it is asked for, and believed only if it
 * has the build id that the process saw: a program that was installed anew meanwhile would name the
 * wrong lines. Debug information comes from the file itself, or from one with that build id below
 * /usr/lib/debug, or beside it; never from the network. Without any, functions that the file exports
 * have names. The process needn't be there any more.
 *
 * It may take seconds (debug information of large programs), so not in a loop that others wait for.
 * One thread at a time; several `struct symbols` don't know of each other. Home side only.
 */
#pragma once

#include "base/str.h"

struct symbol_module {
	struct str path;
	uint64_t begin, end, bias;
	const uint8_t *build_id;
	size_t build_id_n;
};

struct symbol_frame {
	uint64_t address;
	uint64_t file_address; /* address - bias, as in the module's file; without a module 0 */
	const struct symbol_module *module; /* NULL: in none of them */
	struct str function;		    /* empty: not known */
	uint64_t offset;		    /* behind its beginning; 0 where it was inlined */
	struct str file;		    /* empty: not known */
	uint32_t line, column;		    /* 0: not known */
	bool inlined;			    /* its code is part of the next frame's function */
};

struct symbols;

struct symbols *symbols_new(const struct symbol_module *module, size_t n);
struct symbols *symbols_free(struct symbols *s);

/* With `is_return` it is the call before the address that counts. At least once; texts are borrowed. */
void symbols_at(struct symbols *s, uint64_t address, bool is_return,
		void (*each)(const struct symbol_frame *f, void *you), void *you);

/* The module that has it; of two that do, the later one. */
const struct symbol_module *symbol_module_of(const struct symbol_module *module, size_t n,
					     uint64_t address);
