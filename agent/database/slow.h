/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slow: a WARNING for each statement that took too long, `slow_query` of the logger oriel.database:
 * duration (seconds), query (the first 200 bytes of the text without literals), db.system.name.
 *
 *     database_slow_set(getenv("ORIEL_SLOW_QUERY_MS"));      before there are threads; NULL: 1,000; 0: never
 *     slow_begin(&s, text);
 *     slow_end(&s, &context, system, seconds, error);        in whose context the record lies
 *
 * Guest-safe.
 */
#pragma once

#include "base/str.h"
#include "oriel.h"

enum { SLOW_TEXT_MOST = 200 };

struct slow_text {
	uint8_t n;
	char text[SLOW_TEXT_MOST];
};

extern double slow_seconds; /* infinite: no statement is */

void database_slow_set(const char *ms);

void slow_begin(struct slow_text *s, struct str text);
void slow_tell(const struct slow_text *s, const struct oriel_context *context, const char *system,
	       double seconds, const char *error);

/* Not a number is not slow. */
static inline void slow_end(const struct slow_text *s, const struct oriel_context *context,
			    const char *system, double seconds, const char *error)
{
	if (__builtin_expect(seconds >= slow_seconds, 0))
		slow_tell(s, context, system, seconds, error);
}
