/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL token: the next piece of a statement, in one of three dialects. Any bytes make tokens; what
 * is unclosed goes on to the end.
 */
#pragma once

#include <stdint.h>

#include "agent/database/sql.h"
#include "base/str.h"

/* The keywords that mean something here, in alphabetical order, and what each means. */
enum use {
	VALUE = 1 << 0,	       /* a value follows, so "x" after it may be a string */
	CLAUSE = 1 << 1,       /* a parenthesis after it holds no function arguments */
	FROM_END = 1 << 2,     /* ends the list of tables */
	TABLES = 1 << 3,       /* a table follows */
	OBJECT = 1 << 4,       /* what is created */
	BEFORE_NAME = 1 << 5,  /* stands before the name that we want */
	CHANGE = 1 << 6,       /* works on rows; the operation of WITH ... AS (...) */
	DDL = 1 << 7,	       /* the object follows */
	ONE_NAME = 1 << 8,     /* one name, and no more */
	NAME_NEXT = 1 << 9,    /* the name follows the operation */
	ATTACH_WORD = 1 << 10, /* no argument of ATTACH */
	NO_TABLE = 1 << 11,    /* the name is not a table's */
	NEST = 1 << 12,	       /* begins a list, a query or a body */

	TURNS = TABLES | OBJECT | CHANGE | NEST, /* means something wherever it stands */
};

#define KEYWORDS(X) \
	X(ALL, CLAUSE) \
	X(ALTER, DDL | ONE_NAME) \
	X(ANALYZE, ONE_NAME) \
	X(AND, CLAUSE) \
	X(AS, CLAUSE | ATTACH_WORD) \
	X(ATTACH, ATTACH_WORD) \
	X(BEGIN, NEST) \
	X(BETWEEN, VALUE | NEST) \
	X(BY, CLAUSE) \
	X(CALL, ONE_NAME | NAME_NEXT | NO_TABLE) \
	X(CASE, CLAUSE) \
	X(CHECK, CLAUSE) \
	X(CONFLICT, CLAUSE) \
	X(COPY, ONE_NAME | NAME_NEXT) \
	X(CREATE, DDL | ONE_NAME) \
	X(DATABASE, ATTACH_WORD) \
	X(DEFAULT, VALUE) \
	X(DELETE, CHANGE) \
	X(DISTINCT, CLAUSE) \
	X(DROP, DDL | ONE_NAME) \
	X(ELSE, VALUE | CLAUSE) \
	X(ESCAPE, VALUE) \
	X(EXCEPT, CLAUSE | FROM_END) \
	X(EXECUTE, ONE_NAME | NAME_NEXT | NO_TABLE) \
	X(EXISTS, CLAUSE | BEFORE_NAME) \
	X(FILTER, CLAUSE) \
	X(FROM, CLAUSE | TABLES) \
	X(GLOB, VALUE) \
	X(GROUP, FROM_END) \
	X(HAVING, CLAUSE | FROM_END) \
	X(IF, BEFORE_NAME) \
	X(IGNORE, BEFORE_NAME) \
	X(IN, 0) \
	X(INDEX, OBJECT) \
	X(INSERT, CHANGE) \
	X(INTERSECT, CLAUSE | FROM_END) \
	X(INTO, CLAUSE | TABLES) \
	X(IS, VALUE) \
	X(JOIN, CLAUSE | TABLES) \
	X(KEY, CLAUSE | ATTACH_WORD) \
	X(LATERAL, CLAUSE | BEFORE_NAME) \
	X(LIKE, VALUE) \
	X(LIMIT, VALUE | FROM_END) \
	X(LOW_PRIORITY, BEFORE_NAME) \
	X(MATCH, VALUE) \
	X(MERGE, CHANGE) \
	X(NOT, VALUE | CLAUSE | BEFORE_NAME) \
	X(OFFSET, VALUE) \
	X(ON, CLAUSE | FROM_END) \
	X(ONLY, BEFORE_NAME) \
	X(OR, CLAUSE | BEFORE_NAME) \
	X(ORDER, FROM_END) \
	X(OVER, CLAUSE) \
	X(PRAGMA, ONE_NAME | NAME_NEXT | NO_TABLE) \
	X(REFERENCES, CLAUSE) \
	X(REGEXP, VALUE) \
	X(REINDEX, ONE_NAME | NAME_NEXT) \
	X(REPLACE, CHANGE) \
	X(RETURNING, CLAUSE) \
	X(SELECT, CLAUSE | FROM_END | CHANGE) \
	X(SET, CLAUSE | FROM_END) \
	X(TABLE, OBJECT | BEFORE_NAME) \
	X(THEN, VALUE | CLAUSE) \
	X(TRIGGER, OBJECT) \
	X(TRUNCATE, ONE_NAME | NAME_NEXT) \
	X(UNION, CLAUSE | FROM_END) \
	X(UPDATE, CHANGE | NAME_NEXT) \
	X(USE, ONE_NAME | NAME_NEXT | NO_TABLE) \
	X(USING, CLAUSE | FROM_END) \
	X(VACUUM, ONE_NAME) \
	X(VALUES, FROM_END | NEST) \
	X(VIEW, OBJECT) \
	X(WHEN, VALUE | CLAUSE) \
	X(WHERE, CLAUSE | FROM_END) \
	X(WINDOW, FROM_END) \
	X(WITH, NEST)

enum word {
	NO_WORD,
#define X(name, use) WORD_##name,
	KEYWORDS(X)
#undef X
		N_WORDS
};

enum kind {
	SPACE,
	COMMENT,
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
	bool open;	/* not closed before the end */
};

/* What a byte may be, in every dialect; the reader's short ways (agent/database/sql.c) go by it. */
enum class {
	LETTER = 1 << 0,
	DIGIT = 1 << 1,
	IN_WORD = 1 << 2,
	BLANK = 1 << 3,
	ALONE = 1 << 4,	   /* begins nothing longer */
	NESTING = 1 << 5,  /* of these: parentheses and semicolons */
	OPERATOR = 1 << 6, /* a value follows */
};

extern const uint8_t sql_classes[256];

static inline bool sql_is(char c, unsigned class)
{
	return (sql_classes[(unsigned char)c] & class) != 0;
}

/* The first token of a statement that isn't empty. */
struct token sql_token(enum sql_dialect dialect, struct str statement);

struct sql_keyword {
	const char *name;
	uint32_t key;
	uint16_t use;
};

extern const struct sql_keyword sql_keywords[N_WORDS];
extern const uint8_t
	sql_letters[27]; /* where those of each letter begin; the next one's end them */

static inline bool sql_word_does(enum word w, unsigned use)
{
	return (sql_keywords[w].use & use) != 0;
}

/* What most words differ in: first and last letter, and length. */
#define SQL_KEY(first, last, n) ((unsigned)(first) | (unsigned)(last) << 8 | (unsigned)(n) << 16)

/* Which keyword a word of one byte or more is; they are letters: one bit less is upper case. */
static inline enum word sql_word(struct str s)
{
	unsigned first = s.p[0] & 0xdf, last = s.p[s.n - 1] & 0xdf, letter = first - 'A';
	unsigned key = SQL_KEY(first, last, s.n);

	if (letter >= 26)
		return NO_WORD;
	for (unsigned i = sql_letters[letter], end = sql_letters[letter + 1]; i < end; i++) {
		size_t k = 1;

		if (sql_keywords[i].key != key)
			continue;
		while (k < s.n && (s.p[k] & 0xdf) == sql_keywords[i].name[k])
			k++;
		if (k == s.n)
			return (enum word)i;
	}
	return NO_WORD;
}
