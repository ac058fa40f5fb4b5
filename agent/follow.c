/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"

/* Set once, before main. */
bool follow_ready;
static bool follows;
static pid_t our_pid;

static bool no(const char *text)
{
	static const char *const words[] = { "0", "no", "none", "false", "off" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_eq_nocase(str_trim(str_of(text)), str_of(words[i])))
			return true;
	return false;
}

void follow_start(const char *agent)
{
	follows = !no(getenv("ORIEL_FOLLOW"));
	our_pid = getpid();
	target_start(agent);
	environment_start(agent);
	tell_start();
	environment_leave(!follows);
	follow_ready = true;
}

struct change follow_change(char *const *envp, const struct target *t, bool spawns)
{
	enum give_back give = GIVE_NOTHING;
	struct change c;

	if (follows)
		give = t->same ? GIVE_BACK : GIVE_IF_REPLACED;
	else if (!spawns && getpid() == our_pid)
		give = GIVE_BACK;
	c = environment_change(envp, t, give);
	if (c.take || c.goes_along) {
		int kept = errno;

		tell_unseen(t, &c);
		errno = kept;
	}
	return c;
}
