/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     offer ─► [entry entry ...] ─► thread: take all that is there ─► store ─► count
 *
 * One mutex guards the list and the counts and is never held while the store works. `n_done` follows
 * `n_offered`: a flush waits until it has reached what n_offered was when it began.
 */
#include "cmd/collect/keeper.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/scoped.h"
#include "cmd/collect/say.h"
#include "model/stats.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	QUEUE_ITEMS = 65536,
	WRITE_BATCHES = 256,
	GATHER_MS = 20, /* one transaction for what comes at once */
	/*
	 * Much of what a transaction writes are pages that the next one writes again. Not longer, and
	 * not more: until it is written it holds up its segment's chunks (collect/settle.h).
	 */
	GATHER_BUSY_MS = 100,
	GATHER_ENOUGH = 1024,
	BUSY_ITEMS = 128,
	KEEPER_NICE = 10,
};

enum entry_kind {
	ENTRY_BATCH,
	ENTRY_RUN_STARTED,
	ENTRY_RUN_ENDED,
};

struct entry {
	struct entry *next;
	enum entry_kind kind;
	struct batch *batch;
	struct store_run run; /* its texts lie behind it */
	char text[];
};

struct keeper {
	struct store *store;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake, moved;
	struct entry *head, **tail;
	size_t items; /* in the list and being written */
	uint64_t n_offered, n_done;
	bool stopping;
	bool hurry; /* somebody waits */
	bool given_up;
	bool busy; /* much came in the last gathering */
	bool gathering;
	int failing; /* the thread's own: what the last write returned */
};

static struct timespec deadline(uint32_t ms)
{
	uint64_t t = clock_mono_ns() + (uint64_t)ms * 1000000;

	return (struct timespec){ .tv_sec = (time_t)(t / 1000000000),
				  .tv_nsec = (long)(t % 1000000000) };
}

/* ---- the thread ---------------------------------------------------------------------------------- */

/* Told when it begins and when it is over, not for each write. */
static void tell(struct keeper *k, int r)
{
	if (r < 0 && k->failing == 0)
		say_wrong("store: %s; what can't be kept is counted, trying on", store_why());
	if (r >= 0 && k->failing < 0)
		say("store: writes again");
	k->failing = r < 0 ? r : 0;
}

static void write_batches(struct keeper *k, struct batch **batch, size_t n)
{
	size_t items = 0;
	int r = n ? store_write(k->store, batch, n) : 0;

	for (size_t i = 0; i < n; i++)
		items += batch_items(batch[i]);
	if (n)
		tell(k, r);
	if (r < 0)
		stats_add(store_dropped, items);
}

static void write_run(struct keeper *k, const struct entry *e)
{
	const struct store_run *run = &e->run;

	if (e->kind == ENTRY_RUN_STARTED)
		tell(k, store_run_started(k->store, run));
	else
		tell(k, store_run_ended(k->store, run->id, run->ended_ns, run->wait_status));
}

static struct entry *entry_free(struct entry *e)
{
	struct entry *next = e->next;

	batch_free(e->batch);
	free(e);
	return next;
}

/* In order: batches that lie together are one transaction. */
static void write_list(struct keeper *k, struct entry *head)
{
	struct batch *batch[WRITE_BATCHES];
	size_t n = 0;

	for (struct entry *e = head; e; e = e->next) {
		if (e->kind == ENTRY_BATCH)
			batch[n++] = e->batch;
		if (n && (e->kind != ENTRY_BATCH || n == WRITE_BATCHES)) {
			write_batches(k, batch, n);
			n = 0;
		}
		if (e->kind != ENTRY_BATCH)
			write_run(k, e);
	}
	write_batches(k, batch, n);
}

static void done(struct keeper *k, struct entry *head)
{
	size_t items = 0, n = 0;

	while (head) {
		items += head->batch ? batch_items(head->batch) : 0;
		n++;
		head = entry_free(head);
	}
	pthread_mutex_lock(&k->lock);
	k->items -= items;
	k->n_done += n;
	pthread_cond_broadcast(&k->moved);
	pthread_mutex_unlock(&k->lock);
}

/* A moment for more to come. Where much came the last time nothing need have come when it begins. */
static void gather(struct keeper *k)
{
	struct timespec until;

	while (!k->head && !k->stopping && !k->busy)
		pthread_cond_wait(&k->wake, &k->lock);
	until = deadline(k->busy ? GATHER_BUSY_MS : GATHER_MS);
	k->gathering = true;
	while (!k->stopping && !k->hurry && k->items < GATHER_ENOUGH &&
	       pthread_cond_timedwait(&k->wake, &k->lock, &until) == 0)
		;
	k->gathering = false;
	k->busy = k->items >= BUSY_ITEMS;
}

/* Takes the whole list, after a moment for more to come; NULL when it is time to end. */
static struct entry *take(struct keeper *k)
{
	struct entry *head;

	pthread_mutex_lock(&k->lock);
	do
		gather(k);
	while (!k->head && !k->stopping);
	head = k->given_up ? NULL : k->head;
	if (head) {
		k->head = NULL;
		k->tail = &k->head;
	}
	k->hurry = false;
	pthread_mutex_unlock(&k->lock);
	return head;
}

static void *run(void *you)
{
	struct keeper *k = you;
	struct entry *head;

	/* Keeping is most of a collector's work and can wait; draining can't. */
	setpriority(PRIO_PROCESS, (id_t)gettid(), KEEPER_NICE);
	while ((head = take(k))) {
		write_list(k, head);
		done(k, head);
	}
	return NULL;
}

/* ---- from other threads --------------------------------------------------------------------------- */

int keeper_new(struct keeper **out, struct store *store)
{
	struct keeper *k = calloc(1, sizeof(*k));
	pthread_condattr_t monotonic;
	sigset_t all, mask;
	int r;

	if (!k)
		return ERR(-ENOMEM);
	k->store = store;
	k->tail = &k->head;
	pthread_mutex_init(&k->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&k->wake, &monotonic);
	pthread_cond_init(&k->moved, &monotonic);
	pthread_condattr_destroy(&monotonic);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	r = pthread_create(&k->thread, NULL, run, k);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	if (r) {
		free(k);
		return ERR(-r);
	}
	*out = k;
	return 0;
}

static struct entry *entry_new(enum entry_kind kind, struct str id, struct str command)
{
	struct entry *e = calloc(1, sizeof(*e) + id.n + command.n);

	if (!e)
		return NULL;
	e->kind = kind;
	if (id.n)
		memcpy(e->text, id.p, id.n);
	if (command.n)
		memcpy(e->text + id.n, command.p, command.n);
	e->run.id = (struct str){ e->text, id.n };
	e->run.command = (struct str){ e->text + id.n, command.n };
	return e;
}

/* Anything at all if there is nothing yet. Under the lock. */
static bool is_full(const struct keeper *k, size_t items)
{
	return items && k->items + items > QUEUE_ITEMS && k->items;
}

bool keeper_has_room(struct keeper *k, size_t items)
{
	bool full;

	if (!k)
		return true;
	pthread_mutex_lock(&k->lock);
	full = is_full(k, items);
	pthread_mutex_unlock(&k->lock);
	return !full;
}

static void give(struct keeper *k, struct entry *e, size_t items)
{
	bool full;

	pthread_mutex_lock(&k->lock);
	full = is_full(k, items);
	if (!full) {
		/* Else the thread writes, or gathers and looks at the clock: it need not wake. */
		if ((!k->head && !k->gathering) || k->items + items >= GATHER_ENOUGH)
			pthread_cond_signal(&k->wake);
		*k->tail = e;
		k->tail = &e->next;
		k->items += items;
		k->n_offered++;
	}
	pthread_mutex_unlock(&k->lock);
	if (full) {
		stats_add(store_dropped, items);
		entry_free(e);
	}
}

void keeper_offer(struct keeper *k, struct batch *b)
{
	size_t items = batch_items(b);
	struct entry *e;

	if (!k || !items)
		return;
	e = entry_new(ENTRY_BATCH, (struct str){ 0 }, (struct str){ 0 });
	if (!e) {
		stats_add(memory_dropped, items);
		return;
	}
	e->batch = batch_ref(b);
	give(k, e, items);
}

static void give_run(struct keeper *k, enum entry_kind kind, const struct store_run *run)
{
	struct entry *e = k ? entry_new(kind, run->id, run->command) : NULL;
	struct str id, command;

	if (!e)
		return;
	id = e->run.id;
	command = e->run.command;
	e->run = *run;
	e->run.id = id;
	e->run.command = command;
	give(k, e, 0);
}

void keeper_run_started(struct keeper *k, const struct store_run *started)
{
	give_run(k, ENTRY_RUN_STARTED, started);
}

void keeper_run_ended(struct keeper *k, struct str id, uint64_t ended_ns, int32_t wait_status)
{
	struct store_run ended = { .id = id, .ended_ns = ended_ns, .wait_status = wait_status };

	give_run(k, ENTRY_RUN_ENDED, &ended);
}

bool keeper_flush(struct keeper *k, uint32_t timeout_ms)
{
	struct timespec until = deadline(timeout_ms);
	uint64_t wanted;
	int r = 0;

	if (!k)
		return true;
	pthread_mutex_lock(&k->lock);
	wanted = k->n_offered;
	while (k->n_done < wanted && r == 0) {
		k->hurry = true;
		pthread_cond_signal(&k->wake);
		r = pthread_cond_timedwait(&k->moved, &k->lock, &until);
	}
	r = k->n_done < wanted;
	pthread_mutex_unlock(&k->lock);
	return r == 0;
}

size_t keeper_queued(struct keeper *k)
{
	size_t n;

	if (!k)
		return 0;
	pthread_mutex_lock(&k->lock);
	n = (size_t)(k->n_offered - k->n_done);
	pthread_mutex_unlock(&k->lock);
	return n;
}

struct keeper *keeper_free(struct keeper *k, uint32_t timeout_ms)
{
	if (!k)
		return NULL;
	bool whole = keeper_flush(k, timeout_ms);

	pthread_mutex_lock(&k->lock);
	k->stopping = true;
	k->given_up = !whole;
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	while (k->head) {
		stats_add(store_dropped, k->head->batch ? batch_items(k->head->batch) : 0);
		k->head = entry_free(k->head);
	}
	pthread_cond_destroy(&k->wake);
	pthread_cond_destroy(&k->moved);
	pthread_mutex_destroy(&k->lock);
	free(k);
	return NULL;
}
