/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's beginning, and its switches. Preloaded, it watches everything from its constructor on,
 * unless ORIEL_INSTRUMENT=no (or 0, none, false, off); a program that is linked with it asks for it
 * (oriel-agent.h), by a call or by ORIEL_INSTRUMENT=1. TOMODACHI_OPENTELEMETRY_INSTRUMENT says the
 * same where that is not set. ORIEL_DISABLED_INSTRUMENTATIONS, else
 * OTEL_PYTHON_DISABLED_INSTRUMENTATIONS, names what is left alone. With OTEL_SDK_DISABLED=true only that is
 * watched which contexts go through, by OTEL_PROPAGATORS; nothing of it is recorded.
 */
#include "agent/agent.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "agent/bootstrap/bootstrap.h"
#include "agent/database/slow.h"
#include "agent/follow.h"
#include "agent/http/access.h"
#include "agent/http/headers.h"
#include "agent/http/http.h"
#include "agent/http/server.h"
#include "agent/pool.h"
#include "agent/real.h"
#include "base/preload.h"
#include "lib/fault.h"
#include "oriel-agent.h"

_Atomic bool agent_on, agent_passes;

static struct oriel_counter *_Atomic missed, *_Atomic unedited;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the switches, and of this: */
static bool begun;

void agent_missed(const char *library)
{
	oriel_add(atomic_load_explicit(&missed, memory_order_relaxed), 1,
		  oriel_str("oriel.library", library));
}

void agent_unedited(void)
{
	oriel_add(atomic_load_explicit(&unedited, memory_order_relaxed), 1);
}

/* ---- switches --------------------------------------------------------------------------------- */

/* In a comma list, by its name or another, in any case? `*` is everything. */
static bool is_named(const struct watched *w, const char *libraries)
{
	struct str list = str_of(libraries), name;

	while (str_next(&list, ',', &name)) {
		struct str others = str_of(w->aliases), other;

		if (str_eq(name, STR("*")) || str_eq_nocase(name, str_of(w->name)))
			return true;
		while (str_next(&others, ',', &other))
			if (str_eq_nocase(name, other))
				return true;
	}
	return false;
}

static void turn(const struct watched *w, bool on)
{
	if (!w->watch)
		return;
	if (on && !w->watch->started && w->start)
		w->start();
	w->watch->started |= on;
	atomic_store_explicit(&w->watch->on, on, memory_order_relaxed);
}

static void begin_passing(void)
{
	atomic_store_explicit(&agent_passes, true, memory_order_relaxed);
	atomic_store_explicit(&agent_on, true, memory_order_relaxed);
	begun = true;
}

static bool is_wanted(const struct watched *w, const char *libraries, const char *except)
{
	if (atomic_load_explicit(&agent_passes, memory_order_relaxed) &&
	    !(w->passes && w->passes()))
		return false;
	return is_named(w, libraries) && !is_named(w, except);
}

static void begin(void)
{
	http_methods_set(getenv("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS"));
	headers_request_id_set(getenv("ORIEL_REQUEST_ID_HEADERS"));
	server_trust(getenv("ORIEL_TRUSTED_PROXIES"), getenv("ORIEL_FORWARDED_HEADER"));
	access_log_set();
	database_slow_set(getenv("ORIEL_SLOW_QUERY_MS"));
	atomic_store_explicit(&missed,
			      oriel_counter("oriel.agent.missed", "{operation}",
					    "Operations not watched: the agent had no room"),
			      memory_order_relaxed);
	atomic_store_explicit(
		&unedited,
		oriel_counter(
			"oriel.agent.unedited", "{message}",
			"Requests and responses that went out without our fields: their head was "
			"not whole in the first write, or came behind another message in one"),
		memory_order_relaxed);
	for (const struct watched *const *w = watched; *w; w++)
		if (!(*w)->watch && (*w)->start)
			(*w)->start();
	atomic_store_explicit(&agent_on, true, memory_order_relaxed);
	bootstrap_record();
	begun = true;
}

/* 0, or why recording is off. */
static int turn_all(const char *libraries, const char *except, bool on)
{
	int why = 0;

	pthread_mutex_lock(&lock);
	if (on && !begun) {
		why = oriel_start(NULL);
		if (why == 0)
			begin();
		else if (oriel_passes_contexts())
			begin_passing();
	}
	for (const struct watched *const *w = watched; begun && *w; w++)
		if (is_wanted(*w, libraries, except))
			turn(*w, on);
	pthread_mutex_unlock(&lock);
	return why ? why : on ? oriel_why_off() : 0;
}

/* Set, but empty, switches nothing off. */
static const char *disabled(void)
{
	const char *list = getenv("ORIEL_DISABLED_INSTRUMENTATIONS");

	return list ? list : getenv("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS");
}

HOOK int oriel_instrument(const char *libraries)
{
	int kept = errno;
	int why = libraries ? turn_all(libraries, NULL, true) : turn_all("*", disabled(), true);

	errno = kept;
	return why;
}

HOOK void oriel_uninstrument(const char *libraries)
{
	int kept = errno;

	(void)turn_all(libraries ? libraries : "*", NULL, false);
	errno = kept;
}

/* ---- the beginning ---------------------------------------------------------------------------- */

/* Our path, if we are here by LD_PRELOAD and not because the program is linked with us. */
static const char *preloaded(void)
{
	struct str list = str_of(getenv("LD_PRELOAD"));
	Dl_info self;

	if (!dladdr(&agent_on, &self) || !self.dli_fname)
		return NULL;
	return preload_has(list, path_name(str_of(self.dli_fname))) ? self.dli_fname : NULL;
}

static bool wanted(bool by_preload)
{
	static const char *const no[] = { "0", "no", "none", "false", "off" };
	struct str asked = str_trim(str_of(secure_getenv("ORIEL_INSTRUMENT")));

	if (!asked.n)
		asked = str_trim(str_of(secure_getenv("TOMODACHI_OPENTELEMETRY_INSTRUMENT")));

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (str_eq_nocase(asked, str_of(no[i])))
			return false;
	return asked.n || by_preload;
}

__attribute__((constructor)) static void agent_start(void)
{
	const char *path = preloaded();
	int kept = errno;

	bootstrap_run();
	pools_start();
	oriel_fault_watched();
	if (wanted(path != NULL))
		(void)turn_all("*", disabled(), true);
	if (path)
		follow_start(path);
	real_started();
	errno = kept;
}
