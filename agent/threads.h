/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads: what is current when a thread is made is current in it from its beginning.
 *
 *     struct carried *c = threads_carry(attr);      NULL: nothing to carry, or no room for it
 *     c->start = start; c->arg = arg;
 *     r = pthread_create(thread, attr, threads_begin, c);
 *     if (r) threads_drop(c);
 *
 * The context ends with the thread, also when that is cancelled or calls pthread_exit. It ends earlier
 * in a thread that waits for a condition or a semaphore with nothing else current: that is how the
 * threads of a pool wait for work, which is not the work of who happened to start the pool.
 *
 * And the thread gets an alternate signal stack, if it has none, so that its own can be found used up
 * (lib/fault.h). That lies at the upper end of its own stack, where that one is large.
 */
#pragma once

#include "agent/pool.h"
#include "oriel.h"

#include <pthread.h>

struct carried {
	struct pool_item item;
	union {
		void *(*start)(void *arg);
		int (*start_c11)(void *arg);
	};
	void *arg;
	struct oriel_context context;
	bool alternate; /* is there room for an alternate stack? */
};

/* Attributes of the thread that is to be made; NULL: the usual ones. */
struct carried *threads_carry(const pthread_attr_t *attributes);
void threads_drop(struct carried *c);

/* This thread is about to wait for others. Two loads when it inherited nothing. */
void threads_wait(void);

void *threads_begin(void *carried);
int threads_begin_c11(void *carried);
