/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

bool base64_read(char *to, size_t room, struct str text, size_t *n)
{
	uint32_t bits = 0;
	unsigned n_bits = 0;
	size_t done = 0;

	while (text.n && text.p[text.n - 1] == '=')
		text.n--;
	for (size_t i = 0; i < text.n; i++) {
		int six = digit(text.p[i]);

		if (six < 0)
			return false;
		bits = bits << 6 | (uint32_t)six;
		n_bits += 6;
		if (n_bits < 8)
			continue;
		if (done == room)
			return false;
		n_bits -= 8;
		to[done++] = (char)(bits >> n_bits);
	}
	if (n_bits >= 6)
		return false;
	*n = done;
	return true;
}
