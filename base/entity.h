/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entity: what a service belongs to, as OTEL_ENTITIES lists it ("Entity Propagation"):
 *
 *     service{service.name=shop,service.instance.id=7}[service.version=1.4]@https://schema;host{host.id=a}
 *
 *     while ((kind = entity_last(&rest, &entity)) != ENTITY_END)
 *             ENTITY_BAD: entity.whole makes no sense; ENTITY_GOOD: identifying and describing are lists
 *             for pair_next, still percent-encoded
 *
 * Of several of one type the last counts, so it is the first that is found.
 */
#pragma once

#include "base/pair.h"

enum entity_kind { ENTITY_END, ENTITY_GOOD, ENTITY_BAD };

struct entity {
	struct str whole, type, identifying, describing, schema;
};

/* [a-zA-Z][a-zA-Z0-9._-]* */
static inline bool entity_is_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = str_lower(name.p[i]);

		if (!(c >= 'a' && c <= 'z') &&
		    (!i || (!(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')))
			return false;
	}
	return name.n > 0;
}

/* How many pairs there are; -1: one makes no sense. */
static inline int entity_pairs(struct str list)
{
	enum pair_kind kind;
	struct pair pair;
	int n = 0;

	while ((kind = pair_next(&list, &pair)) != PAIR_END) {
		if (kind == PAIR_BAD || !entity_is_name(pair.key))
			return -1;
		for (size_t i = 0; i < pair.value.n; i++)
			if (strchr("{}[]@=", pair.value.p[i]))
				return -1;
		n++;
	}
	return n;
}

static inline bool entity_read(struct str text, struct entity *out)
{
	struct cut open = str_cut(text, '{'), shut = str_cut(open.tail, '}'), part;

	*out = (struct entity){ .whole = text, .type = open.head, .identifying = shut.head };
	if (!shut.found || !entity_is_name(out->type) || entity_pairs(out->identifying) < 1)
		return false;
	if (str_starts(shut.tail, STR("["))) {
		part = str_cut(str_from(shut.tail, 1), ']');
		out->describing = part.head;
		shut.tail = part.tail;
		if (!part.found || entity_pairs(out->describing) < 0)
			return false;
	}
	if (str_starts(shut.tail, STR("@")))
		out->schema = str_from(shut.tail, 1);
	return !shut.tail.n || out->schema.n;
}

/* Takes the last off the list. */
static inline enum entity_kind entity_last(struct str *rest, struct entity *out)
{
	while (rest->n) {
		const char *at = memrchr(rest->p, ';', rest->n);
		struct str text =
			str_trim(at ? str_from(*rest, (size_t)(at - rest->p) + 1) : *rest);

		rest->n = at ? (size_t)(at - rest->p) : 0;
		if (text.n)
			return entity_read(text, out) ? ENTITY_GOOD : ENTITY_BAD;
	}
	return ENTITY_END;
}

/* Does one of this type stand behind it in the list? `all` is the whole of it. */
static inline bool entity_is_told_again(struct str all, const struct entity *e)
{
	struct entity later;

	while (all.n && all.p + all.n > e->whole.p + e->whole.n)
		if (entity_last(&all, &later) == ENTITY_GOOD && later.whole.p > e->whole.p &&
		    str_eq(later.type, e->type))
			return true;
	return false;
}
