/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Die: records 1,000 spans and 1,000 log records, leaves one span open, and ends as it is told.
 *
 *     die kill|segv|abort|term|_exit|exit [fork]
 *
 * Prints the id of the trace that all of it is in. With `fork` a child does that, and its parent
 * only waits. Nothing is flushed and nothing waits: what arrives was in shared memory.
 */
#include <oriel.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N = 1000 };

static void record(void)
{
	struct oriel_span open = oriel_span_start("left open", oriel_str("why", "nobody ends it"));
	char trace[33];

	for (int i = 0; i < N; i++) {
		ORIEL_SPAN ("work", oriel_int("i", i)) {
			oriel_info("working", oriel_int("i", i));
		}
	}
	oriel_span_set(&open, oriel_int("recorded", N));
	oriel_trace_id(trace);
	puts(trace);
	fflush(stdout);
}

static void die(const char *how)
{
	volatile int *nowhere = NULL;

	if (strcmp(how, "kill") == 0)
		kill(getpid(), SIGKILL);
	if (strcmp(how, "segv") == 0)
		*nowhere = 1;
	if (strcmp(how, "abort") == 0)
		abort();
	if (strcmp(how, "term") == 0)
		kill(getpid(), SIGTERM);
	if (strcmp(how, "_exit") == 0)
		_exit(0);
	exit(strcmp(how, "exit") == 0 ? 0 : 2);
}

int main(int argc, char **argv)
{
	int status;

	if (argc < 2)
		return 2;
	oriel_start(ORIEL_OPTIONS(.service = "die"));
	if (argc > 2) {
		pid_t child = fork();

		if (child > 0)
			return waitpid(child, &status, 0) == child ? 0 : 1;
	}
	record();
	die(argv[1]);
}
