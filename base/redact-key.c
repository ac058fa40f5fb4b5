/* SPDX-License-Identifier: Apache-2.0 */
/* Redact: what a key says about its value. */
#include "base/redact-names.h"
#include "base/redact-words.h"
#include "base/redact.h"

enum { ONCE = 0, WORD = 1, END = 2, TAIL = WORD | END, ALONE = 4 };

struct name {
	uint8_t kind, n;
	char text[18];
};

static const struct name names[] = {
#define X(kind, text) { kind, sizeof(text) - 1, text },
	REDACT_NAMES(X)
#undef X
};

static const struct str about[] = {
#define X(text) STR(text),
	REDACT_ABOUT(X)
#undef X
};

static const struct str parameters[] = {
#define X(text) STR(text),
	REDACT_PARAMETERS(X)
#undef X
};

#define N(list) (sizeof(list) / sizeof((list)[0]))

enum sort { SORT_OTHER, SORT_LOWER, SORT_UPPER, SORT_DIGIT };

/* Letters beyond ASCII have no case here. */
static enum sort sort_of(char c)
{
	if (c >= 'a' && c <= 'z')
		return SORT_LOWER;
	if (c >= 'A' && c <= 'Z')
		return SORT_UPPER;
	if (c >= '0' && c <= '9')
		return SORT_DIGIT;
	return (unsigned char)c >= 0x80 ? SORT_LOWER : SORT_OTHER;
}

/* Does a new word begin between these two? `after` is what follows the second. */
static bool is_edge(enum sort before, enum sort here, enum sort after)
{
	if (before == SORT_OTHER || (before == SORT_DIGIT) != (here == SORT_DIGIT))
		return true;
	return here == SORT_UPPER && (before == SORT_LOWER || after == SORT_LOWER);
}

static bool is_hex(char c)
{
	c = str_lower(c);
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

void words_of(struct words *w, struct str key)
{
	enum sort before = SORT_OTHER;

	if (key.n > WORDS_MOST)
		key = str_from(key, key.n - WORDS_MOST);
	w->n = 0;
	w->mark[0] = 0;
	for (size_t i = 0; i < key.n; i++) {
		enum sort here = sort_of(key.p[i]);
		enum sort after = i + 1 < key.n ? sort_of(key.p[i + 1]) : SORT_OTHER;

		/* %5B, as forms have it, is no part of a word. */
		if (key.p[i] == '%' && key.n - i > 2 && is_hex(key.p[i + 1]) &&
		    is_hex(key.p[i + 2]))
			i += 2;
		if (here != SORT_OTHER) {
			if (is_edge(before, here, after))
				w->mark[w->n] |= WORD_BEGINS | WORD_ENDS;
			w->low[w->n++] = str_lower(key.p[i]);
			w->mark[w->n] = 0;
		}
		before = here;
	}
	w->mark[w->n] |= WORD_ENDS;
}

bool words_are(const struct words *w, size_t at, struct str name, bool plural, size_t *end)
{
	size_t n = at + name.n;

	if (name.n > w->n - at || memcmp(w->low + at, name.p, name.n) != 0)
		return false;
	if (plural && !(w->mark[n] & WORD_ENDS) && w->low[n] == 's')
		n++;
	*end = n;
	return w->mark[n] & WORD_ENDS;
}

void redact_default(struct redact *r)
{
	size_t i = 0;

	memset(r, 0, sizeof(*r));
	r->usual = REDACT_MASK;
	for (int c = 0; c <= 26; c++) {
		while (i < N(names) && names[i].text[0] < 'a' + c)
			i++;
		r->first[c] = (uint8_t)i;
	}
	for (i = 0; i < N(names) && r->n_ends < sizeof(r->end); i++)
		if (names[i].kind & END)
			r->end[r->n_ends++] = (uint8_t)i;
}

/* The longest of the given rules that the words from `at` on make. */
static const struct redact_rule *rule_at(const struct redact *r, const struct words *w, size_t at,
					 bool last)
{
	const struct redact_rule *best = NULL;
	size_t end;

	for (size_t i = 0; i < r->n_rules; i++) {
		const struct redact_rule *rule = &r->rule[i];

		if (!rule->parameter && (!best || rule->n > best->n) &&
		    words_are(w, at, (struct str){ r->text + rule->at, rule->n }, false, &end) &&
		    (!last || end == w->n))
			best = rule;
	}
	return best;
}

static const struct redact_rule *rule_of(const struct redact *r, const struct words *w, bool last)
{
	const struct redact_rule *best = NULL;

	for (size_t at = 0; r->n_rules && at < w->n; at++) {
		const struct redact_rule *rule =
			w->mark[at] & WORD_BEGINS ? rule_at(r, w, at, last) : NULL;

		if (rule && (!best || rule->n > best->n))
			best = rule;
	}
	return best;
}

static bool begins_name(const struct redact *r, const struct words *w, size_t at, bool last)
{
	char c = w->low[at];
	size_t end;

	if (c < 'a' || c > 'z')
		return false;
	for (size_t i = r->first[c - 'a']; i < r->first[c - 'a' + 1]; i++)
		if (words_are(w, at, (struct str){ names[i].text, names[i].n },
			      names[i].kind & WORD, &end) &&
		    (!last || end == w->n) &&
		    (!(names[i].kind & ALONE) || (at == 0 && end == w->n)))
			return true;
	return false;
}

/* The word from `begin` to `end`: does its end make a name? */
static bool ends_name(const struct redact *r, const struct words *w, size_t begin, size_t end)
{
	char last = w->low[end - 1], before = end - begin > 1 ? w->low[end - 2] : 0;

	for (size_t i = 0; i < r->n_ends; i++) {
		const struct name *name = &names[r->end[i]];
		size_t n = name->n, to = end;
		char its = name->text[n - 1];

		if (last == 's' && its == before && name->kind & WORD)
			to--;
		else if (its != last)
			continue;
		if (n <= to - begin && memcmp(w->low + to - n, name->text, n) == 0)
			return true;
	}
	return false;
}

static bool has_name(const struct redact *r, const struct words *w, bool last)
{
	size_t begin = 0;

	for (size_t at = 0; at < w->n; at++) {
		if (!(w->mark[at] & WORD_BEGINS))
			continue;
		if (at && !last && ends_name(r, w, begin, at))
			return true;
		begin = at;
		if (begins_name(r, w, at, last))
			return true;
	}
	return w->n && ends_name(r, w, begin, w->n);
}

static bool is_about(const struct words *w)
{
	size_t at = w->n, end;

	while (at && !(w->mark[at - 1] & WORD_BEGINS))
		at--;
	for (size_t i = 0; at > 1 && i < N(about); i++)
		if (words_are(w, at - 1, about[i], false, &end))
			return true;
	return false;
}

static enum redact_action judge(const struct redact *r, struct str key, bool last)
{
	const struct redact_rule *rule;
	struct words w;

	if (r->off)
		return REDACT_KEEP;
	words_of(&w, key);
	rule = rule_of(r, &w, last);
	if (rule)
		return (enum redact_action)rule->action;
	return has_name(r, &w, last) && !is_about(&w) ? (enum redact_action)r->usual : REDACT_KEEP;
}

enum redact_action redact_key(const struct redact *r, struct str key)
{
	return judge(r, key, false);
}

enum redact_action redact_words(const struct redact *r, struct str words)
{
	return judge(r, words, true);
}

enum redact_action redact_parameter(const struct redact *r, struct str name)
{
	struct words w;

	if (r->off)
		return REDACT_KEEP;
	words_of(&w, name);
	for (size_t i = 0; i < r->n_rules; i++)
		if (r->rule[i].parameter && r->rule[i].n == w.n &&
		    memcmp(r->text + r->rule[i].at, w.low, w.n) == 0)
			return (enum redact_action)r->rule[i].action;
	for (size_t i = 0; i < N(parameters); i++)
		if (str_eq(parameters[i], (struct str){ w.low, w.n }))
			return (enum redact_action)r->usual;
	return redact_key(r, name);
}
