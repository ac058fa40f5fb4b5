/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors: what the program's descriptors are to us, by their number.
 *
 *     if (descriptors_watched(fd))                         a load or two: most are not
 *             c = descriptors_enter(fd, IN);               NULL: not any more
 *
 * A slot holds nothing, a mark below, or the connection, which may have several descriptors. A call
 * that comes by another way than ours (stdio, io_uring, raw) leaves a slot behind; the next accept,
 * connect or socket of that number puts it right.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/sockets/connection.h"
#include "agent/sockets/sockets.h"

enum {
	SLOT_NONE,
	SLOT_STREAM, /* a socket that may be connected */
	SLOT_LEFT,   /* not to be looked at, nor what it accepts */
	SLOT_LAST = 15,
};

extern struct descriptors {
	_Atomic uint32_t n; /* 0 until the start, and where there was no room */
	_Atomic uintptr_t *slot;
} descriptors;

bool descriptors_open(void);

static inline uintptr_t descriptors_slot(int fd)
{
	if ((uint32_t)fd >= atomic_load_explicit(&descriptors.n, memory_order_acquire))
		return SLOT_NONE;
	return atomic_load_explicit(&descriptors.slot[fd], memory_order_acquire);
}

static inline bool descriptors_watched(int fd)
{
	return __builtin_expect(descriptors_slot(fd) > SLOT_LAST, 0);
}

/* Has a write something to prepare? What is served, only for the sake of its request's id. */
static inline bool descriptors_prepares(int fd)
{
	uintptr_t slot = descriptors_slot(fd);

	return slot > SLOT_LAST &&
	       (sockets_settings.request_id || !((const struct connection *)slot)->served);
}

void descriptors_mark(int fd, uintptr_t slot);	    /* instead of what was there */
void descriptors_put(int fd, struct connection *c); /* a new connection's first */
void descriptors_dup(int fd, int other);	    /* `other` is now the same */
static inline void descriptors_close(int fd)
{
	if (__builtin_expect(descriptors_slot(fd) != SLOT_NONE, 0))
		descriptors_mark(fd, SLOT_NONE);
}
void descriptors_close_range(uint32_t first, uint32_t last);

struct connection *descriptors_enter(int fd, enum direction d);
void descriptors_leave(int fd, struct connection *c, enum direction d);
