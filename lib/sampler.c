/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sampler.h"

#include "base/glob.h"
#include "base/hex.h"
#include "base/ratio.h"
#include "base/sampling.h"
#include "lib/clock.h"
#include "lib/control.h"
#include "lib/encode.h"

enum { RANDOM_DIGITS = RATIO_BITS / 4, TRIES = 8 };
enum { RULES_MOST = 12, TEXT_MOST = 1024 };
enum { SHARE_NONE, SHARE_USUAL, SHARE_RULES, SHARE_OPERATIONS = SHARE_RULES + RULES_MOST };

_Static_assert(SHARE_OPERATIONS + CONTROL_OPERATIONS <= SHARE_LEFT_OUT, "a share is a byte");

static const uint64_t second_ns = 1000000000;

struct rule {
	struct sampling_rule says;
	_Atomic uint64_t next_ns; /* of its limit */
};

static struct {
	size_t n;
	struct rule rule[RULES_MOST];
	uint32_t limit; /* 0: none */
	_Atomic uint64_t next_ns;
	_Atomic uint64_t strategy_next_ns, lower_next_ns[CONTROL_OPERATIONS + 1];
	char text[TEXT_MOST]; /* the rules' */
} sampling;

/* ---- configuration --------------------------------------------------------------------------------- */

bool sampler_use(struct str rules, struct str limit)
{
	struct sampling_error error;
	struct sampling_rule rule;
	enum sampling_outcome r;
	uint64_t v = 0;

	rules = str_first(rules, sizeof(sampling.text));
	if (rules.n)
		memcpy(sampling.text, rules.p, rules.n);
	rules.p = sampling.text;
	sampling.n = 0;
	while ((r = sampling_next(&rules, &rule, &error)) != SAMPLING_END)
		if (r == SAMPLING_FOUND && sampling.n < RULES_MOST)
			sampling.rule[sampling.n++].says = rule;
	sampling.limit = str_to_u64(limit, &v) && v <= UINT32_MAX ? (uint32_t)v : 0;
	return sampling.n || sampling.limit;
}

void oriel_sampling_ratio(double ratio)
{
	struct control *c = process.control;

	if (!(ratio >= 0 && ratio <= 1) || process.config.sampler_said || !process_is_ours())
		return;
	process.config.threshold =
		ratio < 1 ? (uint64_t)(ratio * 18446744073709551616.0) : UINT64_MAX;
	process.config.sampler = ratio < 1 ? SAMPLER_RATIO : SAMPLER_ON;
	atomic_store_explicit(&c->own_threshold, process.config.threshold, memory_order_relaxed);
	atomic_store_explicit(&c->own_sampler, process.config.sampler, memory_order_relaxed);
	atomic_store_explicit(&c->threshold, process.config.threshold, memory_order_relaxed);
	atomic_store_explicit(&c->sampler, process.config.sampler, memory_order_relaxed);
}

/* ---- rules ----------------------------------------------------------------------------------------- */

static struct str key_of(const struct oriel_attribute *a)
{
	enum wire_key known = attribute_known(a);

	return known ? wire_key(known) : (struct str){ a->key, attribute_key_n(a) };
}

static bool value_holds(const struct oriel_attribute *a, struct str pattern)
{
	char digits[24];
	size_t at = sizeof(digits);
	uint64_t v;

	switch (attribute_type(a)) {
	case ORIEL_STR:
		return glob(pattern, (struct str){ a->value.p, attribute_n(a) });
	case ORIEL_BOOL:
		return glob(pattern, a->value.boolean ? STR("true") : STR("false"));
	case ORIEL_INT:
		v = a->value.integer < 0 ? -(uint64_t)a->value.integer : (uint64_t)a->value.integer;
		do
			digits[--at] = (char)('0' + v % 10);
		while (v /= 10);
		if (a->value.integer < 0)
			digits[--at] = '-';
		return glob(pattern, (struct str){ digits + at, sizeof(digits) - at });
	default:
		return false;
	}
}

static bool attribute_holds(struct oriel_attributes a, struct str key, struct str pattern)
{
	for (size_t i = 0; i < a.n; i++)
		if (!attribute_is_none(&a.item[i]) && !attribute_is_prepared(&a.item[i]) &&
		    str_eq(key_of(&a.item[i]), key))
			return value_holds(&a.item[i], pattern);
	return false;
}

static bool rule_holds(const struct sampling_rule *r, const struct beginning *b)
{
	static const char *const kinds[] = { "internal", "internal", "server",
					     "client",	 "producer", "consumer" };

	for (size_t i = 0; i < r->n; i++) {
		struct str key = r->condition[i].key, pattern = r->condition[i].pattern;
		bool holds;

		if (str_eq(key, STR("name")))
			holds = glob(pattern, b->name);
		else if (str_eq(key, STR("kind")))
			holds = glob(pattern,
				     str_of(kinds[b->kind <= ORIEL_CONSUMER ? b->kind : 0]));
		else
			holds = attribute_holds(b->attributes, key, pattern);
		if (!holds)
			return false;
	}
	return true;
}

/* ---- limits ---------------------------------------------------------------------------------------- */

/*
 * One in so long on average, a second's worth at once: `next` is when the second would be used up by those
 * that were taken so far. Tried a bounded number of times against other threads; then it is no.
 */
static bool limit_takes(_Atomic uint64_t *next, uint64_t each_ns)
{
	uint64_t was = atomic_load_explicit(next, memory_order_relaxed), now = clock_slow();
	uint64_t most = each_ns > second_ns ? each_ns : second_ns;

	for (int i = 0; i < TRIES; i++) {
		uint64_t then = (was > now ? was : now) + each_ns;

		if (then > now + most)
			return false;
		if (atomic_compare_exchange_weak_explicit(next, &was, then, memory_order_relaxed,
							  memory_order_relaxed))
			return true;
	}
	return false;
}

/* ---- shares ---------------------------------------------------------------------------------------- */

/* The trace's random part: a trace state may say it, for ids that aren't random ("rv"). */
static uint64_t random_of(const struct entry *e, struct str trace_state)
{
	struct str rv = trace_state_part(trace_state, STR("rv:"));
	uint8_t bytes[8] = { 0 };
	uint64_t v;

	if (rv.n == RANDOM_DIGITS && hex_read(bytes + 1, 7, rv, false))
		memcpy(&v, bytes, 8);
	else
		v = e->trace_id[1];
	return __builtin_bswap64(v);
}

static uint64_t threshold_of(unsigned share)
{
	if (share == SHARE_USUAL)
		return control_threshold();
	if (share >= SHARE_OPERATIONS)
		return atomic_load_explicit(
			&process.control->strategy.operation[share - SHARE_OPERATIONS].threshold,
			memory_order_relaxed);
	share -= SHARE_RULES;
	return share < sampling.n ? sampling.rule[share].says.threshold : UINT64_MAX;
}

static bool is_of_share(struct entry *e, const struct beginning *b, unsigned share)
{
	if (!ratio_takes(random_of(e, b->trace_state), threshold_of(share)))
		return false;
	if (threshold_of(share) != UINT64_MAX)
		entry_set_share(e, share);
	return true;
}

/* Which of its operations; as many as there are: none. */
static uint32_t operation_of(const struct control_strategy *s, struct str name)
{
	uint64_t number = control_name(name.p, name.n);
	uint32_t n = atomic_load_explicit(&s->n, memory_order_relaxed);

	for (uint32_t i = 0; i < n && i < CONTROL_OPERATIONS; i++)
		if (atomic_load_explicit(&s->operation[i].name, memory_order_relaxed) == number)
			return i;
	return CONTROL_OPERATIONS;
}

/* What the share leaves out may be taken all the same, if that name had too few lately: of no share then. */
static bool strategy_takes(struct entry *e, const struct beginning *b)
{
	const struct control_strategy *s = &process.control->strategy;
	uint64_t limit_ns = atomic_load_explicit(&s->limit_ns, memory_order_relaxed);
	uint64_t lower_ns = atomic_load_explicit(&s->lower_ns, memory_order_relaxed);
	uint32_t i = operation_of(s, b->name);
	bool takes =
		is_of_share(e, b,
			    i < CONTROL_OPERATIONS ? SHARE_OPERATIONS + i : (unsigned)SHARE_USUAL);

	if (lower_ns)
		takes |= limit_takes(&sampling.lower_next_ns[i], lower_ns);
	return takes && (!limit_ns || limit_takes(&sampling.strategy_next_ns, limit_ns));
}

static bool usual_takes(struct entry *e, const struct beginning *b)
{
	enum sampler sampler = control_sampler();

	if (sampler == SAMPLER_STRATEGY)
		return strategy_takes(e, b);
	return sampler == SAMPLER_RATIO ? is_of_share(e, b, SHARE_USUAL) : sampler == SAMPLER_ON;
}

static bool rule_takes(struct entry *e, const struct beginning *b, size_t i)
{
	struct rule *r = &sampling.rule[i];

	return is_of_share(e, b, SHARE_RULES + (unsigned)i) &&
	       (!r->says.limit || limit_takes(&r->next_ns, second_ns / r->says.limit));
}

void sampler_choose(struct entry *e, const struct beginning *b)
{
	size_t i = 0;
	bool takes;

	while (i < sampling.n && !rule_holds(&sampling.rule[i].says, b))
		i++;
	takes = i < sampling.n ? rule_takes(e, b, i) : usual_takes(e, b);
	if (takes && sampling.limit)
		takes = limit_takes(&sampling.next_ns, second_ns / sampling.limit);
	if (takes)
		e->meta |= ORIEL_SAMPLED;
	else
		entry_set_share(e, SHARE_NONE);
}

/* ---- what is said of it ---------------------------------------------------------------------------- */

static bool is_a_part(const struct entry *e)
{
	return entry_share(e) != SHARE_NONE && entry_share(e) < SHARE_LEFT_OUT;
}

uint64_t sampler_least_of_share(const struct entry *e)
{
	if (!is_a_part(e))
		return 0;
	return ratio_least(threshold_of(entry_share(e))) & ((1ull << RATIO_BITS) - 1);
}

struct str sampler_state(char room[TRACE_STATE_ROOM], const struct entry *e, struct str state)
{
	return is_a_part(e) ? trace_state_with(room, sampler_least(e), state) : state;
}
