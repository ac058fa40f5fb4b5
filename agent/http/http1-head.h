/* SPDX-License-Identifier: Apache-2.0 */
/* Between agent/http/http1.c, which follows messages, and agent/http/http1-head.c, which keeps their fields. */
#pragma once

#include "agent/http/http1.h"

/* `with` is in small letters, '-' and ':', and has four of them at least. */
bool http1_starts_nocase(struct str line, struct str with);

/* Does the line begin with this name, which is in small letters with its colon? */
static inline bool http1_is_field(struct str line, struct str name)
{
	return line.n >= name.n && line.p[name.n - 1] == ':' && http1_starts_nocase(line, name);
}

/* Not a secret, and not what nobody asks for. The line isn't empty. */
bool http1_wants(struct str line);

/* The line lies at the end of the head's text by now, n bytes of it. */
void http1_keep(struct http1_head *head, size_t n, bool whole);
