/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/database/sql-token.h"

const struct sql_keyword sql_keywords[N_WORDS] = {
#define X(name, use) \
	[WORD_##name] = { #name, SQL_KEY(#name[0], #name[sizeof(#name) - 2], sizeof(#name) - 1), \
			  use },
	KEYWORDS(X)
#undef X
};

/* Where the keywords of each letter begin; those of the next letter end them. */
const uint8_t sql_letters[27] = {
	1,  7,	10, 16, 21, 26, 28, 30, 31, 39, 40, 41, 45, 47,
	48, 54, 55, 55, 60, 62, 66, 70, 73, 77, 77, 77, 77,
};

_Static_assert(N_WORDS == 77, "sql_letters[] belongs to these keywords");

/* How the dialects differ. */
enum trait {
	ESCAPES = 1 << 0,    /* by backslashes in every string */
	POSTGRESQL = 1 << 1, /* $tag$ strings, E'strings', nested comments */
	MYSQL = 1 << 2,	     /* "strings", # and version comments */
	NAMED = 1 << 3,	     /* :name, #name, $name parameters, [names] */
};

static const struct {
	unsigned traits;
	const char *prefixes; /* letters that may stand before a string */
} dialects[N_SQL_DIALECTS] = {
	[SQL_SQLITE] = { NAMED, "x" },
	[SQL_POSTGRESQL] = { POSTGRESQL, "xbne" },
	[SQL_POSTGRESQL_ESCAPES] = { POSTGRESQL | ESCAPES, "xbne" },
	[SQL_MYSQL] = { MYSQL | ESCAPES, "xbn" },
	[SQL_MYSQL_NO_ESCAPES] = { MYSQL, "xbn" },
};

static bool has(enum sql_dialect d, unsigned trait)
{
	return (dialects[d].traits & trait) != 0;
}

const uint8_t sql_classes[256] = {
	['a' ... 'z'] = LETTER | IN_WORD,
	['A' ... 'Z'] = LETTER | IN_WORD,
	['_'] = LETTER | IN_WORD,
	[0x80 ... 0xff] = LETTER | IN_WORD,
	['0' ... '9'] = DIGIT | IN_WORD,
	['$'] = IN_WORD,
	['\t' ... '\r'] = BLANK,
	[' '] = BLANK,
	['('] = ALONE | NESTING,
	[')'] = ALONE | NESTING,
	[','] = ALONE,
	[';'] = ALONE | NESTING,
	['='] = ALONE | OPERATOR,
	['<'] = ALONE | OPERATOR,
	['>'] = ALONE | OPERATOR,
	['!'] = OPERATOR,
	['|'] = OPERATOR,
	['+'] = OPERATOR,
	['-'] = OPERATOR,
	['*'] = OPERATOR,
	['/'] = OPERATOR,
	['%'] = OPERATOR,
	['&'] = OPERATOR,
	['~'] = OPERATOR,
};

static inline size_t run_of(struct str s, size_t i, unsigned class)
{
	while (i < s.n && sql_is(s.p[i], class))
		i++;
	return i;
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
	return i < s.n && s.p[i] == '!' ? run_of(s, i + 1, DIGIT) : 0;
}

static size_t number_end(struct str s)
{
	size_t i = 0;

	while (i < s.n && (sql_is(s.p[i], IN_WORD) || s.p[i] == '.' ||
			   ((s.p[i] == '+' || s.p[i] == '-') && str_lower(s.p[i - 1]) == 'e')))
		i++;
	return i;
}

static size_t parameter_end(struct str s)
{
	size_t i = 1;

	while (i < s.n && (sql_is(s.p[i], IN_WORD) || s.p[i] == '@' ||
			   (s.p[i] == ':' && i + 1 < s.n && s.p[i + 1] == ':')))
		i += s.p[i] == ':' ? 2 : 1;
	return i;
}

/* $tag$ ... $tag$; 0: not one. */
static size_t dollars_end(struct str s)
{
	size_t tag = 1;

	while (tag < s.n && sql_is(s.p[tag], IN_WORD) && s.p[tag] != '$')
		tag++;
	if (tag >= s.n || s.p[tag] != '$' || sql_is(s.p[1], DIGIT))
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

	if (c == '-' && next == '-' && (!has(d, MYSQL) || s.n == 2 || (unsigned char)s.p[2] <= ' '))
		return until(COMMENT, s, line_end(s));
	if (has(d, MYSQL) && c == '#')
		return until(COMMENT, s, line_end(s));
	if (has(d, MYSQL) && c == '*' && next == '/')
		return until(COMMENT, s, 2);
	if (c != '/' || next != '*')
		return until(COMMENT, s, 0);
	if (has(d, MYSQL))
		mark = version_mark(s);
	return until(COMMENT, s, mark ? mark : comment_end(s, has(d, POSTGRESQL)));
}

/* A string with what may stand before it, or an empty one. */
static struct token string_of(enum sql_dialect d, struct str s)
{
	char c = s.p[0];
	size_t prefix = 0, dollars;

	if (c == '$' && has(d, POSTGRESQL)) {
		dollars = dollars_end(s);
		return until(LITERAL, s, dollars);
	}
	if (s.n > 1 && s.p[1] == '\'' && c && strchr(dialects[d].prefixes, str_lower(c)))
		prefix = 1;
	else if (s.n > 2 && has(d, POSTGRESQL) && str_lower(c) == 'u' && s.p[1] == '&' &&
		 s.p[2] == '\'')
		prefix = 2;
	if (s.p[prefix] != '\'' && !(s.p[prefix] == '"' && has(d, MYSQL)))
		return until(LITERAL, s, 0);
	return until(LITERAL, s,
		     quoted_end(s, prefix, s.p[prefix],
				has(d, ESCAPES) || (prefix == 1 && has(d, POSTGRESQL) &&
						    str_lower(c) == 'e')));
}

static bool is_parameter(enum sql_dialect d, char c, char next)
{
	if (c == '?')
		return !has(d, POSTGRESQL);
	if (has(d, POSTGRESQL))
		return c == '$' && sql_is(next, DIGIT);
	return (c == '@' && (sql_is(next, IN_WORD) || next == '@')) ||
	       (has(d, NAMED) && (c == ':' || c == '$' || c == '#') && sql_is(next, IN_WORD));
}

static struct token word_token(struct str s)
{
	struct token t = until(WORD, s, run_of(s, 0, IN_WORD));

	t.word = sql_word(t.s);
	return t;
}

struct token sql_token(enum sql_dialect d, struct str s)
{
	char c = s.p[0], next = s.n > 1 ? s.p[1] : 0;
	struct token t;

	if (sql_is(c, BLANK))
		return until(SPACE, s, run_of(s, 0, BLANK));
	if (sql_is(c, LETTER) && next != '\'' && next != '&')
		return word_token(s);
	if (sql_is(c, ALONE))
		return until(SIGN, s, 1);
	t = comment_of(d, s);
	if (!t.s.n)
		t = string_of(d, s);
	if (t.s.n)
		return t;
	if (sql_is(c, DIGIT) || (c == '.' && sql_is(next, DIGIT)))
		return until(LITERAL, s, number_end(s));
	if (c == '"' || (c == '`' && !has(d, POSTGRESQL)))
		return until(QUOTED, s, quoted_end(s, 0, c, false));
	if (c == '[' && has(d, NAMED))
		return until(QUOTED, s, quoted_end(s, 0, ']', false));
	if (is_parameter(d, c, next))
		return until(PARAMETER, s, parameter_end(s));
	if (sql_is(c, IN_WORD))
		return word_token(s);
	return until(SIGN, s, 1);
}
