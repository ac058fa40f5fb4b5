/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oriel doctor: what would be watched in a program, and why the rest wouldn't; and what Oriel finds
 * around it.
 *
 * Exit status: 0 when the program can be watched, 1 when it can't, 127 when it isn't found.
 */
#include "cmd/arguments.h"
#include "cmd/terminal.h"
#include "base/err.h"
#include "base/clock.h"
#include "base/scoped.h"
#include "launch/bootstrap.h"
#include "launch/check.h"
#include "launch/collector.h"
#include "launch/environment.h"
#include "launch/exec.h"
#include "launch/place.h"
#include "launch/verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

enum { TOPIC_WIDE = 16, TEXT_AT = 2 + 2 + TOPIC_WIDE };

static void line(const struct ink *ink, const char *colour, const char *mark, const char *topic,
		 const char *text)
{
	printf("  %s%s%s %s%-*s%s", colour, mark, ink->off, ink->bold, TOPIC_WIDE, topic, ink->off);
	terminal_wrap(stdout, text, TEXT_AT, terminal_width(stdout));
}

static void show_finding(const struct ink *ink, const struct finding *f)
{
	switch (f->grade) {
	case FINDING_SEEN:
		line(ink, ink->good, ink->yes, f->topic, f->says);
		break;
	case FINDING_NOTE:
		line(ink, ink->dim, ink->dash, f->topic, f->says);
		break;
	case FINDING_BLIND:
		line(ink, ink->bad, ink->no, f->topic, f->says);
		break;
	}
	if (f->path.n)
		printf("%*s%s" STR_FMT "%s\n", TEXT_AT, "", ink->dim, STR_ARG(f->path), ink->off);
}

static const char *libc_text(const struct program *p)
{
	static const char *const text[] = {
		[LIBC_NONE] = "static",
		[LIBC_GNU] = "glibc",
		[LIBC_MUSL] = "musl",
		[LIBC_OTHER] = "unknown libc",
	};

	return text[p->libc];
}

static void show_program(const struct ink *ink, const struct program *p)
{
	printf("\n  %s" STR_FMT "%s", ink->bold, STR_ARG(p->command), ink->off);
	if (!str_eq(p->path, p->command))
		printf("  %s" STR_FMT "%s", ink->dim, STR_ARG(p->path), ink->off);
	if (p->script.n)
		printf("\n  %sa script, run by " STR_FMT "%s", ink->dim, STR_ARG(p->binary),
		       ink->off);
	if (p->loader.n && !p->loads_nothing)
		printf("\n  %sthe dynamic linker, which loads " STR_FMT "%s", ink->dim,
		       STR_ARG(p->binary), ink->off);
	if (p->is_elf)
		printf("\n  %sELF, %d-bit %s, %s%s", ink->dim, p->elf.bits,
		       elf_machine_name(p->elf.machine), p->elf.native ? libc_text(p) : "foreign",
		       ink->off);
	printf("\n\n");
}

static void show_verdict(const struct ink *ink, const struct verdict *v)
{
	for (size_t i = 0; i < v->n_findings; i++)
		if (v->finding[i].grade != FINDING_NOTE)
			show_finding(ink, &v->finding[i]);
	for (size_t i = 0; i < v->n_findings; i++)
		if (v->finding[i].grade == FINDING_NOTE)
			show_finding(ink, &v->finding[i]);
}

/* ---- the bootstrap hook ------------------------------------------------------------------------- */

static void show_fired(const struct ink *ink, const struct bootstrap *b, uint64_t took_ns,
		       unsigned n_set)
{
	char text[HOOK_PATH_ROOM + 100];

	snprintf(text, sizeof(text), "fired in %.1f ms, set %u setting%s", (double)took_ns / 1e6,
		 n_set, n_set == 1 ? "" : "s");
	line(ink, ink->good, ink->yes, "bootstrap", text);
	if (b->path[0])
		printf("%*s%s%s%s\n", TEXT_AT, "", ink->dim, b->path, ink->off);
}

/* Sets what it prints here as well: what follows is looked at as `oriel run` would. */
static void try_script(const struct ink *ink, const struct bootstrap *b)
{
	uint64_t begin = clock_mono_ns();
	unsigned n;

	if (bootstrap_run_script(&n) == 0)
		show_fired(ink, b, clock_mono_ns() - begin, n);
	else
		line(ink, ink->bad, ink->no, "bootstrap", "failed; the line above says why");
}

static void try_hook(const struct ink *ink, const struct bootstrap *b, const struct verdict *v,
		     const char *agent, char *const *argv)
{
	struct bootstrap_trial t;
	int r = bootstrap_try(&t, b, v, agent, argv);

	if (r == 0 && t.fired) {
		show_fired(ink, b, t.took_ns, t.n_set);
		return;
	}
	line(ink, ink->bad, ink->no, "bootstrap",
	     r < 0	? err_path(r)
	     : r > 0	? "nothing was heard of the hook; the program ended before it"
	     : !t.found ? "is there, but wasn't found by the agent"
			: t.says);
	if (b->path[0])
		printf("%*s%s%s%s\n", TEXT_AT, "", ink->dim, b->path, ink->off);
}

/* First of all lines: did it fire? The hook runs, the program doesn't. */
static void show_bootstrap(const struct ink *ink, const struct program *p, const struct verdict *v,
			   const char *agent, char *const *argv)
{
	struct bootstrap b;
	char text[HOOK_PATH_ROOM + 100];

	bootstrap_find(&b, p, BOOTSTRAP_THOROUGH);
	switch (b.kind) {
	case BOOTSTRAP_NONE:
		line(ink, ink->dim, ink->dash, "bootstrap", "no hook");
		return;
	case BOOTSTRAP_OFF:
		line(ink, ink->dim, ink->dash, "bootstrap", "switched off (ORIEL_BOOTSTRAP)");
		return;
	case BOOTSTRAP_SCRIPT:
		try_script(ink, &b);
		return;
	case BOOTSTRAP_REFUSED:
		snprintf(text, sizeof(text), "%s is not loaded: %s", b.path, b.why);
		line(ink, ink->bad, ink->no, "bootstrap", text);
		return;
	case BOOTSTRAP_HIDDEN:
		line(ink, ink->bad, ink->no, "bootstrap",
		     "there is a function oriel_bootstrap in the program, but it isn't exported, so it can't "
		     "be seen; link the program with -rdynamic, or with -loriel");
		return;
	case BOOTSTRAP_OBJECT:
	case BOOTSTRAP_BESIDE:
	case BOOTSTRAP_FUNCTION:
		break;
	}
	if (!v->preload || !agent)
		line(ink, ink->bad, ink->no, "bootstrap",
		     "can't run, because the agent can't be loaded");
	else if (v->hands_over)
		line(ink, ink->dim, ink->dash, "bootstrap",
		     "runs in the program that this one starts");
	else
		try_hook(ink, &b, v, agent, argv);
}

/* ---- what is around it -------------------------------------------------------------------------- */

static void show_memory(const struct ink *ink, const char *run_dir)
{
	struct statfs kind;
	char text[PLACE_ROOM + 128];
	uint64_t mib;
	bool enough = place_has_room(run_dir, &mib);

	if (mib == UINT64_MAX)
		return;
	snprintf(text, sizeof(text), "%s, %llu MiB free; %s", run_dir, (unsigned long long)mib,
		 enough ? "a process takes 1 MiB, less where little is free"
			: "that is too little, nothing is recorded");
	line(ink, enough ? ink->good : ink->bad, enough ? ink->yes : ink->no, "shared memory",
	     text);
	if (statfs(run_dir, &kind) == 0 && kind.f_type != TMPFS_MAGIC)
		line(ink, ink->note, ink->maybe, "shared memory",
		     "this directory isn't in memory (tmpfs), so what services record reaches a disk, too");
}

/* The path of a process's (version 2) control group; empty if there is none. */
static struct str cgroup_of(const char *pid, char text[4096])
{
	char path[64];
	scoped_fd int fd = -1;
	ssize_t n;
	struct str all;

	snprintf(path, sizeof(path), "/proc/%s/cgroup", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, 4095);
	all = (struct str){ text, n > 0 ? (size_t)n : 0 };
	while (all.n) {
		struct cut c = str_cut(all, '\n');

		if (str_starts(c.head, STR("0::")))
			return str_from(c.head, 3);
		all = c.tail;
	}
	return all;
}

/* When a whole group is killed for want of memory, a collector inside goes with it. */
static void show_cgroup(const struct ink *ink, int collector)
{
	char ours[4096], its[4096], pid[16];
	struct str a, b;

	snprintf(pid, sizeof(pid), "%d", collector);
	a = cgroup_of("self", ours);
	b = cgroup_of(pid, its);
	if (a.n > 1 && str_eq(a, b))
		line(ink, ink->note, ink->maybe, "control group",
		     "the collector is in the same one as what you start here; should the kernel kill the "
		     "whole group for want of memory, what it has not written yet is lost");
}

static void show_collector(const struct ink *ink, const char *run_dir)
{
	struct control_reply c;
	char text[512];
	int r = collector_hello(run_dir, &c);

	if (r == COLLECTOR_NONE) {
		line(ink, ink->dim, ink->dash, "collector",
		     "none is running; `oriel run` starts one");
	} else if (r < 0) {
		snprintf(text, sizeof(text), "doesn't answer: %s", err_path(r));
		line(ink, ink->bad, ink->no, "collector", text);
	} else {
		snprintf(text, sizeof(text), "pid %d, version %s%s%s%s", c.pid, c.version,
			 c.address[0] ? ", http://" : "", c.address, c.address[0] ? "/" : "");
		line(ink, ink->good, ink->yes, "collector", text);
		if (strcmp(c.version, ORIEL_VERSION) != 0)
			line(ink, ink->note, ink->maybe, "version",
			     "the collector is of another version than this command (" ORIEL_VERSION
			     ")");
		show_cgroup(ink, c.pid);
	}
}

static void show_setting(void *you, const char *text)
{
	const struct ink *ink = you;

	line(ink, ink->note, ink->maybe, "setting", text);
}

static void show_surroundings(const struct ink *ink)
{
	char path[PLACE_ROOM];
	int r = place_run_dir(path);
	const char *no_agent;

	if (r == -EPERM) {
		line(ink, ink->bad, ink->no, "run directory",
		     "belongs to another user, or is open to others; chmod 700 it, or set ORIEL_RUN_DIR");
	} else if (r < 0) {
		line(ink, ink->bad, ink->no, "run directory", err_path(r));
	} else {
		show_memory(ink, path);
		show_collector(ink, path);
	}
	check_settings(show_setting, (void *)ink);
	no_agent = program_agent(path);
	line(ink, no_agent ? ink->bad : ink->good, no_agent ? ink->no : ink->yes, "agent",
	     no_agent ? no_agent : path);
	printf("\n");
}

/* What LD_PRELOAD alone doesn't reach. */
static void show_auditing(const struct ink *ink, const struct verdict *v, const char *agent)
{
	static const char reach[] = "calls through RTLD_DEEPBIND and pointers from dlsym";
	char path[PLACE_ROOM], text[256];
	const char *why = environment_no_audit(v, agent, path);

	snprintf(text, sizeof(text), "%s %s%s", reach, why ? "aren't seen: " : "are seen",
		 why ? why : "");
	line(ink, why ? ink->dim : ink->good, why ? ink->dash : ink->yes, "auditing", text);
}

static int doctor_program(const struct ink *ink, char **argv)
{
	struct arena arena = { 0 };
	struct program p = { 0 };
	char agent[PLACE_ROOM];
	struct verdict v;
	int r = program_look(&p, argv, &arena), status;

	if (r == PROGRAM_MISSING) {
		fprintf(stderr, "oriel doctor: %s: %s\n", argv[0],
			strchr(argv[0], '/') ? "no such file" : "command not found");
		status = EXIT_MISSING;
	} else if (r == PROGRAM_DENIED) {
		fprintf(stderr, "oriel doctor: " STR_FMT ": may not be executed\n",
			STR_ARG(p.path));
		status = EXIT_DENIED;
	} else if (r < 0) {
		fprintf(stderr, "oriel doctor: %s\n", err_path(r));
		status = EXIT_REFUSED;
	} else {
		bool has_agent = !(p.no_agent = program_agent(agent));

		verdict_of(&v, &p, has_agent ? agent : NULL, VERDICT_THOROUGH);
		show_program(ink, &p);
		show_bootstrap(ink, &p, &v, has_agent ? agent : NULL, argv);
		show_verdict(ink, &v);
		if (v.preload)
			show_auditing(ink, &v, agent);
		printf("\n");
		status = v.preload ? 0 : 1;
	}
	arena_fini(&arena);
	return status;
}

static int doctor_exec(const struct command *self, int argc, char **argv)
{
	struct arguments a = { .command = self, .argc = argc, .argv = argv };
	struct ink ink = terminal_ink(stdout);
	const struct option *option;
	int status = 0, r;

	while ((r = arguments_next(&a, &option)) > 0)
		setenv(HOOK_VARIABLE, a.value, 1);
	if (r < 0)
		return EXIT_USAGE;
	if (a.at < argc)
		status = doctor_program(&ink, argv + a.at);
	else
		printf("\n");
	if (status <= 1)
		show_surroundings(&ink);
	return status;
}

static const struct option options[] = {
	{ "bootstrap", "FILE", "The bootstrap hook that `oriel run` would be given" },
	{ NULL, NULL, NULL },
};

static const struct example examples[] = {
	{ "oriel doctor -- ./server", "would it be watched, and what of it?" },
	{ "oriel doctor", "is everything in place?" },
	{ NULL, NULL },
};

const struct command command_doctor = {
	.name = "doctor",
	.summary = "Say what would be watched in a program, and why not the rest",
	.usage = "[--bootstrap FILE] [[--] COMMAND [ARGUMENT...]]",
	.usage_mdoc = ".Op Fl \\-bootstrap Ar file\n.Op Oo Fl \\- Oc Ar command Op Ar argument ...",
	.about =
		"Looks at the program as `oriel run` would, without running it, and at what Oriel needs around "
		"it: shared memory, the collector, the agent. Where there is a bootstrap hook, that is run, with "
		"the program's libraries around it, and nothing of the program itself. Exit status 0: it can be watched, 1: it can't, "
		"127: there is no such command.",
	.examples = examples,
	.options = options,
	.exec = doctor_exec,
};
