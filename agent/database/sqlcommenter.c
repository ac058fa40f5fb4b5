/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/database/sqlcommenter.h"

#include <stdlib.h>

#include "agent/agent.h"

enum { COMMENTED_AT_ONCE = 256 };

static struct pool pool = { .item_bytes = sizeof(struct commented), .n = COMMENTED_AT_ONCE };

static bool is_yes(struct str word)
{
	static const char *const yes[] = { "yes", "true", "on", "1", "all" };

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (str_eq_nocase(word, str_of(yes[i])))
			return true;
	return false;
}

bool sqlcommenter_wants(const char *system)
{
	struct str rest = str_of(getenv("ORIEL_SQLCOMMENTER")), word;

	while (str_next(&rest, ',', &word))
		if (is_yes(word) || str_eq_nocase(word, str_of(system)))
			return true;
	return false;
}

struct writer {
	struct commented *to;
	bool any, full;
};

static void put(struct writer *w, struct str s)
{
	if (s.n >= COMMENTED_MOST - w->to->n) {
		w->full = true;
		return;
	}
	if (s.n)
		memcpy(w->to->text + w->to->n, s.p, s.n);
	w->to->n += s.n;
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.' || c == '~';
}

static void put_encoded(struct writer *w, const char *value)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;
		char escaped[3] = { '%', hex[c >> 4], hex[c & 15] };

		put(w, is_plain(*value) ? (struct str){ value, 1 } : (struct str){ escaped, 3 });
	}
}

/* The propagators give their fields in this order already: traceparent, tracestate. */
static void set(void *carrier, const char *name, const char *value)
{
	struct writer *w = carrier;

	if (strcmp(name, "traceparent") != 0 && strcmp(name, "tracestate") != 0)
		return;
	put(w, w->any ? STR(",") : STR(" /*"));
	w->any = true;
	put(w, str_of(name));
	put(w, STR("='"));
	put_encoded(w, value);
	put(w, STR("'"));
}

static bool takes_one(const struct sql *s)
{
	return s->rows && s->statements == 1 && !s->commented && !s->open;
}

static bool statement_write(struct commented *to, const struct sql *s, struct str statement,
			    const struct database_call *call)
{
	struct writer w = { .to = to };
	unsigned token;

	to->n = 0;
	put(&w, str_first(statement, s->end));
	token = oriel_context_attach(&call->span.context);
	oriel_context_inject(set, &w);
	oriel_context_detach(token);
	put(&w, STR("*/"));
	put(&w, str_from(statement, s->end));
	to->text[to->n] = '\0';
	if (w.full)
		agent_missed("sqlcommenter");
	return w.any && !w.full;
}

struct commented *sqlcommenter_write(const struct sql *s, struct str statement,
				     const struct database_call *call)
{
	struct commented *to = NULL;

	if (!takes_one(s))
		return NULL;
	if (s->whole && pool_open(&pool))
		to = pool_take(&pool);
	if (!to) {
		agent_missed("sqlcommenter");
		return NULL;
	}
	if (statement_write(to, s, statement, call))
		return to;
	pool_give(&pool, to);
	return NULL;
}

void sqlcommenter_give(struct commented *c)
{
	if (c)
		pool_give(&pool, c);
}
