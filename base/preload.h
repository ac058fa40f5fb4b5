/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preload: the lists of libraries in LD_PRELOAD and LD_AUDIT. The dynamic linker takes blanks and
 * colons between entries alike.
 *
 *     while ((entry = preload_next(&list)).n)
 *             if (preload_is(entry, STR("liboriel-agent.so"))) ...
 */
#pragma once

#include "base/path.h"

static inline bool preload_is_between(char c)
{
	return c == ':' || str_is_blank(c);
}

/* The next entry; empty: none is left. */
static inline struct str preload_next(struct str *list)
{
	struct str entry;
	size_t n = 0;

	while (list->n && preload_is_between(list->p[0]))
		*list = str_from(*list, 1);
	while (n < list->n && !preload_is_between(list->p[n]))
		n++;
	entry = str_first(*list, n);
	*list = str_from(*list, n);
	return entry;
}

static inline bool preload_is(struct str entry, struct str name)
{
	return str_eq(path_name(entry), name);
}

static inline bool preload_has(struct str list, struct str name)
{
	struct str entry;

	while ((entry = preload_next(&list)).n)
		if (preload_is(entry, name))
			return true;
	return false;
}
