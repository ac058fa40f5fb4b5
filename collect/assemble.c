/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/assemble.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/fetch.h"
#include "collect/finish.h"
#include "model/stats.h"

#include <errno.h>
#include <stdlib.h>

enum { UNSTARTED_ROUNDS = 2, RESERVE_MOST = 256 * 1024 };

static const struct assemble_limits usual = { .attributes = ASSEMBLE_LIMIT,
					      .event_attributes = ASSEMBLE_LIMIT,
					      .link_attributes = ASSEMBLE_LIMIT,
					      .log_attributes = ASSEMBLE_LIMIT,
					      .events = ASSEMBLE_LIMIT,
					      .links = ASSEMBLE_LIMIT };

static uint32_t limit(uint32_t *of)
{
	if (*of > ASSEMBLE_LIMIT_MOST)
		*of = ASSEMBLE_LIMIT_MOST;
	return *of;
}

static uint32_t limits_largest(struct assemble_limits *l)
{
	uint32_t all[] = { limit(&l->attributes),      limit(&l->event_attributes),
			   limit(&l->link_attributes), limit(&l->log_attributes),
			   limit(&l->events),	       limit(&l->links) };
	uint32_t most = 1;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		most = all[i] > most ? all[i] : most;
	return most;
}

int assembler_init(struct assembler *a, const struct timeline *timeline, enum instant_source clock,
		   const struct assemble_limits *limits)
{
	uint32_t most;

	*a = (struct assembler){ .timeline = timeline, .clock = clock };
	a->limits = limits ? *limits : usual;
	most = limits_largest(&a->limits);
	a->observed_ns = clock_real_ns();
	a->ended.tail = &a->ended.first;
	a->unstarted.tail = &a->unstarted.first;
	a->scratch = calloc(most, sizeof(*a->scratch));
	a->detail_scratch = calloc(most, sizeof(*a->detail_scratch));
	a->events = calloc(most, sizeof(*a->events));
	a->links = calloc(most, sizeof(*a->links));
	if (a->scratch && a->detail_scratch && a->events && a->links)
		return 0;
	assembler_fini(a);
	return ERR(-ENOMEM);
}

void assembler_fini(struct assembler *a)
{
	a->batch = batch_free(a->batch);
	a->resource = resource_free(a->resource);
	open_fini(&a->open);
	crumbs_fini(&a->crumbs);
	free(a->scratch);
	free(a->detail_scratch);
	free(a->events);
	free(a->links);
	name_book_fini(&a->names);
	*a = (struct assembler){ 0 };
}

void assembler_set_resource(struct assembler *a, struct resource *resource)
{
	struct resource *was = a->resource;

	a->resource = resource_ref(resource);
	resource_free(was);
}

struct batch *assembler_take(struct assembler *a)
{
	struct batch *b = a->batch;

	a->batch = NULL;
	memset(a->logger, 0, sizeof(a->logger));
	memset(&a->scopes, 0, sizeof(a->scopes));
	return b;
}

struct batch *assembler_batch(struct assembler *a)
{
	if (!a->batch)
		a->batch = batch_new(a->resource);
	if (a->batch)
		a->batch->again = a->again > 0;
	return a->batch;
}

void assemble_bad(struct assembler *a)
{
	a->n_bad++;
	stats_add(records_bad, 1);
}

struct instant assemble_instant(const struct assembler *a, uint64_t time, uint8_t flags)
{
	if (flags & RECORD_TIME_REAL)
		return (struct instant){ time, INSTANT_REAL };
	if (flags & RECORD_TIME_MONO)
		return (struct instant){ time, INSTANT_MONO };
	return (struct instant){ time, a->clock };
}

static struct instant assemble_seen(struct assembler *a, uint64_t time, uint8_t flags)
{
	struct instant at = assemble_instant(a, time, flags);

	if (at.source == INSTANT_TSC && time > a->last_tick)
		a->last_tick = time;
	else if (at.source == INSTANT_MONO && time > a->last_mono)
		a->last_mono = time;
	return at;
}

static void list_add(struct assembler *a, struct span_list *l, struct open_span *o)
{
	o->next = NULL;
	o->round = a->round;
	o->listed = true;
	*l->tail = o;
	l->tail = &o->next;
}

static bool has_ended(const struct assembler *a, bool all)
{
	return a->ended.first && (all || a->ended.first->round != a->round);
}

/* Room for them all at once: a batch that grows as they come is copied again and again. */
static struct batch *batch_for_ended(struct assembler *a)
{
	struct batch *b = assembler_batch(a);
	size_t bytes = a->n_ended * a->span_bytes;

	if (!b)
		return NULL;
	batch_expect_spans(b, a->n_ended);
	arena_reserve(&b->arena, bytes < RESERVE_MOST ? bytes : RESERVE_MOST);
	return b;
}

static void finish_ended(struct assembler *a, bool all)
{
	struct batch *b = has_ended(a, all) ? batch_for_ended(a) : NULL;
	size_t used = b ? arena_used(&b->arena) : 0;
	uint64_t n = 0;

	while (has_ended(a, all)) {
		struct open_span *o = a->ended.first;

		a->ended.first = o->next;
		if (b && b->arena.at) /* the next one's, while this one is made */
			fetch_to_write(b->arena.at + a->span_bytes, a->span_bytes);
		finish_span(a, o, NULL);
		open_remove(&a->open, o);
		n++;
	}
	if (!a->ended.first)
		a->ended.tail = &a->ended.first;
	a->n_ended -= n;
	if (b)
		a->span_bytes = (arena_used(&b->arena) - used) / n;
	stats_add(spans_finished, n);
}

/*
 * A segment that was let wait holds more spans than there may be open at once, all read in one round. Those that have
 * ended needn't wait for its end then: only what another thread says of them later is lost.
 */
static struct open_span *span_add(struct assembler *a, uint64_t id)
{
	struct open_span *o = open_add(&a->open, id);

	if (o || !a->ended.first)
		return o;
	finish_ended(a, true);
	return open_add(&a->open, id);
}

/* The span that a record is about; one that has not begun waits on a list for its START. */
static struct open_span *span_of(struct assembler *a, uint64_t id)
{
	struct open_span *o = open_find(&a->open, id);

	if (o)
		return o;
	if (!id) {
		assemble_bad(a);
		return NULL;
	}
	o = span_add(a, id);
	if (!o) {
		stats_add(records_unstarted, 1);
		return NULL;
	}
	o->was_seen = a->seen;
	list_add(a, &a->unstarted, o);
	return o;
}

/* A span that still waits on the list of the unstarted is listed as ended when that one is walked. */
static void span_ended(struct assembler *a, struct open_span *o)
{
	if (!o->start || !o->has_end || o->listed)
		return;
	list_add(a, &a->ended, o);
	a->n_ended++;
}

static void take_start(struct assembler *a, const struct record_head *h, uint32_t tid)
{
	const struct record_start *r = (const void *)h;
	struct open_span *o;

	if (h->size < sizeof(*r) || !r->span_id) {
		assemble_bad(a);
		return;
	}
	o = open_find(&a->open, r->span_id);
	if (o && o->start) {
		assemble_bad(a);
		return;
	}
	if (!o)
		o = span_add(a, r->span_id);
	if (!o) {
		stats_add(spans_dropped_limit, 1);
		return;
	}
	o->start = open_copy(&a->open, o, h, tid);
	if (!o->start) {
		stats_add(memory_dropped, 1);
		if (!o->listed)
			open_remove(&a->open, o);
		return;
	}
	o->begun = assemble_seen(a, r->time, h->flags);
	if (r->trace_flags & SPAN_SAMPLED)
		a->n_started[!r->parent_id		? ORIGIN_NONE
			     : h->flags & RECORD_REMOTE ? ORIGIN_REMOTE
							: ORIGIN_LOCAL]++;
	span_ended(a, o);
}

static void take_end(struct assembler *a, const struct record_head *h, uint32_t tid)
{
	const struct record_end *r = (const void *)h;
	struct open_span *o = h->size < sizeof(*r) ? NULL : span_of(a, r->span_id);

	if (h->size < sizeof(*r) || (o && o->has_end))
		assemble_bad(a);
	if (!o || o->has_end)
		return;
	if (h->size > sizeof(*r)) {
		if (open_keep(&a->open, o, h, tid))
			o->n_details--; /* it counts as the END that it is */
		else
			stats_add(memory_dropped, 1);
	}
	o->has_end = true;
	o->end_flags = h->flags;
	o->end_code = h->code;
	o->ended = assemble_seen(a, r->time, h->flags);
	span_ended(a, o);
}

static bool over_limit(struct assembler *a, struct open_span *o, uint8_t type)
{
	if (type == RECORD_EVENT && o->n_events++ >= a->limits.events) {
		o->n_events--;
		o->dropped_events++;
		return true;
	}
	if (type == RECORD_LINK && o->n_links++ >= a->limits.links) {
		o->n_links--;
		o->dropped_links++;
		return true;
	}
	return false;
}

/* SET, EVENT, LINK, STATUS, NAME (and END's attributes): kept as they are until the span is finished. */
static void take_detail(struct assembler *a, const struct record_head *h, uint32_t tid)
{
	bool is_event = h->type == RECORD_EVENT;
	size_t least = is_event			? sizeof(struct record_event)
		       : h->type == RECORD_LINK ? sizeof(struct record_link)
						: sizeof(struct record_span);
	const struct record_event *event = (const void *)h;
	const struct record_span *other = (const void *)h;
	struct open_span *o;

	if (h->size < least) {
		assemble_bad(a);
		return;
	}
	o = span_of(a, is_event ? event->span_id : other->span_id);
	if (!o || over_limit(a, o, h->type))
		return;
	if (is_event)
		assemble_seen(a, event->time, h->flags);
	if (!open_keep(&a->open, o, h, tid))
		stats_add(memory_dropped, 1);
}

static void take_log(struct assembler *a, const struct record_head *h, uint32_t tid)
{
	const struct record_log *r = (const void *)h;

	if (h->size < sizeof(*r)) {
		assemble_bad(a);
		return;
	}
	assemble_seen(a, r->time, h->flags);
	a->n_logs++;
	finish_log(a, r, tid);
}

void assemble_record(struct assembler *a, const struct record_head *h, uint32_t tid)
{
	a->n_records++;
	switch (h->type) {
	case RECORD_START:
		take_start(a, h, tid);
		break;
	case RECORD_END:
		take_end(a, h, tid);
		break;
	case RECORD_SET:
	case RECORD_EVENT:
	case RECORD_LINK:
	case RECORD_STATUS:
	case RECORD_NAME:
		take_detail(a, h, tid);
		break;
	case RECORD_LOG:
		take_log(a, h, tid);
		break;
	default:
		assemble_bad(a);
	}
}

/* What a collector before us had seen of a span was of one that it had begun, and has delivered. */
static void unstarted_drop(struct assembler *a, struct open_span *o)
{
	if (!o->was_seen)
		stats_add(records_unstarted,
			  o->n_details + o->has_end + o->dropped_events + o->dropped_links);
	open_remove(&a->open, o);
}

/* Each either found its START, or is too old, or stays. */
static void walk_unstarted(struct assembler *a, bool all)
{
	struct open_span *o = a->unstarted.first;

	a->unstarted = (struct span_list){ NULL, &a->unstarted.first };
	while (o) {
		struct open_span *next = o->next;
		uint32_t round = o->round;

		o->listed = false;
		if (o->start) {
			span_ended(a, o);
		} else if (all || a->round - round >= UNSTARTED_ROUNDS) {
			unstarted_drop(a, o);
		} else {
			list_add(a, &a->unstarted, o);
			o->round = round;
		}
		o = next;
	}
}

void assemble_round(struct assembler *a)
{
	finish_ended(a, false);
	walk_unstarted(a, false);
	a->round++;
	a->again -= a->again > 0;
	a->observed_ns = clock_real_ns();
}

uint64_t assemble_last_ns(const struct assembler *a)
{
	struct instant tick = { a->last_tick, INSTANT_TSC }, mono = { a->last_mono, INSTANT_MONO };
	uint64_t by_tick = a->last_tick ? timeline_real(a->timeline, tick) : 0;
	uint64_t by_mono = a->last_mono ? timeline_real(a->timeline, mono) : 0;
	/* Clocks are set right each second, so what was told of a record may be later than that. */
	uint64_t told = crumbs_newest_ns(&a->crumbs);
	uint64_t last = by_tick > by_mono ? by_tick : by_mono;

	return told > last ? told : last;
}

void assemble_gone(struct assembler *a, struct str why, uint64_t death_real_ns)
{
	struct finish_gone gone = { why, death_real_ns ? death_real_ns : assemble_last_ns(a) };
	uint64_t n = 0;

	walk_unstarted(a, true);
	finish_ended(a, true);
	for (size_t i = 0; i < a->open.room; i++) {
		struct open_span *o = a->open.slot[i].span;

		if (!o)
			continue;
		finish_span(a, o, &gone);
		n++;
	}
	open_fini(&a->open);
	stats_add(spans_finished, n);
	stats_add(spans_orphaned, n);
}
