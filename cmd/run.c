/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oriel run: look at the program, set its environment, tell the collector, exec.
 *
 * Nothing here may keep the program from running, but ORIEL_STRICT: whatever goes wrong is one line
 * on standard error. Standard output is the program's alone. When all is well there is one line, on
 * a terminal (or with --verbose): where the page is.
 */
#include "cmd/arguments.h"
#include "base/err.h"
#include "launch/environment.h"
#include "launch/exec.h"
#include "launch/place.h"
#include "launch/variables.h"
#include "launch/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct option options[] = {
	{ "init", NULL, "Stay as an init, as oriel does as PID 1: reap, forward signals, flush at the end" },
	{ NULL, NULL, NULL },
};

/* Only what execs comes here: what isn't found is exec_in_place's to tell. */
static int look(char **argv, const char *agent, struct verdict *v, struct arena *arena)
{
	struct program p = { 0 };
	const struct finding *f;
	int r = program_look(&p, argv, arena);

	if (r != 0) {
		*v = (struct verdict){ .preload = false };
		return 0;
	}
	verdict_of(v, &p, agent, VERDICT_QUICK);
	f = verdict_line(v);
	if (f)
		fprintf(stderr, "oriel: " STR_FMT " %s\n", STR_ARG(program_name(&p)), f->says);
	return f && f->grade == FINDING_BLIND && variable_is_true("ORIEL_STRICT") ? EXIT_REFUSED : 0;
}

static int run_exec(const struct command *self, int argc, char **argv)
{
	struct arguments a = { .command = self, .argc = argc, .argv = argv };
	const struct option *option;
	char agent[PLACE_ROOM], run[RUN_ID_ROOM];
	struct arena arena = { 0 };
	struct verdict v;
	bool has_agent;
	int r;

	while ((r = arguments_next(&a, &option)) > 0)
		;
	if (r < 0)
		return EXIT_USAGE;
	if (a.at >= argc) {
		fprintf(stderr, "oriel run: what shall be run? oriel run -- ./your-server\n");
		return EXIT_USAGE;
	}
	has_agent = place_agent(agent) == 0;
	r = look(argv + a.at, has_agent ? agent : NULL, &v, &arena);
	if (r)
		return r;
	environment_new_run(run);
	r = environment_set(&v, has_agent ? agent : NULL, run);
	if (r < 0)
		fprintf(stderr, "oriel: not watching: %s\n", err_path(r));
	arena_fini(&arena);
	return exec_in_place(argv + a.at);
}

static const struct example examples[] = {
	{ "oriel run -- ./server --port 8080", "start a server and watch it on http://127.0.0.1:8321/" },
	{ "oriel run --service-name shop -- ./server", "give the service a name" },
	{ "oriel run --traces-exporter otlp --exporter-otlp-endpoint http://otel:4318 -- ./server",
	  "send its spans to an OpenTelemetry receiver, too" },
	{ NULL, NULL },
};

const struct command command_run = {
	.name = "run",
	.summary = "Start a program, and watch it",
	.usage = "[OPTIONS] [--] COMMAND [ARGUMENT...]",
	.about = "The command takes oriel's place: same pid, process group, descriptors and exit status. A "
		 "collector is started if none is running; it keeps what the program recorded even if that "
		 "is killed, and it leaves by itself later.\n"
		 "What can't be watched is told in one line on standard error, and the command runs all the "
		 "same; `oriel doctor -- COMMAND` says more. Exit status: the command's own; 127 if it isn't "
		 "found, 126 if it can't be executed, 125 if --strict refused.",
	.examples = examples,
	.options = options,
	.groups = 0x1f,
	.exec = run_exec,
};
