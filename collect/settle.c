/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/settle.h"

#include "base/fetch.h"

#include <stdlib.h>

enum { AHEAD = 8 };

struct owing {
	struct owing *next;
	struct batch *batch;
	struct places places;
	uint64_t n_rounds, since_ns;
};

/* ---- a chunk's cursors ------------------------------------------------------------------------ */

void settle_find(struct chunk *c, struct intake_told *out)
{
	out->read = atomic_load_explicit(&c->read, memory_order_acquire);
	out->tid = __atomic_load_n(&c->reader_tid, __ATOMIC_RELAXED);
	out->open = __atomic_load_n(&c->open, __ATOMIC_RELAXED);
	out->open_tid = __atomic_load_n(&c->open_tid, __ATOMIC_RELAXED);
	out->seen = __atomic_load_n(&c->seen, __ATOMIC_RELAXED);
}

struct tell_step {
	struct chunk *chunk;
	const struct intake_told *told;
};

/*
 * Release: whoever goes on from `read` after us finds nothing before it of interest. `read` goes
 * first: an `open` beyond it would say nothing.
 */
static void tell_step(void *you)
{
	struct tell_step *s = you;

	__atomic_store_n(&s->chunk->seen, s->told->seen, __ATOMIC_RELAXED);
	__atomic_store_n(&s->chunk->reader_tid, s->told->tid, __ATOMIC_RELAXED);
	atomic_store_explicit(&s->chunk->read, s->told->read, memory_order_release);
	__atomic_store_n(&s->chunk->open_tid, s->told->open_tid, __ATOMIC_RELAXED);
	__atomic_store_n(&s->chunk->open, s->told->open, __ATOMIC_RELEASE);
}

void settle_reset(struct chunk *c)
{
	tell_step(&(struct tell_step){ c, &(struct intake_told){ .read = CHUNK_HEAD,
								 .open = CHUNK_HEAD,
								 .seen = CHUNK_HEAD } });
}

static bool is_cursor(uint32_t at, uint32_t least, uint32_t most)
{
	return at >= least && at <= most && at % 8 == 0;
}

static void spots_begin(struct intake_chunk *mine)
{
	struct intake_told *t = &mine->told;

	mine->read = t->open;
	mine->tid = t->open_tid;
	mine->last = mine->clear = (struct intake_spot){ t->open, t->open_tid, 0 };
	mine->mark = mine->done = (struct intake_spot){ t->read, t->tid, 0 };
}

/* A service of another version, or a hostile one, may have put anything there. */
void settle_adopt(struct intake_chunk *mine)
{
	struct intake_told *f = &mine->found;

	mine->gen = 1;
	if (!is_cursor(f->read, CHUNK_HEAD, CHUNK_SIZE))
		f->read = CHUNK_HEAD;
	if (!is_cursor(f->open, CHUNK_HEAD, f->read)) {
		f->open = f->read;
		f->open_tid = f->tid;
	}
	if (!is_cursor(f->seen, f->read, CHUNK_SIZE))
		f->seen = f->read;
	mine->told = *f;
	spots_begin(mine);
}

void settle_fresh(struct intake *in, uint32_t i)
{
	struct intake_chunk *mine = &in->chunk[i];
	uint32_t gen = mine->gen + 1;

	settle_is_used(in, i);
	*mine = (struct intake_chunk){
		.gen = gen ? gen : 1,
		.told = { .read = CHUNK_HEAD, .open = CHUNK_HEAD, .seen = CHUNK_HEAD },
	};
	spots_begin(mine);
}

/* What was read last is marked; once that is settled, what has been read since is. */
static void spots_move(const struct intake *in, struct intake_chunk *mine)
{
	for (int i = 0; i < 2 && mine->mark.round <= in->settled; i++) {
		if (mine->mark.at > mine->done.at)
			mine->done = mine->mark;
		mine->mark = mine->last;
	}
	if (!mine->n_pins)
		mine->clear = mine->last;
}

int settle_chunk(struct intake *in, uint32_t i)
{
	struct intake_chunk *mine = &in->chunk[i];
	const struct intake_spot *open;
	struct intake_told now;

	spots_move(in, mine);
	open = mine->clear.at < mine->done.at ? &mine->clear : &mine->done;
	now = (struct intake_told){ mine->done.at, mine->done.tid, open->at, open->tid,
				    mine->read > mine->told.seen ? mine->read : mine->told.seen };
	if (now.read == mine->told.read && now.open == mine->told.open &&
	    now.seen == mine->told.seen)
		return 0;
	mine->told = now;
	return intake_step(in, tell_step,
			   &(struct tell_step){ intake_chunk_at(in, i), &mine->told });
}

void settle_is_used(struct intake *in, uint32_t i)
{
	in->n_waiting -= in->chunk[i].waits;
	in->chunk[i].waits = false;
}

bool settle_may_free(struct intake *in, uint32_t i)
{
	struct intake_chunk *mine = &in->chunk[i];

	if (!mine->n_pins && mine->done.at >= mine->read)
		return true;
	if (mine->waits)
		return false;
	if (in->n_waiting >= in->head.n_chunks / 4)
		return true;
	mine->waits = true;
	in->n_waiting++;
	return false;
}

/* ---- what was given --------------------------------------------------------------------------- */

void settle_owe(struct owed *o, struct batch *b, struct places *places, uint64_t n_rounds,
		uint64_t now_ns)
{
	struct owing *w = b || places->n ? calloc(1, sizeof(*w)) : NULL;

	if (!w)
		return;
	*w = (struct owing){ NULL, b ? batch_ref(b) : NULL, *places, n_rounds, now_ns };
	*places = (struct places){ 0 };
	o->n++;
	o->n_places += w->places.n;
	if (!o->first)
		o->tail = &o->first;
	*o->tail = w;
	o->tail = &w->next;
}

struct mark_step {
	struct intake *in;
	const struct places *places;
};

static struct record_head *place_of(const struct intake *in, const struct place *p)
{
	return (void *)((char *)intake_chunk_at(in, p->chunk) + p->at);
}

/* The owner is done with a whole record, and the next reader comes after us. */
static void mark_step(void *you)
{
	struct mark_step *s = you;

	for (size_t i = 0; i < s->places->n; i++) {
		const struct place *p = &s->places->item[i];
		struct record_head *h = place_of(s->in, p);

		if (i + AHEAD < s->places->n) /* written by another processor, and long ago */
			fetch_to_write(place_of(s->in, p + AHEAD), 1);
		if (p->at && s->in->chunk[p->chunk].gen == p->gen)
			__atomic_store_n(&h->flags, h->flags | RECORD_SETTLED, __ATOMIC_RELAXED);
	}
}

static void places_settle(struct intake *in, const struct places *places)
{
	for (size_t i = 0; i < places->n; i++) {
		struct intake_chunk *mine = &in->chunk[places->item[i].chunk];

		if (mine->gen == places->item[i].gen && mine->n_pins)
			mine->n_pins--;
	}
	if (places->n)
		intake_step(in, mark_step, &(struct mark_step){ in, places });
}

static void owing_pop(struct owed *o)
{
	struct owing *w = o->first;

	o->first = w->next;
	o->n--;
	o->n_places -= w->places.n;
	batch_free(w->batch);
	free(w->places.item);
	free(w);
}

/*
 * Also those behind one that still waits: what a full queue has dropped would be kept in memory.
 * Acquire: pairs with the last holder's release of the batch, after which it had done its work.
 */
static void batches_let_go(struct owed *o, uint64_t now_ns)
{
	size_t n = o->n, n_places = o->n_places;

	for (struct owing *w = o->first; w; w = w->next) {
		bool late = now_ns - w->since_ns > SETTLE_NS || n > SETTLE_MOST ||
			    n_places > SETTLE_PLACES_MOST;

		n--;
		n_places -= w->places.n;
		if (w->batch &&
		    (late || atomic_load_explicit(&w->batch->refs, memory_order_acquire) == 1))
			w->batch = batch_free(w->batch);
	}
}

void settle_look(struct owed *o, struct intake *in, uint64_t n_rounds, uint64_t now_ns)
{
	batches_let_go(o, now_ns);
	while (o->first && !o->first->batch) {
		places_settle(in, &o->first->places);
		owing_pop(o);
	}
	in->round = n_rounds + SETTLE_LAG + 1;
	in->settled = o->first ? o->first->n_rounds : n_rounds;
}

void settle_all(struct owed *o, struct intake *in, uint64_t n_rounds)
{
	settle_look(o, in, n_rounds, UINT64_MAX);
	for (uint32_t i = 0; i < in->head.n_chunks; i++)
		if (in->state[i] != CHUNK_FREE && !chunk_is_metrics(in->state[i]) &&
		    settle_chunk(in, i) < 0)
			return;
}

void settle_forget(struct owed *o)
{
	while (o->first)
		owing_pop(o);
}
