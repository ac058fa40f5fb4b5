/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"

#include <stdio.h>

static int version_exec(const struct command *self, int argc, char **argv)
{
	(void)self;
	(void)argc;
	(void)argv;
	printf("oriel %s\n", ORIEL_VERSION);
	return 0;
}

const struct command command_version = {
	.name = "version",
	.summary = "Which version this is",
	.usage = "",
	.about = "Prints `oriel` and the version.",
	.exec = version_exec,
};
