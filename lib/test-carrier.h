/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields that come in, and those that go out, for tests of contexts: "name: value" lines.
 *
 *     must(goes_out_as("b3: " SINGLE_B, "b3: ..."));
 *
 * For one test file each: everything is static.
 */
#pragma once

#include "base/str.h"
#include "lib/test-segment.h"

#define TRACE_A "0af7651916cd43dd8448eb211c80319c"
#define SPAN_A "b7ad6b7169203331"
#define PARENT_A "00-" TRACE_A "-" SPAN_A "-01"
#define TRACE_B "80f198ee56343ba864fe8b2a57d3eff7"
#define SPAN_B "e457b5a2e4d86bd1"
#define SINGLE_B TRACE_B "-" SPAN_B "-1"

/* What comes in: "name: value" lines, names in any case, as HTTP's are. */
static const char *fields;

static const char *get(void *carrier, const char *name)
{
	static char values[8][1024];
	static unsigned turn;
	char *value = values[turn++ % 8];
	struct str rest = str_of(fields);

	(void)carrier;
	while (rest.n) {
		struct cut line = str_cut(rest, '\n');
		struct cut pair = str_cut(line.head, ':');

		rest = line.tail;
		if (!str_eq_nocase(pair.head, str_of(name)))
			continue;
		snprintf(value, sizeof(values[0]), STR_FMT, STR_ARG(str_trim(pair.tail)));
		return value;
	}
	return NULL;
}

static const char *key(void *carrier, size_t i)
{
	static char name[64];
	struct str rest = str_of(fields);

	(void)carrier;
	for (; rest.n; i--) {
		struct cut line = str_cut(rest, '\n');

		if (!i) {
			snprintf(name, sizeof(name), STR_FMT,
				 STR_ARG(str_cut(line.head, ':').head));
			return name;
		}
		rest = line.tail;
	}
	return NULL;
}

/* What went out, likewise. */
static char sent[1024];

static void set(void *carrier, const char *name, const char *value)
{
	size_t n = strlen(sent);

	(void)carrier;
	snprintf(sent + n, sizeof(sent) - n, "%s: %s\n", name, value);
}

static struct oriel_context came_in(const char *text)
{
	struct oriel_context c;

	fields = text;
	oriel_context_extract_from(&c, ORIEL_CARRIER(.get = get, .key = key));
	return c;
}

/* What goes out from within what came in. */
static bool goes_out_as(const char *text, const char *expected)
{
	struct oriel_context c = came_in(text);
	unsigned token = oriel_context_attach(&c);
	bool same;

	sent[0] = '\0';
	oriel_context_inject(set, NULL);
	same = strcmp(sent, expected) == 0;
	if (!same)
		fprintf(stderr, "sent %s", sent);
	oriel_context_detach(token);
	oriel_context_release(&c);
	return same;
}
