/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sockets/sockets.h"

#include <pthread.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/sockets/current.h"
#include "agent/sockets/descriptors.h"
#include "agent/sockets/given.h"
#include "base/str.h"

enum { OWNERS_MOST = 16 };

struct watch sockets_watch;
struct sockets_settings sockets_settings;

static const struct real_library *owner[OWNERS_MOST];
static _Atomic uint32_t n_owners;

void sockets_own(const struct real_library *library)
{
	uint32_t n = atomic_load_explicit(&n_owners, memory_order_relaxed);

	if (n == OWNERS_MOST)
		return;
	owner[n] = library;
	atomic_store_explicit(&n_owners, n + 1, memory_order_release);
}

bool sockets_owned(const void *caller)
{
	uint32_t n = atomic_load_explicit(&n_owners, memory_order_acquire);

	for (uint32_t i = 0; i < n; i++)
		if (real_calls_itself(owner[i], caller))
			return true;
	return false;
}

void sockets_leave(int fd)
{
	descriptors_mark(fd, SLOT_LEFT);
}

static bool is_yes(const char *name)
{
	static const struct str yes[] = { STR("1"), STR("yes"), STR("true"), STR("on") };
	struct str value = str_trim(str_of(getenv(name)));

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (str_eq_nocase(value, yes[i]))
			return true;
	return false;
}

static bool injection_is_asked_for(void)
{
	return is_yes("ORIEL_SOCKETS_INJECT");
}

static void fork_comes(void)
{
	atomic_fetch_add_explicit(&sockets_forks, 1, memory_order_relaxed);
}

/* Connections go on in whichever process uses them; the spans under way are the parent's. */
static void forked(void)
{
	atomic_fetch_add_explicit(&sockets_child, 1, memory_order_relaxed);
}

static void sockets_start(void)
{
	sockets_settings.inject = injection_is_asked_for();
	sockets_settings.request_id = is_yes("ORIEL_SOCKETS_REQUEST_ID");
	server_ready();
	client_ready();
	if (!connections_open() || pthread_atfork(fork_comes, NULL, forked) != 0 ||
	    !descriptors_open())
		agent_missed("sockets");
	else
		given_at_start();
}

const struct watched watched_sockets = {
	.name = "sockets",
	.aliases = "http,server",
	.summary = "HTTP/1 that the program serves and asks for on its own sockets",
	.start = sockets_start,
	.watch = &sockets_watch,
	.passes = injection_is_asked_for,
};
