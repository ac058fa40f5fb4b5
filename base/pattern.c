/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search: all states at once. `now` holds the states that wait for the byte at `at`; a byte
 * takes each of them to the next state or nowhere, and the set of states is all that is remembered
 * of what came before, so nothing is ever tried twice.
 */
#include "base/pattern-state.h"

#include "base/byte-set.h"

enum { WORDS = PATTERN_STATES / 64 };

struct states {
	uint64_t word[WORDS];
};

static inline void state_add(struct states *s, unsigned i)
{
	s->word[i / 64] |= (uint64_t)1 << (i % 64);
}

static inline bool state_in(const struct states *s, unsigned i)
{
	return s->word[i / 64] >> (i % 64) & 1;
}

static inline bool states_none(const struct states *s)
{
	uint64_t any = 0;

	for (int i = 0; i < WORDS; i++)
		any |= s->word[i];
	return !any;
}

/* Take one out; PATTERN_STATES when there is none. */
static inline unsigned state_take(struct states *s)
{
	for (unsigned i = 0; i < WORDS; i++) {
		if (s->word[i]) {
			unsigned bit = (unsigned)__builtin_ctzll(s->word[i]);

			s->word[i] &= s->word[i] - 1;
			return 64 * i + bit;
		}
	}
	return PATTERN_STATES;
}

static bool holds(enum pattern_assertion assertion, struct str text, size_t at)
{
	bool before = at > 0 && byte_is_word((unsigned char)text.p[at - 1]);
	bool after = at < text.n && byte_is_word((unsigned char)text.p[at]);

	switch (assertion) {
	case ASSERT_BEGIN:
		return at == 0;
	case ASSERT_END:
		return at == text.n;
	case ASSERT_LAST:
		return at == text.n || (at + 1 == text.n && text.p[at] == '\n');
	case ASSERT_LINE_BEGIN:
		return at == 0 || text.p[at - 1] == '\n';
	case ASSERT_LINE_END:
		return at == text.n || text.p[at] == '\n';
	case ASSERT_WORD:
		return before != after;
	case ASSERT_NOT_WORD:
		/* Nothing at all has no boundary, and Python before 3.14 says that \B isn't there. */
		return before == after && text.n > 0;
	case N_ASSERTIONS:
		break;
	}
	return false;
}

/*
 * All that `enter` leads to without a byte; what waits for one goes to `now`. True if the pattern is
 * found. Each state is visited once.
 */
static inline bool settle(const struct pattern *p, struct states enter, struct states *now,
			  struct str text, size_t at, uint64_t *steps)
{
	struct states seen = enter;
	unsigned i, to;

	*now = (struct states){ { 0 } };
	while ((i = state_take(&enter)) < PATTERN_STATES) {
		const struct pattern_state *s = &p->state[i];

		++*steps;
		switch ((enum pattern_op)s->op) {
		case OP_FOUND:
			return true;
		case OP_BYTE:
		case OP_CLASS:
			state_add(now, i);
			continue;
		case OP_ASSERT:
			if (!holds((enum pattern_assertion)s->arg, text, at))
				continue;
			break;
		case OP_SPLIT:
		case OP_JUMP:
			to = (unsigned)((int)i + s->to);
			if (!state_in(&seen, to)) {
				state_add(&seen, to);
				state_add(&enter, to);
			}
			if (s->op == OP_JUMP)
				continue;
			break;
		}
		if (!state_in(&seen, i + 1)) {
			state_add(&seen, i + 1);
			state_add(&enter, i + 1);
		}
	}
	return false;
}

static inline void consume(const struct pattern *p, struct states *now, struct states *enter,
			   unsigned char c)
{
	unsigned i;

	*enter = (struct states){ { 0 } };
	while ((i = state_take(now)) < PATTERN_STATES) {
		const struct pattern_state *s = &p->state[i];

		if (s->op == OP_BYTE ? s->arg == c : byte_in(p->class[s->arg], c))
			state_add(enter, i + 1);
	}
}

/* Nothing has begun: where the pattern may begin next, or the end. */
static size_t next_begin(const struct pattern *p, struct str text, size_t at)
{
	while (at < text.n && !byte_in(p->first, (unsigned char)text.p[at]))
		at++;
	return at;
}

static bool search_literal(const struct pattern *p, struct str text, uint64_t *steps)
{
	size_t n = p->n - 1u;

	for (size_t at = 0; (at = next_begin(p, text, at)) + n <= text.n; at++) {
		size_t i = 1;

		while (i < n && (unsigned char)text.p[at + i] == p->state[i].arg)
			i++;
		*steps += i;
		if (i >= n)
			return true;
	}
	return false;
}

static bool search(const struct pattern *p, struct str text, uint64_t *steps)
{
	struct states enter = { { 0 } }, now;

	if (p->literal)
		return search_literal(p, text, steps);
	for (size_t at = 0;; at++) {
		bool fresh = states_none(&enter);

		if (fresh && p->skips && !p->anchored)
			at = next_begin(p, text, at);
		if (fresh && ((p->anchored && at > 0) || (p->skips && at == text.n)))
			return false;
		if (!p->anchored || at == 0)
			state_add(&enter, 0);
		if (settle(p, enter, &now, text, at, steps))
			return true;
		if (at == text.n)
			return false;
		consume(p, &now, &enter, (unsigned char)text.p[at]);
	}
}

bool pattern_found(const struct pattern *p, struct str text)
{
	uint64_t steps = 0;

	return search(p, text, &steps);
}

uint64_t pattern_steps(const struct pattern *p, struct str text)
{
	uint64_t steps = 0;

	search(p, text, &steps);
	return steps;
}

/*
 * What waits for a byte first, as if all assertions held, \A only where `begins`. False: nothing
 * does, and the pattern isn't found without a byte either.
 */
static bool look_ahead(struct pattern *p, bool begins, bool *nothing)
{
	bool seen[PATTERN_STATES] = { true }, any = false;
	unsigned n = 1;
	uint8_t stack[PATTERN_STATES] = { 0 };

	memset(p->first, 0, sizeof(p->first));
	*nothing = false;
	while (n) {
		unsigned i = stack[--n], way[2] = { i, i };
		const struct pattern_state *s = &p->state[i];

		any |= s->op == OP_FOUND || s->op == OP_BYTE || s->op == OP_CLASS;
		*nothing |= s->op == OP_FOUND;
		if (s->op == OP_BYTE)
			p->first[s->arg >> 3] |= (uint8_t)(1u << (s->arg & 7));
		for (int b = 0; s->op == OP_CLASS && b < 32; b++)
			p->first[b] |= p->class[s->arg][b];
		if (s->op == OP_SPLIT || s->op == OP_JUMP)
			way[0] = (unsigned)((int)i + s->to);
		if (s->op == OP_SPLIT || (s->op == OP_ASSERT && (begins || s->arg != ASSERT_BEGIN)))
			way[1] = i + 1;
		for (int w = 0; w < 2; w++) {
			if (!seen[way[w]])
				stack[n++] = (uint8_t)way[w];
			seen[way[w]] = true;
		}
	}
	return any;
}

void pattern_look_ahead(struct pattern *p)
{
	bool nothing;
	unsigned n = 0;

	while (p->state[n].op == OP_BYTE)
		n++;
	p->literal = n > 0 && p->state[n].op == OP_FOUND;
	p->anchored = !look_ahead(p, false, &nothing);
	look_ahead(p, true, &nothing);
	p->skips = !nothing;
}
