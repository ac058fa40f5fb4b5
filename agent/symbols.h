/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Symbols: a loaded object's table of symbols, searched as the dynamic linker would, but without
 * its locks, its order and its errors.
 *
 *     struct symbols s;
 *     if (symbols_read(&s, info->dlpi_addr, dynamic))
 *             i = symbols_find(&s, &wanted);                0: it doesn't define it
 *
 * Needs nothing, not even libc: agent/audit is built from it as well.
 */
#pragma once

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols {
	uintptr_t base;
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *gnu_hash, *hash;
	const ElfW(Half) * versions;
	const ElfW(Verdef) * definitions;
	size_t n_definitions;
};

struct symbol_wanted {
	const char *name;
	const char *version; /* NULL: any, but no hidden one */
	bool or_plain;	     /* a definition without any version will do as well */
	uint32_t gnu, sysv;
};

/* With its hashes. */
struct symbol_wanted symbol_wanted(const char *name, const char *version, bool or_plain);

bool symbols_read(struct symbols *s, uintptr_t base, const ElfW(Dyn) * dynamic);

/* Its index; only functions are found. */
uint32_t symbols_find(const struct symbols *s, const struct symbol_wanted *w);

/* False: it surely doesn't define a name of this GNU hash. Two loads. */
bool symbols_may_have(const struct symbols *s, uint32_t gnu);

/* Is there a symbol of this hash? Of any name, so false is sure and true is all but sure. */
bool symbols_hashed(const struct symbols *s, uint32_t gnu);

/* How many symbols there are; 0 if nobody says. */
uint32_t symbols_count(const struct symbols *s);

/* The version of symbol `i`, "" if it has none. */
const char *symbols_version(const struct symbols *s, uint32_t i);

bool symbols_same(const char *a, const char *b);
