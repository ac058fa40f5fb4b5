/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redact: the secrets within a text.
 *
 * One pass. A table says which bytes may begin something; what begins there says where it ends, and
 * the search goes on behind it. A colon or an equals sign looks back for its key, which never goes
 * beyond KEY_MOST bytes.
 */
#include "base/redact-find.h"
#include "base/redact.h"

enum { KEY_MOST = 64 };

enum lead {
	LEAD_NONE,
	LEAD_DIGIT,
	LEAD_LETTER, /* of a token's first letters */
	LEAD_B,	     /* bearer, basic */
	LEAD_IS,     /* : and = */
	LEAD_TAG,    /* > */
	LEAD_DASH,
};

#define DIGITS \
	['0'] = LEAD_DIGIT, ['1'] = LEAD_DIGIT, ['2'] = LEAD_DIGIT, ['3'] = LEAD_DIGIT, \
	['4'] = LEAD_DIGIT, ['5'] = LEAD_DIGIT, ['6'] = LEAD_DIGIT, ['7'] = LEAD_DIGIT, \
	['8'] = LEAD_DIGIT, ['9'] = LEAD_DIGIT

static const uint8_t lead[256] = {
	DIGITS,
	['e'] = LEAD_LETTER,
	['A'] = LEAD_LETTER,
	['G'] = LEAD_LETTER,
	['y'] = LEAD_LETTER,
	['S'] = LEAD_LETTER,
	['g'] = LEAD_LETTER,
	['x'] = LEAD_LETTER,
	['s'] = LEAD_LETTER,
	['r'] = LEAD_LETTER,
	['w'] = LEAD_LETTER,
	['n'] = LEAD_LETTER,
	['p'] = LEAD_LETTER,
	['h'] = LEAD_LETTER,
	['d'] = LEAD_LETTER,
	['b'] = LEAD_B,
	['B'] = LEAD_B,
	[':'] = LEAD_IS,
	['='] = LEAD_IS,
	['>'] = LEAD_TAG,
	['-'] = LEAD_DASH,
};

static const bool in_word[256] = {
	['0' ... '9'] = true,
	['A' ... 'Z'] = true,
	['a' ... 'z'] = true,
};

/* Cards, tokens and schemes begin where a word does. */
static inline bool may_begin(struct str t, size_t at)
{
	uint8_t c = lead[(unsigned char)t.p[at]];

	if (c == LEAD_NONE)
		return false;
	return c >= LEAD_IS || !at || !in_word[(unsigned char)t.p[at - 1]];
}

/* What is to be replaced. */
struct hit {
	size_t at, end;
	enum redact_action action;
	bool quote; /* what stands for it belongs in quotes: a number in JSON has none */
};

/* ---- the key before a colon or an equals sign ----------------------------------------------------- */

static bool is_key(char c)
{
	return is_token(c) || c == '.' || c == '[' || c == ']' || c == '%' ||
	       (unsigned char)c >= 0x80;
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'' || c == '`';
}

/* Up to two words more: "wrong api key: ..". */
static size_t words_begin(struct str t, size_t at)
{
	for (int words = 0; words < 2 && at > 1 && t.p[at - 1] == ' ' && is_token(t.p[at - 2]);
	     words++)
		for (at--; at && is_token(t.p[at - 1]); at--)
			;
	return at;
}

static struct str part(struct str t, size_t from, size_t to)
{
	return (struct str){ t.p + from, to - from };
}

static enum redact_action key_in_quotes(const struct redact *r, struct str t, size_t end)
{
	char quote = t.p[end - 1];
	size_t to = end - 1, from;

	while (to && t.p[to - 1] == '\\')
		to--;
	for (from = to; from && to - from < KEY_MOST && t.p[from - 1] != quote; from--)
		;
	return redact_key(r, part(t, from, to));
}

/* `limit`: nothing before it is a key any more. */
static enum redact_action key_before(const struct redact *r, struct str t, size_t end, size_t limit)
{
	size_t from;
	enum redact_action action;

	t = str_first(t, end);
	if (end - limit > KEY_MOST)
		limit = end - KEY_MOST;
	while (end > limit && t.p[end - 1] == ' ')
		end--;
	if (end == limit)
		return REDACT_KEEP;
	if (is_quote(t.p[end - 1]))
		return key_in_quotes(r, str_from(t, limit), end - limit);
	for (from = end; from > limit && is_key(t.p[from - 1]); from--)
		;
	if (from == end)
		return REDACT_KEEP;
	if (from && (t.p[from - 1] == '?' || t.p[from - 1] == '&'))
		action = redact_parameter(r, part(t, from, end));
	else
		action = redact_key(r, part(t, from, end));
	if (action || from <= limit + 1 || t.p[from - 1] != ' ')
		return action;
	from = words_begin(str_from(t, limit), from - limit) + limit;
	return redact_words(r, part(t, from, end));
}

/* ---- the value behind it ---------------------------------------------------------------------------- */

static bool ends_value(char c)
{
	return str_is_blank(c) || c == ',' || c == ';' || c == '&' || c == '"' || c == '\'' ||
	       c == ')' || c == ']' || c == '}' || c == '<' || c == '>' || c == '`' || c == '|';
}

/* Behind the quote at `at`, perhaps one that is itself quoted: \". */
static size_t quoted_end(struct str t, size_t at, size_t escapes)
{
	char quote = t.p[at];

	for (size_t i = at + 1; i < t.n; i++) {
		size_t n = 0;

		for (; i < t.n && t.p[i] == '\\'; i++)
			n++;
		if (i < t.n && t.p[i] == quote && n <= escapes)
			return i - n;
	}
	return t.n;
}

/* To the bracket that matches the one at `at`. */
static size_t bracket_end(struct str t, size_t at)
{
	size_t depth = 0;

	for (size_t i = at; i < t.n; i++) {
		if (t.p[i] == '{' || t.p[i] == '[')
			depth++;
		else if (t.p[i] == '"')
			i = quoted_end(t, i, 0);
		else if ((t.p[i] == '}' || t.p[i] == ']') && --depth == 0)
			return i + 1;
	}
	return t.n;
}

static size_t line_end(struct str t, size_t at)
{
	while (at < t.n && t.p[at] != '\r' && t.p[at] != '\n' && t.p[at] != '"')
		at++;
	return at;
}

bool redact_is_mark(struct str value)
{
	return str_eq(value, STR(REDACT_MARK)) || str_eq(value, STR("REDACTED")) ||
	       (str_starts(value, STR("hash:")) && value.n == 21);
}

/* Said instead of a value: by us, or by nobody's password. */
static bool is_no_secret(struct str value)
{
	static const struct str none[] = {
		STR("null"),	  STR("none"), STR("nil"), STR("true"),	     STR("false"),
		STR("undefined"), STR("yes"),  STR("no"),  STR("[REDACTED"), STR("?"),
	};
	size_t stars = 0;

	while (stars < value.n && value.p[stars] == '*')
		stars++;
	if (stars == value.n || redact_is_mark(value))
		return true;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (str_eq_nocase(value, none[i]))
			return true;
	return false;
}

/* These have values with blanks in them, to the end of the line. */
static bool is_header(struct str t, size_t colon)
{
	static const struct str names[] = { STR("authorization"), STR("cookie") };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = names[i].n;

		if (colon >= n && str_eq_nocase(part(t, colon - n, colon), names[i]))
			return true;
	}
	return false;
}

static bool value_after(struct str t, size_t at, bool header, struct hit *hit)
{
	size_t escapes = 0;

	while (at < t.n && t.p[at] == ' ')
		at++;
	for (; at < t.n && t.p[at] == '\\'; at++)
		escapes++;
	hit->at = at;
	if (at < t.n && is_quote(t.p[at])) {
		hit->at++;
		hit->end = quoted_end(t, at, escapes);
	} else if (at < t.n && (t.p[at] == '{' || t.p[at] == '[') &&
		   !str_starts(str_from(t, at), STR(REDACT_MARK))) {
		hit->end = bracket_end(t, at);
	} else if (header) {
		hit->end = line_end(t, at);
	} else {
		for (; at < t.n && !ends_value(t.p[at]); at++)
			;
		hit->end = at;
	}
	return hit->end > hit->at && !is_no_secret(part(t, hit->at, hit->end));
}

/* "key" : */
static bool ends_in_quote(struct str before)
{
	while (before.n && before.p[before.n - 1] == ' ')
		before.n--;
	return before.n && before.p[before.n - 1] == '"' &&
	       (before.n < 2 || before.p[before.n - 2] != '\\');
}

static bool find_pair(const struct redact *r, struct str t, size_t at, size_t limit,
		      struct hit *hit)
{
	size_t from;

	if (t.p[at] == ':' && (hit->end = find_userinfo(t, at, &from)) != 0) {
		hit->at = from;
		hit->action = (enum redact_action)r->usual;
		return hit->action && !is_no_secret(part(t, hit->at, hit->end));
	}
	if (at + 1 == t.n || t.p[at + 1] == ':' || t.p[at + 1] == '=')
		return false;
	hit->action = key_before(r, t, at, limit);
	if (!hit->action)
		return false;
	if (!value_after(t, at + 1 + (t.p[at + 1] == '>'), t.p[at] == ':' && is_header(t, at), hit))
		return false;
	hit->quote =
		t.p[at] == ':' && ends_in_quote(str_first(t, at)) && !is_quote(t.p[hit->at - 1]);
	return true;
}

/* <password>..< */
static bool find_tag(const struct redact *r, struct str t, size_t at, size_t limit, struct hit *hit)
{
	size_t from = at;

	while (from > limit && at - from < KEY_MOST && is_key(t.p[from - 1]))
		from--;
	if (from == limit || from == at || t.p[from - 1] != '<')
		return false;
	hit->action = redact_key(r, part(t, from, at));
	hit->at = at + 1;
	for (hit->end = at + 1; hit->end < t.n && t.p[hit->end] != '<'; hit->end++)
		;
	return hit->action && hit->end > hit->at && !is_no_secret(part(t, hit->at, hit->end));
}

/* --password .. */
static bool find_option(const struct redact *r, struct str t, size_t at, struct hit *hit)
{
	size_t end = at;

	if (at && is_token(t.p[at - 1]))
		return false;
	while (end < t.n && is_token(t.p[end]) && end - at < KEY_MOST)
		end++;
	if (end + 1 >= t.n || t.p[end] != ' ' || t.p[end + 1] == '-' || end - at < 3)
		return false;
	hit->action = redact_key(r, part(t, at, end));
	return hit->action && value_after(t, end, false, hit);
}

static bool find_usual(const struct redact *r, size_t at, size_t end, struct hit *hit)
{
	*hit = (struct hit){ at, end, (enum redact_action)r->usual, false };
	return end && r->usual;
}

/* Does something begin at `at`? `limit` is the end of the last one. */
static bool find_at(const struct redact *r, struct str t, size_t at, size_t limit, struct hit *hit)
{
	size_t from = at, end;

	switch ((enum lead)lead[(unsigned char)t.p[at]]) {
	case LEAD_NONE:
		return false;
	case LEAD_DIGIT:
		return find_usual(r, at, find_card(t, at), hit);
	case LEAD_LETTER:
		return find_usual(r, at, find_token(t, at), hit);
	case LEAD_B:
		end = find_bearer(t, at, &from);
		return find_usual(r, from, end, hit);
	case LEAD_IS:
		return find_pair(r, t, at, limit, hit);
	case LEAD_TAG:
		return find_tag(r, t, at, limit, hit);
	case LEAD_DASH:
		if (at + 1 == t.n || t.p[at + 1] != '-')
			return false;
		end = find_private_key(t, at);
		return end ? find_usual(r, at, end, hit) : find_option(r, t, at, hit);
	}
	return false;
}

struct sink {
	char *p;
	size_t n, room;
};

/* What is cut is not cut within a character of UTF-8, and nothing follows it. */
static void sink_put(struct sink *s, struct str piece)
{
	size_t n = s->room - s->n;

	if (piece.n > n) {
		while (n && ((unsigned char)piece.p[n] & 0xc0) == 0x80)
			n--;
		piece.n = n;
		s->room = s->n + n;
	}
	if (s->p && piece.n)
		memcpy(s->p + s->n, piece.p, piece.n);
	s->n += piece.n;
}

size_t redact_text(const struct redact *r, struct str t, char *out, size_t room)
{
	struct sink s = { out, 0, room };
	char mark[REDACT_MARK_MOST];
	size_t done = 0, at = 0;
	struct hit hit;

	if (r->off || t.n < REDACT_LEAST)
		at = t.n;
	while (at < t.n && s.n + (at - done) < room) {
		hit.quote = false;
		if (!may_begin(t, at) || !find_at(r, t, at, done, &hit)) {
			at++;
			continue;
		}
		sink_put(&s, part(t, done, hit.at));
		sink_put(&s, str_first(STR("\""), hit.quote));
		sink_put(&s, (struct str){ mark, redact_mark(r, hit.action,
							     part(t, hit.at, hit.end), mark) });
		sink_put(&s, str_first(STR("\""), hit.quote));
		at = done = hit.end;
	}
	sink_put(&s, str_from(t, done));
	return s.n;
}
