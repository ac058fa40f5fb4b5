/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oriel inspect: what a segment holds that was left behind. It becomes oriel-inspect, which has what
 * it takes to name addresses, and what a service must not pay for at start.
 */
#include "base/err.h"
#include "cmd/arguments.h"
#include "launch/place.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static int inspect_exec(const struct command *self, int argc, char **argv)
{
	struct arguments a = { .command = self, .argc = argc, .argv = argv };
	const struct option *option;
	char path[PLACE_ROOM];
	int r;

	if (arguments_next(&a, &option) < 0)
		return EXIT_USAGE;
	if (a.at >= argc) {
		fprintf(stderr, "oriel inspect: which segment? oriel help inspect\n");
		return EXIT_USAGE;
	}
	r = place_inspector(path);
	if (r == 0) {
		argv[a.at - 1] = path;
		execv(path, argv + a.at - 1);
		r = ERR(-errno);
	}
	fprintf(stderr, "oriel inspect: oriel-inspect: %s\n", err_path(r));
	return 1;
}

static const struct example examples[] = {
	{ "oriel inspect /dev/shm/oriel-1000/4711-*.segment", "what process 4711 left" },
	{ "oriel inspect core-dump-day.segment | less",
	  "a copy that was kept, or came from elsewhere" },
	{ NULL, NULL },
};

const struct command command_inspect = {
	.name = "inspect",
	.summary = "Show what a segment holds: a crash, its backtrace, what was open",
	.usage = "SEGMENT...",
	.usage_mdoc = ".Ar segment ...",
	.about =
		"Shows what a process left in its shared memory, without a collector and without changing it: "
		"the fault that it died of with the backtrace, registers and loaded objects, the spans that "
		"were open, and its last log records. Records that a collector has delivered are no longer "
		"in it.\n\n"
		"Functions and lines come from the files that the process had loaded, if they are still "
		"those (by their build ids), and from debug information below /usr/lib/debug or beside "
		"them. The segment may be anybody's; nothing in it is believed before it was checked.",
	.examples = examples,
	.manual = ".Sh EXIT STATUS\n"
		  ".Bl -tag -width 64 -compact\n"
		  ".It 0\nAll of them were shown.\n"
		  ".It 1\nOne could not be read; standard error says why.\n"
		  ".It 64\nWhat was asked makes no sense.\n"
		  ".El\n",
	.exec = inspect_exec,
};
