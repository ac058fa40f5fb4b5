/* SPDX-License-Identifier: Apache-2.0 */
/* A log record as key=value pairs; texts with blanks, quotes or nothing in them get quotes. */
#include "export/console-text.h"
#include "export/log-form.h"

/* Neither blanks nor '=' nor quotes can be part of a key. */
static void put_key(struct out *o, struct str key)
{
	for (size_t i = 0; i < key.n; i++) {
		unsigned char c = (unsigned char)key.p[i];

		out_char(o, c <= ' ' || c >= 0x7f || c == '=' || c == '"' ? '_' : (char)c);
	}
}

void log_write_logfmt(struct out *o, const struct log_line *l)
{
	for (size_t i = 0; i < l->n; i++) {
		if (i)
			out_char(o, ' ');
		put_key(o, l->pair[i].key);
		out_char(o, '=');
		console_value_whole(o, l->pair[i].value);
	}
	out_char(o, '\n');
}
