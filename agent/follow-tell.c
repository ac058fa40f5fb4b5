/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said of programs that are started and won't be seen. The one that starts them can still
 * record: in a child that has changed its user already, too, because its segment was made before. All are
 * counted; a log record tells of those that somebody would wonder about. Nothing is said in streams of
 * the program's, but of a bootstrap hook, which would be left out without a word.
 */
#include "agent/follow.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/hook.h"
#include "base/notice.h"
#include "lib/watcher.h"

/* Set once, before main. */
static struct oriel_counter *unseen;
static char run_directory[FOLLOW_PATH_ROOM]; /* if it was named: the usual one is each user's own */
static uid_t user;

void tell_start(void)
{
	struct str named = str_of(getenv("ORIEL_RUN_DIR"));

	user = geteuid();
	if (named.n && named.n < sizeof(run_directory))
		memcpy(run_directory, named.p, named.n + 1);
	unseen = oriel_counter("oriel.agent.unseen", "{program}",
			       "Programs started by watched ones that can't be watched, by reason");
}

static void count(const char *reason)
{
	oriel_add(unseen, 1, oriel_str("oriel.reason", reason));
}

/* Nobody would run it there, and nobody would say so. */
static void tell_of_hook(void)
{
	const char *hook = getenv(HOOK_VARIABLE);
	char line[512];

	if (!hook || !hook[0] || hook_is_off(str_of(hook)) || getenv(HOOK_IN_VARIABLE))
		return;
	snprintf(
		line, sizeof(line),
		"%.200s can't be loaded, because the agent isn't there for the program that is started "
		"(in another root directory, or as another user); starting without it",
		hook);
	notice_warn(HOOK_LOGGER, line);
}

static bool is_shut_out(void)
{
	return run_directory[0] && geteuid() != user &&
	       syscall(SYS_faccessat, AT_FDCWD, run_directory, W_OK | X_OK) != 0;
}

void tell_unseen(const struct target *t, const struct change *c)
{
	if (c->take && t->lacks_agent) {
		count("agent");
		watcher_warn(
			"a program is started unseen: the agent is not there for it, in another root "
			"directory or as another user",
			oriel_int("user.id", (int64_t)geteuid()));
		tell_of_hook();
	} else if (c->take) {
		count(t->narrow ? "address space" : "unfit");
	} else if (c->goes_along && is_shut_out()) {
		count("run directory");
		watcher_warn(
			"a program is started unseen: its user may not enter the run directory; put "
			"`oriel run --` behind what changes the user",
			oriel_int("user.id", (int64_t)geteuid()),
			oriel_str("oriel.run_dir", run_directory));
	}
}
