/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command: one subcommand of `oriel`, as a table. Its file ends with it; cmd/list.c names it, in
 * alphabetical order. Help, the manual page and the suggestions for misspelt words come from it.
 */
#pragma once

#include <stddef.h>

struct option {
	const char *name;     /* without dashes */
	const char *argument; /* NULL: a switch */
	const char *about;
};

struct example {
	const char *line, *about;
};

struct command {
	const char *name;
	const char *summary;
	const char *usage;		/* after "oriel NAME" */
	const char *usage_mdoc;		/* the same for the manual page */
	const char *about;		/* paragraphs for help and the manual page */
	const struct example *examples; /* ended by a NULL line */
	const struct option *options;	/* of its own; ended by a NULL name; may be NULL */
	const char *manual; /* more sections of the manual page, in mdoc(7); may be NULL */
	unsigned groups;    /* bits (1 << enum variable_group): variables that are options, too */
	int (*exec)(const struct command *self, int argc, char **argv); /* argv[0] is the name */
};

/* All of them, alphabetically, ended by NULL. */
extern const struct command *const commands[];
const struct command *command_find(const char *name);

/* `oriel` alone. */
int status_exec(void);

int help_all(void);
int help_command(const struct command *c);

/* The closest of the known words; NULL when none is close. */
const char *command_suggest(const char *word);
