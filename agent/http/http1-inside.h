/* SPDX-License-Identifier: Apache-2.0 */
/* What agent/http/http1.c, which follows messages, shares with what reads a part of one. */
#pragma once

#include "agent/http/http1.h"

enum state {
	START = HTTP1_IDLE,
	FIRST,
	FIELDS,
	FRAME,
	LENGTH,
	UNTIL_CLOSE,
	SIZE,
	CHUNK,
	CHUNK_END,
	TRAILERS,
	END,
	RAW,
	NOT,
};

static inline void message_begin(struct http1 *m, struct http1_head *head)
{
	m->minor = 0;
	m->status = 0;
	m->chunked = m->has_length = m->upgrade = m->expects = m->unsure = m->until_close = false;
	m->body_n = m->left = 0;
	m->head_n = m->line_n = 0;
	m->blanks = 0;
	m->state = FIRST;
	if (head)
		memset(head, 0, offsetof(struct http1_head, field));
}

/* A head has come: what follows it. */
void message_frame(struct http1 *m);

static inline size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}
