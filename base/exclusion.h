/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exclusion: which paths of a server are left out, by the variables that say so. liboriel heeds it,
 * `oriel run` checks it; this is the part that both must read the same way.
 *
 *     n = exclusion_lists(getenv, list);
 *     for each of list[0..n): while (exclusion_next(&list[i].text, &pattern)) ...
 *
 * ORIEL_EXCLUDED_URLS holds for traces, metrics and the access log; the three that end in a signal's
 * name replace it for theirs. Where it isn't set, the names that Python's instrumentations use hold
 * for traces and metrics, as there: the specific ones, or else OTEL_PYTHON_EXCLUDED_URLS. One that is
 * set and empty excludes nothing, and counts as set. Guest-safe.
 */
#pragma once

#include "base/str.h"

enum {
	EXCLUSION_TRACES = 1,
	EXCLUSION_METRICS = 2,
	EXCLUSION_ACCESS_LOG = 4,
	EXCLUSION_ALL = 7,
};

enum { EXCLUSION_LISTS_MOST = 5 };

struct exclusion_list {
	const char *variable;
	struct str text;
	unsigned holds_for; /* EXCLUSION_TRACES ... */
};

/* `get` is getenv, or stands for it. */
size_t exclusion_lists(char *(*get)(const char *variable),
		       struct exclusion_list out[EXCLUSION_LISTS_MOST]);

/* Take the next pattern, trimmed and not empty, off a list; a comma after a backslash is its own. */
bool exclusion_next(struct str *list, struct str *pattern);
