/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datadog's propagator.
 *
 *     x-datadog-trace-id            decimal, the right half of ours
 *     x-datadog-parent-id           decimal
 *     x-datadog-sampling-priority   -1, 0: denied; 1, 2: accepted
 *     x-datadog-origin              a word
 *     x-datadog-tags                _dd.p.tid={the left half, 16 hex},_dd.p.KEY=VALUE,...
 *
 * Priority, origin and tags travel through us as the member `dd` of the trace state, in the form that
 * Datadog's tracers give it there: s:1;o:rum;t.dm:-4, with ~ where a value has =.
 */
#include "lib/propagate.h"

#include "base/hex.h"
#include "base/trace-state.h"

enum { STATE_ROOM = 256, TAGS_ROOM = 512 };

/* Text that is put together; what doesn't fit isn't begun. */
struct text {
	char *p;
	size_t n, room; /* a NUL is always behind it */
};

static bool text_put(struct text *t, struct str s, char (*as)(char))
{
	if (s.n >= t->room - t->n)
		return false;
	for (size_t i = 0; i < s.n; i++)
		t->p[t->n++] = as ? as(s.p[i]) : s.p[i];
	t->p[t->n] = '\0';
	return true;
}

static void text_pair(struct text *t, const struct str part[4], char (*as)(char))
{
	size_t before = t->n;

	if (!text_put(t, part[0], NULL) || !text_put(t, part[1], as) ||
	    !text_put(t, part[2], NULL) || !text_put(t, part[3], as)) {
		t->n = before;
		t->p[before] = '\0';
	}
}

static char as_state(char c)
{
	if (c == '=')
		return '~';
	return c < 0x20 || c > 0x7e || c == ',' || c == ';' || c == '~' ? '_' : c;
}

static char as_header(char c)
{
	return c == '~' ? '=' : c;
}

static bool priority_read(int *out, struct str text)
{
	bool minus = str_starts(text, STR("-"));
	uint64_t n;

	if (!str_to_u64(str_from(text, minus), &n) || n > 9)
		return false;
	*out = minus ? -(int)n : (int)n;
	return true;
}

/* ---- in ------------------------------------------------------------------------------------------- */

static void big_endian(uint8_t to[8], uint64_t v)
{
	v = __builtin_bswap64(v);
	memcpy(to, &v, 8);
}

static void state_tags(struct text *state, struct str tags)
{
	while (tags.n) {
		struct cut item = str_cut(tags, ',');
		struct cut pair = str_cut(str_trim(item.head), '=');

		tags = item.tail;
		if (pair.found && str_starts(pair.head, STR("_dd.p.")) &&
		    !str_eq(pair.head, STR("_dd.p.tid")))
			text_pair(state,
				  (struct str[]){ STR(";t."), str_from(pair.head, 6), STR(":"),
						  pair.tail },
				  as_state);
	}
}

/* No priority, no state: nobody has decided. */
static enum remote_sampling state_read(struct text *state, const struct source *from)
{
	struct str priority = str_trim(field(from, "x-datadog-sampling-priority")),
		   origin = str_trim(field(from, "x-datadog-origin"));
	int p;

	if (!priority_read(&p, priority))
		return REMOTE_DEFERRED;
	text_pair(state, (struct str[]){ STR("dd="), STR("s"), STR(":"), priority }, NULL);
	if (origin.n)
		text_pair(state, (struct str[]){ STR(";"), STR("o"), STR(":"), origin }, as_state);
	state_tags(state, field(from, "x-datadog-tags"));
	return p > 0 ? REMOTE_ACCEPTED : REMOTE_DENIED;
}

static void left_half_read(uint8_t trace_id[8], struct str tags)
{
	while (tags.n) {
		struct cut item = str_cut(tags, ',');
		struct cut pair = str_cut(str_trim(item.head), '=');

		tags = item.tail;
		if (str_eq(pair.head, STR("_dd.p.tid")) && !hex_read(trace_id, 8, pair.tail, false))
			memset(trace_id, 0, 8);
	}
}

static void datadog_extract(struct found *f, const struct source *from)
{
	char room[STATE_ROOM];
	struct text state = { .p = room, .room = sizeof(room) };
	struct remote r = { .has_ids = true };
	uint64_t trace_id, span_id;

	if (!str_to_u64(str_trim(field(from, "x-datadog-trace-id")), &trace_id) ||
	    !str_to_u64(str_trim(field(from, "x-datadog-parent-id")), &span_id))
		return;
	big_endian(r.trace_id + 8, trace_id);
	big_endian(r.span_id, span_id);
	left_half_read(r.trace_id, field(from, "x-datadog-tags"));
	r.sampling = state_read(&state, from);
	found_adopt(f, &r, found_keep(f, (struct str){ room, state.n }));
}

/* ---- out ------------------------------------------------------------------------------------------ */

static uint64_t big_endian_of(const uint8_t from[8])
{
	uint64_t v;

	memcpy(&v, from, 8);
	return __builtin_bswap64(v);
}

struct said {
	int priority;
	struct text tags, origin;
};

static void tags_add(struct text *tags, struct str key, struct str value)
{
	text_pair(tags,
		  (struct str[]){ tags->n ? STR(",_dd.p.") : STR("_dd.p."), key, STR("="), value },
		  as_header);
}

/* A priority that our own decision contradicts doesn't count. */
static void said_read(struct said *said, struct str state)
{
	while (state.n) {
		struct cut item = str_cut(state, ';');
		struct cut pair = str_cut(item.head, ':');
		int p;

		state = item.tail;
		if (str_eq(pair.head, STR("s")) && priority_read(&p, pair.tail) && p >= -1 &&
		    p <= 2 && (p > 0) == (said->priority > 0))
			said->priority = p;
		else if (str_eq(pair.head, STR("o")))
			text_put(&said->origin, pair.tail, as_header);
		else if (str_starts(pair.head, STR("t.")))
			tags_add(&said->tags, str_from(pair.head, 2), pair.tail);
	}
}

static void set_number(const struct target *to, const char *name, uint64_t v)
{
	char text[24];
	size_t at = sizeof(text) - 1;

	text[at] = '\0';
	do
		text[--at] = (char)('0' + v % 10);
	while (v /= 10);
	to->set(to->carrier, name, text + at);
}

static void datadog_inject(const struct current *c, const struct target *to)
{
	static const char *const priorities[] = { "-1", "0", "1", "2" };
	char tags[TAGS_ROOM] = "", origin[STATE_ROOM] = "", left[16];
	enum remote_sampling sampling = current_sampling(c);
	struct said said = { .priority = sampling != REMOTE_DENIED && sampling != REMOTE_DEFERRED,
			     .tags = { .p = tags, .room = sizeof(tags) },
			     .origin = { .p = origin, .room = sizeof(origin) } };

	if (!c->entry->span_id)
		return;
	if (c->entry->trace_id[0]) {
		hex_write(left, current_trace_id(c), 8);
		tags_add(&said.tags, STR("tid"), (struct str){ left, sizeof(left) });
	}
	said_read(&said, trace_state_member(c->carried.trace_state, STR("dd=")));
	set_number(to, "x-datadog-trace-id", big_endian_of(current_trace_id(c) + 8));
	set_number(to, "x-datadog-parent-id", big_endian_of(current_span_id(c)));
	if (sampling != REMOTE_DEFERRED)
		to->set(to->carrier, "x-datadog-sampling-priority", priorities[said.priority + 1]);
	if (said.origin.n)
		to->set(to->carrier, "x-datadog-origin", origin);
	if (said.tags.n)
		to->set(to->carrier, "x-datadog-tags", tags);
}

const struct propagator propagator_datadog = { datadog_extract, datadog_inject, NULL };
