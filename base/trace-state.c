/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trace-state.h"

#include "base/hex.h"
#include "base/ratio.h"

enum { DIGITS = RATIO_BITS / 4 };

struct str trace_state_member(struct str state, struct str name)
{
	while (state.n) {
		struct cut member = str_cut(state, ',');
		struct str text = str_trim(member.head);

		if (str_starts(text, name))
			return str_from(text, name.n);
		state = member.tail;
	}
	return STR("");
}

struct str trace_state_part(struct str state, struct str name)
{
	struct str ours = trace_state_member(state, STR("ot="));

	while (ours.n) {
		struct cut part = str_cut(ours, ';');

		if (str_starts(part.head, name))
			return str_from(part.head, name.n);
		ours = part.tail;
	}
	return STR("");
}

/* Zeros at its end needn't be written. */
bool trace_state_least(struct str state, uint64_t *least)
{
	struct str text = trace_state_part(state, STR("th:"));
	uint64_t v = 0;

	if (!text.n || text.n > DIGITS)
		return false;
	for (size_t i = 0; i < DIGITS; i++) {
		int digit = i < text.n ? hex_digit(text.p[i], false) : 0;

		if (digit < 0)
			return false;
		v = v << 4 | (unsigned)digit;
	}
	*least = v;
	return true;
}

double trace_state_weight(struct str state)
{
	static const uint64_t all = 1ull << RATIO_BITS;
	uint64_t least;

	if (!state.n || !trace_state_least(state, &least))
		return 1;
	return (double)all / (double)(all - least);
}

/* ---- written --------------------------------------------------------------------------------------- */

struct writing {
	char *to;
	size_t n, room;
};

static void put(struct writing *w, struct str s)
{
	if (s.n > w->room - w->n)
		return;
	if (s.n)
		memcpy(w->to + w->n, s.p, s.n);
	w->n += s.n;
}

static void put_least(struct writing *w, uint64_t least)
{
	uint64_t bytes = __builtin_bswap64(least);
	char digits[16];
	size_t n = 16;

	hex_write(digits, &bytes, 8);
	while (n > 16 - DIGITS + 1 && digits[n - 1] == '0')
		n--;
	put(w, (struct str){ digits + 16 - DIGITS, n - (16 - DIGITS) });
}

static void put_parts(struct writing *w, struct str ours)
{
	while (ours.n) {
		struct cut part = str_cut(ours, ';');

		ours = part.tail;
		if (!part.head.n || str_starts(part.head, STR("th:")) ||
		    part.head.n + 1 > w->room - w->n)
			continue;
		put(w, STR(";"));
		put(w, part.head);
	}
}

static void put_others(struct writing *w, struct str state)
{
	while (state.n) {
		struct cut member = str_cut(state, ',');
		struct str text = str_trim(member.head);

		state = member.tail;
		if (!text.n || str_starts(text, STR("ot=")) || text.n + 1 > w->room - w->n)
			continue;
		put(w, STR(","));
		put(w, text);
	}
}

struct str trace_state_with(char room[TRACE_STATE_ROOM], uint64_t least, struct str state)
{
	struct writing w = { room, 0, TRACE_STATE_ROOM - 1 };

	put(&w, STR("ot=th:"));
	put_least(&w, least);
	put_parts(&w, trace_state_member(state, STR("ot=")));
	put_others(&w, state);
	room[w.n] = '\0';
	return (struct str){ room, w.n };
}
