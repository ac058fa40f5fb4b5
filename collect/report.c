/* SPDX-License-Identifier: Apache-2.0 */
/* Report: what other threads may ask of a running collector, under its lock. */
#include "collect/inside.h"

#include "base/clock.h"

#include <stdlib.h>

static void process_json(struct process *p, struct json *j)
{
	const struct segment_header *h = &p->in->head;

	json_open(j, '{');
	json_key(j, STR("pid"));
	json_i64(j, h->pid);
	json_key(j, STR("service"));
	json_str(j, p->resource->service);
	json_key(j, STR("instance"));
	json_str(j, p->resource->instance);
	json_key(j, STR("run"));
	json_str(j, p->resource->run);
	json_key(j, STR("program"));
	json_str(j, str_of(h->program));
	json_key(j, STR("started_ns"));
	json_u64_text(j, h->created_real_ns);
	json_key(j, STR("segment_bytes"));
	json_u64(j, p->in->size);
	json_key(j, STR("records"));
	json_u64(j, p->a.n_records);
	json_key(j, STR("dropped"));
	json_u64(j, p->n_lost);
	json_key(j, STR("open_spans"));
	json_u64(j, p->a.open.n);
	json_key(j, STR("live"));
	json_bool(j, !p->gone);
	wishes_show(p, j);
	json_close(j, '}');
}

static void losses_json(const struct collector *c, struct json *j)
{
	static const struct {
		struct str name, unit, sentence;
	} about[N_LOSSES] = {
#define X(name, unit, sentence) \
	[LOSS_##name] = { { #name, sizeof(#name) - 1 }, \
			  { unit, sizeof(unit) - 1 }, \
			  { sentence, sizeof(sentence) - 1 } },
		SEGMENT_LOSSES(X)
#undef X
	};

	for (int i = 0; i < N_LOSSES; i++) {
		json_open(j, '{');
		json_key(j, STR("name"));
		json_str(j, about[i].name);
		json_key(j, STR("unit"));
		json_str(j, about[i].unit);
		json_key(j, STR("value"));
		json_u64(j, c->losses[i]);
		json_key(j, STR("about"));
		json_str(j, about[i].sentence);
		json_close(j, '}');
	}
}

void collector_status_json(struct collector *c, struct json *j)
{
	uint64_t runs = 0;

	pthread_mutex_lock(&c->lock);
	json_key(j, STR("processes"));
	json_open(j, '[');
	for (struct process *p = c->process; p; p = p->next)
		process_json(p, j);
	json_close(j, ']');
	for (const struct run *run = c->run; run; run = run->next)
		runs += run->told.id[0] != '\0';
	json_key(j, STR("runs_live"));
	json_u64(j, runs);
	json_key(j, STR("losses"));
	json_open(j, '[');
	losses_json(c, j);
	json_close(j, ']');
	pthread_mutex_unlock(&c->lock);
}

void collector_losses(struct collector *c, uint64_t loss[N_LOSSES])
{
	pthread_mutex_lock(&c->lock);
	memcpy(loss, c->losses, sizeof(c->losses));
	pthread_mutex_unlock(&c->lock);
}

/* ---- in flight -------------------------------------------------------------------------------- */

struct flight {
	uint64_t start_ns;
	struct process *p;
	const struct open_span *span;
};

static int by_start(const void *a, const void *b)
{
	const struct flight *x = a, *y = b;

	return (x->start_ns > y->start_ns) - (x->start_ns < y->start_ns);
}

static size_t flights_of(struct process *p, struct flight *to)
{
	size_t n = 0;

	for (size_t i = 0; i < p->a.open.room; i++) {
		const struct open_span *o = p->a.open.slot[i].span;

		if (o && o->start && !o->has_end)
			to[n++] = (struct flight){ timeline_real(p->a.timeline, o->begun), p, o };
	}
	return n;
}

static void flight_show(const struct flight *f, uint64_t now,
			void (*each)(const struct span *, const struct resource *, void *),
			void *you)
{
	struct arena arena = { 0 };
	struct span s;

	if (assemble_glimpse(&f->p->a, f->span, &arena, now, &s) && span_is_sampled(&s))
		each(&s, f->p->resource, you);
	arena_fini(&arena);
}

void collector_in_flight(struct collector *c, size_t most,
			 void (*each)(const struct span *, const struct resource *, void *),
			 void *you)
{
	struct flight *all;
	size_t room = 0, n = 0;

	pthread_mutex_lock(&c->lock);
	for (const struct process *p = c->process; p; p = p->next)
		room += p->a.open.n;
	all = room ? calloc(room, sizeof(*all)) : NULL;
	for (struct process *p = c->process; all && p; p = p->next)
		n += flights_of(p, all + n);
	if (n)
		qsort(all, n, sizeof(*all), by_start);
	for (size_t i = 0; i < n && i < most; i++)
		flight_show(&all[i], clock_real_ns(), each, you);
	pthread_mutex_unlock(&c->lock);
	free(all);
}

/* ---- metrics ---------------------------------------------------------------------------------- */

struct each_batch {
	void (*each)(const struct batch *b, void *you);
	void *you;
};

static void each_stranger(struct batch *b, const char *place, void *you)
{
	const struct each_batch *e = you;

	(void)place;
	e->each(b, e->you);
	batch_free(b);
}

void collector_metrics(struct collector *c, void (*each)(const struct batch *, void *), void *you)
{
	struct batch **all;
	size_t room = 0, n = 0;

	if (c->options.sink->refresh)
		c->options.sink->refresh(c->options.you);
	collector_ask(c);
	pthread_mutex_lock(&c->lock);
	for (const struct process *p = c->process; p; p = p->next)
		room++;
	all = room ? calloc(room, sizeof(struct batch *)) : NULL;
	for (struct process *p = c->process; all && p; p = p->next) {
		all[n] = process_metrics(p, clock_real_ns());
		n += all[n] != NULL;
	}
	pthread_mutex_unlock(&c->lock);
	for (size_t i = 0; i < n; i++) {
		each(all[i], you);
		batch_free(all[i]);
	}
	free(all);
	foreign_lock(&c->foreign);
	foreign_batches(&c->foreign, each_stranger, &(struct each_batch){ each, you },
			clock_mono_ns());
	foreign_unlock(&c->foreign);
}
