/* SPDX-License-Identifier: Apache-2.0 */
/*
 *                     .-------------------------------------------------.
 *                     v                                                 |
 *     START -> FIRST -> FIELDS -> FRAME -> LENGTH, UNTIL_CLOSE ------> END
 *       (blank lines)                 `--> SIZE -> CHUNK -> CHUNK_END   ^
 *                                            `--> TRAILERS -------------'
 *                                      `-> RAW                   NOT: from anywhere
 *
 * Lines are looked for with memchr. A line that comes in pieces is gathered in `start` as far as it
 * matters for framing, and in the head's text; `tail` has its last bytes, for the version.
 */
#include "agent/http/http1.h"

#include "agent/http/http1-first.h"
#include "agent/http/http1-head.h"
#include "agent/http/http1-inside.h"
#include "base/hot.h"

enum {
	BLANKS_MOST = 16,
	FIRST_MOST = 1 << 21,
	HEAD_MOST = 1 << 24,
	SIZE_LINE_MOST = 1 << 14,
};

void http1_init(struct http1 *m, enum http1_kind kind)
{
	memset(m, 0, sizeof(*m));
	m->kind = (uint8_t)kind;
}

bool http1_in_head(const struct http1 *m)
{
	return m->state == FIRST || m->state == FIELDS;
}

static enum http1_event not_http(struct http1 *m)
{
	m->state = NOT;
	return HTTP1_NOT;
}

/* ---- lines ------------------------------------------------------------------------------------- */

static void tail_add(struct http1 *m, struct str piece)
{
	size_t had = least(m->line_n, HTTP1_TAIL);

	if (piece.n >= HTTP1_TAIL) {
		memcpy(m->tail, piece.p + piece.n - HTTP1_TAIL, HTTP1_TAIL);
		return;
	}
	if (had + piece.n > HTTP1_TAIL) {
		size_t out = had + piece.n - HTTP1_TAIL;

		memmove(m->tail, m->tail + out, had - out);
		had -= out;
	}
	memcpy(m->tail + had, piece.p, piece.n);
}

/* What the line has so far, of what is kept of it in the head. */
static size_t line_kept(const struct http1 *m, const struct http1_head *head)
{
	return least(m->line_n, sizeof(head->text) - head->used - 1);
}

static void line_add(struct http1 *m, struct http1_head *head, struct str piece)
{
	if (!piece.n)
		return;
	if (m->line_n < HTTP1_START)
		memcpy(m->start + m->line_n, piece.p, least(piece.n, HTTP1_START - m->line_n));
	if (m->state == FIRST)
		tail_add(m, piece);
	if (head) {
		size_t kept = line_kept(m, head);
		size_t room = sizeof(head->text) - head->used - 1 - kept;

		memcpy(head->text + head->used + kept, piece.p, least(piece.n, room));
		head->cut |= piece.n > room;
	}
	m->line_n += (uint32_t)piece.n;
}

/*
 * Take bytes up to the end of the line; true when it is there. `line` is then the line without its
 * '\n' and '\r': where it lies, if it came in one piece, else its beginning in `start`, and as much
 * of it as is kept in the head.
 */
static bool line_take(struct http1 *m, struct http1_head *head, struct str *in, struct str *line)
{
	const char *end = in->n ? memchr(in->p, '\n', in->n) : NULL;
	size_t n = end ? (size_t)(end - in->p) : in->n;

	m->head_n += (uint32_t)n + (end != NULL);
	if (end && !m->line_n) {
		*line = (struct str){ in->p, n };
	} else {
		line_add(m, head, str_first(*in, n));
		*line = (struct str){ m->start, least(m->line_n, HTTP1_START) };
	}
	*in = str_from(*in, n + (end != NULL));
	if (end && line->n && line->n >= m->line_n && line->p[line->n - 1] == '\r')
		line->n--;
	return end != NULL;
}

/* ---- fields --------------------------------------------------------------------------------------- */

static bool list_ends_with(struct str list, struct str word)
{
	list = str_trim(list);
	if (list.n < word.n || !str_eq_nocase(str_from(list, list.n - word.n), word))
		return false;
	list.n -= word.n;
	return !list.n || str_is_blank(list.p[list.n - 1]) || list.p[list.n - 1] == ',';
}

static void field_length(struct http1 *m, struct str value)
{
	uint64_t n;

	if (!str_to_u64(value, &n)) {
		m->unsure = true;
		return;
	}
	if (m->has_length && m->left != n)
		m->unsure = true;
	m->has_length = true;
	m->left = n;
}

/* What says where the message ends. All of it is short, so `start` has it; what isn't is odd. */
static void field_frame(struct http1 *m, struct str line)
{
	bool odd = line.n >= HTTP1_START, request = m->kind == HTTP1_REQUEST;

	switch (line.n ? str_lower(line.p[0]) : 0) {
	case 'c':
		if (!http1_is_field(line, STR("content-length:")))
			break;
		m->unsure |= odd;
		if (!odd)
			field_length(m, str_trim(str_from(line, 15)));
		break;
	case 't':
		if (!http1_is_field(line, STR("transfer-encoding:")))
			break;
		m->unsure |=
			odd || m->chunked || !list_ends_with(str_from(line, 18), STR("chunked"));
		m->chunked = true;
		break;
	case 'u':
		m->upgrade |= request && http1_is_field(line, STR("upgrade:"));
		break;
	case 'e':
		if (request && http1_is_field(line, STR("expect:")))
			m->expects = !odd && str_eq_nocase(str_trim(str_from(line, 7)),
							   STR("100-continue"));
		break;
	}
}

/* Is it worth a closer look? By its first letter, and by where its colon would be. */
static inline bool may_frame(struct str line)
{
	size_t at;

	switch (line.p[0] | 0x20) {
	case 'c':
		at = sizeof("content-length") - 1;
		break;
	case 't':
		at = sizeof("transfer-encoding") - 1;
		break;
	case 'u':
		at = sizeof("upgrade") - 1;
		break;
	case 'e':
		at = sizeof("expect") - 1;
		break;
	default:
		return false;
	}
	return line.n > at && line.p[at] == ':';
}

static void field_see(struct http1 *m, struct http1_head *head, struct str line)
{
	if (line.n && may_frame(line))
		field_frame(m, line);
	if (!head || !http1_wants(line))
		return;
	if (m->line_n) {
		size_t kept = line_kept(m, head);
		bool whole = kept == m->line_n;

		if (kept && head->text[head->used + kept - 1] == '\r')
			kept--;
		http1_keep(head, kept, whole);
	} else if (head->used + line.n < HTTP1_KEPT) {
		memcpy(head->text + head->used, line.p, line.n);
		http1_keep(head, line.n, true);
	} else {
		head->cut = true;
	}
}

/* ---- a message --------------------------------------------------------------------------------------- */

/* Blank lines before a message are allowed, but not without end. */
static bool blanks_take(struct http1 *m, struct str *in)
{
	while (in->n && (in->p[0] == '\r' || in->p[0] == '\n')) {
		if (m->kind == HTTP1_RESPONSE || m->blanks++ == BLANKS_MOST)
			return false;
		*in = str_from(*in, 1);
	}
	return true;
}

static enum http1_event first_take(struct http1 *m, struct http1_head *head, struct str *in)
{
	const char *end = memchr(in->p, '\n', in->n);
	size_t n = end ? (size_t)(end - in->p) : in->n;
	struct first f = { in->p, end, n };

	if (!end || m->line_n) {
		line_add(m, head, str_first(*in, n));
		f = first_gathered(m);
	} else if (head) {
		first_keep(head, f);
	}
	m->head_n += (uint32_t)n + (end != NULL);
	*in = str_from(*in, n + (end != NULL));
	if (!first_is_possible(m, f) || f.n > FIRST_MOST)
		return not_http(m);
	if (!end)
		return HTTP1_MORE;
	if (is_proxy_line(m, f)) {
		m->proxied = true;
		m->state = START;
		return HTTP1_END; /* of the line */
	}
	if (!(m->kind == HTTP1_REQUEST ? request_line(m, head, f) : status_line(m, f)))
		return not_http(m);
	m->line_n = 0;
	m->state = FIELDS;
	return HTTP1_END; /* of the line */
}

/* Lines that come in one piece, which is nearly all. True: the head is complete. */
static bool whole_fields_take(struct http1 *m, struct http1_head *head, struct str *in)
{
	const char *end;

	struct str rest = *in;
	bool complete = false;

	while (!complete && rest.n && (end = memchr(rest.p, '\n', rest.n))) {
		size_t n = (size_t)(end - rest.p);
		struct str line = { rest.p, n && end[-1] == '\r' ? n - 1 : n };

		rest.p += n + 1;
		rest.n -= n + 1;
		if (!line.n)
			complete = true;
		else if (head)
			field_see(m, head, line);
		else if (may_frame(line))
			field_frame(m, line);
	}
	m->head_n += (uint32_t)(in->n - rest.n);
	*in = rest;
	return complete;
}

static enum http1_event fields_take(struct http1 *m, struct http1_head *head, struct str *in)
{
	bool complete = false;

	if (m->line_n) {
		struct str line;

		if (!line_take(m, head, in, &line))
			return m->head_n > HEAD_MOST ? not_http(m) : HTTP1_MORE;
		complete = !line.n;
		if (!complete)
			field_see(m, head, line);
		m->line_n = 0;
	}
	if (!complete && !whole_fields_take(m, head, in)) {
		line_add(m, head, *in);
		m->head_n += (uint32_t)in->n;
		*in = str_from(*in, in->n);
		return m->head_n > HEAD_MOST ? not_http(m) : HTTP1_MORE;
	}
	m->state = FRAME;
	return HTTP1_HEAD;
}

static void frame_response(struct http1 *m)
{
	bool success = m->status >= 200 && m->status < 300;

	if (m->status == 101 || (m->to == HTTP1_TO_CONNECT && success))
		m->state = RAW;
	else if (m->status < 200 || m->status == 204 || m->status == 304 || m->to == HTTP1_TO_HEAD)
		m->state = END;
	else if (m->chunked)
		m->state = m->unsure ? UNTIL_CLOSE : SIZE;
	else if (m->has_length)
		m->state = m->left ? LENGTH : END;
	else
		m->state = UNTIL_CLOSE;
	m->until_close = m->state == UNTIL_CLOSE;
}

HOT void message_frame(struct http1 *m)
{
	m->line_n = 0;
	if (m->chunked && m->has_length) {
		m->unsure = true;
		m->has_length = false;
		m->left = 0;
	}
	if (m->kind == HTTP1_RESPONSE)
		frame_response(m);
	else if (m->chunked)
		m->state = SIZE;
	else
		m->state = m->has_length && m->left ? LENGTH : END;
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	c = str_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "1a;name=value", "1a " */
static bool chunk_size(struct str line, uint64_t *size)
{
	uint64_t v = 0;
	size_t n = 0;

	for (int digit; n < line.n && (digit = hex_value(line.p[n])) >= 0; n++)
		if (n < 16)
			v = v << 4 | (uint64_t)digit;
	*size = v;
	return n && n < 16 && (n == line.n || line.p[n] == ';' || str_is_blank(line.p[n]));
}

static enum http1_event size_take(struct http1 *m, struct str *in)
{
	struct str line;
	bool whole = line_take(m, NULL, in, &line);

	if (m->line_n > SIZE_LINE_MOST || (line.n && hex_value(line.p[0]) < 0))
		return not_http(m);
	if (!whole)
		return HTTP1_MORE;
	if (!chunk_size(line, &m->left))
		return not_http(m);
	m->line_n = 0;
	m->state = m->left ? CHUNK : TRAILERS;
	return HTTP1_END; /* of the line */
}

static enum http1_event trailers_take(struct http1 *m, struct str *in)
{
	struct str line;

	while (line_take(m, NULL, in, &line)) {
		m->line_n = 0;
		if (!line.n) {
			m->state = END;
			return HTTP1_END;
		}
	}
	return HTTP1_MORE;
}

static uint64_t body_take(struct http1 *m, uint64_t n)
{
	if (m->state != UNTIL_CLOSE) {
		n = n < m->left ? n : m->left;
		m->left -= n;
	}
	m->body_n += n;
	if (!m->left && m->state == LENGTH)
		m->state = END;
	else if (!m->left && m->state == CHUNK)
		m->state = CHUNK_END;
	return n;
}

static bool chunk_end_take(struct http1 *m, struct str *in)
{
	while (in->n) {
		char c = in->p[0];

		if (c != '\n' && (c != '\r' || m->line_n))
			return false;
		m->line_n++;
		*in = str_from(*in, 1);
		if (c == '\n') {
			m->line_n = 0;
			m->state = SIZE;
			return true;
		}
	}
	return true;
}

/* The usual way through a message is from each case into the next. */
HOT enum http1_event http1_next(struct http1 *m, struct http1_head *head, struct str *in)
{
	for (;;) {
		enum http1_event e = HTTP1_END;

		if (!in->n && m->state != FRAME && m->state != END && m->state < RAW)
			return HTTP1_MORE;
		switch ((enum state)m->state) {
		case START:
			if (!blanks_take(m, in))
				return not_http(m);
			if (!in->n)
				return HTTP1_MORE;
			message_begin(m, head);
			/* fall through */
		case FIRST:
			e = first_take(m, head, in);
			if (m->state != FIELDS || !in->n)
				break;
			/* fall through */
		case FIELDS:
			return fields_take(m, head, in);
		case FRAME:
			message_frame(m);
			break;
		case LENGTH:
		case UNTIL_CLOSE:
		case CHUNK:
			*in = str_from(*in, (size_t)body_take(m, in->n));
			if (m->state != END)
				break;
			/* fall through */
		case END:
			m->state = START;
			return HTTP1_END;
		case SIZE:
			e = size_take(m, in);
			break;
		case CHUNK_END:
			if (!chunk_end_take(m, in))
				return not_http(m);
			break;
		case TRAILERS:
			e = trailers_take(m, in);
			break;
		case RAW:
			*in = str_from(*in, in->n);
			return HTTP1_RAW;
		case NOT:
			*in = str_from(*in, in->n);
			return HTTP1_NOT;
		}
		if (e == HTTP1_MORE || e == HTTP1_NOT)
			return e;
	}
}

enum http1_event http1_skip(struct http1 *m, uint64_t n)
{
	if (m->state == FRAME)
		message_frame(m);
	while (n) {
		if (m->state == RAW)
			return HTTP1_RAW;
		if (m->state != LENGTH && m->state != UNTIL_CLOSE && m->state != CHUNK)
			return not_http(m);
		n -= body_take(m, n);
	}
	return HTTP1_MORE;
}

bool http1_cut_short(const struct http1 *m, struct http1_head *head)
{
	size_t method_n = method_length(first_gathered(m));

	if (m->state == FIELDS && head->method_n)
		return true;
	if (m->state != FIRST || !method_n)
		return false;
	head->method_n = (uint16_t)method_n;
	head->target = (uint16_t)(method_n + 1);
	head->target_n = (uint16_t)least(line_kept(m, head) - head->target, HTTP1_TARGET);
	head->n_fields = 0;
	head->cut = true;
	return true;
}
