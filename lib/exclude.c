/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/exclude.h"

#include "base/exclusion.h"
#include "base/pattern.h"
#include "lib/w3c.h"
#include "oriel.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PATTERNS_MOST = 256, PATH_MOST = 1024 };

struct excluded {
	size_t n;
	unsigned holds_for; /* of all of them */
	struct excluded_pattern {
		unsigned holds_for;
		struct pattern pattern;
	} item[];
};

/* Stored with release once all is compiled; oriel_excluded's acquire sees the patterns with it. */
static struct excluded *_Atomic excluded;

static void complain(const struct exclusion_list *list, struct str pattern,
		     const struct pattern_error *error)
{
	oriel_warn("excluded URL ignored: not a pattern",
		   oriel_str("oriel.setting", list->variable),
		   oriel_strn("oriel.pattern", pattern.p, pattern.n),
		   oriel_int("oriel.position", (int64_t)error->at),
		   oriel_str("error.message", error->says));
	oriel_add(oriel_counter("oriel.settings.bad", "{setting}",
				"Settings of the service that made no sense and were ignored"),
		  1, oriel_str("oriel.setting", list->variable));
}

static size_t count(const struct exclusion_list *list, size_t n)
{
	size_t patterns = 0;

	for (size_t i = 0; i < n; i++) {
		struct str rest = list[i].text, pattern;

		while (exclusion_next(&rest, &pattern))
			patterns++;
	}
	return patterns < PATTERNS_MOST ? patterns : PATTERNS_MOST;
}

static void add(struct excluded *e, size_t room, const struct exclusion_list *list,
		struct str pattern)
{
	struct pattern_error error = { 0, "more patterns than there is room for" };

	if (e->n == room || pattern_compile(&e->item[e->n].pattern, pattern, &error) != 0) {
		complain(list, pattern, &error);
		return;
	}
	e->holds_for |= e->item[e->n++].holds_for = list->holds_for;
}

static void compile(const struct exclusion_list *list, size_t n)
{
	size_t room = count(list, n);
	struct excluded *e;

	if (!room) {
		atomic_store_explicit(&excluded, NULL, memory_order_release);
		return;
	}
	e = mmap(NULL, sizeof(*e) + room * sizeof(e->item[0]), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (e == MAP_FAILED)
		return;
	for (size_t i = 0; i < n; i++) {
		struct str rest = list[i].text, pattern;

		while (exclusion_next(&rest, &pattern))
			add(e, room, &list[i], pattern);
	}
	atomic_store_explicit(&excluded, e, memory_order_release);
}

void exclude_read(const char *given)
{
	static bool read;
	struct exclusion_list list[EXCLUSION_LISTS_MOST];

	if (given) {
		list[0] = (struct exclusion_list){ "excluded_urls", str_of(given), EXCLUSION_ALL };
		compile(list, 1);
	} else if (!read) {
		compile(list, exclusion_lists(getenv, list));
	}
	read = true;
}

_Static_assert((int)EXCLUSION_TRACES == (int)ORIEL_EXCLUDED_TRACES &&
		       (int)EXCLUSION_METRICS == (int)ORIEL_EXCLUDED_METRICS &&
		       (int)EXCLUSION_ACCESS_LOG == (int)ORIEL_EXCLUDED_ACCESS_LOG,
	       "the public names are for the same bits");

/* A path that is longer than the room is looked at as far as that. */
static __attribute__((noinline)) unsigned look(const struct excluded *e, struct str path)
{
	char decoded[PATH_MOST];
	unsigned found = 0;

	if (path.n && memchr(path.p, '%', path.n)) {
		size_t n = w3c_decode(decoded, sizeof(decoded), path);

		path = (struct str){ decoded, n < sizeof(decoded) ? n : sizeof(decoded) };
	}
	for (size_t i = 0; i < e->n && found != e->holds_for; i++)
		if ((e->item[i].holds_for & ~found) && pattern_found(&e->item[i].pattern, path))
			found |= e->item[i].holds_for;
	return found;
}

unsigned oriel_excluded(const char *path, size_t n)
{
	const struct excluded *e = atomic_load_explicit(&excluded, memory_order_acquire);

	return e && path ? look(e, (struct str){ path, n }) : 0;
}
