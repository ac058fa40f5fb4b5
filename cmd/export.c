/* SPDX-License-Identifier: Apache-2.0 */
/* oriel export: what is kept, as lines that other programs read. */
#include "base/err.h"
#include "cmd/arguments.h"
#include "launch/place.h"
#include "launch/variables.h"
#include "store/trail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void print_line(struct str line, void *you)
{
	(void)you;
	fwrite(line.p, 1, line.n, stdout);
	putchar('\n');
}

/* 0, or 1 if the chain is broken, or there is nothing to read. */
static int export_audit(bool check)
{
	char dir[PLACE_ROOM + 8];
	struct trail_check c;
	int r = place_data_dir(dir);

	if (r == 0) {
		strcat(dir, "/audit");
		r = trail_read(dir, &c, check ? NULL : print_line, NULL);
	}
	if (r == -ENOENT) {
		fprintf(stderr, "oriel export: there are no audit records in %s\n", dir);
		return 1;
	}
	if (r != 0) {
		fprintf(stderr, "oriel export: %s\n", err_path(r));
		return 1;
	}
	if (c.n_broken)
		fprintf(stderr,
			"oriel export: %llu of %llu records are not as they were written, the first at %s\n",
			(unsigned long long)c.n_broken, (unsigned long long)c.n_lines, c.where);
	else if (check)
		printf("%llu records, unchanged; the last one's hash is %s\n",
		       (unsigned long long)c.n_lines, c.last);
	return c.n_broken != 0;
}

static int export_exec(const struct command *self, int argc, char **argv)
{
	struct arguments a = { .command = self, .argc = argc, .argv = argv };
	const struct option *option;
	bool audit = false, check = false;
	int r;

	while ((r = arguments_next(&a, &option)) > 0) {
		audit |= strcmp(option->name, "audit") == 0;
		check |= strcmp(option->name, "check") == 0;
	}
	if (r < 0)
		return EXIT_USAGE;
	if (!audit || a.at < argc) {
		fprintf(stderr, "oriel export: of what? --audit: oriel help export\n");
		return EXIT_USAGE;
	}
	return export_audit(check);
}

static const struct option options[] = {
	{ "audit", NULL, "audit records, oldest first" },
	{ "check", NULL, "print nothing but whether they are as they were written" },
	{ NULL, NULL, NULL },
};

static const struct example examples[] = {
	{ "oriel export --audit", "all audit records, a line of JSON each" },
	{ "oriel export --audit --check", "has one been changed, put in or taken out?" },
	{ NULL, NULL },
};

const struct command command_export = {
	.name = "export",
	.summary = "Print what is kept: audit records",
	.usage = "--audit [--check]",
	.usage_mdoc = ".Fl \\-audit\n.Op Fl \\-check",
	.about =
		"Prints the audit records of all services of this user, as they lie in the folder audit of the "
		"data directory: a line of JSON each, with the hash of the one before it. Exit status: 0; 1 if "
		"there are none, or one is not as it was written, which is told on standard error.",
	.examples = examples,
	.options = options,
	.exec = export_exec,
};
