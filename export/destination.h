/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Destination: an exporter with threads and a bounded queue of its own, so that a slow or dead one
 * delays only itself.
 *
 *     struct destination *d;
 *     r = destination_new(&d, &exporter_otlp, &settings, &place, limits);
 *     destination_offer(d, batch);           takes a reference of its own; never waits
 *     destination_flush(d, 2000);            all that was offered is delivered or counted?
 *     destination_free(d, 2000);             the same, then ends the threads
 *
 * The queue is bounded in items (spans + records + points of the signals that the place names),
 * those being written included, and about: while half of it is free (with a disk behind it, a quarter) it takes a batch
 * of any size. A full queue drops
 * the newest batch and counts its items. A quarter of it, or a batch if that is less, is written at once. Retryable
 * failures back off with jitter (1 s doubling to 30 s, or what the server asks for) and keep the
 * batches until `retry_for_ms` is over. A flush cuts one wait short.
 *
 * Where one request isn't enough, because answers take their time and more is there to be written, others go out
 * beside it, `at_once` at most, each by a thread and an exporter's instance of its own, which come when they are needed.
 * All of them together take about half of the queue at most, if need be in smaller requests: a batch that was offered
 * is never cut. Their order is open then, but for points: of those one is under way at a time. A retryable failure
 * leaves one request at a time until one has been answered better.
 *
 * Where the place has a directory and the exporter's requests can wait on disk, they do after the first
 * failure, or while a write takes its time and memory is half full, in order, within bytes; the oldest give
 * way. What is left at the end stays there for the next
 * destination of the same kind, signals and address.
 *
 * Always: offered = queued + sent + dropped, in items, and `stats` has the same by reason.
 *
 * offer, flush, crowd, state and where: any thread. free: once, when no other thread uses it. Its threads block
 * all signals but faults, SIGPIPE included. After a fork only the parent has them; a child
 * must not touch a destination.
 */
#pragma once

#include "export/exporter.h"
#include "model/durations.h"

struct destination;

enum { DESTINATION_AT_ONCE_MOST = 32, DESTINATION_NAME = 48, DESTINATION_QUEUE_USUAL = 65536 };

struct destination_limits {
	size_t queue_items; /* default 65,536 */
	size_t batch_items; /* most items in one write; default 8,192, or a quarter of the queue */
	size_t most[N_SIGNALS]; /* items in one request; default: as many as are written at once */
	size_t at_once; /* requests; default 4, fewer in a small queue, 1 where the exporter can't */
	uint32_t delay_ms;	 /* wait this long for a batch to fill; see destination.c */
	uint32_t retry_for_ms;	 /* default 300,000 */
	uint32_t retry_first_ms; /* default 1,000 */
	uint32_t retry_most_ms;	 /* default 30,000 */
};

/*
 * By the batch processors' variables, OTEL_BSP_* for spans, OTEL_BLRP_* for log records, the larger if it is
 * for both, and ORIEL_METRIC_EXPORT_MAX_BATCH_SIZE and ORIEL_EXPORT_CONCURRENCY. What they don't say, or say without sense, is our own default.
 */
struct destination_limits destination_limits_of(const struct settings *settings,
						enum signal signals);

/* What /api/status tells of a destination. */
struct destination_state {
	const char *name;
	size_t queued;	/* in memory and on disk */
	size_t spooled; /* of those: on disk */
	uint64_t sent, dropped;
	bool failing;
	char why[160];
};

/* Of each signal, in items since it began; places as in n_done (export/exporter.h). */
struct destination_count {
	uint64_t offered; /* also what found the queue full */
	uint64_t full;	  /* of those: dropped because of that */
	uint64_t written; /* given to the exporter */
	uint64_t sent, refused, retries,
		closing; /* what became of it: accepted, or lost, and why */
};

struct destination_counts {
	struct destination_count of[N_SIGNALS];
	struct durations took[2]; /* of writes; [1]: of those that were not accepted */
	size_t room;		  /* of the queue, in items of any signal */
};

void destination_counts(struct destination *d, struct destination_counts *out);

/* Of its own: "otlp", or "otlp/eu". */
const char *destination_name(const struct destination *d);

/* As otel.component.type begins, "otlp_http". */
const char *destination_speaks(const struct destination *d, enum signal signal);

/*
 * Zeros in `limits` mean the defaults. -EINVAL with a line in `why` when the exporter can't make
 * sense of the settings; on success `why` is empty or a warning that a person should see.
 */
int destination_new(struct destination **out, const struct exporter *kind,
		    const struct settings *settings, const struct export_place *place,
		    struct destination_limits limits, char why[160]);

/* Takes a reference of its own when it takes the batch. False: what of it is for it was dropped, and counted. */
bool destination_offer(struct destination *d, struct batch *b);

/*
 * How much of its queue is taken, in percent; 0 where waiting doesn't help: it is far away, or fails. With a queue on
 * disk it does, while that doesn't keep up with what comes.
 */
unsigned destination_crowd(struct destination *d);

/* False: the time was over first. */
bool destination_flush(struct destination *d, uint32_t timeout_ms);

/* The same, but false soon after `given_up` has turned true. */
bool destination_flush_unless(struct destination *d, uint32_t timeout_ms,
			      const atomic_bool *given_up);

/* Was anything dropped, or not accepted, since this was asked last? */
bool destination_lost(struct destination *d);

/* NULL is accepted. What isn't delivered when the time is over is dropped and counted. */
struct destination *destination_free(struct destination *d, uint32_t timeout_ms);

/* Where it sends to, for people; empty if its exporter doesn't say. */
void destination_where(const struct destination *d, char *to, size_t room);

void destination_state(struct destination *d, struct destination_state *out);
