/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"
#include "launch/misspelling.h"

#include <string.h>

extern const struct command command_collect, command_doctor, command_export, command_help,
	command_inspect, command_run, command_set, command_tail, command_version;

const struct command *const commands[] = {
	&command_collect, &command_doctor, &command_export, &command_help,    &command_inspect,
	&command_run,	  &command_set,	   &command_tail,   &command_version, NULL,
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

const char *command_suggest(const char *word)
{
	const char *best = NULL;
	unsigned far = 3;

	for (size_t i = 0; commands[i]; i++) {
		unsigned d = misspelling_distance(word, commands[i]->name);

		if (d < far) {
			far = d;
			best = commands[i]->name;
		}
	}
	return best;
}
