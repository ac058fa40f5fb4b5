/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns: for each line "HEX HEX" of standard input, a pattern and a text, whether the one is
 * found in the other: 1, 0, or "bad".
 */
#include "base/hex.h"
#include "base/pattern.h"

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	static char line[65536], bytes[32768];
	struct pattern_error error;
	struct pattern p;

	while (fgets(line, sizeof(line), stdin)) {
		struct cut c = str_cut(str_cut(str_of(line), '\n').head, ' ');
		size_t n = c.head.n / 2, m = c.tail.n / 2;

		if (!hex_read(bytes, n, c.head, true) || !hex_read(bytes + n, m, c.tail, true))
			return EXIT_FAILURE;
		if (pattern_compile(&p, (struct str){ bytes, n }, &error) != 0)
			puts("bad");
		else
			puts(pattern_found(&p, (struct str){ bytes + n, m }) ? "1" : "0");
	}
	return 0;
}
