/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's beginning. ORIEL_INSTRUMENT=no (or 0, none, false, off) leaves the program alone;
 * OTEL_SDK_DISABLED=true does so through oriel_start.
 */
#include "agent/agent.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/headers.h"
#include "agent/http.h"
#include "agent/real.h"
#include "base/str.h"

_Atomic bool agent_on;

static struct oriel_counter *_Atomic missed;

static bool wanted(void)
{
	static const char *const no[] = { "0", "no", "none", "false", "off" };
	struct str asked = str_trim(str_of(getenv("ORIEL_INSTRUMENT")));

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (str_eq_nocase(asked, str_of(no[i])))
			return false;
	return true;
}

void agent_missed(const char *library)
{
	oriel_add(atomic_load_explicit(&missed, memory_order_relaxed), 1,
		  oriel_str("oriel.library", library));
}

__attribute__((constructor)) static void agent_start(void)
{
	int kept = errno;

	if (wanted() && oriel_start(NULL) == 0) {
		http_methods_set(getenv("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS"));
		headers_request_id_set(getenv("ORIEL_REQUEST_ID_HEADERS"));
		atomic_store_explicit(
			&missed,
			oriel_counter("oriel.agent.missed", "{operation}",
				      "Operations not watched: the agent had no room"),
			memory_order_relaxed);
		for (const struct watched *const *w = watched; *w; w++)
			(*w)->start();
		atomic_store_explicit(&agent_on, true, memory_order_relaxed);
	}
	real_started();
	errno = kept;
}
