/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass: tokens are cut off the front, `write` puts each into the text (a literal as `?`), and
 * `summarise` looks at it for the operation and the tables.
 */
#include "agent/sql.h"

#include <stdint.h>

/* The keywords that mean something here, in alphabetical order, and what each means. */
enum use {
	VALUE = 1 << 0,	       /* a value follows, so "x" after it may be a string */
	CLAUSE = 1 << 1,       /* a parenthesis after it holds no function arguments */
	FROM_END = 1 << 2,     /* ends the list of tables */
	TABLES = 1 << 3,       /* a table follows */
	OBJECT = 1 << 4,       /* what is created */
	BEFORE_NAME = 1 << 5,  /* stands before the name that we want */
	CHANGE = 1 << 6,       /* the operation of WITH ... AS (...) */
	DDL = 1 << 7,	       /* the object follows */
	ONE_NAME = 1 << 8,     /* one name, and no more */
	NAME_NEXT = 1 << 9,    /* the name follows the operation */
	ATTACH_WORD = 1 << 10, /* no argument of ATTACH */
};

#define KEYWORDS(X) \
	X(ALL, CLAUSE) \
	X(ALTER, DDL | ONE_NAME) \
	X(ANALYZE, ONE_NAME) \
	X(AND, CLAUSE) \
	X(AS, CLAUSE | ATTACH_WORD) \
	X(ATTACH, ATTACH_WORD) \
	X(BETWEEN, VALUE) \
	X(BY, CLAUSE) \
	X(CASE, CLAUSE) \
	X(CHECK, CLAUSE) \
	X(CONFLICT, CLAUSE) \
	X(CREATE, DDL | ONE_NAME) \
	X(DATABASE, ATTACH_WORD) \
	X(DEFAULT, VALUE) \
	X(DELETE, CHANGE) \
	X(DISTINCT, CLAUSE) \
	X(DROP, DDL | ONE_NAME) \
	X(ELSE, VALUE | CLAUSE) \
	X(ESCAPE, VALUE) \
	X(EXCEPT, CLAUSE | FROM_END) \
	X(EXISTS, CLAUSE | BEFORE_NAME) \
	X(FILTER, CLAUSE) \
	X(FROM, CLAUSE | TABLES) \
	X(GLOB, VALUE) \
	X(GROUP, FROM_END) \
	X(HAVING, CLAUSE | FROM_END) \
	X(IF, BEFORE_NAME) \
	X(IN, 0) \
	X(INDEX, OBJECT) \
	X(INSERT, CHANGE) \
	X(INTERSECT, CLAUSE | FROM_END) \
	X(INTO, CLAUSE | TABLES) \
	X(IS, VALUE) \
	X(JOIN, CLAUSE | TABLES) \
	X(KEY, CLAUSE | ATTACH_WORD) \
	X(LIKE, VALUE) \
	X(LIMIT, VALUE | FROM_END) \
	X(MATCH, VALUE) \
	X(NOT, VALUE | CLAUSE | BEFORE_NAME) \
	X(OFFSET, VALUE) \
	X(ON, CLAUSE | FROM_END) \
	X(OR, CLAUSE | BEFORE_NAME) \
	X(ORDER, FROM_END) \
	X(OVER, CLAUSE) \
	X(PRAGMA, ONE_NAME | NAME_NEXT) \
	X(REFERENCES, CLAUSE) \
	X(REGEXP, VALUE) \
	X(REINDEX, ONE_NAME | NAME_NEXT) \
	X(REPLACE, CHANGE) \
	X(RETURNING, CLAUSE) \
	X(SELECT, CLAUSE | FROM_END | CHANGE) \
	X(SET, CLAUSE | FROM_END) \
	X(TABLE, OBJECT) \
	X(THEN, VALUE | CLAUSE) \
	X(TRIGGER, OBJECT) \
	X(UNION, CLAUSE | FROM_END) \
	X(UPDATE, CHANGE | NAME_NEXT) \
	X(USING, CLAUSE | FROM_END) \
	X(VACUUM, ONE_NAME) \
	X(VALUES, FROM_END) \
	X(VIEW, OBJECT) \
	X(WHEN, VALUE | CLAUSE) \
	X(WHERE, CLAUSE | FROM_END) \
	X(WINDOW, FROM_END) \
	X(WITH, 0)

enum word {
	NO_WORD,
#define X(name, use) WORD_##name,
	KEYWORDS(X)
#undef X
		N_WORDS
};

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
	1,  7,	9,  13, 18, 22, 24, 26, 27, 34, 35, 36, 38, 39,
	40, 45, 46, 46, 51, 53, 56, 59, 62, 66, 66, 66, 66,
};

_Static_assert(N_WORDS == 66, "letters[] belongs to these keywords");

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

enum kind {
	SPACE,	/* and comments */
	WORD,	/* keyword or plain name */
	QUOTED, /* "name", `name`, [name] */
	LITERAL,
	PARAMETER,
	SIGN, /* one character */
};

struct token {
	enum kind kind;
	struct str s;
	enum word word; /* of a WORD */
};

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

/* To after the closing quote, which is doubled within; unclosed: to the end. */
static size_t quoted_end(struct str s, size_t i, char quote)
{
	for (i++; i < s.n; i++) {
		if (s.p[i] != quote)
			continue;
		if (quote == ']' || i + 1 >= s.n || s.p[i + 1] != quote)
			return i + 1;
		i++;
	}
	return s.n;
}

static size_t comment_end(struct str s)
{
	if (s.p[1] == '-') {
		const char *line = memchr(s.p, '\n', s.n);

		return line ? (size_t)(line - s.p) + 1 : s.n;
	}
	for (size_t i = 2; i + 1 < s.n; i++)
		if (s.p[i] == '*' && s.p[i + 1] == '/')
			return i + 2;
	return s.n;
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

	while (i < s.n && (is_word(s.p[i]) || (s.p[i] == ':' && i + 1 < s.n && s.p[i + 1] == ':')))
		i += s.p[i] == ':' ? 2 : 1;
	return i;
}

static struct token token_of(struct str s)
{
	char c = s.p[0], next = s.n > 1 ? s.p[1] : 0;

	if (is_blank(c))
		return (struct token){ .kind = SPACE, .s = str_first(s, run_of(s, 0, is_blank)) };
	if ((c == '-' && next == '-') || (c == '/' && next == '*'))
		return (struct token){ .kind = SPACE, .s = str_first(s, comment_end(s)) };
	if (c == '\'')
		return (struct token){ .kind = LITERAL, .s = str_first(s, quoted_end(s, 0, c)) };
	if (str_lower(c) == 'x' && next == '\'')
		return (struct token){ .kind = LITERAL, .s = str_first(s, quoted_end(s, 1, next)) };
	if (is_digit(c) || (c == '.' && is_digit(next)))
		return (struct token){ .kind = LITERAL, .s = str_first(s, number_end(s)) };
	if (c == '"' || c == '`' || c == '[')
		return (struct token){ .kind = QUOTED,
				       .s = str_first(s, quoted_end(s, 0, c == '[' ? ']' : c)) };
	if (c == '?' || ((c == ':' || c == '@' || c == '$' || c == '#') && is_word(next)))
		return (struct token){ .kind = PARAMETER, .s = str_first(s, parameter_end(s)) };
	if (is_word(c)) {
		struct str word = str_first(s, run_of(s, 0, is_word));

		return (struct token){ WORD, word, word_of(word) };
	}
	return (struct token){ .kind = SIGN, .s = str_first(s, 1) };
}

/* ---- the text ------------------------------------------------------------------------------------ */

enum { TABLES_MOST = 8 };

struct reader {
	struct sql *out;
	size_t text_n, summary_n, operation_n;
	enum word operation;
	struct token last; /* the last but spaces */
	bool with;	   /* the operation comes after WITH ... AS (...) */
	bool space;	   /* to be written before the next token */
	int depth;	   /* of parentheses */
	int list_depth;	   /* in a list of values from this depth on; 0: not */
	bool values;	   /* the list is that of VALUES, which may go on with another (...) */
	bool between;

	/* the summary */
	bool want_name, in_from, in_name, done;
	int from_depth;
	int n_tables;
	size_t name_at;
};

static bool word_does(enum word w, unsigned use)
{
	return (keywords[w].use & use) != 0;
}

static void put(struct reader *r, struct str s)
{
	if (s.n > SQL_TEXT_MOST - r->text_n)
		s.n = SQL_TEXT_MOST - r->text_n;
	memcpy(r->out->text_room + r->text_n, s.p, s.n);
	r->text_n += s.n;
}

/* Is what comes next in the place of a value, so that "x" may be a string? */
static bool is_value_place(const struct reader *r)
{
	if (r->list_depth && r->depth >= r->list_depth)
		return true;
	if (r->last.kind == SIGN)
		return strchr("=<>!|+-*/%&~", r->last.s.p[0]) != NULL;
	return word_does(r->last.word, VALUE) || (r->between && r->last.word == WORD_AND);
}

static bool is_member(const struct reader *r, struct str after)
{
	after = str_trim(after);
	return (after.n && after.p[0] == '.') || (r->last.kind == SIGN && r->last.s.p[0] == '.');
}

/* The arguments of these may hold a key or a file's name in any form. */
static bool is_secret(const struct reader *r, struct token t)
{
	if (t.kind == SIGN)
		return false;
	if (r->operation == WORD_PRAGMA)
		return r->depth > 0 || (r->last.kind != WORD && r->last.s.p[0] != '.') ||
		       t.kind == QUOTED;
	if (r->operation == WORD_ATTACH)
		return !word_does(t.word, ATTACH_WORD) && r->last.word != WORD_AS;
	return false;
}

static bool is_literal(const struct reader *r, struct token t, struct str after)
{
	if (t.kind == LITERAL || is_secret(r, t))
		return true;
	return t.kind == QUOTED && t.s.p[0] == '"' && is_value_place(r) && !is_member(r, after);
}

/* ---- the summary --------------------------------------------------------------------------------- */

static bool summary_put(struct reader *r, struct str s, bool apart)
{
	if (s.n + apart >= SQL_SUMMARY_MOST - r->summary_n) {
		r->done = true;
		return false;
	}
	if (apart)
		r->out->summary_room[r->summary_n++] = ' ';
	memcpy(r->out->summary_room + r->summary_n, s.p, s.n);
	r->summary_n += s.n;
	return true;
}

static struct str unquoted(struct token t)
{
	if (t.kind != QUOTED || t.s.n < 2)
		return t.s;
	return (struct str){ t.s.p + 1, t.s.n - 2 };
}

static void name_begin(struct reader *r, struct token t)
{
	r->want_name = false;
	if (r->n_tables == TABLES_MOST) {
		r->done = true;
		return;
	}
	if (!summary_put(r, unquoted(t), true))
		return;
	r->name_at = r->summary_n - unquoted(t).n;
	r->n_tables++;
	r->in_name = true;
	if (word_does(r->operation, ONE_NAME))
		r->done = true;
}

/* The rest of schema.table; false when the name is over. */
static bool name_go_on(struct reader *r, struct token t)
{
	if (t.kind == SIGN && t.s.p[0] == '.')
		return summary_put(r, t.s, false);
	if ((t.kind == WORD || t.kind == QUOTED) && r->last.kind == SIGN && r->last.s.p[0] == '.')
		return summary_put(r, unquoted(t), false);
	r->in_name = false;
	return false;
}

static void operation_found(struct reader *r, struct token t)
{
	if (t.kind != WORD ||
	    (r->depth && (r->with || (t.word != WORD_SELECT && t.word != WORD_VALUES))))
		return;
	if (r->with && !word_does(t.word, CHANGE))
		return;
	if (t.word == WORD_WITH) {
		r->with = true;
		return;
	}
	if (summary_put(r, t.s, false))
		r->operation_n = t.s.n;
	r->operation = t.word;
	r->want_name = word_does(t.word, NAME_NEXT);
}

static void object_found(struct reader *r, struct token t)
{
	if (word_does(t.word, OBJECT)) {
		summary_put(r, t.s, true);
		r->want_name = true;
	}
}

static void summarise_word(struct reader *r, struct token t)
{
	if (r->want_name) {
		bool skip = word_does(t.word, BEFORE_NAME) || r->last.word == WORD_OR;

		if (!skip) /* IF NOT EXISTS name, UPDATE OR IGNORE name */
			name_begin(r, t);
		return;
	}
	if (t.kind != WORD)
		return;
	if (word_does(r->operation, DDL)) {
		object_found(r, t);
	} else if (word_does(t.word, TABLES)) {
		r->want_name = r->last.word != WORD_DISTINCT;
		r->in_from = r->want_name && t.word != WORD_INTO;
		r->from_depth = r->depth;
	} else if (word_does(t.word, FROM_END)) {
		r->in_from = false;
	}
}

static void summarise(struct reader *r, struct token t)
{
	if (r->in_name && name_go_on(r, t))
		return;
	if (r->done)
		return;
	if (!r->operation_n) {
		operation_found(r, t);
		return;
	}
	if (t.kind == WORD || t.kind == QUOTED) {
		summarise_word(r, t);
	} else if (t.kind == SIGN) {
		r->want_name = t.s.p[0] == ',' && r->in_from && r->depth == r->from_depth;
	} else {
		r->want_name = false;
	}
}

/* Does a parenthesis here open a list of values: IN (, = (, or the arguments of a function? */
static bool opens_values(const struct reader *r)
{
	if (r->last.kind == SIGN)
		return is_value_place(r);
	if (r->last.kind != WORD || r->in_name || !r->operation_n || word_does(r->operation, DDL))
		return false;
	return r->last.word == WORD_IN || !word_does(r->last.word, CLAUSE);
}

static void nest_word(struct reader *r, enum word word)
{
	bool opened = r->last.kind == SIGN && r->last.s.p[0] == '(';

	if (r->values && r->depth < r->list_depth)
		r->list_depth = r->values = 0;
	if (opened && r->depth == r->list_depth && (word == WORD_SELECT || word == WORD_WITH))
		r->list_depth = 0;
	if (word == WORD_VALUES && !r->list_depth) {
		r->values = true;
		r->list_depth = r->depth + 1;
	}
	if (word == WORD_BETWEEN)
		r->between = true;
}

static void nest(struct reader *r, struct token t)
{
	if (r->between && r->last.word == WORD_AND)
		r->between = false;
	if (t.kind == WORD) {
		nest_word(r, t.word);
	} else if (t.kind == SIGN && t.s.p[0] == '(') {
		r->depth++;
		if (!r->list_depth && opens_values(r))
			r->list_depth = r->depth;
	} else if (t.kind == SIGN && t.s.p[0] == ')' && r->depth) {
		r->depth--;
		if (!r->values && r->depth < r->list_depth)
			r->list_depth = 0;
	}
}

static struct str collection_of(const struct reader *r)
{
	size_t end = r->name_at;

	if (r->n_tables != 1 || r->operation == WORD_PRAGMA)
		return (struct str){ 0 };
	while (end < r->summary_n && r->out->summary_room[end] != ' ')
		end++;
	return (struct str){ r->out->summary_room + r->name_at, end - r->name_at };
}

void sql_read(struct sql *out, struct str statement)
{
	struct reader r = { .out = out };

	while (statement.n && r.text_n < SQL_TEXT_MOST) {
		struct token t = token_of(statement);

		statement = str_from(statement, t.s.n);
		if (t.kind == SPACE) {
			r.space = r.text_n > 0;
			continue;
		}
		if (r.space)
			put(&r, STR(" "));
		r.space = false;
		put(&r, is_literal(&r, t, statement) ? STR("?") : t.s);
		nest(&r, t);
		summarise(&r, t);
		r.last = t;
	}
	out->summary_room[r.summary_n] = 0;
	out->text = (struct str){ out->text_room, r.text_n };
	out->summary = (struct str){ out->summary_room, r.summary_n };
	out->operation = (struct str){ out->summary_room, r.operation_n };
	out->collection = collection_of(&r);
}
