/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names: texts that log records need again and again, told once and then named by number.
 *
 *     names_at   struct names, then entries, each a multiple of NAME_UNIT bytes:
 *
 *         TEXT   u32 head, head's n bytes                           a file, a function, a logger
 *         SITE   u32 head, u32 line, u16 file, u16 function         where a log call stands
 *
 * An entry's number is its distance from names_at in units, so it is never 0. Entries are only added:
 * a thread moves `used` on by compare-and-swap, fills what it got, and stores the head last, with
 * release. A head that is 0 belongs to an entry that isn't whole, or never will be.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

enum {
	NAME_UNIT = 8,
	NAME_TEXT_MOST = 255, /* longer ones lose their beginning: the end of a path tells more */
	NAMES_MOST = 65536 * NAME_UNIT,
};

enum name_kind {
	NAME_TEXT = 1,
	NAME_SITE = 2,
};

struct names {
	_Atomic uint32_t used; /* bytes, of names_size, this included */
	uint32_t reserved;
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
