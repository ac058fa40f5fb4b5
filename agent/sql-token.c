/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sql-token.h"

static const struct keyword {
	const char *name;
	uint8_t n;
	uint16_t use;
} keywords[N_WORDS] = {
#define X(name, use) [WORD_##name] = { #name, sizeof(#name) - 1, use },
	KEYWORDS(X)
#undef X
};

/* Where the keywords of each letter begin; those of the next letter end them. */
static const uint8_t letters[27] = {
	1, 7, 10, 16, 21, 26, 28, 30, 31, 39, 40, 41, 45, 47,
	48, 54, 55, 55, 60, 62, 66, 70, 73, 77, 77, 77, 77,
};

_Static_assert(N_WORDS == 77, "letters[] belongs to these keywords");

/* How the dialects differ. */
enum trait {
	BACKSLASH = 1 << 0, /* escapes in every string; "x" is a string */
	DOLLARS = 1 << 1,   /* $tag$ strings, E'strings', nested comments */
	NAMED = 1 << 2,	    /* :name, #name, $name parameters, [names] */
};

static const struct {
	unsigned traits;
	const char *prefixes; /* letters that may stand before a string */
} dialects[] = {
	[SQL_SQLITE] = { NAMED, "x" },
	[SQL_POSTGRESQL] = { DOLLARS, "xbne" },
	[SQL_MYSQL] = { BACKSLASH, "xbn" },
};

static bool has(enum sql_dialect d, unsigned trait)
{
	return (dialects[d].traits & trait) != 0;
}

bool sql_word_does(enum word w, unsigned use)
{
	return (keywords[w].use & use) != 0;
}

static enum word word_of(struct str s)
{
	unsigned char letter = (unsigned char)(str_lower(s.p[0]) - 'a');

	if (letter >= 26)
		return NO_WORD;
	for (int i = letters[letter]; i < letters[letter + 1]; i++) {
		size_t k = 1;

		if (keywords[i].n != s.n)
			continue;
		while (k < s.n && str_lower(s.p[k]) == str_lower(keywords[i].name[k]))
			k++;
		if (k == s.n)
			return (enum word)i;
	}
	return NO_WORD;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
	       c == '$' || (unsigned char)c >= 0x80;
}

static size_t run_of(struct str s, size_t i, bool (*is)(char))
{
	while (i < s.n && is(s.p[i]))
		i++;
	return i;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* What ends there; beyond the end if it isn't closed. */
static struct token until(enum kind kind, struct str s, size_t end)
{
	return (struct token){ .kind = kind, .s = str_first(s, end), .open = end > s.n };
}

/* To after the closing quote, which is doubled within. */
static size_t quoted_end(struct str s, size_t i, char quote, bool backslash)
{
	for (i++; i < s.n; i++) {
		if (backslash && s.p[i] == '\\') {
			i++;
			continue;
		}
		if (s.p[i] != quote)
			continue;
		if (quote == ']' || i + 1 >= s.n || s.p[i + 1] != quote)
			return i + 1;
		i++;
	}
	return s.n + 1;
}

static size_t line_end(struct str s)
{
	const char *line = memchr(s.p, '\n', s.n);

	return line ? (size_t)(line - s.p) + 1 : s.n + 1;
}

static size_t comment_end(struct str s, bool nested)
{
	size_t depth = 1;

	for (size_t i = 2; i + 1 < s.n; i++) {
		if (s.p[i] == '*' && s.p[i + 1] == '/') {
			i++;
			if (!--depth)
				return i + 1;
		} else if (nested && s.p[i] == '/' && s.p[i + 1] == '*') {
			i++;
			depth++;
		}
	}
	return s.n + 1;
}

/* What stands in a version comment is run: only its marks are a comment, and its end. */
static size_t version_mark(struct str s)
{
	size_t i = 2;

	if (i < s.n && s.p[i] == 'M')
		i++;
	return i < s.n && s.p[i] == '!' ? run_of(s, i + 1, is_digit) : 0;
}

static size_t number_end(struct str s)
{
	size_t i = 0;

	while (i < s.n && (is_word(s.p[i]) || s.p[i] == '.' ||
			   ((s.p[i] == '+' || s.p[i] == '-') && str_lower(s.p[i - 1]) == 'e')))
		i++;
	return i;
}

static size_t parameter_end(struct str s)
{
	size_t i = 1;

	while (i < s.n && (is_word(s.p[i]) || s.p[i] == '@' ||
			   (s.p[i] == ':' && i + 1 < s.n && s.p[i + 1] == ':')))
		i += s.p[i] == ':' ? 2 : 1;
	return i;
}

/* $tag$ ... $tag$; 0: not one. */
static size_t dollars_end(struct str s)
{
	size_t tag = 1;

	while (tag < s.n && is_word(s.p[tag]) && s.p[tag] != '$')
		tag++;
	if (tag >= s.n || s.p[tag] != '$' || is_digit(s.p[1]))
		return 0;
	tag++;

	const char *end = memmem(s.p + tag, s.n - tag, s.p, tag);

	return end ? (size_t)(end - s.p) + tag : s.n + 1;
}

/* A comment at the front, or an empty one. */
static struct token comment_of(enum sql_dialect d, struct str s)
{
	char c = s.p[0], next = s.n > 1 ? s.p[1] : 0;
	size_t mark = 0;

	if (c == '-' && next == '-' && (d != SQL_MYSQL || s.n == 2 || (unsigned char)s.p[2] <= ' '))
		return until(COMMENT, s, line_end(s));
	if (d == SQL_MYSQL && c == '#')
		return until(COMMENT, s, line_end(s));
	if (d == SQL_MYSQL && c == '*' && next == '/')
		return until(COMMENT, s, 2);
	if (c != '/' || next != '*')
		return until(COMMENT, s, 0);
	if (d == SQL_MYSQL)
		mark = version_mark(s);
	return until(COMMENT, s, mark ? mark : comment_end(s, has(d, DOLLARS)));
}

/* A string with what may stand before it, or an empty one. */
static struct token string_of(enum sql_dialect d, struct str s)
{
	char c = s.p[0];
	size_t prefix = 0, dollars;

	if (c == '$' && has(d, DOLLARS)) {
		dollars = dollars_end(s);
		return until(LITERAL, s, dollars);
	}
	if (s.n > 1 && s.p[1] == '\'' && c && strchr(dialects[d].prefixes, str_lower(c)))
		prefix = 1;
	else if (s.n > 2 && has(d, DOLLARS) && str_lower(c) == 'u' && s.p[1] == '&' && s.p[2] == '\'')
		prefix = 2;
	if (s.p[prefix] != '\'' && !(s.p[prefix] == '"' && has(d, BACKSLASH)))
		return until(LITERAL, s, 0);
	return until(LITERAL, s,
		     quoted_end(s, prefix, s.p[prefix],
				has(d, BACKSLASH) ||
					(prefix == 1 && has(d, DOLLARS) && str_lower(c) == 'e')));
}

static bool is_parameter(enum sql_dialect d, char c, char next)
{
	if (c == '?')
		return d != SQL_POSTGRESQL;
	if (d == SQL_POSTGRESQL)
		return c == '$' && is_digit(next);
	return (c == '@' && (is_word(next) || next == '@')) ||
	       (has(d, NAMED) && (c == ':' || c == '$' || c == '#') && is_word(next));
}

struct token sql_token(enum sql_dialect d, struct str s)
{
	char c = s.p[0], next = s.n > 1 ? s.p[1] : 0;
	struct token t;

	if (is_blank(c))
		return until(SPACE, s, run_of(s, 0, is_blank));
	t = comment_of(d, s);
	if (!t.s.n)
		t = string_of(d, s);
	if (t.s.n)
		return t;
	if (is_digit(c) || (c == '.' && is_digit(next)))
		return until(LITERAL, s, number_end(s));
	if (c == '"' || (c == '`' && d != SQL_POSTGRESQL))
		return until(QUOTED, s, quoted_end(s, 0, c, false));
	if (c == '[' && has(d, NAMED))
		return until(QUOTED, s, quoted_end(s, 0, ']', false));
	if (is_parameter(d, c, next))
		return until(PARAMETER, s, parameter_end(s));
	if (is_word(c)) {
		t = until(WORD, s, run_of(s, 0, is_word));
		t.word = word_of(t.s);
		return t;
	}
	return until(SIGN, s, 1);
}
