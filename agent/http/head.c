/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/http/head.h"

#include "base/str.h"

static void head_again(struct head *h)
{
	h->has_ours = h->location = false;
	h->first = !h->cgi;
	h->status = 0;
	h->n = 0;
}

void head_begin(struct head *h, enum head_kind kind, const char *name)
{
	h->done = false;
	h->cgi = kind == HEAD_CGI;
	h->name = name;
	head_again(h);
}

static uint16_t status_of(struct str text)
{
	unsigned status = 0;
	size_t i;

	text = str_trim(text);
	for (i = 0; i < text.n && i < 3 && text.p[i] >= '0' && text.p[i] <= '9'; i++)
		status = status * 10 + (unsigned)(text.p[i] - '0');
	return i == 3 && status >= 100 && status < 600 ? (uint16_t)status : 0;
}

/* False: this is no response. */
static bool line_ends(struct head *h)
{
	struct str line = { h->line, h->n };

	if (h->first) {
		struct cut c = str_cut(line, ' ');

		h->first = false;
		h->status = c.found && str_starts(line, STR("HTTP/")) ? status_of(c.tail) : 0;
		return h->status != 0;
	}

	struct cut field = str_cut(line, ':');

	if (!field.found)
		return true;
	if (h->name && str_eq_nocase(str_trim(field.head), str_of(h->name)))
		h->has_ours = true;
	if (h->cgi && !h->status && str_eq_nocase(field.head, STR("Status")))
		h->status = status_of(field.tail);
	if (h->cgi && str_eq_nocase(field.head, STR("Location")))
		h->location = true;
	return true;
}

/* At the empty line. True: the response itself has begun, and the head is done. */
static bool head_ends(struct head *h)
{
	if (!h->cgi && h->status < 200 && h->status != 101) {
		head_again(h);
		return false;
	}
	if (h->cgi && !h->status)
		h->status = h->location ? 302 : 200;
	h->done = true;
	return true;
}

static void line_keep(struct head *h, const char *p, size_t n)
{
	size_t room = (size_t)(HEAD_LINE - h->n);

	if (n > room)
		n = room;
	memcpy(h->line + h->n, p, n);
	h->n = (uint16_t)(h->n + n);
}

size_t head_follow(struct head *h, const char *p, size_t n)
{
	bool whole = h->n == 0; /* the line began in these bytes, at `at` */
	size_t at = 0;

	while (at < n && !h->done) {
		const char *end = memchr(p + at, '\n', n - at);
		size_t next = end ? (size_t)(end - p) + 1 : n;

		line_keep(h, p + at, end ? next - 1 - at : n - at);
		if (!end)
			break;
		if (h->n && h->line[h->n - 1] == '\r')
			h->n--;
		if (h->n == 0 && !h->first) {
			if (head_ends(h))
				return whole && h->name && !h->has_ours ? at : SIZE_MAX;
		} else if (h->n == 0 || !line_ends(h)) {
			h->done = true;
		}
		h->n = 0;
		at = next;
		whole = true;
	}
	return SIZE_MAX;
}

size_t head_field(const struct head *h, const char *value, char *out, size_t size)
{
	size_t name_n = strlen(h->name), value_n = strlen(value);

	if (name_n + value_n + 4 > size)
		return 0;
	memcpy(out, h->name, name_n);
	memcpy(out + name_n, ": ", 2);
	memcpy(out + name_n + 2, value, value_n);
	memcpy(out + name_n + 2 + value_n, "\r\n", 2);
	return name_n + value_n + 4;
}
