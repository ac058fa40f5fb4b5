/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/arguments.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int unknown(const char *word)
{
	const char *near = command_suggest(word);

	/* `oriel ./server` is what one tries first. */
	if (strchr(word, '/') || access(word, X_OK) == 0)
		fprintf(stderr, "oriel: %s is no command of oriel; to watch it: oriel run -- %s\n",
			word, word);
	else if (near)
		fprintf(stderr, "oriel: unknown command '%s'; did you mean `oriel %s`?\n", word,
			near);
	else
		fprintf(stderr, "oriel: unknown command '%s'; `oriel help` lists what there is\n",
			word);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2)
		return status_exec();
	arguments_order(argc, argv);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return help_all();
	if (strcmp(argv[1], "--version") == 0)
		argv[1] += 2;
	c = command_find(argv[1]);
	if (!c)
		return unknown(argv[1]);
	return c->exec(c, argc - 1, argv + 1);
}
