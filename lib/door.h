/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Door: a lock for what is done seldom: start, stop, fork, making loggers. No recording call takes one.
 *
 *     door_shut(&door);
 *     ...                                    one thread at a time, and its signal handlers
 *     door_open(&door);
 *
 * {0} is an open door. A thread that has shut it may shut it again, and opens it as often. Any thread,
 * and any signal handler, whatever it interrupted: a handler that forks while its thread is in these
 * very calls, say. No system call unless there is somebody to wait for, and errno stays.
 *
 * In a forked child a door may still be one that a thread of the parent has shut. Who finds it so takes
 * it over; a child that knows of its fork opens it by door_forked before.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

struct door {
	_Atomic uint32_t word;
};

void door_shut(struct door *d);
void door_open(struct door *d); /* nothing where it isn't this thread's: it was forked meanwhile */
void door_forked(struct door *d);
