/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oriel doctor: what would be watched in a program, and why the rest wouldn't.
 *
 * Exit status: 0 when the program can be watched, 1 when it can't, 127 when it isn't found.
 */
#include "cmd/arguments.h"
#include "cmd/terminal.h"
#include "base/err.h"
#include "launch/exec.h"
#include "launch/place.h"
#include "launch/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOPIC_WIDE = 16, TEXT_AT = 2 + 2 + TOPIC_WIDE };

static void line(const struct ink *ink, const char *colour, const char *mark, const char *topic, const char *text)
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
		[LIBC_NONE] = "static", [LIBC_GNU] = "glibc", [LIBC_MUSL] = "musl", [LIBC_OTHER] = "unknown libc",
	};

	return text[p->libc];
}

static void show_program(const struct ink *ink, const struct program *p)
{
	printf("\n  %s" STR_FMT "%s", ink->bold, STR_ARG(p->command), ink->off);
	if (!str_eq(p->path, p->command))
		printf("  %s" STR_FMT "%s", ink->dim, STR_ARG(p->path), ink->off);
	if (p->script.n)
		printf("\n  %sa script, run by " STR_FMT "%s", ink->dim, STR_ARG(p->binary), ink->off);
	if (p->is_elf)
		printf("\n  %sELF, %d-bit %s, %s%s", ink->dim, p->elf.bits, elf_machine_name(p->elf.machine),
		       p->elf.native ? libc_text(p) : "foreign", ink->off);
	printf("\n\n");
}

static void show_verdict(const struct ink *ink, const struct verdict *v)
{
	for (size_t i = 0; i < v->n_findings; i++)
		show_finding(ink, &v->finding[i]);
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
		fprintf(stderr, "oriel doctor: " STR_FMT ": may not be executed\n", STR_ARG(p.path));
		status = EXIT_DENIED;
	} else if (r < 0) {
		fprintf(stderr, "oriel doctor: %s\n", err_path(r));
		status = EXIT_REFUSED;
	} else {
		verdict_of(&v, &p, place_agent(agent) == 0 ? agent : NULL, VERDICT_THOROUGH);
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

	if (arguments_next(&a, &option) < 0)
		return EXIT_USAGE;
	if (a.at >= argc) {
		fprintf(stderr, "oriel doctor: which command? oriel doctor -- ./your-server\n");
		return EXIT_USAGE;
	}
	return doctor_program(&ink, argv + a.at);
}

static const struct example examples[] = {
	{ "oriel doctor -- ./server", "would it be watched, and what of it?" },
	{ NULL, NULL },
};

const struct command command_doctor = {
	.name = "doctor",
	.summary = "Say what would be watched in a program, and why the rest would not",
	.usage = "[--] COMMAND [ARGUMENT...]",
	.about = "Looks at the program as `oriel run` would, without running it. Exit status 0: it can be "
		 "watched, 1: it can't, 127: there is no such command.",
	.examples = examples,
	.exec = doctor_exec,
};
