/* SPDX-License-Identifier: Apache-2.0 */
#include "model/sieve.h"

enum { NESTED_MOST = 64 };

/* One walk over a batch. */
struct walk {
	struct sieve *sieve;
	struct arena *arena;
	unsigned depth;
	bool full; /* no memory */
};

/* Made room for. */
static struct str take(struct walk *w, size_t n)
{
	char *p = n ? arena_take(w->arena, n) : NULL;

	w->full |= n && !p;
	return (struct str){ p ? p : "", p ? n : 0 };
}

static void sieve_text(struct walk *w, struct str *text)
{
	const struct redact *rules = w->sieve->rules;
	struct str clean;

	if (!redact_is_loud(text->p, text->n))
		return;
	clean = take(w, redact_text(rules, *text, NULL, SIZE_MAX));
	redact_text(rules, *text, (char *)(uintptr_t)clean.p, clean.n);
	*text = clean;
}

static enum redact_action judge(struct sieve *s, struct str key)
{
	uint32_t hash = 2166136261u;
	struct sieve_key *k;
	enum redact_action action;

	if (!key.n || key.n > SIEVE_KEY_MOST)
		return redact_key(s->rules, key);
	for (size_t i = 0; i < key.n; i++)
		hash = (hash ^ (uint8_t)key.p[i]) * 16777619u;
	k = &s->harmless[(hash ^ hash >> 15) % SIEVE_KEYS];
	if (str_eq(key, (struct str){ k->text, k->n }))
		return REDACT_KEEP;
	action = redact_key(s->rules, key);
	if (!action) {
		k->n = (uint8_t)key.n;
		memcpy(k->text, key.p, key.n);
	}
	return action;
}

/* Of lists and maps hashes would be of where they lie. */
static void sieve_whole(struct walk *w, enum redact_action action, struct value *v)
{
	struct str of = v->type == VALUE_STRING || v->type == VALUE_BYTES
				? v->text
				: (struct str){ (const char *)&v->integer, sizeof(v->integer) };
	char mark[REDACT_MARK_MOST];
	struct str text;
	size_t n;

	if (v->type == VALUE_STRING && redact_is_mark(of))
		return;
	if (v->type >= VALUE_ARRAY || v->type == VALUE_BOOL)
		action = REDACT_MASK;
	n = redact_mark(w->sieve->rules, action, of, mark);
	text = take(w, n);
	memcpy((char *)(uintptr_t)text.p, mark, text.n);
	*v = (struct value){ VALUE_STRING, .text = text };
}

static void sieve_list(struct walk *w, struct attributes *a);

static void sieve_value(struct walk *w, struct value *v)
{
	struct value *item = (struct value *)(uintptr_t)v->array.item;
	struct attributes map = { v->map.item, v->map.n, 0 };

	if (v->type == VALUE_STRING || v->type == VALUE_BYTES)
		sieve_text(w, &v->text);
	if (v->type < VALUE_ARRAY)
		return;
	if (w->depth == NESTED_MOST) {
		*v = (struct value){ VALUE_STRING, .text = STR(REDACT_MARK) };
		return;
	}
	w->depth++;
	if (v->type == VALUE_MAP) {
		sieve_list(w, &map);
		v->map.n = map.n;
	}
	for (size_t i = 0; v->type == VALUE_ARRAY && i < v->array.n; i++)
		sieve_value(w, &item[i]);
	w->depth--;
}

static void sieve_list(struct walk *w, struct attributes *a)
{
	struct attribute *item = (struct attribute *)(uintptr_t)a->item;
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++) {
		enum redact_action action = judge(w->sieve, item[i].key);

		if (action == REDACT_DROP)
			continue;
		item[n] = item[i];
		if (action)
			sieve_whole(w, action, &item[n].value);
		else
			sieve_value(w, &item[n].value);
		n++;
	}
	a->n = n;
}

static void sieve_span(struct walk *w, struct span *s)
{
	struct span_event *event = (struct span_event *)(uintptr_t)s->event;
	struct span_link *link = (struct span_link *)(uintptr_t)s->link;

	sieve_text(w, &s->name);
	sieve_text(w, &s->status_message);
	sieve_list(w, &s->attributes);
	for (size_t i = 0; i < s->n_events; i++) {
		sieve_text(w, &event[i].name);
		sieve_list(w, &event[i].attributes);
	}
	for (size_t i = 0; i < s->n_links; i++)
		sieve_list(w, &link[i].attributes);
}

static void sieve_log(struct walk *w, struct log_record *l)
{
	sieve_value(w, &l->body);
	sieve_text(w, &l->event_name);
	sieve_list(w, &l->attributes);
}

static void sieve_point(struct walk *w, struct metric_point *p)
{
	struct exemplar *exemplar = (struct exemplar *)(uintptr_t)p->exemplar;

	sieve_text(w, &p->description);
	sieve_list(w, &p->attributes);
	for (size_t i = 0; i < p->n_exemplars; i++)
		sieve_list(w, &exemplar[i].attributes);
}

/* Once each: what has one scope lies together. One without attributes may be anybody's. */
static void sieve_scope(struct walk *w, const struct scope *scope, const struct scope **last)
{
	if (scope && scope != *last && scope->attributes.n)
		sieve_list(w, &((struct scope *)(uintptr_t)scope)->attributes);
	*last = scope;
}

bool sieve_batch(struct sieve *s, struct batch *b)
{
	struct walk w = { s, &b->arena, 0, false };
	const struct scope *last = NULL;

	if (s->rules->off)
		return true;
	for (size_t i = 0; i < b->n_spans; i++) {
		sieve_scope(&w, b->span[i].scope, &last);
		sieve_span(&w, &b->span[i]);
	}
	for (size_t i = 0; i < b->n_logs; i++) {
		sieve_scope(&w, b->log[i].scope, &last);
		sieve_log(&w, &b->log[i]);
	}
	for (size_t i = 0; i < b->n_points; i++) {
		sieve_scope(&w, b->point[i].scope, &last);
		sieve_point(&w, &b->point[i]);
	}
	return !w.full;
}

bool sieve_attributes(struct sieve *s, struct attributes *a, struct arena *arena)
{
	struct walk w = { s, arena, 0, false };

	if (!s->rules->off)
		sieve_list(&w, a);
	return !w.full;
}
