/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass: tokens are cut off the front (agent/database/sql-token.c), `token_write` takes each into the text
 * (a literal as `?`), and `summarise` looks at it for the operation and the tables.
 *
 *     SELECT o.id  FROM orders o WHERE o.total > 100
 *     [run      ]  [run                        ] [literal]
 *
 * What stays as it is is one run, copied when something else follows it. Most tokens are names and
 * signs that mean nothing where they stand: while there is nothing to heed, `token_skip`
 * takes them by their class alone; the rest goes the long way.
 */
#include "agent/database/sql.h"

#include "agent/database/sql-token.h"

/* ---- the text ------------------------------------------------------------------------------------ */

enum { TABLES_MOST = 8 };

/* Why the next token, whatever it is, may mean something. */
enum heed {
	NO_OPERATION = 1 << 0, /* it is still to come, in this statement */
	WANT_NAME = 1 << 1,
	IN_NAME = 1 << 2, /* a dot may go on with it */
	AFTER_BETWEEN = 1 << 3,
	IN_VALUES = 1 << 4, /* the list is that of VALUES, which may go on with another (...) */
	SECRETS = 1 << 5,   /* see is_secret */
	PARTED = 1 << 6,    /* by a semicolon */
};

struct reader {
	struct sql *out;
	enum sql_dialect dialect;
	unsigned heed;
	const char *end;	   /* of all */
	const char *run, *run_end; /* to be copied to the text; NULL: nothing was written yet */
	const char *run_most;	   /* the text is full when it gets here */
	const char *last_end;	   /* of the last token but semicolons */
	size_t text_n, summary_n;
	size_t operation_n; /* of this statement */
	enum word operation;
	bool unlike; /* its operation is not the first one's */
	bool with;   /* the operation comes after WITH ... AS (...) */
	bool body;   /* of a trigger or procedure: its semicolons part nothing of ours */
	/* the last but spaces */
	enum kind last;
	char last_sign; /* its first byte, of a SIGN */
	enum word last_word;
	int depth;	  /* of parentheses */
	int list_depth;	  /* in a list of values from this depth on; 0: not */
	uint64_t queries; /* depths at which a query stands, not a function's arguments */

	/* the summary */
	bool in_from, done;
	int from_depth;
	int n_tables;
	size_t name_at;
};

static inline void heed(struct reader *r, unsigned what, bool on)
{
	r->heed = on ? r->heed | what : r->heed & ~what;
}

static inline bool after_sign(const struct reader *r, char sign)
{
	return r->last == SIGN && r->last_sign == sign;
}

static void put(struct reader *r, struct str s)
{
	if (s.n > SQL_TEXT_MOST - r->text_n)
		s.n = SQL_TEXT_MOST - r->text_n;
	memcpy(r->out->text_room + r->text_n, s.p, s.n);
	r->text_n += s.n;
}

static void run_begin(struct reader *r, const char *p)
{
	size_t room = SQL_TEXT_MOST - r->text_n;

	r->run = r->run_end = p;
	r->run_most = p && room >= (size_t)(r->end - p) ? r->end + 1 : p ? p + room : p;
}

/* Another run, or a literal, begins at `p`; whatever blanks and comments are before it are one space. */
static void run_part(struct reader *r, const char *p)
{
	if (r->run) {
		put(r, (struct str){ r->run, (size_t)(r->run_end - r->run) });
		if (p > r->run_end)
			put(r, STR(" "));
	}
	run_begin(r, p);
}

static inline void text_token(struct reader *r, const char *p, const char *end)
{
	if (p != r->run_end && !(r->run && p == r->run_end + 1 && *r->run_end == ' '))
		run_part(r, p);
	r->run_end = end;
}

static void text_literal(struct reader *r, const char *p, size_t n)
{
	run_part(r, p);
	put(r, STR("?"));
	run_begin(r, p + n);
}

/* Is what comes next in the place of a value, so that "x" may be a string? */
static bool is_value_place(const struct reader *r)
{
	if (r->list_depth && r->depth >= r->list_depth)
		return true;
	if (r->last == SIGN)
		return sql_is(r->last_sign, OPERATOR);
	return sql_word_does(r->last_word, VALUE) ||
	       ((r->heed & AFTER_BETWEEN) && r->last_word == WORD_AND);
}

static bool is_member(const struct reader *r, struct str after)
{
	after = str_trim(after);
	return (after.n && after.p[0] == '.') || after_sign(r, '.');
}

/* The arguments of these may hold a key or a file's name in any form. */
static bool is_secret(const struct reader *r, const struct token *t)
{
	if (t->kind == SIGN)
		return false;
	if (r->operation == WORD_PRAGMA)
		return r->depth > 0 || (r->last != WORD && !after_sign(r, '.')) ||
		       t->kind == QUOTED;
	if (r->operation == WORD_ATTACH)
		return !sql_word_does(t->word, ATTACH_WORD) && r->last_word != WORD_AS;
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
	heed(r, WANT_NAME, false);
	if (r->n_tables == TABLES_MOST) {
		r->done = true;
		return;
	}
	if (!summary_put(r, unquoted(t), true))
		return;
	r->name_at = r->summary_n - unquoted(t).n;
	r->n_tables++;
	heed(r, IN_NAME, true);
	if (sql_word_does(r->operation, ONE_NAME))
		r->done = true;
}

/* The rest of schema.table; false when the name is over. */
static bool name_go_on(struct reader *r, const struct token *t)
{
	if (t->kind == SIGN && t->s.p[0] == '.')
		return summary_put(r, t->s, false);
	if ((t->kind == WORD || t->kind == QUOTED) && after_sign(r, '.'))
		return summary_put(r, unquoted(t), false);
	heed(r, IN_NAME, false);
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
	if (summary_put(r, t->s, r->summary_n > 0)) {
		r->operation_n = t->s.n;
		heed(r, NO_OPERATION, false);
	}
	r->unlike |= r->out->statements > 1 &&
		     !str_eq_nocase(t->s, str_first(r->out->operation, t->s.n + 1));
	if (r->out->statements == 1) {
		r->out->operation = (struct str){ r->out->summary_room, r->operation_n };
		r->out->rows = sql_word_does(t->word, CHANGE);
	}
	r->operation = t->word;
	heed(r, SECRETS, t->word == WORD_PRAGMA || t->word == WORD_ATTACH);
	heed(r, WANT_NAME, sql_word_does(t->word, NAME_NEXT));
}

static void object_found(struct reader *r, const struct token *t)
{
	if (sql_word_does(t->word, OBJECT)) {
		summary_put(r, t->s, true);
		heed(r, WANT_NAME, true);
	}
}

static bool in_query(const struct reader *r)
{
	return !r->depth || r->depth > 63 || (r->queries >> r->depth & 1);
}

static void summarise_word(struct reader *r, const struct token *t)
{
	if (r->heed & WANT_NAME) {
		bool skip = sql_word_does(t->word, BEFORE_NAME) || r->last_word == WORD_OR;

		if (!skip) /* IF NOT EXISTS name, UPDATE OR IGNORE name */
			name_begin(r, t);
		return;
	}
	if (t->kind != WORD)
		return;
	if (sql_word_does(r->operation, DDL)) {
		object_found(r, t);
	} else if (t->word == WORD_FROM && !in_query(r)) {
		heed(r, WANT_NAME, false); /* EXTRACT(year FROM date) */
	} else if (sql_word_does(t->word, TABLES)) {
		heed(r, WANT_NAME, r->last_word != WORD_DISTINCT);
		r->in_from = (r->heed & WANT_NAME) && t->word != WORD_INTO;
		r->from_depth = r->depth;
	} else if (sql_word_does(t->word, FROM_END)) {
		r->in_from = false;
	}
}

static void summarise(struct reader *r, const struct token *t)
{
	if ((r->heed & IN_NAME) && name_go_on(r, t))
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
		heed(r, WANT_NAME, t->s.p[0] == ',' && r->in_from && r->depth == r->from_depth);
	} else {
		heed(r, WANT_NAME, false);
	}
}

/* Does a parenthesis here open a list of values: IN (, = (, or the arguments of a function? */
static bool opens_values(const struct reader *r)
{
	if (r->last == SIGN)
		return is_value_place(r);
	if (r->last != WORD || (r->heed & IN_NAME) || !r->operation_n ||
	    sql_word_does(r->operation, DDL))
		return false;
	return r->last_word == WORD_IN || !sql_word_does(r->last_word, CLAUSE);
}

static void nest_word(struct reader *r, enum word word)
{
	bool opened = after_sign(r, '(');

	if ((r->heed & IN_VALUES) && r->depth < r->list_depth) {
		heed(r, IN_VALUES, false);
		r->list_depth = 0;
	}
	if (sql_word_does(word, CHANGE) && r->depth < 64)
		r->queries |= (uint64_t)1 << r->depth;
	if (opened && r->depth == r->list_depth && (word == WORD_SELECT || word == WORD_WITH))
		r->list_depth = 0;
	if (word == WORD_VALUES && !r->list_depth) {
		heed(r, IN_VALUES, true);
		r->list_depth = r->depth + 1;
	}
	if (word == WORD_BETWEEN)
		heed(r, AFTER_BETWEEN, true);
}

static void nest(struct reader *r, const struct token *t)
{
	if ((r->heed & AFTER_BETWEEN) && r->last_word == WORD_AND)
		heed(r, AFTER_BETWEEN, false);
	if (t->kind == WORD) {
		nest_word(r, t->word);
	} else if (t->kind == SIGN && t->s.p[0] == '(') {
		if (++r->depth < 64)
			r->queries &= ~((uint64_t)1 << r->depth);
		if (!r->list_depth && opens_values(r))
			r->list_depth = r->depth;
	} else if (t->kind == SIGN && t->s.p[0] == ')' && r->depth) {
		r->depth--;
		if (!(r->heed & IN_VALUES) && r->depth < r->list_depth)
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
	r->with = r->in_from = r->done = false;
	r->heed = NO_OPERATION;
}

static inline void token_last(struct reader *r, enum kind kind, const char *p, enum word word)
{
	r->last = kind;
	r->last_sign = *p;
	r->last_word = word;
}

static void token_write(struct reader *r, const struct token *t)
{
	bool parts = t->kind == SIGN && t->s.p[0] == ';';
	const char *end = t->s.p + t->s.n;

	r->body |= t->word == WORD_BEGIN && r->operation == WORD_CREATE;
	if ((r->heed & PARTED) && !r->body)
		statement_next(r);
	if (is_literal(r, t, (struct str){ end, (size_t)(r->end - end) }))
		text_literal(r, t->s.p, t->s.n);
	else
		text_token(r, t->s.p, end);
	nest(r, t);
	summarise(r, t);
	token_last(r, t->kind, t->s.p, t->word);
	heed(r, PARTED, parts);
	if (!parts)
		r->last_end = end;
}

static const char *token_read(struct reader *r, const char *p)
{
	struct token t = sql_token(r->dialect, (struct str){ p, (size_t)(r->end - p) });

	r->out->open |= t.open;
	r->out->commented |= t.kind == COMMENT;
	if (t.kind != SPACE && t.kind != COMMENT)
		token_write(r, &t);
	return p + t.s.n;
}

static inline const char *token_skip(struct reader *r, enum kind kind, const char *p,
				     const char *end, enum word word)
{
	text_token(r, p, end);
	token_last(r, kind, p, word);
	r->last_end = end;
	return end;
}

static const char *word_heeded(struct reader *r, struct str s, enum word word)
{
	token_write(r, &(struct token){ .kind = WORD, .s = s, .word = word });
	return s.p + s.n;
}

static inline const char *word_read(struct reader *r, const char *p)
{
	const char *const most = r->end;
	const char *end = p + 1;
	enum word word = NO_WORD;

	while (end < most && sql_is(*end, IN_WORD))
		end++;
	if (end > p + 1)
		word = sql_word((struct str){ p, (size_t)(end - p) });
	else if (end < most && (*end == '\'' || *end == '&'))
		return token_read(r, p);
	if (r->heed == IN_NAME && !after_sign(r, '.'))
		r->heed = 0;
	if (r->heed || sql_word_does(word, TURNS))
		return word_heeded(r, (struct str){ p, (size_t)(end - p) }, word);
	if (sql_word_does(word, FROM_END))
		r->in_from = false;
	return token_skip(r, WORD, p, end, word);
}

static inline bool is_plain_sign(const struct reader *r, const char *p, unsigned class)
{
	return (class & (ALONE | NESTING)) == ALONE ||
	       (*p == '.' && !(r->end - p > 1 && sql_is(p[1], DIGIT)));
}

static inline const char *sign_read(struct reader *r, const char *p)
{
	if (*p == ',' && r->in_from)
		heed(r, WANT_NAME, r->depth == r->from_depth);
	return token_skip(r, SIGN, p, p + 1, NO_WORD);
}

static const char *tokens(struct reader *r, const char *p)
{
	while (p < r->end && r->run_end < r->run_most) {
		unsigned class = sql_classes[(unsigned char)*p];

		if (class & BLANK)
			p++;
		else if (class & LETTER)
			p = word_read(r, p);
		else if (!r->heed && is_plain_sign(r, p, class))
			p = sign_read(r, p);
		else
			p = token_read(r, p);
	}
	return p;
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
	const char *begin = statement.n ? statement.p : "", *p = begin;
	struct reader r = { .out = out,
			    .dialect = dialect,
			    .heed = NO_OPERATION,
			    .end = begin + statement.n,
			    .last_end = begin };
	struct str name;

	memset(out, 0, offsetof(struct sql, text_room)); /* the rooms need none */
	out->statements = 1;
	r.run_most = r.end + 1;
	p = tokens(&r, p);
	run_part(&r, r.run_end);
	out->end = (size_t)(r.last_end - begin);
	out->whole = p == r.end;
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
