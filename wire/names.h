/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names: texts that records need again and again, told once and then named by number.
 *
 *     names_at   struct names, then entries, each a multiple of NAME_UNIT bytes:
 *
 *         TEXT   u32 head, head's n bytes                           a file, a function, a logger
 *         SITE   u32 head, u32 line, u16 file, u16 function         where a log call stands
 *         SCOPE  u32 head, u16 name, u16 version, u16 schema        how many bytes each has; then the
 *                bytes, and attributes as in wire/record.h          program's or a library's own scope
 *
 * An entry's number is its distance from names_at in units, so it is never 0. Entries are only added:
 * a thread moves `used` on by compare-and-swap, fills what it got, and stores the head last, with
 * release. A head that is 0 belongs to an entry that isn't whole, or never will be.
 *
 * Scopes have numbers of their own, which stay the same in a forked child: those of their rows stand in `scope`.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

enum {
	NAME_UNIT = 8,
	NAME_TEXT_MOST = 255, /* longer ones lose their beginning: the end of a path tells more */
	NAMES_MOST = 65536 * NAME_UNIT,
	NAME_SCOPE_TEXTS = 6, /* bytes before a scope's texts */
	NAME_SCOPE_MOST = 2048,
	NAME_SCOPES = 64,
};

enum name_kind {
	NAME_TEXT = 1,
	NAME_SITE = 2,
	NAME_SCOPE = 3,
};

struct names {
	_Atomic uint32_t used; /* bytes, of names_size, this included */
	uint32_t reserved;
	_Atomic uint16_t scope[NAME_SCOPES]; /* the row of SCOPE_OWN + i; 0: it has none (here) */
};

#define NAME_HEAD(kind, n) ((uint32_t)(kind) << 16 | (uint32_t)(n))

struct name_text {
	_Atomic uint32_t head;
	char bytes[];
};

struct name_site {
	_Atomic uint32_t head;
	uint32_t line;
	uint16_t file, function; /* numbers of texts; 0: not known */
	uint32_t reserved;
};
