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
#include "base/severity.h"
#include "launch/check.h"
#include "launch/bootstrap.h"
#include "launch/collector.h"
#include "launch/configure.h"
#include "launch/environment.h"
#include "launch/exec.h"
#include "launch/init.h"
#include "launch/place.h"
#include "launch/variables.h"
#include "launch/verdict.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FLUSH_MS = 5000 }; /* as PID 1, before the container ends; docker stop waits for 10 s */

static const struct option options[] = {
	{ "init", NULL,
	  "Stay as an init, as oriel does as PID 1: reap, forward signals, flush at the end" },
	{ "no-follow", NULL, "Watch this program, and none of those that it starts" },
	{ NULL, NULL, NULL },
};

struct run {
	char **argv;
	char id[RUN_ID_ROOM];
	char run_dir[PLACE_ROOM];
	const char *no_agent; /* why */
	bool init, is_watched;
	bool has_collector, is_told; /* of this run */
};

/* OTEL_LOG_LEVEL; INFO when it isn't set, or makes no sense. */
static bool is_said(int severity)
{
	int least = severity_of(str_trim(str_of(variable_get("OTEL_LOG_LEVEL"))));

	return severity >= (least ? least : SEVERITY_INFO);
}

static bool strict(void)
{
	return variable_is_true("ORIEL_STRICT");
}

/* A hook that is a script has its say before anything reads a setting. */
static int run_script(void)
{
	int r = bootstrap_run_script(NULL);

	if (r < 0)
		fprintf(stderr, "oriel: no bootstrap hook: %s\n", err_path(r));
	return r && strict() ? EXIT_REFUSED : 0;
}

/* Any other is the agent's to run; where there is no agent, somebody must say so. */
static int set_bootstrap(const struct program *p, const struct verdict *v, const char *agent)
{
	struct bootstrap b;
	int r;

	bootstrap_find(&b, p, BOOTSTRAP_QUICK);
	if (!bootstrap_is_object(&b))
		return 0;
	if (!v->preload || !agent) {
		bootstrap_warn(b.path, "can't be loaded, because the agent can't");
		return strict() ? EXIT_REFUSED : 0;
	}
	r = v->asan.n ? 0 : bootstrap_preload(agent);
	if (r < 0)
		fprintf(stderr, "oriel: the bootstrap hook may run late: %s\n", err_path(r));
	return 0;
}

/* 0, or an exit status. A command that can't be executed is exec_in_place's to tell. */
static int look(struct run *run, struct verdict *v, const char *agent, char name[PLACE_ROOM])
{
	struct arena arena = { 0 };
	struct program p = { 0 };
	const struct finding *f = NULL;
	int r = program_look(&p, run->argv, &arena), status = 0;

	if (r > 0) {
		status = exec_in_place(run->argv);
	} else if (r < 0) {
		fprintf(stderr, "oriel: not watching: %s\n", err_path(r));
		*v = (struct verdict){ .preload = false };
		status = strict() ? EXIT_REFUSED : 0;
	} else {
		p.no_agent = run->no_agent;
		verdict_of(v, &p, agent, VERDICT_QUICK);
		f = verdict_line(v);
		snprintf(name, PLACE_ROOM, STR_FMT, STR_ARG(program_name(&p)));
	}
	if (f && is_said(SEVERITY_WARN))
		fprintf(stderr, "oriel: %s %s\n", name, f->says);
	if (f && f->grade == FINDING_BLIND && strict())
		status = EXIT_REFUSED;
	if (status == 0 && r == 0) {
		r = environment_set(v, agent, run->id);
		if (r < 0)
			fprintf(stderr, "oriel: not watching: %s\n", err_path(r));
		status = set_bootstrap(&p, v, agent);
	}
	arena_fini(&arena);
	return status;
}

/* One line on a terminal, so that one knows where to look. */
static void greet(const struct run *run, const char *name, const struct control_reply *collector)
{
	if (!isatty(STDERR_FILENO) && !variable_is_true("ORIEL_VERBOSE"))
		return;
	if (run->is_watched)
		fprintf(stderr, "oriel: watching %s%s", name, collector->address[0] ? ", " : "");
	else
		fprintf(stderr, "oriel: ");
	if (collector->address[0])
		fprintf(stderr, "page at http://%s/\n", collector->address);
	else
		fprintf(stderr, "%s\n", run->is_watched ? "" : "there is no page");
}

static int complain_of_collector(const struct run *run, int r)
{
	char log[PLACE_ROOM];

	if (r == -EPERM && !run->run_dir[0])
		fprintf(stderr,
			"oriel: no collector: %s belongs to another user or is open to others (chmod 700); ",
			variable_get("ORIEL_RUN_DIR") ? variable_get("ORIEL_RUN_DIR")
						      : "/dev/shm/oriel-UID");
	else if (r == -ESRCH && place_data_dir(log) == 0)
		fprintf(stderr,
			"oriel: no collector: it ended at once, %s/collector.log says why; ", log);
	else
		fprintf(stderr, "oriel: no collector: %s; ", err_path(r));
	fprintf(stderr, "%s\n", strict() ? "refusing to start" : "the command runs all the same");
	return strict() ? EXIT_REFUSED : 0;
}

/* 0, or an exit status. */
static int find_room(struct run *run, const char *name)
{
	uint64_t mib;

	if (!run->is_watched || place_has_room(run->run_dir, &mib))
		return 0;
	run->is_watched = false;
	if (is_said(SEVERITY_WARN) || strict())
		fprintf(stderr, "oriel: %s is not watched: only %llu MiB are free in %s; %s\n",
			name, (unsigned long long)mib, run->run_dir,
			strict() ? "refusing to start" : "the command runs all the same");
	return strict() ? EXIT_REFUSED : 0;
}

static int find_collector(struct run *run, const char *name)
{
	const char *wanted = variable_get("ORIEL_COLLECTOR");
	struct control_reply collector;
	int r;

	if (variable_is_true("OTEL_SDK_DISABLED"))
		return 0;
	r = place_run_dir(run->run_dir);
	if (r == 0 && find_room(run, name))
		return EXIT_REFUSED;
	/* One that is there needs only this; an init's child tells its own pid. */
	if (r == 0 && !run->init)
		r = collector_tell_run(run->run_dir, run->id, run->argv, &collector);
	else if (r == 0)
		r = collector_hello(run->run_dir, &collector);
	run->is_told = r == 0 && !run->init;
	if (r == COLLECTOR_NONE && !(wanted && strcmp(wanted, "none") == 0))
		r = collector_summon(run->run_dir, &collector);
	if (r < 0)
		return complain_of_collector(run, r);
	run->has_collector = r == 0;
	if (run->has_collector && collector.intake[0])
		environment_set_intake(collector.intake, run->id);
	if (run->has_collector)
		greet(run, name, &collector);
	return 0;
}

/* In the process that becomes the program: its pid goes to the collector. */
static int start(void *you)
{
	struct control_reply reply;
	struct run *run = you;

	if (run->has_collector && !run->is_told) {
		int r = collector_tell_run(run->run_dir, run->id, run->argv, &reply);

		if (r != 0 && complain_of_collector(run, r < 0 ? r : ERR(-ECONNRESET)))
			return EXIT_REFUSED;
	}
	return exec_in_place(run->argv);
}

static void ended(void *you)
{
	struct run *run = you;

	if (run->has_collector)
		collector_flush(run->run_dir, FLUSH_MS);
}

static void warn(void *you, const char *text)
{
	(void)you;
	if (is_said(SEVERITY_WARN))
		fprintf(stderr, "oriel: %s\n", text);
}

static int parse(struct arguments *a, bool *init)
{
	const struct option *option;
	int r;

	while ((r = arguments_next(a, &option)) > 0) {
		if (strcmp(option->name, "no-follow") == 0)
			setenv("ORIEL_FOLLOW", "no", 1);
		else
			*init = true;
	}
	if (r == 0 && a->at < a->argc)
		return 0;
	if (r == 0)
		fprintf(stderr, "oriel run: run what? For example: oriel run -- ./your-server\n");
	return EXIT_USAGE;
}

/* Options go before files, so they have another say. */
static int read_files(struct arguments a)
{
	unsigned n = 0;
	int r = configure_from_files(&n);
	bool init;

	if (r < 0)
		fprintf(stderr, "oriel: no configuration file: %s\n", err_path(r));
	if (r && strict())
		return EXIT_REFUSED;
	a.at = 0;
	return n ? parse(&a, &init) : 0;
}

static int run_exec(const struct command *self, int argc, char **argv)
{
	struct arguments a = { .command = self, .argc = argc, .argv = argv };
	char agent[PLACE_ROOM], name[PLACE_ROOM] = "";
	bool init = getpid() == 1;
	struct run run = { 0 };
	struct verdict v;
	int status = parse(&a, &init);

	if (status)
		return status;
	run.argv = argv + a.at;
	run.init = init;
	status = read_files(a);
	if (!status)
		status = run_script();
	if (status)
		return status;
	variables_make_absolute();
	if (check_settings(warn, NULL) > 0 && strict())
		return EXIT_REFUSED;
	environment_new_run(run.id);
	run.no_agent = program_agent(agent);
	status = look(&run, &v, run.no_agent ? NULL : agent, name);
	run.is_watched = status == 0 && v.preload;
	if (status == 0)
		status = find_collector(&run, name);
	if (status)
		return status;
	if (init)
		return init_run(&(struct init){ .start = start, .ended = ended, .you = &run });
	return start(&run);
}

static const struct example examples[] = {
	{ "oriel run -- ./server --port 8080",
	  "start a server and watch it on http://127.0.0.1:8321/" },
	{ "oriel run --service-name shop -- ./server", "give the service a name" },
	{ "oriel run --traces-exporter otlp --exporter-otlp-endpoint http://otel:4318 -- ./server",
	  "send its spans to an OpenTelemetry receiver, too" },
	{ "oriel run --bootstrap ./settings.sh -- ./server",
	  "first run a script that prints settings, NAME=VALUE" },
	{ NULL, NULL },
};

const struct command command_run = {
	.name = "run",
	.summary = "Start a program, and watch it",
	.usage = "[OPTIONS] [--] COMMAND [ARGUMENT...]",
	.about =
		"The command takes oriel's place: same pid, process group, descriptors and exit status. A "
		"collector is started if none is running; it keeps what the program recorded even if that "
		"is killed, and it leaves by itself later.\n"
		"What can't be watched is told in one line on standard error, and the command runs all the "
		"same; `oriel doctor -- COMMAND` says more. Exit status: the command's own; 127 if it isn't "
		"found, 126 if it can't be executed, 125 if --strict refused.",
	.usage_mdoc = ".Op Ar options\n.Op Fl \\-\n.Ar command\n.Op Ar argument ...",
	.manual =
		".Sh THE BOOTSTRAP HOOK\n"
		"Code of yours that runs before the program, to set instrumentation up.\nIt is looked for in this "
		"order:\n"
		".Bl -enum -compact\n"
		".It\nwhat\n.Fl \\-bootstrap\nnames: a shared object with a function\n"
		".Fn oriel_bootstrap ,\nor a script or program, which\n.Nm oriel run\nexecutes and whose lines\n"
		".Ar NAME Ns = Ns Ar VALUE\nare set;\n"
		".It\n.Pa oriel_bootstrap.so\nin the directory of the program's executable, if it belongs to the "
		"same user or to root and others can't write to it;\n"
		".It\na function of that name in the program, if it is exported.\n"
		".El\n"
		"One that fails, crashes or takes too long is left out with one warning on standard error.\n"
		".Sh EXIT STATUS\n"
		"That of the command: a shell sees what it would have seen without\n.Nm oriel run .\n"
		"As PID 1, or with\n.Fl \\-init ,\n128 and the signal's number for a command that a signal ended.\n"
		".Bl -tag -width 127 -compact\n"
		".It 64\nThe options make no sense.\n"
		".It 125\n.Fl \\-strict\nrefused to start what can't be watched.\n"
		".It 126\nThe command can't be executed.\n"
		".It 127\nThere is no such command.\n"
		".El\n",
	.examples = examples,
	.options = options,
	.groups = 0x1f,
	.exec = run_exec,
};
