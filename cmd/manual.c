/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manual: the manual pages, drawn from the same tables as the help, in mdoc(7).
 *
 *     oriel help --mdoc run >doc/man/oriel-run.1        doc/man/update does it for all
 */
#include "cmd/manual.h"
#include "launch/variables.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DATE "November 21, 2026"

/* One line of text, which roff must not take for a request. */
static void text_n(const char *text, size_t n)
{
	if (n && (text[0] == '.' || text[0] == '\''))
		fputs("\\&", stdout);
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\\')
			fputs("\\e", stdout);
		else if (text[i] == '-')
			fputs("\\-", stdout);
		else
			putchar(text[i]);
	}
}

static void text(const char *s)
{
	text_n(s, strlen(s));
}

/* Sentences go on lines of their own, `code` becomes literal. */
static void sentences(const char *s)
{
	while (*s) {
		size_t n = strcspn(s, "`\n");
		const char *end = n > 1 ? memmem(s, n, ". ", 2) : NULL;

		if (end) {
			text_n(s, (size_t)(end + 1 - s));
			putchar('\n');
			s = end + 2;
			continue;
		}
		text_n(s, n);
		s += n;
		if (*s == '\n') {
			fputs("\n.Pp\n", stdout);
			s += strspn(s, "\n");
		} else if (*s == '`') {
			n = strcspn(s + 1, "`");
			fputs("\\fB", stdout);
			text_n(s + 1, n);
			fputs("\\fR", stdout);
			s += n + 2;
		}
	}
	putchar('\n');
}

static void head(const char *name, const char *summary)
{
	char title[64];
	size_t i;

	for (i = 0; name[i] && i + 1 < sizeof(title); i++)
		title[i] = name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 32) : name[i];
	title[i] = '\0';
	printf(".\\\" SPDX-License-Identifier: Apache-2.0\n");
	printf(".\\\" Written by `oriel help --mdoc`; change the tables in cmd/ and launch/ instead.\n");
	printf(".Dd " DATE "\n.Dt %s 1\n.Os\n.Sh NAME\n.Nm %s\n.Nd ", title, name);
	if (summary[0] >= 'A' && summary[0] <= 'Z' && summary[1] >= 'a')
		printf("%c%s\n", summary[0] + 32, summary + 1);
	else
		printf("%s\n", summary);
}

static void option(const char *name, const char *argument, const char *about, const char *otherwise)
{
	printf(".It Fl \\-%s", name);
	if (argument)
		printf(" Ar %s", argument);
	printf("\n");
	text(about);
	printf(".\n");
	if (otherwise) {
		printf("Default: ");
		text(otherwise);
		printf(".\n");
	}
}

static void options(const struct command *c)
{
	char name[VARIABLE_NAME_ROOM];

	if (!c->options && !c->groups)
		return;
	printf(".Sh OPTIONS\n");
	if (c->options)
		printf(".Bl -tag -width Ds\n");
	for (const struct option *o = c->options; o && o->name; o++)
		option(o->name, o->argument, o->about, NULL);
	if (c->options)
		printf(".El\n");
	for (unsigned g = 0; g < N_VARIABLE_GROUPS; g++) {
		if (!(c->groups & 1u << g))
			continue;
		printf(".Ss %s\n.Bl -tag -width Ds\n", variable_group_title(g));
		for (const struct variable *v = variables; v->name; v++) {
			if (v->group != g)
				continue;
			variable_option(v, name);
			option(name, v->argument, v->about, v->otherwise);
		}
		printf(".El\n");
	}
}

static void environment(unsigned groups)
{
	char name[VARIABLE_NAME_ROOM];

	if (!groups)
		return;
	printf(".Sh ENVIRONMENT\n"
	       "Each option of the lists above sets a variable, and wins over it; words may be joined by\n"
	       ".Ql \\-\nor\n.Ql _ .\n"
	       "Variables of\n.Ev OTEL_EXPORTER_OTLP_\nexist for one signal, too, as in\n"
	       ".Ev OTEL_EXPORTER_OTLP_TRACES_ENDPOINT .\n"
	       "An empty variable counts as unset.\n.Bl -tag -width Ds -compact\n");
	for (const struct variable *v = variables; v->name; v++) {
		if (!(groups & 1u << v->group))
			continue;
		variable_option(v, name);
		printf(".It Ev %s\n.Fl \\-%s\n", v->name, name);
	}
	printf(".El\n");
}

static void examples(const struct command *c)
{
	if (!c->examples)
		return;
	printf(".Sh EXAMPLES\n");
	for (const struct example *e = c->examples; e->line; e++) {
		putchar(e->about[0] >= 'a' && e->about[0] <= 'z' ? e->about[0] - 32 : e->about[0]);
		text(e->about + 1);
		printf(":\n.Pp\n.Dl ");
		text(e->line);
		printf("\n%s", e[1].line ? ".Pp\n" : "");
	}
}

static void see_also(const char *self)
{
	bool first = true;

	printf(".Sh SEE ALSO\n");
	for (size_t i = 0; i < 4; i++) {
		static const char *const page[] = { "oriel", "oriel-collect", "oriel-doctor",
						    "oriel-run" };

		if (strcmp(page[i], self) == 0)
			continue;
		printf("%s.Xr %s 1", first ? "" : " ,\n", page[i]);
		first = false;
	}
	printf("\n");
}

int manual_command(const struct command *c)
{
	char name[64];

	snprintf(name, sizeof(name), "oriel-%s", c->name);
	head(name, c->summary);
	printf(".Sh SYNOPSIS\n.Nm oriel %s\n", c->name);
	if (c->usage[0])
		printf("%s\n", c->usage_mdoc);
	printf(".Sh DESCRIPTION\n");
	sentences(c->about);
	options(c);
	environment(c->groups);
	printf("%s", c->manual ? c->manual : "");
	examples(c);
	see_also(name);
	return 0;
}

int manual_all(void)
{
	head("oriel", "show what a service written in C does");
	printf(".Sh SYNOPSIS\n.Nm\n.Nm\n.Ar command\n.Op Ar argument ...\n.Sh DESCRIPTION\n"
	       ".Nm\nwatches services: the requests that they answer, the queries and calls that they make, what they\n"
	       "log, how long it took, and what was under way when one of them died.\n"
	       "The service only writes to shared memory.\n"
	       "Another process, the collector, takes it from there, keeps it, shows it on a page and sends it\n"
	       "on, so that nothing is lost when the service dies and nothing waits when a receiver does.\n.Pp\n"
	       "Without a command it shows what is running and where the page is.\n.Pp\nThe commands:\n"
	       ".Bl -tag -width collect\n");
	for (size_t i = 0; commands[i]; i++)
		printf(".It Cm %s\n%s.\n", commands[i]->name, commands[i]->summary);
	printf(".El\n.Sh FILES\n.Bl -tag -width Ds\n"
	       ".It Pa /dev/shm/oriel-UID\n"
	       "The run directory: a segment for each process that is watched, the collector's lock\n"
	       ".Pq Pa collector.pid\nand socket\n.Pq Pa collector.sock .\n"
	       "Its user's alone.\n"
	       ".It Pa ~/.local/share/oriel/oriel.db\nThe store.\n"
	       ".It Pa ~/.local/share/oriel/collector.log\nWhat a collector in the background has to say.\n"
	       ".El\n"
	       ".Sh EXAMPLES\nStart a server and watch it:\n.Pp\n.Dl oriel run \\-\\- ./server\n");
	see_also("oriel");
	return 0;
}

/* A bar would end a cell. */
static void cell(const char *text)
{
	for (; text && *text; text++)
		printf(*text == '|' ? "\\|" : "%c", *text);
}

int manual_variables(void)
{
	char option[VARIABLE_NAME_ROOM];

	printf("# Variables\n\n"
	       "Every variable that is heeded, from the list that the code reads (`oriel help --variables`). Each is also an option of\n"
	       "`oriel run`, which wins; words in it may be joined by `-` or `_`. An empty variable counts as unset, and a value that makes no\n"
	       "sense as well, after one line that says so. [configuration.md](configuration.md) says the same in a file.\n");
	for (unsigned g = 0; g < N_VARIABLE_GROUPS; g++) {
		printf("\n## %s\n\n| variable | option | default | |\n| --- | --- | --- | --- |\n",
		       variable_group_title(g));
		for (const struct variable *v = variables; v->name; v++) {
			if (v->group != g)
				continue;
			variable_option(v, option);
			printf("| `%s`%s | `--%s%s%s` | ", v->name,
			       v->per_signal ? " and for a signal" : "", option,
			       v->argument ? " " : "", v->argument ? v->argument : "");
			cell(v->otherwise);
			printf(" | ");
			cell(v->about);
			printf(" |\n");
		}
	}
	return 0;
}
