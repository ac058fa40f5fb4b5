/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Totals: services' metrics at this moment, of all their processes together, the dead ones included.
 *
 * A process is either alive here or in the ledger: it goes from one to the other under both locks, and
 * whoever asks takes the second before he lets go of the first.
 */
#include "collect/inside.h"

#include "base/clock.h"
#include "base/err.h"
#include "model/stats.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { TURN_MOST_MS = 50, ANSWER_MOST_MS = 100 };

_Static_assert((int)FOREIGN_PLACE == (int)COLLECTOR_PLACE, "a place is a place");

struct live {
	struct batch *batch;
	char place[COLLECTOR_PLACE];
	bool taken;
};

struct lives {
	struct live *item;
	size_t n, room;
};

/* Of one service in one place. */
struct sum {
	struct tally tally;
	struct batch *batch;
};

static bool is_wanted(const struct collector_ask *ask, const char *place)
{
	return !ask->wants || ask->wants(place, ask->you);
}

static bool has_room(struct lives *all)
{
	size_t room = all->room ? all->room * 2 : 16;
	struct live *item;

	if (all->n < all->room)
		return true;
	item = realloc(all->item, room * sizeof(*item));
	if (!item)
		return false;
	all->item = item;
	all->room = room;
	return true;
}

/* The oldest first: the list has the newest at its head, and answers should not change their order. */
static void turn(struct lives *all)
{
	for (size_t i = 0; i < all->n / 2; i++) {
		struct live kept = all->item[i];

		all->item[i] = all->item[all->n - 1 - i];
		all->item[all->n - 1 - i] = kept;
	}
}

static void look_at_lives(struct collector *c, const struct collector_ask *ask, struct lives *all)
{
	for (struct process *p = c->process; p; p = p->next) {
		struct live *live;

		if (p->folded || !is_wanted(ask, p->place))
			continue;
		if (!has_room(all)) {
			stats_add(memory_dropped, 1);
			continue;
		}
		live = &all->item[all->n];
		*live = (struct live){ .batch = NULL };
		live->batch = process_metrics(p, clock_real_ns());
		memcpy(live->place, p->place, sizeof(live->place));
		all->n += live->batch != NULL;
	}
	turn(all);
}

/* Takes all of one service; `who` is what they have in common, of the dead ones as well. */
static struct resource *take_service(struct lives *all, size_t first, struct tally *t,
				     struct resource *who)
{
	for (size_t i = first; i < all->n; i++) {
		struct live *live = &all->item[i];
		struct resource *common;

		if (live->taken || strcmp(live->place, all->item[first].place) != 0 ||
		    !resource_is_service(live->batch->resource, who))
			continue;
		live->taken = true;
		tally_add(t, live->batch, TALLY_LIVE);
		common = resource_common(who, live->batch->resource);
		if (common) {
			resource_free(who);
			who = common;
		}
	}
	return who;
}

static void sum_live(const struct ledger *l, struct lives *all, size_t first, struct sum *s,
		     struct collector_total *total)
{
	const char *place = all->item[first].place;
	struct account *a = ledger_find(l, place, all->item[first].batch->resource);
	struct resource *who = resource_ref(a ? a->common : all->item[first].batch->resource);

	if (a)
		account_tally(a, &s->tally);
	who = take_service(all, first, &s->tally, who);
	s->batch = tally_batch(&s->tally, who);
	*total = (struct collector_total){ place, s->batch };
	if (!s->batch)
		tally_fini(&s->tally);
	resource_free(who);
}

static bool is_living(const struct lives *all, const struct account *a)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->item[i].place, a->place) == 0 &&
		    resource_is_service(all->item[i].batch->resource, a->common))
			return true;
	return false;
}

static void use_totals(const struct ledger *l, struct lives *all, const struct collector_ask *ask)
{
	size_t room = all->n + l->n, n = 0;
	struct sum *sum = calloc(room + 1, sizeof(*sum));
	struct collector_total *total = calloc(room + 1, sizeof(*total));

	if (!sum || !total)
		stats_add(memory_dropped, room);
	for (size_t i = 0; sum && total && i < all->n; i++)
		if (!all->item[i].taken) {
			sum_live(l, all, i, &sum[n], &total[n]);
			n += total[n].batch != NULL;
		}
	for (const struct account *a = l->account; sum && total && a; a = a->next) {
		if (!is_wanted(ask, a->place) || is_living(all, a))
			continue;
		account_tally(a, &sum[n].tally);
		sum[n].batch = tally_batch(&sum[n].tally, a->common);
		total[n] = (struct collector_total){ a->place, sum[n].batch };
		if (!sum[n].batch)
			tally_fini(&sum[n].tally);
		n += total[n].batch != NULL;
	}
	ask->use(total, n, ask->you);
	for (size_t i = 0; sum && i < room; i++) {
		batch_free(sum[i].batch);
		tally_fini(&sum[i].tally);
	}
	free(sum);
	free(total);
}

/* Until the loop has had its turn, or for a moment. */
static void wait_for_turn(struct collector *c)
{
	uint64_t last = atomic_load_explicit(&c->asked_round, memory_order_relaxed);

	for (int i = 0; i < TURN_MOST_MS; i++) {
		if (atomic_load_explicit(&c->n_rounds, memory_order_relaxed) != last ||
		    !atomic_load_explicit(&c->working, memory_order_relaxed))
			break;
		poll(NULL, 0, 1);
	}
	atomic_store_explicit(&c->asked_round,
			      atomic_load_explicit(&c->n_rounds, memory_order_relaxed),
			      memory_order_relaxed);
}

/* Beside the lives, of which they are no others to who asks. */
struct strangers {
	const struct collector_ask *ask;
	struct lives *all;
};

static void add_stranger(struct batch *b, const char *place, void *you)
{
	const struct strangers *s = you;
	struct live *live;

	if (!is_wanted(s->ask, place) || !has_room(s->all)) {
		batch_free(b);
		return;
	}
	live = &s->all->item[s->all->n++];
	*live = (struct live){ .batch = b };
	snprintf(live->place, sizeof(live->place), "%s", place);
}

static bool all_answered(struct collector *c)
{
	bool all = true;

	pthread_mutex_lock(&c->lock);
	for (struct process *p = c->process; p; p = p->next)
		all = all && process_has_answered(p);
	pthread_mutex_unlock(&c->lock);
	return all;
}

/* Whoever doesn't answer soon (it is stopped, or its callback takes its time) is read as it is. */
void collector_ask(struct collector *c)
{
	bool any = false;

	pthread_mutex_lock(&c->lock);
	for (struct process *p = c->process; p; p = p->next)
		any = process_ask(p) || any;
	pthread_mutex_unlock(&c->lock);
	for (int i = 0; any && i < ANSWER_MOST_MS && !all_answered(c); i++)
		poll(NULL, 0, 1);
}

void collector_totals(struct collector *c, const struct collector_ask *ask)
{
	struct lives all = { 0 };

	wait_for_turn(c);
	if (c->options.sink->refresh)
		c->options.sink->refresh(c->options.you);
	collector_ask(c);
	foreign_lock(&c->foreign);
	pthread_mutex_lock(&c->lock);
	look_at_lives(c, ask, &all);
	foreign_batches(&c->foreign, add_stranger, &(struct strangers){ ask, &all },
			clock_mono_ns());
	pthread_mutex_lock(&c->ledger_lock);
	pthread_mutex_unlock(&c->lock);
	use_totals(&c->ledger, &all, ask);
	pthread_mutex_unlock(&c->ledger_lock);
	for (size_t i = 0; i < all.n; i++)
		batch_free(all.item[i].batch);
	free(all.item);
	foreign_unlock(&c->foreign);
}

/* As those of its run are asked for; of no run, as of one that says nothing about it. */
static void place_of_run(struct collector *c, struct str run, char place[COLLECTOR_PLACE])
{
	const struct collector_sink *sink = c->options.sink;
	bool found = false;

	place[0] = '\0';
	pthread_mutex_lock(&c->lock);
	for (const struct process *p = c->process; p && run.n && !found; p = p->next)
		if (p->route && str_eq(str_of(p->route->run->told.id), run)) {
			memcpy(place, p->place, COLLECTOR_PLACE);
			found = true;
		}
	pthread_mutex_unlock(&c->lock);
	if (!found && sink->place)
		sink->place(&(struct settings){ { "", 0 } }, place, c->options.you);
}

void collector_received(struct collector *c, const struct batch *b,
			const struct span_metrics_rules *rules)
{
	char place[COLLECTOR_PLACE] = "";
	bool counts = rules->on && b->n_spans;

	if (!b->n_points && !counts)
		return;
	if (!foreign_knows(&c->foreign, b->resource))
		place_of_run(c, b->resource->run, place);
	if (b->n_points)
		foreign_take(&c->foreign, b, place, clock_mono_ns());
	if (counts)
		foreign_count(&c->foreign, b, rules, place, clock_mono_ns());
}

struct due {
	struct batch *batch[FOREIGN_SOURCES];
	size_t n;
};

static void note_due(struct batch *b, const char *place, void *you)
{
	struct due *due = you;

	(void)place;
	due->batch[due->n++] = b;
}

void collector_tell_received(struct collector *c, struct str run, uint64_t now)
{
	const struct collector_sink *sink = c->options.sink;
	struct due due = { .n = 0 };

	/* Whoever is told totals may hold it for long; the loop looks again in its next round. */
	if (now == UINT64_MAX)
		foreign_lock(&c->foreign);
	else if (!foreign_try_lock(&c->foreign))
		return;
	foreign_due(&c->foreign, run, note_due, &due, now);
	foreign_unlock(&c->foreign);
	for (size_t i = 0; i < due.n; i++) {
		if (sink->tell)
			sink->tell(due.batch[i], c->options.you);
		batch_free(due.batch[i]);
	}
}

/*
 * Its last points, which are the ledger's from here on; unless they are already, because another collector
 * was killed before it could remove the segment.
 */
void collector_fold(struct collector *c, struct process *p)
{
	struct batch *b;

	if (p->folded)
		return;
	pthread_mutex_lock(&c->lock);
	if (p->death.news != DEATH_ALIVE && p->vitals.known)
		vitals_read(&p->vitals, p->death.pid, p->death.start_ticks);
	b = process_metrics(p, clock_real_ns());
	pthread_mutex_lock(&c->ledger_lock);
	if (b)
		ledger_fold(&c->ledger, p->place, b);
	p->folded = true;
	if (b)
		b->last = true;
	pthread_mutex_unlock(&c->ledger_lock);
	pthread_mutex_unlock(&c->lock);
	collector_give_points(c, p, b);
}

/* ---- what the next collector must know ------------------------------------------------------------- */

void collector_save_totals(struct collector *c)
{
	struct folded *all = NULL;
	int r = 0;

	for (const struct folded *f = c->folded; f && !r; f = f->next)
		r = folded_add(&all, f->name) ? 0 : ERR(-ENOMEM);
	for (const struct process *p = c->process; p && !r; p = p->next)
		if (p->folded)
			r = folded_add(&all, p->in->name) ? 0 : ERR(-ENOMEM);
	pthread_mutex_lock(&c->ledger_lock);
	if (!r)
		r = ledger_save(&c->ledger, &c->ledger_file, all);
	pthread_mutex_unlock(&c->ledger_lock);
	folded_free(all);
	if (r < 0)
		stats_add(totals_unsaved, 1);
}

static void note_any(const char *name, void *you)
{
	(void)name;
	*(bool *)you = true;
}

/*
 * Without a segment there is nobody whose totals could go back: what is there is of services that ended
 * long ago.
 */
void collector_load_totals(struct collector *c)
{
	bool any = false;
	int r;

	c->ledger_file.dir_fd = c->dir.fd;
	memcpy(c->ledger_file.boot_id, c->place.boot_id, sizeof(c->ledger_file.boot_id));
	if (rundir_list(&c->dir, note_any, &any) < 0 || !any) {
		ledger_discard(&c->ledger_file);
		return;
	}
	r = ledger_load(&c->ledger, &c->ledger_file, &c->folded);
	if (r < 0) {
		fprintf(stderr, "oriel: totals of dead processes not read: %s\n", err_path(r));
		stats_add(totals_unread, 1);
	}
}
