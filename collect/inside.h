/* SPDX-License-Identifier: Apache-2.0 */
/* Inside: what collector.c (the loop), arriving.c, rounds.c, routing.c, calling.c and report.c share. */
#pragma once

#include "collect/asking.h"
#include "collect/calls.h"
#include "collect/collector.h"
#include "collect/foreign.h"
#include "collect/job.h"
#include "collect/ledger-file.h"
#include "collect/process.h"
#include "collect/run.h"
#include "collect/rundir.h"
#include "collect/wishes.h"

#include <pthread.h>

/* A file whose maker is not done with it. */
struct pending {
	struct pending *next;
	uint64_t next_ns; /* CLOCK_MONOTONIC; looking is closing, and that would wake us at once */
	char name[INTAKE_NAME];
};

struct remote;

struct collector {
	struct collector_options options;
	char *run_dir, *data_dir;
	struct rundir dir;
	struct timeline timeline;
	struct process_place place;
	struct calls calls;
	struct jobs jobs;
	int epoll_fd, stop_fd;
	bool stopping;
	bool hurrying; /* all is wanted now */
	struct pending *pending;
	struct pending *refused; /* told and counted once, then as if they weren't there */

	/*
	 * Held by the loop while it changes what is below, which is briefly, and by report.c's callers
	 * from other threads while they look at it. The sink is never called with it held.
	 */
	pthread_mutex_t lock;
	char address[128], intake[128];
	struct process *process;
	struct run *run; /* the first made, so the last in the list, is the nameless one */
	struct run *nameless;
	struct route *route;
	uint64_t losses[N_LOSSES];

	/*
	 * The loop's rounds, and whether it is in one. Who holds the lock for long (totals.c) lets a
	 * round pass before he takes it again: the loop takes it many times in each. Relaxed: nothing
	 * but time hangs on it.
	 */
	_Atomic uint64_t n_rounds;
	atomic_bool working;
	_Atomic uint64_t asked_round; /* when totals were asked for last */

	/* Taken with the other one held, or alone. */
	pthread_mutex_t ledger_lock;
	struct ledger ledger;
	struct ledger_file ledger_file;
	struct folded *folded; /* an earlier collector's, not taken up yet */

	struct foreign foreign; /* has a lock of its own, taken before all of these */

	uint64_t next_second_ns, busy_ns, hot_ns, flow_ns; /* CLOCK_MONOTONIC */
	bool trim;
	struct flush *flushing; /* flushing.c */
	unsigned n_naming;	/* batches whose stacks are being named beside the loop */
	struct wishes wishes;	/* the loop's */
	struct remote *remote;	/* the loop's, too */
	size_t n_remotes;
	atomic_bool leaving; /* read by jobs: whoever waits for an answer may give it up */
};

#define MS 1000000ull

/* The last END, until it is given, and until all that was read before it counts as settled. */
enum { ROUNDS_TO_SETTLE = SETTLE_LAG + 2 };

void collector_give_metrics(struct collector *c, struct process *p);
void collector_look_for_deaths(struct collector *c);

/* Wakes the loop once when this pidfd's process ends; -1: none. */
void collector_watch(struct collector *c, int pidfd);

/* arriving.c. What has come or been let go of since; all that is there, looked at anew; is something there? */
void collector_look_for_files(struct collector *c, uint64_t now);
int collector_list_files(struct collector *c);
bool collector_finds_files(struct collector *c);
void collector_forget_files(struct collector *c);

/* What was asked to be otherwise, into a process (collect/wishes.h). */
void collector_apply_wishes(struct collector *c, struct process *p);

/* rounds.c. One round over all processes: drain, assemble, give. */
void collector_round(struct collector *c);

/* What the segment is told, and what its maker has lost. */
void collector_tend(struct collector *c, struct process *p, uint64_t now);

/* Whoever is gone is closed and given away; false: of some it is not known yet what they died of. */
bool collector_end_processes(struct collector *c, uint64_t now);

/* Is somebody finding out where something failed? Its process stays until that is known. */
bool collector_examines(const struct collector *c);

/* routing.c */
struct route *collector_route_of(struct collector *c, struct process *p);
void collector_give(struct collector *c, struct process *p);
void collector_give_points(struct collector *c, struct process *p, struct batch *b);
void collector_run_told(struct collector *c, struct call *call);
void collector_settle(struct collector *c); /* routes and runs that nobody needs any more */
void collector_close_routes(struct collector *c);

/* naming.c: takes the batch, if names have to be found first. */
bool collector_name_stacks(struct collector *c, struct process *p, struct batch *b);

/* totals.c. collector_ask: before metrics are read; waits a moment for the answers, the lock not held. */
void collector_ask(struct collector *c);
void collector_fold(struct collector *c, struct process *p);
void collector_load_totals(struct collector *c);
void collector_save_totals(struct collector *c); /* before a segment that was folded is removed */

/*
 * What was counted of spans that were received: of those sources of a run (empty: of all and none) whose
 * metrics are due at this moment.
 */
void collector_tell_received(struct collector *c, struct str run, uint64_t now);

/* flushing.c */
void collector_take_flushes(struct collector *c);

/* It has gone: nobody waits for the answer. */
void collector_give_up_flushes(struct collector *c, const struct process *p);

/* calling.c */
void collector_take_calls(struct collector *c, uint64_t now);
void collector_take_jobs(struct collector *c);
