/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments: the options of a command line, one after the other.
 *
 *     struct arguments a = { .command = self, .argc = argc, .argv = argv };
 *     while ((r = arguments_next(&a, &option)) > 0)
 *             ...option->name, a.value
 *     if (r < 0) return EXIT_USAGE;
 *     a.argv[a.at] is the first word that is no option
 *
 * Options end at the first word without a dash, or after `--`. One that stands for a variable sets
 * it in our environment and isn't returned. What makes no sense is told on standard error, with a
 * suggestion. `--help` anywhere shows the command's help and exits.
 */
#pragma once

#include "cmd/command.h"

enum { EXIT_USAGE = 64 };

struct arguments {
	const struct command *command;
	int argc;
	char **argv;
	int at;		   /* next word; starts with 0, the command's name */
	const char *value; /* of the option that was returned; NULL for a switch */
};

/*
 * Options that stand before the command go behind it: oriel --service-name shop run ./shop. Nothing
 * happens where no command follows them.
 */
void arguments_order(int argc, char **argv);

/* 1 with *option, 0 at the end, -EINVAL after a complaint. */
int arguments_next(struct arguments *a, const struct option **option);
