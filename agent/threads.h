/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads: what is current when a thread is made is current in it from its beginning.
 *
 *     struct carried *c = threads_carry();          NULL: nothing is current, or no room for it
 *     c->start = start; c->arg = arg;
 *     r = pthread_create(thread, attr, threads_begin, c);
 *     if (r) threads_drop(c);
 *
 * The context ends with the thread, also when that is cancelled or calls pthread_exit. A pool of
 * threads that a request happened to start keeps that request's context, so work that is handed to a
 * pool must bring its own (as agent/libuv.c does).
 */
#pragma once

#include "agent/pool.h"
#include "oriel.h"

struct carried {
	struct pool_item item;
	union {
		void *(*start)(void *arg);
		int (*start_c11)(void *arg);
	};
	void *arg;
	struct oriel_context context;
};

struct carried *threads_carry(void);
void threads_drop(struct carried *c);

void *threads_begin(void *carried);
int threads_begin_c11(void *carried);
