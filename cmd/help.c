/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Help: everything here is drawn from the tables of the commands and variables, also the manual
 * pages (`oriel help --mdoc [COMMAND]`) and the table of variables (`--variables`, cmd/manual.c).
 */
#include "cmd/arguments.h"
#include "cmd/manual.h"
#include "cmd/terminal.h"
#include "launch/variables.h"

#include <string.h>

int help_all(void)
{
	struct ink ink = terminal_ink(stdout);

	printf("%sOriel%s shows what a service written in C does: requests, queries, calls, logs.\n\n",
	       ink.bold, ink.off);
	printf("  %soriel run -- ./your-server%s    start it, and watch it on http://127.0.0.1:8321/\n",
	       ink.bold, ink.off);
	printf("  %soriel%s                         what is running, and where the page is\n\n",
	       ink.bold, ink.off);
	printf("%sCommands%s\n", ink.bold, ink.off);
	for (size_t i = 0; commands[i]; i++)
		printf("  %-10s%s\n", commands[i]->name, commands[i]->summary);
	printf("\n`oriel help COMMAND` starts with examples.\n");
	return 0;
}

static void option_line(const struct ink *ink, const char *name, const char *argument,
			const char *about, const char *otherwise)
{
	char text[512];
	int wide = printf("  --%s%s%s", name, argument ? " " : "", argument ? argument : "");

	if (wide > 32)
		printf("\n%*s", 34, "");
	else
		printf("%*s", 34 - wide, "");
	snprintf(text, sizeof(text), "%s%s%s%s", about, otherwise ? " (" : "",
		 otherwise ? otherwise : "", otherwise ? ")" : "");
	(void)ink;
	terminal_wrap(stdout, text, 34, terminal_width(stdout));
}

static void variable_lines(const struct ink *ink, enum variable_group group)
{
	char option[VARIABLE_NAME_ROOM];

	printf("\n%s%s%s\n", ink->bold, variable_group_title(group), ink->off);
	for (const struct variable *v = variables; v->name; v++) {
		if (v->group != group)
			continue;
		variable_option(v, option);
		option_line(ink, option, v->argument, v->about, v->otherwise);
	}
}

static void paragraphs(const char *text)
{
	while (*text) {
		char line[1024];
		size_t n = strcspn(text, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)n, text);
		terminal_wrap(stdout, line, 0, terminal_width(stdout));
		text += n + (text[n] == '\n');
	}
}

int help_command(const struct command *c)
{
	struct ink ink = terminal_ink(stdout);

	for (const struct example *e = c->examples; e && e->line; e++)
		printf("  %s%s%s\n      %s%s%s\n", ink.bold, e->line, ink.off, ink.dim, e->about,
		       ink.off);
	printf("%s%sUsage%s  oriel %s%s%s\n\n", c->examples ? "\n" : "", ink.bold, ink.off, c->name,
	       c->usage[0] ? " " : "", c->usage);
	paragraphs(c->about);
	if (c->options)
		printf("\n%sOptions%s\n", ink.bold, ink.off);
	for (const struct option *o = c->options; o && o->name; o++)
		option_line(&ink, o->name, o->argument, o->about, NULL);
	for (unsigned g = 0; g < N_VARIABLE_GROUPS; g++)
		if (c->groups & 1u << g)
			variable_lines(&ink, g);
	if (c->groups)
		printf("\nEach of these is also a variable: --service-name X is OTEL_SERVICE_NAME=X, --listen X is\n"
		       "ORIEL_LISTEN=X; the option wins. --exporter-otlp-X is also --exporter-otlp-traces-X,\n"
		       "-metrics-X and -logs-X.\n");
	return 0;
}

static int help_exec(const struct command *self, int argc, char **argv)
{
	const struct command *c;

	(void)self;
	if (argc > 1 && strcmp(argv[1], "--mdoc") == 0) {
		c = argc > 2 ? command_find(argv[2]) : NULL;
		return c ? manual_command(c) : manual_all();
	}
	if (argc > 1 && strcmp(argv[1], "--variables") == 0)
		return manual_variables();
	if (argc < 2)
		return help_all();
	c = command_find(argv[1]);
	if (c)
		return help_command(c);
	fprintf(stderr, "oriel help: there is no command '%s'", argv[1]);
	if (command_suggest(argv[1]))
		fprintf(stderr, "; did you mean `oriel help %s`?", command_suggest(argv[1]));
	fputc('\n', stderr);
	return EXIT_USAGE;
}

const struct command command_help = {
	.name = "help",
	.summary = "How to use oriel, or one of its commands",
	.usage = "[COMMAND]",
	.about = "Shows what a command is for, beginning with examples.",
	.exec = help_exec,
};
