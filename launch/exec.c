/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/exec.h"
#include "launch/program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Why ENOENT, when the file is there: what it needs to run isn't. */
static int say_missing(char *const *argv)
{
	struct arena arena = { 0 };
	struct program p = { 0 };
	int status = EXIT_MISSING;
	int r = program_look(&p, argv, &arena);

	if (r == 0 && p.no_interpreter) {
		struct str needs = p.elf.interpreter.n ? p.elf.interpreter : p.binary;

		fprintf(stderr, "oriel: " STR_FMT " needs " STR_FMT ", which isn't there\n",
			STR_ARG(p.path), STR_ARG(needs));
		status = EXIT_DENIED;
	} else if (strchr(argv[0], '/')) {
		fprintf(stderr, "oriel: %s: no such file\n", argv[0]);
	} else {
		fprintf(stderr, "oriel: %s: command not found\n", argv[0]);
	}
	arena_fini(&arena);
	return status;
}

int exec_in_place(char *const *argv)
{
	execvp(argv[0], argv);
	if (errno == ENOENT || errno == ENOTDIR)
		return say_missing(argv);
	fprintf(stderr, "oriel: %s: can't be executed: %s\n", argv[0], strerror(errno));
	return EXIT_DENIED;
}
