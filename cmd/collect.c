/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oriel collect: becomes the collector, oriel-collect, which has everything that a service must not
 * pay for at start: HTTP, TLS, SQLite. Options travel as variables.
 *
 * With --background, as `oriel run` and liboriel start it, it takes nothing of theirs along: limits,
 * processors and scheduling are the usual ones, and what it says goes to collector.log.
 */
#include "cmd/arguments.h"
#include "base/err.h"
#include "base/scoped.h"
#include "launch/place.h"
#include "launch/variables.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { LOG_MOST = 4 << 20 }; /* then it becomes collector.log.1 */

static const struct option options[] = {
	{ "background", NULL,
	  "As started by `oriel run`: log to collector.log, leave quietly if one is running" },
	{ NULL, NULL, NULL },
};

/* Soft limits of a service may be narrow on purpose; the collector's needs are its own. */
static void reset_limits(void)
{
	static const int limits[] = { RLIMIT_AS, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE,
				      RLIMIT_NOFILE };
	struct rlimit limit;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		if (getrlimit(limits[i], &limit) < 0)
			continue;
		limit.rlim_cur = limit.rlim_max;
		setrlimit(limits[i], &limit);
	}
}

/* A service that is pinned or runs in real time must not find the collector on its processor. */
static void reset_scheduling(void)
{
	struct sched_param usual = { 0 };
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
	sched_setscheduler(0, SCHED_OTHER, &usual);
}

static int open_log(void)
{
	char dir[PLACE_ROOM], path[PLACE_ROOM + 16], old[PLACE_ROOM + 16];
	scoped_fd int fd = -1;
	struct stat st;
	int r = place_make_data_dir(dir);

	if (r < 0)
		return TRACE(r);
	snprintf(path, sizeof(path), "%s/collector.log", dir);
	snprintf(old, sizeof(old), "%s/collector.log.1", dir);
	if (stat(path, &st) == 0 && st.st_size > LOG_MOST)
		rename(path, old);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
		return ERR(-errno);
	return 0;
}

static int collect_exec(const struct command *self, int argc, char **argv)
{
	struct arguments a = { .command = self, .argc = argc, .argv = argv };
	const struct option *option;
	char path[PLACE_ROOM];
	bool background = false;
	int r;

	while ((r = arguments_next(&a, &option)) > 0)
		background = true;
	if (r < 0)
		return EXIT_USAGE;
	if (a.at < argc) {
		fprintf(stderr, "oriel collect: %s? It takes options only\n", argv[a.at]);
		return EXIT_USAGE;
	}
	variables_make_absolute();
	if (background) {
		umask(077);
		reset_limits();
		reset_scheduling();
		open_log();
	}
	r = place_collector(path);
	if (r == 0) {
		execl(path, "oriel-collect", background ? "--background" : NULL, (char *)NULL);
		r = ERR(-errno);
	}
	fprintf(stderr, "oriel collect: oriel-collect: %s\n", err_path(r));
	return 1;
}

static const struct example examples[] = {
	{ "oriel collect", "collect in the foreground, and log to the terminal" },
	{ "oriel collect --listen 0.0.0.0:8321", "show the page to other machines, too" },
	{ "oriel collect --store none", "keep nothing on disk" },
	{ "oriel collect --exporter-otlp-endpoint http://otel:4318",
	  "pass on what others send to 127.0.0.1:4318, and show it, too" },
	{ NULL, NULL },
};

const struct command command_collect = {
	.name = "collect",
	.summary = "Be the collector; `oriel run` starts one by itself",
	.usage = "[OPTIONS]",
	.about =
		"Takes up what services record, keeps it, sends it where their settings say, and serves the "
		"page. There is one collector for each run directory; `oriel run` starts one in the "
		"background when none is there, and it leaves when there is nothing to do and nobody is "
		"looking. Started by hand it stays until Ctrl-C or SIGTERM; then it delivers what it has "
		"and leaves.",
	.usage_mdoc = ".Op Ar options",
	.manual = ".Sh EXIT STATUS\n"
		  ".Bl -tag -width 64 -compact\n"
		  ".It 0\nIt had nothing more to do, or was told to leave.\n"
		  ".It 1\nIt could not collect; standard error says why.\n"
		  ".It 3\nAnother collector has this run directory.\n"
		  ".It 64\nThe options make no sense.\n"
		  ".El\n",
	.examples = examples,
	.options = options,
	.groups = 1u << VARIABLE_COLLECTOR | 1u << VARIABLE_DESTINATION,
	.exec = collect_exec,
};
