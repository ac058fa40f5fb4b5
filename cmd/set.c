/* SPDX-License-Identifier: Apache-2.0 */
/* oriel set: levels, sampling and exclusions of services, while they run. */
#include "base/change.h"
#include "base/err.h"
#include "cmd/arguments.h"
#include "cmd/page.h"
#include "launch/collector.h"
#include "launch/place.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

static int refuse(const char *text, const char *why)
{
	fprintf(stderr, "oriel set: %s: %s\n", text, why);
	return EXIT_USAGE;
}

/* Why not, for people. */
static int told(int r, const char *target)
{
	if (r == COLLECTOR_NONE)
		fprintf(stderr, "oriel set: no collector is running here\n");
	else if (r == -ESRCH)
		fprintf(stderr,
			"oriel set: %s: no service that runs is called so, and no process\n",
			target);
	else
		fprintf(stderr, "oriel set: %s\n", err_path(r));
	return 1;
}

static int tell(const char *target, char *const *changes)
{
	char dir[PLACE_ROOM];
	uint32_t n;
	int r = place_run_dir(dir);

	if (r == 0)
		r = collector_set(dir, target, changes, &n);
	if (r != 0)
		return told(r, target);
	printf("set in %u process%s\n", n, n == 1 ? "" : "es");
	return 0;
}

/* As they can be set. */
static void show_process(const json_t *p)
{
	const json_t *levels = json_object_get(p, "levels"), *level;
	const char *excluded = page_text(p, "excluded"), *name;

	printf("%s pid %lld ", page_text(p, "service"), (long long)page_number(p, "pid"));
	json_object_foreach((json_t *)levels, name, level)
		printf(" level%s%s=%s", name[0] ? "." : "", name, json_string_value(level));
	printf(" sampling=%g", json_number_value(json_object_get(p, "sampling")));
	if (excluded[0])
		printf(" excluded='%s'", strcmp(excluded, ",") == 0 ? "none" : excluded);
	printf("\n");
}

static bool is_meant(const json_t *p, const char *target)
{
	char pid[24];

	snprintf(pid, sizeof(pid), "%lld", (long long)page_number(p, "pid"));
	return json_is_true(json_object_get(p, "live")) &&
	       (strcmp(target, "*") == 0 || strcmp(target, page_text(p, "service")) == 0 ||
		strcmp(target, pid) == 0);
}

static int show(const char *target)
{
	struct control_reply hello;
	char dir[PLACE_ROOM];
	json_t *status = NULL, *p;
	size_t i, n = 0;
	int r = place_run_dir(dir);

	if (r == 0)
		r = collector_hello(dir, &hello);
	if (r == 0)
		r = page_get(&status, hello.address, "/api/status");
	if (r != 0)
		return told(r, target);
	json_array_foreach(json_object_get(status, "processes"), i, p)
	{
		if (is_meant(p, target)) {
			show_process(p);
			n++;
		}
	}
	json_decref(status);
	return n ? 0 : told(-ESRCH, target);
}

static int set_exec(const struct command *self, int argc, char **argv)
{
	struct arguments a = { .command = self, .argc = argc, .argv = argv };
	const struct option *option;
	struct change change;

	if (arguments_next(&a, &option) < 0)
		return EXIT_USAGE;
	if (argc == a.at) {
		fprintf(stderr, "oriel set: of which service, and what? oriel help set\n");
		return EXIT_USAGE;
	}
	for (int i = a.at + 1; i < argc; i++) {
		const char *why = strchr(argv[i], '\n') ? "more than one line"
							: change_read(&change, str_of(argv[i]));

		if (why)
			return refuse(argv[i], why);
	}
	if (strchr(argv[a.at], '\n'))
		return refuse("service", "more than one line");
	if (argc == a.at + 1)
		return show(argv[a.at]);
	return tell(argv[a.at], argv + a.at + 1);
}

static const struct example examples[] = {
	{ "oriel set shop", "show what holds now" },
	{ "oriel set shop level=debug", "log records of every level but trace, from now on" },
	{ "oriel set shop level.db=debug level.http=off", "of two loggers" },
	{ "oriel set 4711 sampling=0.01", "one new trace of a hundred, in one process" },
	{ "oriel set '*' excluded='^/health,\\.png$'", "leave these paths out, in all services" },
	{ "oriel set shop level= sampling=", "back to what the service was configured with" },
	{ NULL, NULL },
};

const struct command command_set = {
	.name = "set",
	.summary = "Change levels, sampling and exclusions of a service while it runs",
	.usage = "SERVICE|PID|'*' [NAME=VALUE...]",
	.usage_mdoc = ".Ar service Ns | Ns Ar pid Ns | Ns Sq * Op Ar name Ns = Ns Ar value ...",
	.about =
		"Changes what is recorded, without touching the service: no signal, no restart; with a service "
		"alone, shows what holds. level is the "
		"least level of log records of all loggers that have none of their own, level.LOGGER that of "
		"one; sampling the share of new traces; excluded a list of patterns of paths instead of the "
		"service's own (none: nothing is left out). An empty value goes back to what the service was "
		"configured with.\n\n"
		"It holds from the next call on for the processes that run, and for those that come "
		"while this collector lives. A pid goes before a service, and that before all.",
	.examples = examples,
	.manual = ".Sh EXIT STATUS\n"
		  ".Bl -tag -width 64 -compact\n"
		  ".It 0\nIt is set.\n"
		  ".It 1\nNo collector is running, or nothing that runs is called so.\n"
		  ".It 64\nWhat was asked makes no sense.\n"
		  ".El\n",
	.exec = set_exec,
};
