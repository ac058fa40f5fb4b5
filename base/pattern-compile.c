/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiling: the text is read once, by descent, and becomes states that follow one another:
 *
 *     a|b      SPLIT .-------> b          a*    SPLIT <-----.       a+    a <--.
 *              a     JUMP ---> after            a   JUMP ---'             SPLIT'
 *              (the split's other way is after it)
 *
 * `to` is relative, so that a finished piece can be moved, to put a SPLIT before it, and copied, for
 * {m,n}. What there is to keep within bounds: states, classes, groups within groups.
 */
#include "base/pattern-state.h"

#include "base/byte-set.h"
#include "base/hex.h"

enum { REPEAT_MOST = 1000, NO_END = -1 };

enum item {
	ITEM_NONE,
	ITEM_ASSERTION,
	ITEM_REPEATED,
	ITEM_PLAIN,
};

struct flags {
	bool fold, any_newline, lines;
};

struct parser {
	struct pattern *p;
	struct str text;
	size_t at;
	size_t prefix; /* flags for the whole pattern may stand here */
	unsigned nesting;
	struct flags flags;
	struct pattern_error error;
};

static bool fail(struct parser *r, size_t at, const char *says)
{
	if (!r->error.says)
		r->error = (struct pattern_error){ at, says };
	return false;
}

static bool more(const struct parser *r)
{
	return r->at < r->text.n;
}

static char peek(const struct parser *r)
{
	return r->text.p[r->at];
}

static bool skip(struct parser *r, char c)
{
	if (!more(r) || peek(r) != c)
		return false;
	r->at++;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

static bool is_letter(char c)
{
	return str_lower(c) >= 'a' && str_lower(c) <= 'z';
}

/* ---- states ------------------------------------------------------------------------------------- */

static bool emit(struct parser *r, enum pattern_op op, unsigned arg, int to)
{
	struct pattern *p = r->p;

	if (p->n == PATTERN_STATES)
		return fail(r, r->at, "too large");
	p->state[p->n++] = (struct pattern_state){ (uint8_t)op, (uint8_t)arg, (int16_t)to };
	return true;
}

/* A SPLIT before the piece that begins at `at` and ends the program. */
static bool emit_before(struct parser *r, unsigned at, int to)
{
	struct pattern *p = r->p;

	if (!emit(r, OP_SPLIT, 0, 0))
		return false;
	memmove(&p->state[at + 1], &p->state[at], (p->n - 1u - at) * sizeof(p->state[0]));
	p->state[at] = (struct pattern_state){ OP_SPLIT, 0, (int16_t)to };
	return true;
}

static bool emit_copies(struct parser *r, unsigned at, unsigned n, int copies)
{
	struct pattern *p = r->p;

	for (; copies > 0 && n > 0; copies--) {
		if (PATTERN_STATES - p->n < (int)n)
			return fail(r, r->at, "too large");
		memcpy(&p->state[p->n], &p->state[at], n * sizeof(p->state[0]));
		p->n = (uint16_t)(p->n + n);
	}
	return true;
}

/* The piece from `at` on, which is not empty, least to most times. */
static bool emit_repeated(struct parser *r, unsigned at, int least, int most)
{
	int n = r->p->n - (int)at;

	if (most == 0) {
		r->p->n = (uint16_t)at;
		return true;
	}
	if (most == NO_END && least == 0)
		return emit_before(r, at, n + 2) && emit(r, OP_JUMP, 0, -n - 1);
	if (most == NO_END)
		return emit_copies(r, at, (unsigned)n, least - 1) && emit(r, OP_SPLIT, 0, -n);
	if (least == 0)
		return emit_before(r, at, n + 1) && emit_copies(r, at, (unsigned)n + 1, most - 1);
	if (!emit_copies(r, at, (unsigned)n, least - 1))
		return false;
	for (int i = least; i < most; i++)
		if (!emit(r, OP_SPLIT, 0, n + 1) || !emit_copies(r, at, (unsigned)n, 1))
			return false;
	return true;
}

/* ---- what waits for a byte ------------------------------------------------------------------------ */

static bool emit_set(struct parser *r, const struct set *s)
{
	struct pattern *p = r->p;
	unsigned i = 0;

	while (i < p->n_classes && memcmp(p->class[i], s -> bit, 32) != 0)
		i++;
	if (i == PATTERN_CLASSES)
		return fail(r, r->at, "too many different sets");
	if (i == p->n_classes) {
		memcpy(p->class[i], s -> bit, 32);
		p->n_classes++;
	}
	return emit(r, OP_CLASS, i, 0);
}

static bool emit_byte(struct parser *r, unsigned char c)
{
	struct set s = { { 0 } };

	if (!r->flags.fold || !is_letter((char)c))
		return emit(r, OP_BYTE, c, 0);
	set_range(&s, c, c);
	set_both_cases(&s);
	return emit_set(r, &s);
}

static bool emit_any(struct parser *r)
{
	struct set s = { { 0 } };

	set_range(&s, '\n', '\n');
	if (r->flags.any_newline)
		s = (struct set){ { 0 } };
	set_inverted(&s);
	return emit_set(r, &s);
}

/* ---- escapes ------------------------------------------------------------------------------------ */

/* Up to `most` octal digits from r->at on. */
static bool octal(struct parser *r, int most, unsigned char *out)
{
	size_t begin = r->at;
	unsigned v = 0;

	for (; most > 0 && more(r) && is_octal(peek(r)); most--)
		v = v * 8 + (unsigned)(r->text.p[r->at++] - '0');
	if (v > 0xff)
		return fail(r, begin - 1, "a byte is at most \\377");
	*out = (unsigned char)v;
	return true;
}

/* What stands for a byte, after the backslash; digits are the caller's. */
static bool escaped_byte(struct parser *r, unsigned char *out)
{
	static const char from[] = "afnrtv", to[] = "\a\f\n\r\t\v";
	size_t begin = r->at - 1;
	char c = r->text.p[r->at++];
	const char *known = strchr(from, c);

	if (c && known) {
		*out = (unsigned char)to[known - from];
		return true;
	}
	if (c == 'x') {
		struct str two = str_first(str_from(r->text, r->at), 2);

		if (!hex_read(out, 1, two, true))
			return fail(r, begin, "two hex digits belong after \\x");
		r->at += 2;
		return true;
	}
	if (is_letter(c))
		return fail(r, begin, "unknown escape");
	*out = (unsigned char)c;
	return true;
}

static bool set_escape(struct parser *r, struct set *s, bool *is_byte, unsigned char *byte)
{
	size_t begin = r->at - 1;

	if (!more(r))
		return fail(r, begin, "nothing after the backslash");
	*is_byte = false;
	if (set_named(s, peek(r))) {
		r->at++;
		return true;
	}
	*is_byte = true;
	if (skip(r, 'b')) {
		*byte = '\b';
		return true;
	}
	if (is_octal(peek(r)))
		return octal(r, 3, byte);
	if (is_digit(peek(r)))
		return fail(r, begin, "unknown escape");
	return escaped_byte(r, byte);
}

static bool set_item(struct parser *r, struct set *s, bool *is_byte, unsigned char *byte)
{
	if (!more(r))
		return fail(r, r->at, "no ] ends the set");
	if (skip(r, '\\'))
		return set_escape(r, s, is_byte, byte);
	*is_byte = true;
	*byte = (unsigned char)r->text.p[r->at++];
	return true;
}

/* After '['. A ']' that comes first is one of the set, and so is a '-' that comes last. */
static bool parse_set(struct parser *r)
{
	size_t begin = r->at - 1;
	struct set s = { { 0 } };
	bool not = skip(r, '^'), is_byte, to_is_byte;
	unsigned char byte = 0, to = 0;

	for (size_t first = r->at; r->at == first || !skip(r, ']');) {
		size_t item = r->at;

		if (!more(r))
			return fail(r, begin, "no ] ends the set");
		if (!set_item(r, &s, &is_byte, &byte))
			return false;
		to = byte;
		if (skip(r, '-')) {
			if (more(r) && peek(r) == ']') {
				set_range(&s, '-', '-');
			} else {
				if (!set_item(r, &s, &to_is_byte, &to))
					return false;
				if (!is_byte || !to_is_byte || to < byte)
					return fail(r, item, "not a range");
			}
		}
		if (is_byte)
			set_range(&s, byte, to);
	}
	if (r->flags.fold)
		set_both_cases(&s);
	if (not )
		set_inverted(&s);
	return emit_set(r, &s);
}

static bool parse_number_escape(struct parser *r)
{
	struct str digits = str_first(str_from(r->text, r->at), 3);
	size_t begin = r->at - 1;
	unsigned char byte;

	if (digits.p[0] != '0' && !(digits.n == 3 && is_octal(digits.p[0]) &&
				    is_octal(digits.p[1]) && is_octal(digits.p[2])))
		return fail(r, begin, "a reference to a group can't be searched in linear time");
	return octal(r, 3, &byte) && emit_byte(r, byte);
}

/* After a backslash. */
static bool parse_escape(struct parser *r, enum item *item)
{
	static const char letters[] = "AZbB";
	static const uint8_t assertion[] = { ASSERT_BEGIN, ASSERT_END, ASSERT_WORD,
					     ASSERT_NOT_WORD };
	struct set s = { { 0 } };
	unsigned char byte;
	const char *letter;

	if (!more(r))
		return fail(r, r->at - 1, "nothing after the backslash");
	letter = peek(r) ? strchr(letters, peek(r)) : NULL;
	if (letter) {
		*item = ITEM_ASSERTION;
		r->at++;
		return emit(r, OP_ASSERT, assertion[letter - letters], 0);
	}
	if (is_digit(peek(r)))
		return parse_number_escape(r);
	if (set_named(&s, peek(r))) {
		r->at++;
		return emit_set(r, &s);
	}
	return escaped_byte(r, &byte) && emit_byte(r, byte);
}

/* ---- groups ------------------------------------------------------------------------------------- */

static bool parse_alternatives(struct parser *r);

static bool set_flags(struct parser *r, struct flags *flags, bool on)
{
	for (; more(r); r->at++) {
		switch (peek(r)) {
		case 'i':
			flags->fold = on;
			break;
		case 's':
			flags->any_newline = on;
			break;
		case 'm':
			flags->lines = on;
			break;
		case 'a':
			if (on)
				break; /* is so anyway */
			return true;
		default:
			return true;
		}
	}
	return true;
}

/* (?i) at the very beginning; (?i: (?i-s: elsewhere; r->at is at the first flag. */
static bool parse_flags(struct parser *r, struct flags *flags, bool *all)
{
	size_t begin = r->at;

	set_flags(r, flags, true);
	if (begin == r->prefix + 2 && r->at > begin && skip(r, ')')) {
		r->prefix = r->at;
		*all = true;
		return true;
	}
	if (skip(r, '-') && r->at < r->text.n && peek(r) == ':')
		return fail(r, r->at, "a flag belongs after the -");
	set_flags(r, flags, false);
	return skip(r, ':') || fail(r, r->at, "unknown kind of group");
}

static bool parse_name(struct parser *r)
{
	size_t begin = r->at;

	while (more(r) &&
	       (is_letter(peek(r)) || peek(r) == '_' || (r->at > begin && is_digit(peek(r)))))
		r->at++;
	return (r->at > begin && skip(r, '>')) || fail(r, begin, "bad name of a group");
}

/* After '(?'. `all`: it was flags for the whole pattern, or a comment, and no group follows. */
static bool parse_kind(struct parser *r, struct flags *flags, bool *all, bool *comment)
{
	size_t begin = r->at - 2;

	if (!more(r))
		return fail(r, begin, "no ) ends the group");
	if (skip(r, ':'))
		return true;
	if (skip(r, '#')) {
		*comment = true;
		while (more(r) && peek(r) != ')')
			r->at++;
		return skip(r, ')') || fail(r, begin, "no ) ends the comment");
	}
	if (skip(r, 'P'))
		return skip(r, '<') ? parse_name(r)
				    : fail(r, begin, "can't be searched in linear time");
	if (strchr("=!<>(", peek(r)))
		return fail(r, begin, "can't be searched in linear time");
	return parse_flags(r, flags, all);
}

/* After '('. */
static bool parse_group(struct parser *r, enum item *item)
{
	size_t begin = r->at - 1;
	struct flags inside = r->flags, outside = r->flags;
	enum item before = *item;
	bool all = false, comment = false;

	*item = ITEM_PLAIN;
	if (skip(r, '?') && !parse_kind(r, &inside, &all, &comment))
		return false;
	r->flags = inside;
	if (all)
		*item = ITEM_NONE;
	if (comment)
		*item = before;
	if (all || comment)
		return true;
	if (r->nesting == PATTERN_NESTING)
		return fail(r, begin, "too many groups within groups");
	r->nesting++;
	if (!parse_alternatives(r))
		return false;
	r->nesting--;
	r->flags = outside;
	return skip(r, ')') || fail(r, begin, "no ) ends the group");
}

/* ---- the whole ---------------------------------------------------------------------------------- */

/* Digits, as many as there are; NO_END: none; never more than REPEAT_MOST + 1. */
static int parse_count(struct parser *r)
{
	int n = NO_END;

	for (; more(r) && is_digit(peek(r)); r->at++) {
		n = (n < 0 ? 0 : n) * 10 + (peek(r) - '0');
		if (n > REPEAT_MOST)
			n = REPEAT_MOST + 1;
	}
	return n;
}

/* {m} {m,} {,n} {m,n}, where \, is a comma as well; anything else is no count, just text. */
static bool parse_braces(struct parser *r, int *least, int *most)
{
	size_t begin = r->at++;

	if (more(r) && peek(r) == '}') {
		r->at = begin;
		return false;
	}
	*least = *most = parse_count(r);
	if (str_starts(str_from(r->text, r->at), STR("\\,")))
		r->at++;
	if (skip(r, ','))
		*most = parse_count(r);
	if (!skip(r, '}')) {
		r->at = begin;
		return false;
	}
	*least = *least < 0 ? 0 : *least;
	return true;
}

/* Is a repetition next? */
static bool parse_times(struct parser *r, int *least, int *most)
{
	*least = 0;
	*most = NO_END;
	if (skip(r, '*'))
		return true;
	if (more(r) && peek(r) == '{')
		return parse_braces(r, least, most);
	if (skip(r, '+')) {
		*least = 1;
		return true;
	}
	*most = 1;
	return skip(r, '?');
}

static bool parse_repetition(struct parser *r, unsigned piece, enum item *item, bool *is_one)
{
	size_t begin = r->at;
	int least, most;

	*is_one = parse_times(r, &least, &most);
	if (!*is_one)
		return true;
	if (*item == ITEM_NONE || *item == ITEM_ASSERTION)
		return fail(r, begin, "nothing to repeat");
	if (*item == ITEM_REPEATED)
		return fail(r, begin, "repeated twice");
	if (least > REPEAT_MOST || most > REPEAT_MOST)
		return fail(r, begin, "too large");
	if (most != NO_END && most < least)
		return fail(r, begin, "from more to fewer times");
	if (!skip(r, '?') && more(r) && peek(r) == '+')
		return fail(r, begin, "can't be searched in linear time");
	*item = ITEM_REPEATED;
	return r->p->n == piece || emit_repeated(r, piece, least, most);
}

static bool parse_item(struct parser *r, enum item *item)
{
	char c = r->text.p[r->at++];

	if (c == '(')
		return parse_group(r, item);
	*item = ITEM_PLAIN;
	switch (c) {
	case '[':
		return parse_set(r);
	case '\\':
		return parse_escape(r, item);
	case '.':
		return emit_any(r);
	case '^':
		*item = ITEM_ASSERTION;
		return emit(r, OP_ASSERT, r->flags.lines ? ASSERT_LINE_BEGIN : ASSERT_BEGIN, 0);
	case '$':
		*item = ITEM_ASSERTION;
		return emit(r, OP_ASSERT, r->flags.lines ? ASSERT_LINE_END : ASSERT_LAST, 0);
	}
	return emit_byte(r, (unsigned char)c);
}

static bool parse_sequence(struct parser *r)
{
	enum item item = ITEM_NONE;
	unsigned piece = r->p->n;
	bool repeated;

	while (more(r) && peek(r) != '|' && peek(r) != ')') {
		unsigned n = r->p->n;
		size_t at = r->at;

		if (!parse_repetition(r, piece, &item, &repeated))
			return false;
		if (repeated)
			continue;
		if (!parse_item(r, &item))
			return false;
		/* A comment leaves the piece before it to be repeated. */
		if (!str_starts(str_from(r->text, at), STR("(?#")))
			piece = n;
	}
	return true;
}

/* The jumps to the end are a list, each with the way back to the one before in its `to`. */
static bool parse_alternatives(struct parser *r)
{
	struct pattern *p = r->p;
	int last = -1, before;

	for (;;) {
		unsigned begin = p->n;

		if (!parse_sequence(r))
			return false;
		if (!skip(r, '|'))
			break;
		if (!emit_before(r, begin, p->n - (int)begin + 2) || !emit(r, OP_JUMP, 0, last))
			return false;
		last = p->n - 1;
	}
	for (; last >= 0; last = before) {
		before = p->state[last].to;
		p->state[last].to = (int16_t)(p->n - last);
	}
	return true;
}

int pattern_compile(struct pattern *p, struct str text, struct pattern_error *error)
{
	struct parser r = { .p = p, .text = text };
	bool good;

	*p = (struct pattern){ 0 };
	good = parse_alternatives(&r);
	if (good && more(&r))
		good = fail(&r, r.at, "no ( begins this group");
	if (good && emit(&r, OP_FOUND, 0, 0)) {
		pattern_look_ahead(p);
		return 0;
	}
	*error = r.error;
	return -1;
}
