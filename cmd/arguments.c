/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/arguments.h"
#include "launch/misspelling.h"
#include "launch/variables.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void consider(const char *word, const char *known, char best[VARIABLE_NAME_ROOM],
		     unsigned *least_far)
{
	unsigned far = misspelling_distance(word, known);

	if (far < *least_far) {
		*least_far = far;
		snprintf(best, VARIABLE_NAME_ROOM, "%s", known);
	}
}

static int complain(const struct arguments *a, struct str name)
{
	unsigned far = 3; /* more is no misspelling any more */
	char word[MISSPELLING_MOST + 1], best[VARIABLE_NAME_ROOM] = "", option[VARIABLE_NAME_ROOM];
	const struct command *c = a->command;

	snprintf(word, sizeof(word), STR_FMT, STR_ARG(str_first(name, MISSPELLING_MOST)));
	for (char *p = word; *p; p++)
		*p = *p == '_' ? '-' : *p;
	for (const struct option *o = c->options; o && o->name; o++)
		consider(word, o->name, best, &far);
	for (const struct variable *v = variables; v->name; v++) {
		variable_option(v, option);
		if (c->groups & 1u << v->group)
			consider(word, option, best, &far);
	}
	fprintf(stderr, "oriel %s: unknown option --" STR_FMT, c->name, STR_ARG(name));
	if (best[0])
		fprintf(stderr, "; did you mean --%s?\n", best);
	else
		fprintf(stderr, "; see `oriel help %s`\n", c->name);
	return -EINVAL;
}

/* The value after '=' or in the next word. */
static int take_value(struct arguments *a, const char *name, struct cut text)
{
	if (text.found) {
		a->value = text.tail.p;
		return 0;
	}
	if (a->at >= a->argc) {
		fprintf(stderr, "oriel %s: --%s needs a value\n", a->command->name, name);
		return -EINVAL;
	}
	a->value = a->argv[a->at++];
	return 0;
}

/* '_' is as good as '-'. */
static bool is_option(struct str word, struct str name)
{
	for (size_t i = 0; i < word.n && i < name.n; i++)
		if (word.p[i] != name.p[i] && !(word.p[i] == '_' && name.p[i] == '-'))
			return false;
	return word.n == name.n;
}

static const struct option *find_option(const struct command *c, struct str name)
{
	for (const struct option *o = c->options; o && o->name; o++)
		if (is_option(name, str_of(o->name)))
			return o;
	return NULL;
}

/* Does the next word belong to it? */
static bool takes_next(struct str word)
{
	struct cut text = str_cut(str_from(word, 2), '=');
	char name[VARIABLE_NAME_ROOM];
	const struct variable *v = variable_find(text.head, name);

	if (text.found || v)
		return !text.found && v->argument;
	for (const struct command *const *c = commands; *c; c++) {
		const struct option *o = find_option(*c, text.head);

		if (o)
			return o->argument;
	}
	return false;
}

void arguments_order(int argc, char **argv)
{
	int at = 1;
	char *command;

	while (at < argc && str_starts(str_of(argv[at]), STR("--")) && argv[at][2])
		at += takes_next(str_of(argv[at])) ? 2 : 1;
	if (at >= argc || !command_find(argv[at]))
		return;
	command = argv[at];
	memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof(*argv));
	argv[1] = command;
}

static int set_variable(struct arguments *a, const struct variable *v, const char *name,
			struct cut text)
{
	char option[VARIABLE_NAME_ROOM];
	int r = 0;

	variable_option(v, option);
	a->value = "true";
	if (v->argument || text.found)
		r = take_value(a, option, text);
	if (r < 0)
		return r;
	if (setenv(name, a->value, 1) < 0) {
		perror("oriel");
		return -errno;
	}
	return 0;
}

/* A word that begins with two dashes: 1 with *option, 0 when it was a variable's. */
static int take_long(struct arguments *a, struct str word, const struct option **option)
{
	struct cut text = str_cut(str_from(word, 2), '=');
	const struct option *o = find_option(a->command, text.head);
	char name[VARIABLE_NAME_ROOM];
	const struct variable *v;

	a->value = NULL;
	if (o && !o->argument && text.found) {
		fprintf(stderr, "oriel %s: --%s takes no value\n", a->command->name, o->name);
		return -EINVAL;
	}
	if (o) {
		*option = o;
		return o->argument && take_value(a, o->name, text) < 0 ? -EINVAL : 1;
	}
	if (str_eq(text.head, STR("help")))
		exit(help_command(a->command));
	v = variable_find(text.head, name);
	if (!v || !(a->command->groups & 1u << v->group))
		return complain(a, text.head);
	return set_variable(a, v, name, text);
}

int arguments_next(struct arguments *a, const struct option **option)
{
	if (a->at == 0)
		a->at = 1;
	while (a->at < a->argc) {
		struct str word = str_of(a->argv[a->at]);
		int r;

		if (word.n < 2 || word.p[0] != '-')
			return 0;
		a->at++;
		if (str_eq(word, STR("--")))
			return 0;
		if (str_eq(word, STR("-h")))
			exit(help_command(a->command));
		if (!str_starts(word, STR("--"))) {
			fprintf(stderr,
				"oriel %s: unknown option %s; options are long, such as --help\n",
				a->command->name, word.p);
			return -EINVAL;
		}
		r = take_long(a, word, option);
		if (r != 0)
			return r;
	}
	return 0;
}
