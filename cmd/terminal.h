/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminal: how text for people may look where it goes.
 *
 *     const struct ink *ink = terminal_ink(stdout);
 *     printf("%sstatic%s\n", ink->bad, ink->off);
 *
 * Colours only on a terminal that has them, and not with NO_COLOR set (any value); marks are plain
 * ASCII where the locale has no UTF-8. Strings are static; empty ones cost nothing.
 */
#pragma once

#include <stdio.h>

struct ink {
	const char *off, *bold, *dim, *good, *note, *bad, *link;
	const char *yes, *no, *maybe, *dash, *dot; /* marks, one column wide */
};

struct ink terminal_ink(FILE *f);

/* Columns, between 60 and 100; 80 where it isn't known. */
int terminal_width(FILE *f);

/* `text` in lines of `width`, each after the first indented by `indent` blanks; ends with a newline. */
void terminal_wrap(FILE *f, const char *text, int indent, int width);
