/* SPDX-License-Identifier: Apache-2.0 */
/* Inside: what destination.c, destination-count.c and destination-disk.c share. Nobody else includes it. */
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

struct destination {
	const struct exporter *kind;
	void *state;
	enum signal signals;
	struct destination_limits limits;
	void (*tell)(void *to, const char *line);
	void *tell_to;
	pthread_t thread;
	atomic_bool stop;	   /* set by free, read by the exporter in the middle of a write */
	struct spool *spool;	   /* NULL: there is none. The thread's own, like the next four */
	struct cargo cargo, aside; /* aside: what goes to disk while the other is written */
	unsigned hurried;	   /* the last hurry that was dealt with */
	struct backoff backoff;
	uint64_t not_before_ns; /* no write earlier, because the last one failed */

	pthread_mutex_t lock; /* guards all that follows */
	pthread_cond_t wake, moved;
	struct entry *first, **last;
	size_t waiting;	  /* items in the list */
	uint64_t offered; /* items that were taken into the queue, ever */
	uint64_t settled; /* of those: sent or dropped */
	uint64_t spooled; /* of those that aren't: on disk */
	uint64_t stowed;  /* items that ever went to disk, what was there at first left out */
	uint64_t n_came, n_left;   /* batches, of the list */
	uint64_t n_begun, n_ended; /* cargos */
	uint64_t told_dropped;	   /* to who asked last */
	uint64_t sent, dropped;	   /* dropped: also those that found the queue full */
	unsigned hurry;		   /* counts calls that want things to move */
	struct destination_counts counts;
	bool closing, failing;
	uint64_t deadline_ns; /* when closing */
	char why[160];
};

/* Of what is settled now, by signal: so many sent, the rest refused, out of retries, or too late. */
struct account {
	uint64_t sent[N_SIGNALS], refused[N_SIGNALS], retries[N_SIGNALS], closing[N_SIGNALS];
};

void destination_settle(struct destination *d, const struct account *a);

/* What an exporter says is held to what there was: of each signal done, and of that refused. */
void destination_done(const struct export_result *result, const struct cargo *c, bool all,
		      struct account *out);

struct account destination_account(int r, bool on_time, const struct cargo *c,
				   const struct export_result *result);

/* Under the lock; `gave_way`: items that were on disk. */
void destination_count_settled(struct destination *d, const struct account *a, uint64_t gave_way);

/* A write or a resend came to an end now. */
void destination_took(struct destination *d, uint64_t began_ns, int r);

/* destination-flush.c, both with the lock held. Until `until_ns` of the monotonic clock, or until somebody
 * says that something has changed. */
void destination_wait(struct destination *d, pthread_cond_t *cond, uint64_t until_ns);

/* Everything that was taken before is settled; false: the time was over first. */
bool destination_wait_settled(struct destination *d, uint64_t until_ns);

/* With the lock held: what a write would take now, and that so many batches of it have been taken. */
void cargo_look(const struct destination *d, struct cargo *c);
void cargo_unlink(struct destination *d, size_t n);

void cargo_free(struct cargo *c);

/* Remembers how a write went, and tells when that has changed. */
void destination_note(struct destination *d, int r, const struct export_result *result);

/* destination-disk.c: what another collector, or another run, had to leave there is ours now. */
void destination_open_spool(struct destination *d, const struct export_place *place);

/* An exporter's `idle`: while a write takes its time what comes goes to disk before memory is full. */
void destination_idle(void *you);

/* False: the disk doesn't take it, and memory has to do. */
bool destination_stow(struct destination *d, const struct cargo *c, struct export_result *result);

/* One after the other, until one isn't taken, or there is something new. */
void destination_resend(struct destination *d);

/* Of what is offered for the first time. */
struct export_result destination_fresh(const struct destination *d);
