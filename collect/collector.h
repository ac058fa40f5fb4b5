/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collector: finds segments in one run directory, drains them, assembles what they hold, and gives
 * it away as batches. The loop of the process `oriel collect`; it knows no destination by name.
 *
 *     struct collector *c;
 *     r = collector_new(&c, &(struct collector_options){ .run_dir = dir, .sink = &sink, .you = me });
 *     r = collector_run(c);                  until nothing needs it, or collector_stop()
 *     c = collector_free(c);
 *
 * collector_new takes the run directory's lock (collector.pid, flock): -EBUSY if another one has
 * it. One thread runs collector_run; collector_stop may be called from a signal handler; the
 * collector_*_json calls from any thread (they take a lock that the loop holds only briefly).
 */
#pragma once

#include "base/json.h"
#include "model/batch.h"
#include "model/settings.h"
#include "wire/segment.h"

struct collector;
struct span_metrics_rules;
struct strategy;

enum { COLLECTOR_PLACE = 224, COLLECTOR_WHY = 256 };

/* One `oriel run`, or a process that nobody launched (then id is empty, fds -1). */
struct collector_run {
	char id[17];
	int32_t pid; /* of the service's first process */
	uint64_t started_ns;
	struct str command;
	int out_fd, err_fd; /* the run's own standard output and error; closed when it has ended */
};

/* What is a service's sampling to be? Give up when `stop` turns true, or after timeout_ms. */
struct collector_question {
	const char *endpoint, *service;
	uint32_t timeout_ms;
	const atomic_bool *stop;
};

/*
 * Where everything goes. All calls but flush come from the collector's thread and must not wait;
 * close waits only when the collector itself is leaving. A route's run may be over, and its
 * descriptors closed, as soon as close has returned: whoever goes on writing has duplicates.
 */
struct collector_sink {
	/*
	 * A route for one distinct pair of settings and run, opened when its first segment is;
	 * NULL on failure (then only `give` with a NULL route is called for it). `settings` is
	 * borrowed for the call.
	 */
	void *(*open)(const struct settings *settings, const struct collector_run *run, void *you);
	void (*give)(void *route, struct batch *b, void *you); /* takes references of its own */
	/*
	 * Points that were made here of what was received (collector_received), for where its resource's
	 * run sends to. May be NULL.
	 */
	void (*tell)(struct batch *b, void *you);
	/*
	 * Keep the batch's audit records (n_audits) on disk; how many are there when this returns. The one
	 * call that may wait for the disk. May be NULL.
	 */
	size_t (*audit)(const struct batch *b, void *you);
	/*
	 * How full are the route's queues that are worth waiting for, in percent? What its services
	 * recorded stays in their segments for a moment, while there is room. May be NULL.
	 */
	unsigned (*crowd)(void *route, void *you);
	void (*close)(void *route, uint32_t timeout_ms, void *you);
	/*
	 * Deliver or count all that the route was given so far. May be NULL. Unlike the others it
	 * comes from a thread of its own and may wait; the route is not closed meanwhile. NULL, the
	 * last of each round: what was given without a route or to routes that are closed by now. What
	 * became of it all, since a flush last said that something is lost. Late is what isn't settled: then what is lost
	 * is said by a later one. When *given_up turns true (NULL: never) nobody wants to know any more.
	 */
	enum segment_flush (*flush)(void *route, uint32_t timeout_ms, const atomic_bool *given_up,
				    void *you);
	void (*run_started)(const struct collector_run *run, void *you);
	/* wait_status as from wait(2), -1: not known. */
	void (*run_ended)(const struct collector_run *run, int wait_status, void *you);
	/*
	 * Where a service's metrics are asked for, in words of the sink's own; processes of a service
	 * with the same words are told together. Any thread may see them (collector_totals). May be
	 * NULL: all have none.
	 */
	void (*place)(const struct settings *settings, char words[COLLECTOR_PLACE], void *you);
	/*
	 * A strategy of remote sampling; negative, and a sentence about why there is none. Comes from a
	 * thread of its own and may wait. May be NULL: nobody is asked.
	 */
	int (*strategy)(const struct collector_question *q, struct strategy *out,
			char why[COLLECTOR_WHY], void *you);
	/* About once a second. May be NULL. */
	void (*second)(uint64_t now_mono_ns, void *you);
	/*
	 * Somebody asks for metrics: what the sink has of its own may come by collector_received now. From
	 * any thread. May be NULL.
	 */
	void (*refresh)(void *you);
	/* Is somebody looking at the page, or is anything queued? Then the collector stays. */
	bool (*busy)(void *you);
};

struct collector_options {
	const char *run_dir;
	const char *address;  /* of the page, told to `oriel run` */
	const char *data_dir; /* told to commands; NULL: no store */
	uint32_t linger_ms; /* stay this long with nothing to do; 0: 60,000; UINT32_MAX: for good */
	uint32_t export_ms; /* metrics are snapshot this often; default 60,000 */
	const struct collector_sink *sink;
	void *you;
};

int collector_new(struct collector **out, const struct collector_options *options);
void collector_set_address(struct collector *c, const char *address);
void collector_set_intake(struct collector *c, const char *address); /* told to `oriel run` */
int collector_run(struct collector *c);
void collector_stop(struct collector *c);
uint32_t collector_export_ms(const struct collector *c); /* of services that don't say */
struct collector *collector_free(struct collector *c);

/* What services lost since this collector began, by reason (enum segment_loss). */
void collector_losses(struct collector *c, uint64_t loss[N_LOSSES]);

/* For view/: members of /api/status ("processes": [...], "runs_live": n, "losses": [...]), and elements of arrays. */
void collector_status_json(struct collector *c, struct json *j);

/* Open spans, oldest first, at most `most`, while the loop waits: be quick; `span_json` is view's serialiser. */
void collector_in_flight(struct collector *c, size_t most,
			 void (*each)(const struct span *, const struct resource *, void *),
			 void *you);

/*
 * Services' metrics at this moment, all processes of a service together, the dead ones included: `use`
 * is called once, with what is only there meanwhile. It may take its time, but a process that ends
 * waits for it.
 */
struct collector_total {
	const char *place;
	const struct batch *batch; /* its resource: what all of them have in common */
};

struct collector_ask {
	bool (*wants)(const char *place, void *you); /* NULL: all */
	void (*use)(const struct collector_total *total, size_t n, void *you);
	void *you;
};

void collector_totals(struct collector *c, const struct collector_ask *ask);

/*
 * Metric points that came from elsewhere: they are told beside those of services (collector_totals,
 * collector_metrics), at the place of their resource's run, until they are stale. So are spans, by these
 * rules (collect/span-metrics.h). Any thread.
 */
void collector_received(struct collector *c, const struct batch *b,
			const struct span_metrics_rules *rules);

/* A fresh snapshot of every live series, as one batch per process. */
void collector_metrics(struct collector *c, void (*each)(const struct batch *, void *), void *you);
