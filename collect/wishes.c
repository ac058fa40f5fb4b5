/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/wishes.h"

#include "base/err.h"
#include "base/severity.h"
#include "collect/remote.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert((int)STRATEGY_OPERATIONS == (int)CONTROL_OPERATIONS, "operations find room, too");
_Static_assert((int)CHANGE_EXCLUDED_MOST == (int)CONTROL_EXCLUDED &&
		       (int)CHANGE_PATTERNS_MOST == (int)CONTROL_PATTERNS_MOST,
	       "what is accepted finds room");

struct wish {
	struct wish *next;
	struct change change; /* its texts are below */
	size_t target_n, logger_n, patterns_n;
	char text[]; /* target, logger, patterns */
};

static struct str wish_target(const struct wish *x)
{
	return (struct str){ x->text, x->target_n };
}

/* ---- the list --------------------------------------------------------------------------------- */

static struct wish *wish_new(struct str target, const struct change *c)
{
	struct wish *x = malloc(sizeof(*x) + target.n + c->logger.n + c->patterns.n);
	char *p;

	if (!x)
		return NULL;
	*x = (struct wish){ .change = *c,
			    .target_n = target.n,
			    .logger_n = c->logger.n,
			    .patterns_n = c->patterns.n };
	p = x->text;
	memcpy(p, target.p, target.n);
	p += target.n;
	x->change.logger = (struct str){ p, c->logger.n };
	if (c->logger.n)
		memcpy(p, c->logger.p, c->logger.n);
	p += c->logger.n;
	x->change.patterns = (struct str){ p, c->patterns.n };
	if (c->patterns.n)
		memcpy(p, c->patterns.p, c->patterns.n);
	return x;
}

static struct wish **wish_place(struct wishes *w, struct str target, const struct change *c)
{
	struct wish **at = &w->first;

	while (*at && ((*at)->change.kind != c->kind || !str_eq(wish_target(*at), target) ||
		       !str_eq((*at)->change.logger, c->logger)))
		at = &(*at)->next;
	return at;
}

int wishes_add(struct wishes *w, struct str target, const struct change *change)
{
	struct wish **at = wish_place(w, target, change), *old = *at, *made = NULL;

	if (!change->back && !old && w->n == WISHES_MOST)
		return ERR(-ENOSPC);
	if (!change->back) {
		made = wish_new(target, change);
		if (!made)
			return ERR(-ENOMEM);
		made->next = old ? old->next : NULL;
	}
	*at = made ? made : old ? old->next : NULL;
	w->n += (made != NULL) - (old != NULL);
	w->version++;
	free(old);
	return 0;
}

void wishes_fini(struct wishes *w)
{
	while (w->first) {
		struct wish *x = w->first;

		w->first = x->next;
		free(x);
	}
	*w = (struct wishes){ 0 };
}

/* ---- whom they concern -------------------------------------------------------------------------- */

/* 3: this process, 2: its service, 1: all, 0: others. */
static int target_rank(struct str target, const struct process *p)
{
	uint64_t pid;

	if (str_eq(target, STR("*")))
		return 1;
	if (str_eq(target, p->resource->service))
		return 2;
	return str_to_u64(target, &pid) && (pid == (uint64_t)p->in->head.pid ||
					    (p->death.pid > 0 && pid == (uint64_t)p->death.pid))
		       ? 3
		       : 0;
}

bool wishes_concern(struct str target, const struct process *p)
{
	return target_rank(target, p) > 0;
}

static const struct change *wished(const struct wishes *w, const struct process *p,
				   enum change_kind kind, struct str logger)
{
	const struct change *best = NULL;
	int rank = 0;

	for (const struct wish *x = w->first; x; x = x->next) {
		int its = x->change.kind == kind && str_eq(x->change.logger, logger)
				  ? target_rank(wish_target(x), p)
				  : 0;

		if (its > rank) {
			rank = its;
			best = &x->change;
		}
	}
	return best;
}

/* ---- into the control block --------------------------------------------------------------------- */

/* What should be there, beside a copy of what is. */
struct apply {
	struct control *theirs;
	struct control was;
	uint8_t passing[CONTROL_LOGGERS];
	uint32_t sampler;
	uint64_t threshold;
	const struct strategy *strategy; /* NULL: none */
	struct str excluded;
	bool same_excluded;
};

static uint8_t passing_of(const struct change *c)
{
	return (uint8_t)(SEVERITY_OFF - c->severity);
}

static void apply_levels(struct apply *a, const struct wishes *w, struct process *p)
{
	const struct change *all = wished(w, p, CHANGE_LEVEL, STR(""));

	a->passing[0] = all ? passing_of(all) : a->was.own[0];
	for (uint8_t i = 1; i < CONTROL_LOGGERS; i++) {
		const struct change *c = NULL;
		struct str name;

		if (names_text(&p->a.names, a->was.logger[i], &name))
			c = wished(w, p, CHANGE_LEVEL, name);
		a->passing[i] = c				   ? passing_of(c)
				: a->was.own[i] != CONTROL_FOLLOWS ? a->was.own[i]
								   : a->passing[0];
	}
}

static uint32_t sampler_of(uint64_t threshold)
{
	return threshold == 0 ? SAMPLER_OFF : threshold == UINT64_MAX ? SAMPLER_ON : SAMPLER_RATIO;
}

/* What people say goes before what a remote sampler says. */
static void apply_sampling(struct apply *a, const struct change *c, const struct remote *r)
{
	const struct strategy *s = !c && r && r->has ? &r->strategy : NULL;

	a->threshold = c ? c->threshold : s ? s->threshold : a->was.own_threshold;
	a->sampler = c || s ? sampler_of(a->threshold) : a->was.own_sampler;
	if (!s || (!s->n && !s->limit_ns && !s->lower_ns))
		return;
	a->strategy = s;
	a->sampler = SAMPLER_STRATEGY;
}

static void apply_excluded(struct apply *a, const struct change *c)
{
	a->excluded = c ? c->patterns : STR("");
	a->same_excluded =
		a->was.excluded_n == a->excluded.n &&
		(!a->excluded.n || memcmp(a->was.excluded, a->excluded.p, a->excluded.n) == 0);
}

/*
 * Release: pairs with the service's acquire of the number; it is odd before the list changes and
 * another even one after.
 */
static void excluded_store(const struct apply *a)
{
	uint32_t seq = (a->was.excluded_seq | 1) + 1;

	atomic_store_explicit(&a->theirs->excluded_seq, seq - 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	a->theirs->excluded_n = (uint32_t)a->excluded.n;
	if (a->excluded.n)
		memcpy(a->theirs->excluded, a->excluded.p, a->excluded.n);
	atomic_store_explicit(&a->theirs->excluded_seq, seq ? seq : 2, memory_order_release);
}

static void word_store(_Atomic uint64_t *to, uint64_t v)
{
	if (atomic_load_explicit(to, memory_order_relaxed) != v)
		atomic_store_explicit(to, v, memory_order_relaxed);
}

/* A span that begins just now may find a name with another's share; it says by which it was taken. */
static void strategy_store(struct control_strategy *to, const struct strategy *s)
{
	word_store(&to->limit_ns, s->limit_ns);
	word_store(&to->lower_ns, s->lower_ns);
	for (size_t i = 0; i < s->n; i++) {
		word_store(&to->operation[i].threshold, s->operation[i].threshold);
		word_store(&to->operation[i].name, s->operation[i].name);
	}
	atomic_store_explicit(&to->n, (uint32_t)s->n, memory_order_relaxed);
}

static void apply_step(void *you)
{
	const struct apply *a = you;
	struct control *c = a->theirs;

	for (int i = 0; i < CONTROL_LOGGERS; i++)
		if (a->was.passing[i] != a->passing[i])
			atomic_store_explicit(&c->passing[i], a->passing[i], memory_order_relaxed);
	if (a->strategy)
		strategy_store(&c->strategy, a->strategy);
	if (a->was.threshold != a->threshold)
		atomic_store_explicit(&c->threshold, a->threshold, memory_order_relaxed);
	if (a->was.sampler != a->sampler)
		atomic_store_explicit(&c->sampler, a->sampler, memory_order_relaxed);
	if (!a->same_excluded)
		excluded_store(a);
}

static void copy_step(void *you)
{
	struct apply *a = you;

	memcpy(&a->was, a->theirs, sizeof(a->was));
}

void wishes_apply(const struct wishes *w, struct process *p)
{
	struct apply a = { .theirs = (struct control *)(p->in->map + p->in->head.control_at) };

	if ((!w->version && !p->remote) || intake_step(p->in, copy_step, &a) < 0)
		return;
	apply_levels(&a, w, p);
	apply_sampling(&a, wished(w, p, CHANGE_SAMPLING, STR("")), p->remote);
	apply_excluded(&a, wished(w, p, CHANGE_EXCLUDED, STR("")));
	intake_step(p->in, apply_step, &a);
}

/* ---- shown ------------------------------------------------------------------------------------------ */

static void show_levels(const struct control *c, struct process *p, struct json *j)
{
	json_key(j, STR("levels"));
	json_open(j, '{');
	for (uint8_t i = 0; i < CONTROL_LOGGERS; i++) {
		struct str name = STR("");

		if (i && !names_text(&p->a.names, c->logger[i], &name))
			continue;
		json_name(j, name);
		json_str(j, str_of(severity_name(SEVERITY_OFF - c->passing[i])));
	}
	json_close(j, '}');
}

/* The share of new traces that is recorded, without what rules say beside it. */
static double share_of(const struct control *c)
{
	return c->sampler == SAMPLER_ON	   ? 1
	       : c->sampler != SAMPLER_OFF ? (double)c->threshold / 18446744073709551616.0
					   : 0;
}

void wishes_show(struct process *p, struct json *j)
{
	struct apply a = { .theirs = (struct control *)(p->in->map + p->in->head.control_at) };

	if (intake_step(p->in, copy_step, &a) < 0)
		return;
	show_levels(&a.was, p, j);
	json_key(j, STR("sampling"));
	json_f64(j, share_of(&a.was));
	if (!a.was.excluded_n || a.was.excluded_n > CONTROL_EXCLUDED)
		return;
	json_key(j, STR("excluded"));
	json_str(j, (struct str){ a.was.excluded, a.was.excluded_n });
}
