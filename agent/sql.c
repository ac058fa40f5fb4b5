/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass: tokens are cut off the front (agent/sql-token.c), `put` writes each into the text (a
 * literal as `?`), and `summarise` looks at it for the operation and the tables.
 */
#include "agent/sql.h"

#include "agent/sql-token.h"

/* ---- the text ------------------------------------------------------------------------------------ */

enum { TABLES_MOST = 8 };

struct reader {
	struct sql *out;
	enum sql_dialect dialect;
	size_t text_n, summary_n;
	size_t operation_n; /* of this statement */
	bool unlike;	    /* its operation is not the first one's */
	enum word operation;
	struct token last; /* the last but spaces */
	bool with;	   /* the operation comes after WITH ... AS (...) */
	bool space;	   /* to be written before the next token */
	int depth;	   /* of parentheses */
	int list_depth;	   /* in a list of values from this depth on; 0: not */
	bool values;	   /* the list is that of VALUES, which may go on with another (...) */
	bool between;
	bool body;	  /* of a trigger or procedure: its semicolons part nothing of ours */
	uint64_t queries; /* depths at which a query stands, not a function's arguments */

	/* the summary */
	bool want_name, in_from, in_name, done;
	int from_depth;
	int n_tables;
	size_t name_at;
};

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
	return sql_word_does(r->last.word, VALUE) || (r->between && r->last.word == WORD_AND);
}

static bool is_member(const struct reader *r, struct str after)
{
	after = str_trim(after);
	return (after.n && after.p[0] == '.') || (r->last.kind == SIGN && r->last.s.p[0] == '.');
}

/* The arguments of these may hold a key or a file's name in any form. */
static bool is_secret(const struct reader *r, const struct token *t)
{
	if (t->kind == SIGN)
		return false;
	if (r->operation == WORD_PRAGMA)
		return r->depth > 0 || (r->last.kind != WORD && r->last.s.p[0] != '.') ||
		       t->kind == QUOTED;
	if (r->operation == WORD_ATTACH)
		return !sql_word_does(t->word, ATTACH_WORD) && r->last.word != WORD_AS;
	return false;
}

static bool is_literal(const struct reader *r, const struct token *t, struct str after)
{
	if (t->kind == LITERAL || is_secret(r, t))
		return true;
	return t->kind == QUOTED && t->s.p[0] == '"' && r->dialect == SQL_SQLITE &&
	       is_value_place(r) && !is_member(r, after);
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

static struct str unquoted(const struct token *t)
{
	if (t->kind != QUOTED || t->s.n < 2)
		return t->s;
	return (struct str){ t->s.p + 1, t->s.n - 2 };
}

static void name_begin(struct reader *r, const struct token *t)
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
	if (sql_word_does(r->operation, ONE_NAME))
		r->done = true;
}

/* The rest of schema.table; false when the name is over. */
static bool name_go_on(struct reader *r, const struct token *t)
{
	if (t->kind == SIGN && t->s.p[0] == '.')
		return summary_put(r, t->s, false);
	if ((t->kind == WORD || t->kind == QUOTED) && r->last.kind == SIGN && r->last.s.p[0] == '.')
		return summary_put(r, unquoted(t), false);
	r->in_name = false;
	return false;
}

static void operation_found(struct reader *r, const struct token *t)
{
	if (t->kind != WORD ||
	    (r->depth && (r->with || (t->word != WORD_SELECT && t->word != WORD_VALUES))))
		return;
	if (r->with && !sql_word_does(t->word, CHANGE))
		return;
	if (t->word == WORD_WITH) {
		r->with = true;
		return;
	}
	if (summary_put(r, t->s, r->summary_n > 0))
		r->operation_n = t->s.n;
	r->unlike |= r->out->statements > 1 &&
		     !str_eq_nocase(t->s, str_first(r->out->operation, t->s.n + 1));
	if (r->out->statements == 1) {
		r->out->operation = (struct str){ r->out->summary_room, r->operation_n };
		r->out->rows = sql_word_does(t->word, CHANGE);
	}
	r->operation = t->word;
	r->want_name = sql_word_does(t->word, NAME_NEXT);
}

static void object_found(struct reader *r, const struct token *t)
{
	if (sql_word_does(t->word, OBJECT)) {
		summary_put(r, t->s, true);
		r->want_name = true;
	}
}

static bool in_query(const struct reader *r)
{
	return !r->depth || r->depth > 63 || (r->queries >> r->depth & 1);
}

static void summarise_word(struct reader *r, const struct token *t)
{
	if (r->want_name) {
		bool skip = sql_word_does(t->word, BEFORE_NAME) || r->last.word == WORD_OR;

		if (!skip) /* IF NOT EXISTS name, UPDATE OR IGNORE name */
			name_begin(r, t);
		return;
	}
	if (t->kind != WORD)
		return;
	if (sql_word_does(r->operation, DDL)) {
		object_found(r, t);
	} else if (t->word == WORD_FROM && !in_query(r)) {
		r->want_name = false; /* EXTRACT(year FROM date) */
	} else if (sql_word_does(t->word, TABLES)) {
		r->want_name = r->last.word != WORD_DISTINCT;
		r->in_from = r->want_name && t->word != WORD_INTO;
		r->from_depth = r->depth;
	} else if (sql_word_does(t->word, FROM_END)) {
		r->in_from = false;
	}
}

static void summarise(struct reader *r, const struct token *t)
{
	if (r->in_name && name_go_on(r, t))
		return;
	if (r->done)
		return;
	if (!r->operation_n) {
		operation_found(r, t);
		return;
	}
	if (t->kind == WORD || t->kind == QUOTED) {
		summarise_word(r, t);
	} else if (t->kind == SIGN) {
		r->want_name = t->s.p[0] == ',' && r->in_from && r->depth == r->from_depth;
	} else {
		r->want_name = false;
	}
}

/* Does a parenthesis here open a list of values: IN (, = (, or the arguments of a function? */
static bool opens_values(const struct reader *r)
{
	if (r->last.kind == SIGN)
		return is_value_place(r);
	if (r->last.kind != WORD || r->in_name || !r->operation_n ||
	    sql_word_does(r->operation, DDL))
		return false;
	return r->last.word == WORD_IN || !sql_word_does(r->last.word, CLAUSE);
}

static void nest_word(struct reader *r, enum word word)
{
	bool opened = r->last.kind == SIGN && r->last.s.p[0] == '(';

	if (r->values && r->depth < r->list_depth)
		r->list_depth = r->values = 0;
	if (sql_word_does(word, CHANGE) && r->depth < 64)
		r->queries |= (uint64_t)1 << r->depth;
	if (opened && r->depth == r->list_depth && (word == WORD_SELECT || word == WORD_WITH))
		r->list_depth = 0;
	if (word == WORD_VALUES && !r->list_depth) {
		r->values = true;
		r->list_depth = r->depth + 1;
	}
	if (word == WORD_BETWEEN)
		r->between = true;
}

static void nest(struct reader *r, const struct token *t)
{
	if (r->between && r->last.word == WORD_AND)
		r->between = false;
	if (t->kind == WORD) {
		nest_word(r, t->word);
	} else if (t->kind == SIGN && t->s.p[0] == '(') {
		if (++r->depth < 64)
			r->queries &= ~((uint64_t)1 << r->depth);
		if (!r->list_depth && opens_values(r))
			r->list_depth = r->depth;
	} else if (t->kind == SIGN && t->s.p[0] == ')' && r->depth) {
		r->depth--;
		if (!r->values && r->depth < r->list_depth)
			r->list_depth = 0;
	}
}

static struct str name_found(const struct reader *r)
{
	size_t end = r->name_at;

	if (r->n_tables != 1 || r->out->statements > 1)
		return (struct str){ 0 };
	while (end < r->summary_n && r->out->summary_room[end] != ' ')
		end++;
	return (struct str){ r->out->summary_room + r->name_at, end - r->name_at };
}

/* What comes after a semicolon is another statement. */
static void statement_next(struct reader *r)
{
	r->out->statements++;
	r->operation = NO_WORD;
	r->operation_n = 0;
	r->depth = r->list_depth = 0;
	r->queries = 0;
	r->with = r->values = r->between = false;
	r->want_name = r->in_from = r->in_name = r->done = false;
}

static void token_write(struct reader *r, const struct token *t, struct str after)
{
	r->body |= t->word == WORD_BEGIN && r->operation == WORD_CREATE;
	if (r->last.kind == SIGN && r->last.s.p[0] == ';' && !r->body)
		statement_next(r);
	if (r->space)
		put(r, STR(" "));
	r->space = false;
	put(r, is_literal(r, t, after) ? STR("?") : t->s);
	nest(r, t);
	summarise(r, t);
	r->last = *t;
}

/* Several statements in one text are a batch, of one operation or not. */
static struct str batch_of(struct sql *out, bool unlike)
{
	struct str operation = str_first(out->operation, sizeof(out->batch_room) - 6);

	memcpy(out->batch_room, "BATCH ", 6);
	if (unlike || !operation.n)
		return (struct str){ out->batch_room, 5 };
	memcpy(out->batch_room + 6, operation.p, operation.n);
	return (struct str){ out->batch_room, 6 + operation.n };
}

void sql_read(struct sql *out, enum sql_dialect dialect, struct str statement)
{
	struct reader r = { .out = out, .dialect = dialect };
	struct str rest = statement, name;

	memset(out, 0, offsetof(struct sql, text_room)); /* the rooms need none */
	out->statements = 1;
	while (rest.n && r.text_n < SQL_TEXT_MOST) {
		struct token t;

		if (rest.p[0] == ' ') {
			rest = str_from(rest, 1);
			r.space = r.text_n > 0;
			continue;
		}
		t = sql_token(dialect, rest);
		rest = str_from(rest, t.s.n);
		out->open |= t.open;
		out->commented |= t.kind == COMMENT;
		if (t.kind == SPACE || t.kind == COMMENT) {
			r.space = r.text_n > 0;
			continue;
		}
		token_write(&r, &t, rest);
		if (t.kind != SIGN || t.s.p[0] != ';')
			out->end = statement.n - rest.n;
	}
	out->whole = !rest.n;
	out->summary_room[r.summary_n] = 0;
	out->text = (struct str){ out->text_room, r.text_n };
	out->summary = (struct str){ out->summary_room, r.summary_n };
	if (out->statements > 1)
		out->operation = batch_of(out, r.unlike);
	name = name_found(&r);
	if (r.operation == WORD_CALL)
		out->procedure = name;
	else if (!sql_word_does(r.operation, NO_TABLE))
		out->collection = name;
}

static void moved(struct str *s, const struct sql *to, const struct sql *from)
{
	if (s->p)
		s->p = (const char *)to + (s->p - (const char *)from);
}

void sql_copy(struct sql *to, const struct sql *from)
{
	*to = *from;
	moved(&to->text, to, from);
	moved(&to->summary, to, from);
	moved(&to->operation, to, from);
	moved(&to->collection, to, from);
	moved(&to->procedure, to, from);
}
