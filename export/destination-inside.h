/* SPDX-License-Identifier: Apache-2.0 */
/* Inside: what destination.c and its neighbours, destination-*.c, share. Nobody else includes it. */
#pragma once

#include "export/backoff.h"
#include "export/destination.h"
#include "export/spool.h"

#include <pthread.h>

enum { MS = 1000000 };
enum { WRITE_BATCHES_MOST = 1024 };

struct entry {
	struct entry *next;
	struct batch *batch;
	size_t items, of[N_SIGNALS];
	uint64_t since_ns;
};

/* What is being written. */
struct cargo {
	struct batch *batch[WRITE_BATCHES_MOST];
	size_t n, items, of[N_SIGNALS];
};

/* Takes some, and sends it, with an exporter's instance of its own. */
struct worker {
	struct destination *d;
	void *state;
	pthread_t thread;
	struct cargo cargo;
	struct out body; /* of what it sends from disk */
	uint64_t
		number; /* of its cargo, from 1; 0: it has none. This and the next are under the lock */
	bool points; /* what it sends holds some */
};

struct destination {
	const struct exporter *kind;
	char name[DESTINATION_NAME];
	enum signal signals;
	struct destination_limits limits;
	void (*tell)(void *to, const char *line);
	void *tell_to;
	atomic_bool stop;     /* set by free, read by the exporter in the middle of a write */
	pthread_mutex_t disk; /* guards the spool; taken before the other one */
	struct spool *spool;  /* NULL: there is none */
	struct cargo aside;   /* what goes to disk while others are written; of who set `asiding` */
	void *first_state;    /* of the first worker, which the others' are made from */

	pthread_mutex_t lock; /* guards all that follows, but for what is in the workers */
	pthread_cond_t wake, moved;
	struct worker *worker[DESTINATION_AT_ONCE_MOST];
	size_t n_workers, n_idle;
	size_t n_sending; /* requests under way */
	bool hiring, asiding;
	struct entry *first, **last;
	size_t waiting;	  /* items in the list */
	uint64_t offered; /* items that were taken into the queue, ever */
	uint64_t settled; /* of those: sent or dropped */
	uint64_t spooled; /* of those that aren't: on disk */
	uint64_t held;	  /* on disk with what was sent, but out of turn */
	uint64_t stowed;  /* items that ever went to disk, what was there at first left out */
	bool ready;	  /* it may be that something on disk is not under way */
	uint64_t n_came, n_left; /* batches, of the list */
	uint64_t n_begun;	 /* cargos */
	uint64_t told_dropped;	 /* to who asked last */
	uint64_t sent, dropped;	 /* dropped: also those that found the queue full */
	unsigned hurry;		 /* counts calls that want things to move */
	unsigned hurried;	 /* the last that was dealt with */
	struct backoff backoff;
	uint64_t not_before_ns; /* no request earlier, because one failed */
	uint64_t asked_ns;	/* nor earlier than this in any case: the server asked for it */
	uint64_t failed_ns;	/* when that was */
	struct destination_counts counts;
	bool closing, failing;
	uint64_t deadline_ns; /* when closing: no request begins behind it */
	char why[160];
};

/* Of what is settled now, by signal: so many sent, the rest refused, out of retries, or too late. */
struct account {
	uint64_t sent[N_SIGNALS], refused[N_SIGNALS], retries[N_SIGNALS], closing[N_SIGNALS];
};

/* destination-count.c: of what was sent from memory. */
void destination_settle(struct destination *d, const struct account *a);

/* With the disk held, and with what happened there in the same moment: what is settled no longer waits there. */
void destination_settle_disk(struct destination *d, const struct account *a);

/* With the disk and the lock held: what is there now, and so many items of it are new to us. */
void destination_note_disk(struct destination *d, uint64_t adopted);

/* What an exporter says is held to what there was: of each signal done, and of that refused. */
void destination_done(const struct export_result *result, const struct cargo *c, bool all,
		      struct account *out);

struct account destination_account(int r, bool on_time, const struct cargo *c,
				   const struct export_result *result);

/* Under the lock; `gave_way`: items that were on disk. */
void destination_count_settled(struct destination *d, const struct account *a, uint64_t gave_way);

/* destination-flush.c, both with the lock held. Until `until_ns` of the monotonic clock, or until somebody
 * says that something has changed. */
void destination_wait(struct destination *d, pthread_cond_t *cond, uint64_t until_ns);

/* Everything is settled, and what is adopted meanwhile; false: the time was over first. */
bool destination_wait_settled(struct destination *d, uint64_t until_ns);

/* destination.c, with the lock held: is it time for a write, what would it take now, and that so many batches of it have been taken. */
bool cargo_is_enough(const struct destination *d);
void cargo_look(const struct destination *d, struct cargo *c);
void cargo_unlink(struct destination *d, size_t n);
void cargo_free(struct cargo *c);

/* destination-work.c: 0, and the destination has it; it has an instance of the exporter. */
int destination_start(struct destination *d, struct worker *w);

/* Those who wait for nothing but others are ended, and all are closed. */
void destination_join(struct destination *d);

/* With the lock held: may one more request go out now? While they fail one goes at a time. */
bool destination_has_turn(const struct destination *d);

/* An exporter's `idle`, of a worker. */
void destination_idle(void *you);

/* With the lock held: does anybody send points? They go one request at a time, so that they stay in order. */
bool destination_sends_points(const struct destination *d);

/* destination-answer.c: a request that began then came to an end now, as `r` and `result` say. */
void destination_answered(struct destination *d, uint64_t began_ns, int r,
			  const struct export_result *result);

/* destination-disk.c: what another collector, or another run, had to leave there is ours now. */
void destination_open_spool(struct destination *d, const struct export_place *place, char why[160]);

/* The same later, where we have nothing there: of one that was closed meanwhile. */
void destination_adopt(struct destination *d);

/* While a write takes its time what comes goes to disk before memory is full. */
void destination_put_aside(struct worker *w);

/* False: the disk doesn't take it, and memory has to do. */
bool destination_stow(struct worker *w, const struct cargo *c, struct export_result *result);

/* The next one from there, whose request has been counted as under way. */
void destination_resend(struct worker *w);

/* Of what is offered for the first time. */
struct export_result destination_fresh(const struct destination *d);
