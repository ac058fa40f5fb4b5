/* SPDX-License-Identifier: Apache-2.0 */
/* Our variables in an environment: found, taken out, given back. */
#include "agent/follow.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/preload.h"

enum { SAVED_MOST = 96, SAVED_ROOM = 8192 };

/* Copies: nginx overwrites the memory in which its environment lay. The lists' own entries first. */
static char saved_text[SAVED_ROOM];
static size_t saved_used;
static const char *saved[SAVED_MOST];
static size_t n_saved;

/* Lists of libraries, and our entries in them, between colons; NULL: we aren't in it. */
static struct list {
	struct str name; /* with its '=' */
	const char *entries;
	bool goes_on; /* to other programs */
} lists[] = {
	{ STR("LD_PRELOAD="), NULL, true },
	{ STR("LD_AUDIT="), NULL, false },
};

enum { PRELOAD, AUDIT, N_LISTS = sizeof(lists) / sizeof(lists[0]) };

static bool is_ours(const struct list *l, struct str entry)
{
	return preload_has(str_of(l->entries), path_name(entry));
}

static bool has_ours(const struct list *l, struct str value)
{
	struct str entry;

	while ((entry = preload_next(&value)).n)
		if (is_ours(l, entry))
			return true;
	return false;
}

static struct list *list_of(const char *variable)
{
	for (size_t i = 0; i < N_LISTS; i++)
		if (str_starts(str_of(variable), lists[i].name))
			return &lists[i];
	return NULL;
}

static bool is_run(const char *variable)
{
	return strncmp(variable, "ORIEL_RUN_ID=", 13) == 0;
}

/* ---- at the start ------------------------------------------------------------------------------- */

static const char *save(struct str text)
{
	char *to = saved_text + saved_used;

	if (text.n >= SAVED_ROOM - saved_used)
		return NULL;
	memcpy(to, text.p, text.n);
	to[text.n] = '\0';
	saved_used += text.n + 1;
	return to;
}

/* Ours are the agent, by whatever name, and what comes with it. */
static void save_entries(struct list *l, struct str value, struct str agent)
{
	static const struct str others[] = { STR("liboriel-first.so"), STR("liboriel-audit.so") };
	char text[2 * FOLLOW_PATH_ROOM];
	struct str entry;
	size_t n = 0;

	while ((entry = preload_next(&value)).n) {
		if (!preload_is(entry, agent) && !preload_is(entry, others[0]) &&
		    !preload_is(entry, others[1]))
			continue;
		if (n + entry.n + 1 > sizeof(text))
			return;
		if (n)
			text[n++] = ':';
		memcpy(text + n, entry.p, entry.n);
		n += entry.n;
	}
	l->entries = n ? save((struct str){ text, n }) : NULL;
}

void environment_start(const char *agent)
{
	struct str name = path_name(str_of(agent)), audit = str_of(getenv("ORIEL_AUDIT"));

	lists[AUDIT].goes_on = str_eq_nocase(audit, STR("yes")) || str_eq(audit, STR("1")) ||
			       str_eq_nocase(audit, STR("true"));
	for (char **v = environ; v && *v; v++) {
		struct str text = str_of(*v);
		struct list *l = list_of(*v);

		if (l)
			save_entries(l, str_from(text, l->name.n), name);
		else if ((str_starts(text, STR("ORIEL_")) || str_starts(text, STR("OTEL_"))) &&
			 n_saved < SAVED_MOST && save(text))
			saved[n_saved++] = saved_text + saved_used - text.n - 1;
	}
}

/* A list without our entry; its length. `to` may be where `value` lies. */
static size_t list_without(const struct list *l, struct str value, char *to)
{
	struct str entry;
	size_t n = 0;

	while ((entry = preload_next(&value)).n) {
		if (is_ours(l, entry))
			continue;
		if (n)
			to[n++] = ':';
		memmove(to + n, entry.p, entry.n);
		n += entry.n;
	}
	return n;
}

void environment_leave(bool everything)
{
	char **to = environ;

	for (char **v = environ; v && *v; v++) {
		const struct list *l = list_of(*v);

		if (l && (everything || !l->goes_on) && has_ours(l, str_of(*v + l->name.n))) {
			size_t n = list_without(l, str_of(*v + l->name.n), *v + l->name.n);

			(*v)[l->name.n + n] = '\0';
			if (!n)
				continue;
		} else if (everything && is_run(*v)) {
			continue;
		}
		*to++ = *v;
	}
	if (to)
		*to = NULL;
}

/* ---- at an exec --------------------------------------------------------------------------------- */

static bool asan_is_calm(char *const *envp)
{
	for (; *envp; envp++)
		if (strncmp(*envp, "ASAN_OPTIONS=", 13) == 0)
			return strstr(*envp, "verify_asan_link_order=0") != NULL;
	return false;
}

/* Is this variable in it, by its name? */
static const char *find(char *const *envp, const char *variable)
{
	size_t n = strcspn(variable, "=") + 1;

	for (; *envp; envp++)
		if (strncmp(*envp, variable, n) == 0)
			return *envp;
	return NULL;
}

/* By a list of libraries without ours, in an environment that is ours otherwise. */
static bool is_replaced(char *const *envp)
{
	const char *list = find(envp, lists[PRELOAD].name.p);
	struct str value = str_of(list ? list + lists[PRELOAD].name.n : NULL);

	return lists[PRELOAD].entries && preload_next(&value).n && find(envp, "ORIEL_RUN_ID=");
}

struct change environment_change(char *const *envp, const struct target *t, enum give_back give)
{
	struct change c = { 0 };
	bool ours[N_LISTS] = { false }, fits;
	size_t n = 0;

	if (!envp || !t->found)
		return c;
	for (; envp[n]; n++) {
		const struct list *l = list_of(envp[n]);

		if (!l)
			continue;
		if (has_ours(l, str_of(envp[n] + l->name.n)))
			ours[l - lists] = true;
		c.bytes += strlen(envp[n]) + 2;
	}
	fits = !t->unfit && (!t->needs_asan || asan_is_calm(envp)) &&
	       !find(envp, "LD_TRACE_LOADED_OBJECTS=");
	c.take = (ours[PRELOAD] || ours[AUDIT]) && !fits;
	c.entries = give == GIVE_IF_REPLACED;
	c.give = !ours[PRELOAD] && fits && (c.entries ? is_replaced(envp) : give == GIVE_BACK);
	if (n > FOLLOW_MOST)
		c.take = c.give = false;
	c.goes_along = (ours[PRELOAD] && !c.take) || c.give;
	for (size_t i = 0; i < N_LISTS; i++)
		if (lists[i].entries)
			c.bytes += lists[i].name.n + strlen(lists[i].entries) + 2;
	c.slots = c.take || c.give ? n + n_saved + N_LISTS + 1 : 0;
	return c;
}

static char *append(char *text, const char *p)
{
	size_t n = strlen(p);

	memcpy(text, p, n);
	return text + n;
}

/* Are our entries to be put into this list? */
static bool is_given(const struct list *l, char *const *envp)
{
	const char *was = find(envp, l->name.p);

	return l->entries && l->goes_on && !(was && has_ours(l, str_of(was + l->name.n)));
}

/* "LD_PRELOAD=", our entries and what was there; the first byte behind it. */
static char *list_with(const struct list *l, const char *was, char *text, bool ours_last)
{
	const char *theirs = was ? was + l->name.n : "";

	text = append(text, l->name.p);
	text = append(text, ours_last ? theirs : l->entries);
	if (*theirs)
		*text++ = ':';
	text = append(text, ours_last ? l->entries : theirs);
	*text++ = '\0';
	return text;
}

/* Behind what has replaced them: AddressSanitizer's runtime, say, must be the first. */
static char **give(char *const *envp, char **to, char *text, bool entries)
{
	for (size_t i = 0; i < N_LISTS; i++) {
		if (!is_given(&lists[i], envp))
			continue;
		*to++ = text;
		text = list_with(&lists[i], find(envp, lists[i].name.p), text, entries);
	}
	for (size_t i = 0; i < n_saved && !entries; i++)
		if (!find(envp, saved[i]))
			*to++ = (char *)(uintptr_t)saved[i];
	return to;
}

void environment_write(const struct change *c, char *const *envp, char **to, char *text)
{
	if (c->give)
		to = give(envp, to, text, c->entries);
	for (char *const *v = envp; *v; v++) {
		const struct list *l = list_of(*v);
		size_t n;

		if (!l || !l->entries || (c->give && !is_given(l, envp))) {
			*to++ = *v;
		} else if (c->take) {
			memcpy(text, l->name.p, l->name.n);
			n = l->name.n + list_without(l, str_of(*v + l->name.n), text + l->name.n);
			text[n] = '\0';
			if (n > l->name.n)
				*to++ = text;
			text += n + 1;
		}
	}
	*to = NULL;
}
