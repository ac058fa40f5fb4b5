/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage: a destination whose exporter answers as a test wants it.
 *
 *     stage_set(takes_all);                  each write is one turn
 *     d = open_stage(quick);
 *     stage_gate(true);                      writes wait until the gate is opened
 *     offer(d, 3);                           three spans and a log record
 */
#pragma once

#include "export/destination.h"
#include "model/stats.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * An exporter whose answers a test chooses. `gate` holds a write until the test lets it go; every
 * write is one turn of the script.
 */
struct stage {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool closed;   /* writes wait */
	size_t inside; /* writes that are waiting, or have been */
	size_t n_writes, n_items;
	_Atomic unsigned within; /* writes at this moment */
	_Atomic bool overlapped;
	int (*turn)(size_t write, size_t items, struct export_result *result);
	sigset_t blocked;
};

static struct stage stage;

static inline void stage_set(int (*turn)(size_t, size_t, struct export_result *))
{
	stage = (struct stage){ .turn = turn };
	pthread_mutex_init(&stage.lock, NULL);
	pthread_cond_init(&stage.moved, NULL);
}

static inline void stage_gate(bool closed)
{
	pthread_mutex_lock(&stage.lock);
	stage.closed = closed;
	pthread_cond_broadcast(&stage.moved);
	pthread_mutex_unlock(&stage.lock);
}

static inline void stage_await(size_t inside)
{
	pthread_mutex_lock(&stage.lock);
	while (stage.inside < inside)
		pthread_cond_wait(&stage.moved, &stage.lock);
	pthread_mutex_unlock(&stage.lock);
}

static inline int stage_open(void **state, const struct settings *s,
			     const struct export_place *place, char why[160])
{
	(void)place;
	if (settings_get(s, STR("ORIEL_REFUSE")).n) {
		snprintf(why, 160, "these settings make no sense");
		return -EINVAL;
	}
	*state = &stage;
	return 0;
}

static inline int stage_write(void *state, struct batch *const *batches, size_t n,
			      struct export_result *result)
{
	size_t items = 0, write;
	int r;

	(void)state;
	for (size_t i = 0; i < n; i++)
		items += batches[i]->n_spans;
	if (atomic_fetch_add(&stage.within, 1))
		atomic_store(&stage.overlapped, true);
	pthread_mutex_lock(&stage.lock);
	stage.inside++;
	pthread_cond_broadcast(&stage.moved);
	while (stage.closed)
		pthread_cond_wait(&stage.moved, &stage.lock);
	pthread_sigmask(SIG_SETMASK, NULL, &stage.blocked);
	write = stage.n_writes++;
	r = stage.turn(write, items, result);
	stage.n_items += r ? 0 : items;
	pthread_mutex_unlock(&stage.lock);
	atomic_fetch_sub(&stage.within, 1);
	return r;
}

static inline void *stage_close(void *state)
{
	(void)state;
	return NULL;
}

static const struct exporter exporter_stage = {
	.name = "stage",
	.summary = "A script",
	.takes = SIGNAL_SPAN,
	.open = stage_open,
	.write = stage_write,
	.close = stage_close,
};

static inline int takes_all(size_t write, size_t items, struct export_result *result)
{
	(void)write, (void)items, (void)result;
	return 0;
}

static inline int always_later(size_t write, size_t items, struct export_result *result)
{
	(void)write, (void)items;
	snprintf(result->why, sizeof(result->why), "not now");
	return EXPORT_RETRY;
}

static inline int later_twice(size_t write, size_t items, struct export_result *result)
{
	return write < 2 ? always_later(write, items, result) : 0;
}

static const struct destination_limits quick = {
	.delay_ms = 1,
	.retry_first_ms = 1,
	.retry_most_ms = 2,
	.retry_for_ms = 600000,
};

static inline struct destination *open_stage(struct destination_limits limits)
{
	struct export_place place = { .signals = SIGNAL_ALL, .out_fd = -1 };
	struct settings none = { { "", 0 } };
	struct destination *d;
	char why[160];

	assert_int_equal(destination_new(&d, &exporter_stage, &none, &place, limits, why), 0);
	assert_string_equal(why, "");
	return d;
}

static inline void offer(struct destination *d, size_t n_spans)
{
	struct resource *r = resource_new((struct attributes){ NULL, 0, 0 }, STR(""), 1);
	struct batch *b = batch_new(r);

	for (size_t i = 0; i < n_spans; i++)
		batch_add_span(b)->name = STR("span");
	batch_add_log(b);
	destination_offer(d, b);
	batch_free(b);
	resource_free(r);
}

static inline struct destination_state look(struct destination *d)
{
	struct destination_state s;

	destination_state(d, &s);
	return s;
}

/* Long enough for any machine; nothing waits that long unless it is broken. */
enum { EVER_MS = 600000 };
