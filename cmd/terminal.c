/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool has_colours(FILE *f)
{
	const char *refused = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(f)) && !(refused && refused[0]) && term && strcmp(term, "dumb") != 0;
}

struct ink terminal_ink(FILE *f)
{
	struct ink ink = { "", "", "", "", "", "", "", "+", "x", "!", "-", "-" };

	setlocale(LC_CTYPE, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0) {
		ink.yes = "✓";
		ink.no = "✗";
		ink.maybe = "!";
		ink.dash = "–";
		ink.dot = "·";
	}
	if (has_colours(f)) {
		ink.off = "\033[0m";
		ink.bold = "\033[1m";
		ink.dim = "\033[2m";
		ink.good = "\033[32m";
		ink.note = "\033[33m";
		ink.bad = "\033[31m";
		ink.link = "\033[36m";
	}
	return ink;
}

int terminal_width(FILE *f)
{
	struct winsize size;

	if (ioctl(fileno(f), TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return 80;
	return size.ws_col < 60 ? 60 : size.ws_col > 100 ? 100 : size.ws_col;
}

/* Columns of UTF-8 text, as far as our own sentences go: one for each character. */
static int columns(const char *p, size_t n)
{
	int c = 0;

	for (size_t i = 0; i < n; i++)
		c += ((unsigned char)p[i] & 0xc0) != 0x80;
	return c;
}

void terminal_wrap(FILE *f, const char *text, int indent, int width)
{
	int at = 0;

	while (*text) {
		size_t n = strcspn(text, " ");
		int wide = columns(text, n);

		if (at && at + 1 + wide > width - indent) {
			fprintf(f, "\n%*s", indent, "");
			at = 0;
		}
		if (at) {
			fputc(' ', f);
			at++;
		}
		fwrite(text, 1, n, f);
		at += wide;
		text += n;
		text += strspn(text, " ");
	}
	fputc('\n', f);
}
