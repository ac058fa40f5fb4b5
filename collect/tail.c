/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     batch ─► each span finds its trace ─► the root's end decides ─► this batch's spans of kept traces
 *                    │                                              and what waited of them in others
 *                    └─ undecided: waits, holding its batch
 *
 * Traces lie in a ring, which the oldest leave when it is full, and in chains by a hash of their ids.
 */
#include "collect/tail.h"

#include "base/ratio.h"
#include "model/stats.h"

#include <pthread.h>
#include <stdlib.h>

enum { TRACES = 8192, SLOTS = 16384, WAITING_MOST = 65536 };
enum { SLOW_MS = 1000 };
enum { HAS_REMOTE_PARENT = 0x200 };

static const uint64_t patience_ns = 30000000000; /* for a root that doesn't end */

enum verdict { UNDECIDED, KEPT, DROPPED };

struct waiting {
	struct batch *batch; /* held */
	size_t at;
};

struct trace {
	struct trace_id id;
	enum verdict verdict;
	bool has_error;
	uint32_t next; /* in its chain, + 1 */
	uint64_t since_ns;
	struct waiting *waiting;
	size_t n, room;
};

struct tail {
	struct tail_rules rules;
	pthread_mutex_t lock;
	struct trace trace[TRACES];
	size_t first, n;  /* the ring: the oldest, and how many */
	size_t undecided; /* no trace before this place in the ring is undecided */
	size_t n_waiting;
	uint32_t slot[SLOTS]; /* a trace's place, + 1 */
};

/* ---- rules ----------------------------------------------------------------------------------------- */

struct tail_rules tail_rules_of(const struct settings *settings)
{
	struct str ratio = str_trim(settings_get(settings, STR("ORIEL_TAIL_RATIO")));
	struct tail_rules r = { .on = ratio.n > 0 };

	r.on = r.on && ratio_read(ratio, &r.threshold);
	r.slow_ns = settings_ms(settings, STR("ORIEL_TAIL_SLOW_MS"), SLOW_MS) * 1000000;
	return r;
}

static bool is_root(const struct span *s)
{
	return !span_id_is_set(s->parent_id) || s->flags & HAS_REMOTE_PARENT;
}

static bool is_error(const struct span *s)
{
	return s->status == STATUS_ERROR || s->end == SPAN_ORPHANED;
}

static bool is_of_share(const struct tail *t, const struct trace_id *id)
{
	uint64_t random;

	memcpy(&random, id->b + 8, sizeof(random));
	return t->rules.threshold == UINT64_MAX ||
	       ratio_takes(__builtin_bswap64(random), t->rules.threshold);
}

static enum verdict verdict_of(const struct tail *t, const struct trace *trace,
			       const struct span *root)
{
	if (trace->has_error)
		return KEPT;
	if (root && t->rules.slow_ns && root->end_ns - root->start_ns >= t->rules.slow_ns)
		return KEPT;
	return is_of_share(t, &trace->id) ? KEPT : DROPPED;
}

/* ---- traces ---------------------------------------------------------------------------------------- */

static size_t slot_of(const struct trace_id *id)
{
	uint32_t half;

	memcpy(&half, id->b + 12, sizeof(half));
	return half % SLOTS;
}

static struct trace *trace_find(struct tail *t, const struct trace_id *id)
{
	for (uint32_t i = t->slot[slot_of(id)]; i; i = t->trace[i - 1].next)
		if (!memcmp(&t->trace[i - 1].id, id, sizeof(*id)))
			return &t->trace[i - 1];
	return NULL;
}

static void trace_forget(struct tail *t, struct trace *trace)
{
	uint32_t *at = &t->slot[slot_of(&trace->id)], place = (uint32_t)(trace - t->trace) + 1;

	while (*at && *at != place)
		at = &t->trace[*at - 1].next;
	if (*at)
		*at = trace->next;
	free(trace->waiting);
	*trace = (struct trace){ .n = 0 };
}

static void trace_let_go(struct tail *t, struct trace *trace)
{
	for (size_t i = 0; i < trace->n; i++)
		batch_free(trace->waiting[i].batch);
	t->n_waiting -= trace->n;
	free(trace->waiting);
	trace->waiting = NULL;
	trace->n = trace->room = 0;
}

/* A batch that borrows spans, logs or points of another. */
static struct batch *part_of(struct batch *b)
{
	struct batch *part = batch_new(b->resource);

	if (!part)
		return NULL;
	part->of = batch_ref(b);
	part->again = b->again;
	part->last = b->last;
	return part;
}

static void part_add(struct batch *part, const struct span *s)
{
	struct span *to = part ? batch_add_span(part) : NULL;

	if (to)
		*to = *s;
	else
		stats_add(memory_dropped, 1);
}

static void part_pass(struct batch *part, tail_pass *pass, void *you)
{
	if (part && batch_items(part))
		pass(part, you);
	batch_free(part);
}

/* What waited: a run of spans of one batch is one part. */
static void waiting_pass(struct tail *t, struct trace *trace, tail_pass *pass, void *you)
{
	struct batch *part = NULL;

	for (size_t i = 0; i < trace->n; i++) {
		const struct waiting *w = &trace->waiting[i];

		if (part && part->of != w->batch) {
			part_pass(part, pass, you);
			part = NULL;
		}
		if (!part)
			part = part_of(w->batch);
		part_add(part, &w->batch->span[w->at]);
	}
	part_pass(part, pass, you);
	trace_let_go(t, trace);
}

static void trace_decide(struct tail *t, struct trace *trace, enum verdict verdict, tail_pass *pass,
			 void *you)
{
	trace->verdict = verdict;
	if (verdict == KEPT) {
		waiting_pass(t, trace, pass, you);
	} else {
		stats_add(tail_dropped, trace->n);
		trace_let_go(t, trace);
	}
}

static struct trace *ring_at(struct tail *t, size_t i)
{
	return &t->trace[(t->first + i) % TRACES];
}

static void ring_pop(struct tail *t, tail_pass *pass, void *you)
{
	struct trace *oldest = ring_at(t, 0);

	if (oldest->verdict == UNDECIDED)
		trace_decide(t, oldest, verdict_of(t, oldest, NULL), pass, you);
	trace_forget(t, oldest);
	t->first = (t->first + 1) % TRACES;
	t->n--;
	t->undecided -= t->undecided > 0;
}

static struct trace *trace_of(struct tail *t, const struct trace_id *id, uint64_t now_ns,
			      tail_pass *pass, void *you)
{
	struct trace *trace = trace_find(t, id);

	if (trace)
		return trace;
	if (t->n == TRACES)
		ring_pop(t, pass, you);
	trace = ring_at(t, t->n++);
	*trace = (struct trace){ .id = *id, .since_ns = now_ns, .next = t->slot[slot_of(id)] };
	t->slot[slot_of(id)] = (uint32_t)(trace - t->trace) + 1;
	return trace;
}

/* Decides the oldest that wait: too long, or too many of them. */
static void tail_hurry(struct tail *t, uint64_t now_ns, tail_pass *pass, void *you)
{
	for (; t->undecided < t->n; t->undecided++) {
		struct trace *trace = ring_at(t, t->undecided);

		if (trace->verdict != UNDECIDED)
			continue;
		if (t->n_waiting < WAITING_MOST && now_ns - trace->since_ns < patience_ns)
			return;
		trace_decide(t, trace, verdict_of(t, trace, NULL), pass, you);
	}
}

/* ---- spans ----------------------------------------------------------------------------------------- */

static bool trace_waits(struct tail *t, struct trace *trace, struct batch *b, size_t at)
{
	if (trace->n == trace->room) {
		size_t more = trace->room ? 2 * trace->room : 8;
		struct waiting *p = realloc(trace->waiting, more * sizeof(*p));

		if (!p)
			return false;
		trace->waiting = p;
		trace->room = more;
	}
	trace->waiting[trace->n++] = (struct waiting){ batch_ref(b), at };
	t->n_waiting++;
	return true;
}

/* First all that ended in this batch are seen, in whatever order; then roots decide. */
static void see(struct tail *t, struct batch *b, uint64_t now_ns, tail_pass *pass, void *you)
{
	for (size_t i = 0; i < b->n_spans; i++) {
		struct trace *trace = trace_of(t, &b->span[i].trace_id, now_ns, pass, you);

		if (!is_error(&b->span[i]))
			continue;
		trace->has_error = true;
		if (trace->verdict == DROPPED)
			trace->verdict = KEPT;
	}
	for (size_t i = 0; i < b->n_spans; i++) {
		struct trace *trace = trace_find(t, &b->span[i].trace_id);

		if (trace && trace->verdict == UNDECIDED && is_root(&b->span[i]))
			trace_decide(t, trace, verdict_of(t, trace, &b->span[i]), pass, you);
	}
}

static struct batch *rest_of(struct batch *b)
{
	struct batch *part = part_of(b);

	for (size_t i = 0; part && i < b->n_logs; i++) {
		struct log_record *l = batch_add_log(part);

		if (l)
			*l = b->log[i];
	}
	for (size_t i = 0; part && i < b->n_points; i++) {
		struct metric_point *p = batch_add_point(part);

		if (p)
			*p = b->point[i];
	}
	return part;
}

static void sort_out(struct tail *t, struct batch *b, tail_pass *pass, void *you)
{
	struct batch *part = rest_of(b);

	for (size_t i = 0; i < b->n_spans; i++) {
		struct trace *trace = trace_find(t, &b->span[i].trace_id);

		if (!trace || trace->verdict == KEPT ||
		    (trace->verdict == UNDECIDED && !trace_waits(t, trace, b, i)))
			part_add(part, &b->span[i]);
		else if (trace->verdict == DROPPED)
			stats_add(tail_dropped, 1);
	}
	part_pass(part, pass, you);
}

void tail_give(struct tail *t, struct batch *b, uint64_t now_ns, tail_pass *pass, void *you)
{
	if (!t) {
		pass(b, you);
		return;
	}
	pthread_mutex_lock(&t->lock);
	if (b->n_spans) {
		see(t, b, now_ns, pass, you);
		sort_out(t, b, pass, you);
	} else {
		pass(b, you);
	}
	tail_hurry(t, now_ns, pass, you);
	pthread_mutex_unlock(&t->lock);
}

void tail_end(struct tail *t, tail_pass *pass, void *you)
{
	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	for (size_t i = t->undecided; i < t->n; i++) {
		struct trace *trace = ring_at(t, i);

		if (trace->verdict == UNDECIDED)
			trace_decide(t, trace, verdict_of(t, trace, NULL), pass, you);
	}
	t->undecided = t->n;
	pthread_mutex_unlock(&t->lock);
}

struct tail *tail_new(struct tail_rules rules)
{
	struct tail *t = rules.on ? calloc(1, sizeof(*t)) : NULL;

	if (!t)
		return NULL;
	t->rules = rules;
	pthread_mutex_init(&t->lock, NULL);
	return t;
}

struct tail *tail_free(struct tail *t)
{
	if (!t)
		return NULL;
	for (size_t i = 0; i < t->n; i++)
		trace_let_go(t, ring_at(t, i));
	pthread_mutex_destroy(&t->lock);
	free(t);
	return NULL;
}
