/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/complaint.h"

#include <stdarg.h>
#include <stdio.h>

void complain(struct complaints *c, const char *format, ...)
{
	char line[COMPLAINT_ROOM];
	va_list list;

	va_start(list, format);
	vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	c->tell(c->you, line);
	c->n++;
}

const char *quote(struct str text, char out[QUOTE_ROOM])
{
	size_t n = 0;

	for (; n < text.n && n < QUOTE_ROOM - 4; n++)
		out[n] = (unsigned char)text.p[n] < ' ' || text.p[n] == 127 ? '?' : text.p[n];
	snprintf(out + n, QUOTE_ROOM - n, "%s", n < text.n ? "..." : "");
	return out;
}
