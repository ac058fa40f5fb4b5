/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that says what was done, and ends as it is told.
 *
 *     audits N HOW...     N records; HOW: return, stop, kill (by SIGKILL), flush (prints what it says), fork
 */
#include <oriel.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(int n, const char *by)
{
	for (int i = 1; i <= n; i++)
		if (!oriel_audit("user.deleted", oriel_int("user.id", i), oriel_str("by", by),
				 oriel_str("password", "hunter2")))
			printf("record %d is lost\n", i);
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1;

	if (oriel_start(NULL) != 0)
		return 2;
	ORIEL_SPAN ("admin")
		say(n, "parent");
	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "stop"))
			oriel_stop();
		else if (!strcmp(argv[i], "kill"))
			raise(SIGKILL);
		else if (!strcmp(argv[i], "flush"))
			printf("flushed %d\n", oriel_audit_flush(10000));
		else if (!strcmp(argv[i], "fork") && fork() == 0)
			say(n, "child"), exit(0);
		else if (!strcmp(argv[i], "fork"))
			wait(NULL);
	}
	return 0;
}
