/* SPDX-License-Identifier: Apache-2.0 */
/* The first line of a message: of agent/http/http1.c, whose hot path this is. */
#pragma once

#include "agent/http/http1-inside.h"

enum { METHOD_MOST = 32 };

static inline bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static inline bool is_token_character(char c)
{
	return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.' || c == '!' ||
	       c == '$' || c == '+' || c == '~' || c == '*';
}

/* A first line, as far as it is there: HTTP1_START bytes from `start`, HTTP1_TAIL before `end`. */
struct first {
	const char *start, *end;
	size_t n;
};

static inline struct first first_gathered(const struct http1 *m)
{
	return (struct first){ m->start, m->tail + least(m->line_n, HTTP1_TAIL), m->line_n };
}

/* Can a message go on after these first bytes? */
static inline bool first_is_possible(const struct http1 *m, struct first f)
{
	size_t n = least(f.n, HTTP1_START), i;

	if (m->kind == HTTP1_RESPONSE)
		return memcmp(f.start, "HTTP/1.", least(n, 7)) == 0;
	if (n && !is_letter(f.start[0]))
		return false;
	for (i = 0; i < n && i <= METHOD_MOST; i++)
		if (f.start[i] == ' ')
			return i > 0;
		else if (!is_token_character(f.start[i]))
			return false;
	return i <= METHOD_MOST;
}

static inline size_t method_length(struct first f)
{
	const char *space = memchr(f.start, ' ', least(f.n, METHOD_MOST + 1));

	return space ? (size_t)(space - f.start) : 0;
}

/* "METHOD target HTTP/1.x" */
static inline bool request_line(struct http1 *m, struct http1_head *head, struct first f)
{
	size_t n = least(f.n, HTTP1_TAIL), line_n = f.n, method_n;

	if (n && f.end[-1] == '\r') {
		n--;
		line_n--;
		f.end--;
	}
	if (n < 9 || memcmp(f.end - 9, " HTTP/1.", 8) != 0 || !is_digit(f.end[-1]))
		return false;
	m->minor = (uint8_t)(f.end[-1] - '0');
	method_n = method_length(f);
	if (!method_n || line_n < method_n + 1 + 9)
		return false;
	m->upgrade = method_n == 7 && memcmp(f.start, "CONNECT", 7) == 0;
	if (!head)
		return true;
	head->method_n = (uint16_t)method_n;
	head->target = (uint16_t)(method_n + 1);
	head->target_n = (uint16_t)least(line_n - 9 - head->target, HTTP1_TARGET);
	head->text[method_n] = 0;
	head->text[head->target + head->target_n] = 0;
	head->used = (uint16_t)(head->target + head->target_n + 1);
	return true;
}

/* "HTTP/1.x 200 ..." */
static inline bool status_line(struct http1 *m, struct first f)
{
	const char *s = f.start;

	if (f.n < 12 || !is_digit(s[7]) || s[8] != ' ' || !is_digit(s[9]) || !is_digit(s[10]) ||
	    !is_digit(s[11]))
		return false;
	m->minor = (uint8_t)(s[7] - '0');
	m->status = (uint16_t)((s[9] - '0') * 100 + (s[10] - '0') * 10 + (s[11] - '0'));
	return m->status >= 100;
}

/* What a load balancer puts before the first request: "PROXY TCP4 192.0.2.1 192.0.2.2 4711 80". */
static inline bool is_proxy_line(const struct http1 *m, struct first f)
{
	return m->kind == HTTP1_REQUEST && !m->proxied && f.n >= 9 && f.n < 108 &&
	       (memcmp(f.start, "PROXY TCP", 9) == 0 || memcmp(f.start, "PROXY UNK", 9) == 0);
}

/* Where it lies in the head's text, as far as there is room. */
static inline void first_keep(struct http1_head *head, struct first f)
{
	size_t room = sizeof(head->text) - 1;

	memcpy(head->text, f.start, least(f.n, room));
	head->cut |= f.n > room;
}
