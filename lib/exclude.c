/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/exclude.h"

#include "base/exclusion.h"
#include "base/hot.h"
#include "base/pattern.h"
#include "lib/control.h"
#include "lib/w3c.h"
#include "lib/watcher.h"
#include "oriel.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PATTERNS_MOST = 256, PATH_MOST = 1024, TOLD = 4 };

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

/*
 * What was set from outside: one that nobody reads any more is made anew, and then is the one that
 * counts. A reader counts himself first and then looks whether it still does.
 */
static struct told {
	_Atomic uint32_t readers;
	uint32_t seq; /* the control block's number of it */
	bool own;     /* it says to go by the process's own lists again */
	struct excluded *patterns;
} told[TOLD];
static _Atomic uint32_t told_now; /* which one counts, from 1; 0: none */
static _Atomic uint32_t telling;  /* a try-lock */

static size_t told_size(void)
{
	return (sizeof(struct excluded) + CONTROL_PATTERNS_MOST * sizeof(struct excluded_pattern) +
		63) &
	       ~(size_t)63;
}

size_t exclude_memory_size(void)
{
	return TOLD * told_size();
}

void exclude_use(void *zeroed)
{
	for (size_t i = 0; i < TOLD; i++)
		told[i].patterns = (struct excluded *)((char *)zeroed + i * told_size());
}

static void complain(const struct exclusion_list *list, struct str pattern,
		     const struct pattern_error *error)
{
	watcher_warn("excluded URL ignored: not a pattern",
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

static struct told *told_spare(void)
{
	uint32_t now = atomic_load_explicit(&told_now, memory_order_relaxed);

	for (uint32_t i = 0; i < TOLD; i++)
		if (i + 1 != now && !atomic_load_explicit(&told[i].readers, memory_order_acquire))
			return &told[i];
	return NULL;
}

/* Who set it has looked at the patterns already; one that makes no sense is left out. */
static void told_make(struct told *t, struct str list)
{
	struct pattern_error error;
	struct str pattern;

	t->patterns->n = 0;
	t->patterns->holds_for = EXCLUSION_ALL;
	while (t->patterns->n < CONTROL_PATTERNS_MOST && exclusion_next(&list, &pattern)) {
		struct excluded_pattern *x = &t->patterns->item[t->patterns->n];

		x->holds_for = EXCLUSION_ALL;
		t->patterns->n += pattern_compile(&x->pattern, pattern, &error) == 0;
	}
}

/* Whoever passes first takes what is new; nobody waits for him. */
static __attribute__((noinline)) void told_take(uint32_t known)
{
	char text[CONTROL_EXCLUDED];
	struct told *t;
	uint32_t seq;
	size_t n;

	if (atomic_exchange_explicit(&telling, 1, memory_order_acquire))
		return;
	t = told_spare();
	seq = t && t->patterns ? control_excluded(known, text, &n) : 0;
	if (seq) {
		told_make(t, (struct str){ text, n });
		t->seq = seq;
		t->own = n == 0;
		atomic_store(&told_now, (uint32_t)(t - told) + 1);
	}
	atomic_store_explicit(&telling, 0, memory_order_release);
}

/* In order all through: the count before the second look, and the writer's look after his store. */
static uint32_t told_look(struct str path, unsigned *found, bool *own)
{
	uint32_t now = atomic_load(&told_now), seq = 0;
	struct told *t = &told[now ? now - 1 : 0];

	*own = true;
	if (!now)
		return 0;
	atomic_fetch_add(&t->readers, 1);
	if (atomic_load(&told_now) == now) {
		seq = t->seq;
		*own = t->own;
		*found = t->own ? 0 : look(t->patterns, path);
	}
	atomic_fetch_sub(&t->readers, 1);
	return seq;
}

/* True: a list that was set from outside has decided. */
static bool told_excluded(struct str path, unsigned *found)
{
	uint32_t seq, known;
	bool own;

	if (!process_is_set_up())
		return false;
	seq = atomic_load_explicit(&process.control->excluded_seq, memory_order_relaxed);
	if (__builtin_expect(seq == 0, 1))
		return false;
	known = told_look(path, found, &own);
	if (known != seq) {
		told_take(known);
		told_look(path, found, &own);
	}
	return !own;
}

void exclude_forked(void)
{
	for (size_t i = 0; i < TOLD; i++)
		atomic_store_explicit(&told[i].readers, 0, memory_order_relaxed);
	atomic_store_explicit(&telling, 0, memory_order_relaxed);
}

HOT unsigned oriel_excluded(const char *path, size_t n)
{
	const struct excluded *e = atomic_load_explicit(&excluded, memory_order_acquire);
	struct str text = { path, n };
	unsigned found = 0;

	if (!path || told_excluded(text, &found))
		return found;
	return e ? look(e, text) : 0;
}
