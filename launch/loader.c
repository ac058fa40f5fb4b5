/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/loader.h"

/* Options of glibc's and musl's that a program may follow; glibc's values are words of their own. */
static const struct {
	struct str name;
	bool has_value;
} known[] = {
	{ STR("--argv0"), true },
	{ STR("--audit"), true },
	{ STR("--glibc-hwcaps-mask"), true },
	{ STR("--glibc-hwcaps-prepend"), true },
	{ STR("--inhibit-cache"), false },
	{ STR("--inhibit-rpath"), true },
	{ STR("--library-path"), true },
	{ STR("--preload"), true },
};

enum { N_KNOWN = sizeof(known) / sizeof(known[0]) };

/* musl takes `--option=value`, too. */
static size_t find(struct str option)
{
	size_t i = 0;

	while (i < N_KNOWN && !str_eq(known[i].name, option))
		i++;
	return i;
}

struct loader loader_read(char *const *argv)
{
	struct loader l = { 0 };

	for (argv++; *argv && str_starts(str_of(*argv), STR("--")); argv++) {
		struct cut c = str_cut(str_of(*argv), '=');
		size_t i = find(c.head);

		if (str_eq(c.head, STR("--"))) {
			argv++;
			break;
		}
		if (i == N_KNOWN)
			return (struct loader){ 0 };
		if (known[i].has_value && !c.found && !*++argv)
			return (struct loader){ 0 };
		if (str_eq(c.head, STR("--library-path")))
			l.library_path = c.found ? c.tail.p : *argv;
	}
	l.program = str_of(*argv);
	return l;
}
