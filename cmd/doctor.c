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
#include "base/scoped.h"
#include "launch/collector.h"
#include "launch/exec.h"
#include "launch/place.h"
#include "launch/verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
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
	printf("\n");
}

/* ---- what is around it -------------------------------------------------------------------------- */

static void show_memory(const struct ink *ink, const char *run_dir)
{
	struct statvfs fs;
	struct statfs kind;
	char text[PLACE_ROOM + 128];
	uint64_t mib;

	if (statvfs(run_dir, &fs) < 0)
		return;
	mib = (uint64_t)fs.f_bavail * fs.f_frsize >> 20;
	snprintf(text, sizeof(text),
		 "%s, %llu MiB free; a process takes 1 MiB, less where little is free", run_dir,
		 (unsigned long long)mib);
	line(ink, mib < 2 ? ink->bad : ink->good, mib < 2 ? ink->no : ink->yes, "shared memory",
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

static void show_surroundings(const struct ink *ink)
{
	char path[PLACE_ROOM];
	int r = place_run_dir(path);

	if (r == -EPERM) {
		line(ink, ink->bad, ink->no, "run directory",
		     "belongs to another user, or is open to others; chmod 700 it, or set ORIEL_RUN_DIR");
	} else if (r < 0) {
		line(ink, ink->bad, ink->no, "run directory", err_path(r));
	} else {
		show_memory(ink, path);
		show_collector(ink, path);
	}
	if (program_agent(path) == 0)
		line(ink, ink->good, ink->yes, "agent", path);
	else
		line(ink, ink->bad, ink->no, "agent",
		     "liboriel-agent.so, or a library that it needs, isn't where oriel is installed");
	printf("\n");
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
		verdict_of(&v, &p, program_agent(agent) == 0 ? agent : NULL, VERDICT_THOROUGH);
		show_program(ink, &p);
		show_verdict(ink, &v);
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
	int status = 0;

	if (arguments_next(&a, &option) < 0)
		return EXIT_USAGE;
	if (a.at < argc)
		status = doctor_program(&ink, argv + a.at);
	else
		printf("\n");
	if (status <= 1)
		show_surroundings(&ink);
	return status;
}

static const struct example examples[] = {
	{ "oriel doctor -- ./server", "would it be watched, and what of it?" },
	{ "oriel doctor", "is everything in place?" },
	{ NULL, NULL },
};

const struct command command_doctor = {
	.name = "doctor",
	.summary = "Say what would be watched in a program, and why not the rest",
	.usage = "[[--] COMMAND [ARGUMENT...]]",
	.usage_mdoc = ".Op Oo Fl \\- Oc Ar command Op Ar argument ...",
	.about =
		"Looks at the program as `oriel run` would, without running it, and at what Oriel needs around "
		"it: shared memory, the collector, the agent. Exit status 0: it can be watched, 1: it can't, "
		"127: there is no such command.",
	.examples = examples,
	.exec = doctor_exec,
};
