/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/check-values.h"

#include <stdio.h>

#include "base/boolean.h"
#include "base/ratio.h"
#include "launch/complaint.h"
#include "launch/variables.h"

enum { QUEUE_USUAL = 65536 }; /* export/destination.h */

struct source {
	struct str (*get)(const void *from, struct str name);
	const void *from;
};

static struct str value_of(const struct source *s, const char *name)
{
	return str_trim(s->get(s->from, str_of(name)));
}

/* Yes and no there have more words than two. */
static bool is_a_word(const char *name)
{
	return str_eq(str_of(name), STR("TOMODACHI_OPENTELEMETRY_INSTRUMENT")) ||
	       str_eq(str_of(name), STR("SENTRY_SPOTLIGHT"));
}

/* "1..32" */
static const char *range_trouble(struct str argument, uint64_t v)
{
	struct cut range = str_cut(argument, '.');
	uint64_t least, most;

	if (!range.found || !str_to_u64(range.head, &least) ||
	    !str_to_u64(str_from(range.tail, 1), &most))
		return NULL;
	return v < least || v > most ? "out of range" : NULL;
}

static const char *number_trouble(struct str argument, struct str value)
{
	uint64_t v;

	if (!str_to_u64(value, &v))
		return "no number";
	if (str_eq(argument, STR("MS")) && v > INT32_MAX)
		return "too many milliseconds";
	if (str_eq(argument, STR("PORT")) && v > UINT16_MAX)
		return "no port";
	if (str_eq(argument, STR("COUNT")) && !v)
		return "it is one at least";
	return range_trouble(argument, v);
}

static bool is_number(struct str argument)
{
	static const struct str words[] = { STR("MS"),	  STR("NUMBER"), STR("N"),   STR("BYTES"),
					    STR("COUNT"), STR("PORT"),	 STR("DAYS") };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_eq(argument, words[i]))
			return true;
	return argument.n && argument.p[0] >= '0' && argument.p[0] <= '9';
}

/* NULL: it makes sense, or isn't for us to say. */
static const char *trouble(const struct variable *v, const char *name, struct str value)
{
	struct str argument = str_of(v->argument);
	uint64_t threshold;

	if (!value.n)
		return NULL;
	if (!v->argument || str_eq(argument, STR("false")))
		return boolean_of(str_of(name), value) == BOOLEAN_BAD && !is_a_word(name)
			       ? "neither true nor false"
			       : NULL;
	if (str_eq(argument, STR("RATIO")))
		return ratio_read(value, &threshold) ? NULL : "no share from 0 to 1";
	return is_number(argument) ? number_trouble(argument, value) : NULL;
}

static void check_batch(struct complaints *c, const struct source *s, const char *queue,
			const char *batch)
{
	uint64_t room, most;

	if (!str_to_u64(value_of(s, queue), &room) || !room)
		room = QUEUE_USUAL;
	if (str_to_u64(value_of(s, batch), &most) && most > room)
		complain(c, "%s: taking %llu for %llu: more than %s has room for", batch,
			 (unsigned long long)room, (unsigned long long)most, queue);
}

size_t check_values(struct str (*get)(const void *from, struct str name), const void *from,
		    void (*tell)(void *you, const char *text), void *you)
{
	struct complaints c = { tell, you, 0 };
	const struct source s = { get, from };
	char name[VARIABLE_NAME_ROOM], quoted[QUOTE_ROOM];
	const char *why;
	struct str value;

	for (const struct variable *v = variables; v->name; v++)
		for (size_t i = 0; variable_name(v, i, name); i++) {
			value = value_of(&s, name);
			why = trouble(v, name, value);
			if (why)
				complain(&c, "%s: ignoring '%s': %s", name, quote(value, quoted),
					 why);
		}
	check_batch(&c, &s, "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE");
	check_batch(&c, &s, "OTEL_BLRP_MAX_QUEUE_SIZE", "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE");
	return c.n;
}
