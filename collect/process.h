/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Process: one watched process, from its segment's first sight to its last batch.
 *
 *     r = process_open(&p, where, name);      outcomes and errors of intake_open
 *     r = process_drain(p);                   then take what is finished: process_take(p)
 *     process_tend(p, now);                   about once a second
 *     if (process_is_gone(p) && process_is_explained(p, now))
 *             process_examine(p);             then, after its job,
 *             process_close_spans(p);         drain first, to the end
 *     p = process_free(p);
 *
 * Its owner is gone when nobody else has its segment open or mapped (collect/lease.h); why is what
 * the kernel tells, else what its fatal-signal handler noted; that one also says where.
 */
#pragma once

#include "collect/access.h"
#include "collect/active.h"
#include "collect/assemble.h"
#include "collect/collector.h"
#include "collect/death.h"
#include "collect/identity.h"
#include "collect/instruments.h"
#include "collect/intake.h"
#include "collect/job.h"
#include "collect/mortem.h"
#include "collect/oom.h"
#include "collect/pace.h"
#include "collect/profile.h"
#include "collect/sdk-metrics.h"
#include "collect/settle.h"
#include "collect/span-metrics.h"
#include "collect/stacks.h"
#include "collect/vitals.h"

struct route;
struct remote;

/* What all processes share. */
struct process_place {
	int dir_fd;
	const struct timeline *timeline;
	uint64_t pid_namespace;
	uint8_t boot_id[16];
	struct host host;
};

struct process {
	struct process *next;
	struct intake *in;
	struct assembler a;
	struct access access;
	struct timeline own_time; /* of a segment from before the last boot */
	struct owed owed;
	uint64_t n_rounds;
	struct resource *resource;
	struct route *route;
	struct remote *remote; /* who says its strategy (collect/remote.h); NULL: nobody */
	struct death death;
	struct oom oom;
	struct mortem *mortem; /* NULL: nothing noted, or not what it died of */
	struct job examining;
	bool was_examined, is_examined;
	struct stack_book book;
	unsigned n_naming; /* batches of it whose stacks are being named */
	bool leaving;
	struct identity_given given;
	struct identity_around around;
	struct outside outside;
	uint32_t identity_seq;
	uint64_t n_lost;	 /* spans and records, in the service */
	uint64_t loss[N_LOSSES]; /* since this collector took it up */
	bool look;		 /* it may be gone */
	bool seen_alive;	 /* by us: then its end is when we noticed it, at the latest */
	bool gone;
	struct vitals vitals;
	enum profile profile; /* by which names its metrics are told */
	struct active active;
	struct durations reading; /* of its metrics; likewise */
	bool tells_sdk;
	struct instruments instruments;
	struct span_metrics spans;   /* the loop counts with the collector's lock held */
	bool folded;		     /* its metrics are in the ledger */
	bool ended;		     /* the books are closed, only its segment is still there */
	char place[COLLECTOR_PLACE]; /* where they are asked for (collect/collector.h) */
	uint64_t gone_real_ns, gone_mono_ns;
	uint64_t next_metrics_ns;		  /* CLOCK_MONOTONIC */
	uint64_t n_metrics_rounds, metrics_round; /* so often that was; which it is now, 0: none */
	bool taken_over; /* it was another collector's, and none of its metrics given yet */
	uint32_t flush_asked, flush_seen; /* flushing.c: its number, and the last that was taken */
	bool flush_lost; /* a flush that was superseded has found a loss, and nobody has been told */
	uint32_t asked;	 /* for its callbacks, asking.c; 0: it has none */
	bool asked_due;	 /* for the metrics that are due next */
	struct intake_drained drained; /* of the last part */
	struct pace pace;	       /* how often its segment is read */
	uint32_t n_free;	       /* chunks, when process_is_calm was asked last */
};

void process_place_init(struct process_place *place, int dir_fd, const struct timeline *timeline);

int process_open(struct process **out, const struct process_place *place, const char *name);
struct process *process_free(struct process *p);

/* Somebody watched it before it was found: one that was dead by then may still tell of what. */
void process_watched(struct process *p, const struct death *d);

/* Its metrics at this moment, the kernel's word included; NULL: none. */
struct batch *process_metrics(struct process *p, uint64_t now_real_ns);

/* Has it a new name? Then give away its batch before process_rename makes it count. */
bool process_is_renamed(struct process *p);
void process_rename(struct process *p);

/* One part of a round: 0 (the round is whole), INTAKE_MORE, or -EFAULT. */
int process_drain(struct process *p);

/*
 * Since the last time that this was asked: was so little of its pool taken that there is four times as
 * much left, and no flush asked for? Costs next to nothing.
 */
bool process_is_calm(struct process *p);

/* Bytes of records that its segment has room for. */
static inline uint64_t process_pool(const struct process *p)
{
	return (uint64_t)p->in->head.n_chunks * CHUNK_ROOM;
}

/* What is finished now, NULL: nothing; it is owed until whom it's given to have let go of it. */
struct batch *process_take(struct process *p);

/* Heartbeat, losses and dead threads; `loss` gets what was lost since the last time. */
/* So many more of its audit records are on disk. */
void process_audited(struct process *p, size_t n);

void process_tend(struct process *p, uint64_t now_mono_ns, uint64_t loss[N_LOSSES]);

bool process_is_gone(struct process *p, uint64_t now_mono_ns);
bool process_is_explained(struct process *p, uint64_t now_mono_ns);

/*
 * What it died of, if it left word of that: then p->examining is a job that takes its time, to be run
 * before process_close_spans. Once; false: there is nothing to examine.
 */
bool process_examine(struct process *p);

void process_close_spans(struct process *p);
