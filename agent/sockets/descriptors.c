/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot's connection is stored with release and loaded with acquire. Who has loaded one may find
 * it gone, and its memory in another one's use, by the time it enters: connection_enter refuses what
 * is gone, and the slot is looked at once more.
 */
#include "agent/sockets/descriptors.h"

#include <sys/mman.h>

#include "agent/agent.h"
#include "agent/pool.h"
#include "base/hot.h"

enum { DESCRIPTORS_MOST = 1 << 20, DESCRIPTORS_LEAST = 1024 };

struct descriptors descriptors;

/* No slot from here on was ever used. */
static _Atomic uint32_t beyond;

bool descriptors_open(void)
{
	uint32_t n = DESCRIPTORS_MOST;
	void *p;

	if (atomic_load_explicit(&descriptors.n, memory_order_relaxed))
		return true;
	while (n > DESCRIPTORS_LEAST && n * sizeof(*descriptors.slot) > pools_share())
		n /= 2;
	p = mmap(NULL, n * sizeof(*descriptors.slot), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return false;
	madvise(p, n * sizeof(*descriptors.slot), MADV_NOHUGEPAGE);
	descriptors.slot = p;
	atomic_store_explicit(&descriptors.n, n, memory_order_release);
	return true;
}

static void connection_less(struct connection *c)
{
	if (atomic_fetch_sub_explicit(&c->n_descriptors, 1, memory_order_acq_rel) == 1)
		connection_gone(c);
}

void descriptors_mark(int fd, uintptr_t slot)
{
	uintptr_t was;
	uint32_t most;

	if ((uint32_t)fd >= atomic_load_explicit(&descriptors.n, memory_order_acquire))
		return;
	most = atomic_load_explicit(&beyond, memory_order_relaxed);
	while (slot != SLOT_NONE && (uint32_t)fd >= most &&
	       !atomic_compare_exchange_weak_explicit(&beyond, &most, (uint32_t)fd + 1,
						      memory_order_relaxed, memory_order_relaxed))
		;
	was = atomic_exchange_explicit(&descriptors.slot[fd], slot, memory_order_acq_rel);
	if (was > SLOT_LAST)
		connection_less((struct connection *)was);
}

void descriptors_put(int fd, struct connection *c)
{
	if ((uint32_t)fd >= atomic_load_explicit(&descriptors.n, memory_order_acquire)) {
		connection_gone(c);
		return;
	}
	atomic_store_explicit(&c->n_descriptors, 1, memory_order_relaxed);
	descriptors_mark(fd, (uintptr_t)c);
}

void descriptors_dup(int fd, int other)
{
	uintptr_t slot = descriptors_slot(fd);

	if (fd == other ||
	    (uint32_t)other >= atomic_load_explicit(&descriptors.n, memory_order_acquire))
		return;
	if (slot > SLOT_LAST)
		atomic_fetch_add_explicit(&((struct connection *)slot)->n_descriptors, 1,
					  memory_order_relaxed);
	if (slot != SLOT_NONE || descriptors_slot(other) != SLOT_NONE)
		descriptors_mark(other, slot);
}

void descriptors_close_range(uint32_t first, uint32_t last)
{
	uint32_t n = atomic_load_explicit(&beyond, memory_order_relaxed);

	for (uint32_t fd = first; fd < n && fd <= last; fd++)
		descriptors_close((int)fd);
}

static void forget(int fd, struct connection *c)
{
	uintptr_t expected = (uintptr_t)c;

	if (atomic_compare_exchange_strong_explicit(&descriptors.slot[fd], &expected, SLOT_NONE,
						    memory_order_acq_rel, memory_order_relaxed))
		connection_less(c);
}

HOT struct connection *descriptors_enter(int fd, enum direction d)
{
	uintptr_t slot = descriptors_slot(fd);
	struct connection *c = (struct connection *)slot;

	if (slot <= SLOT_LAST)
		return NULL;
	if (!connection_enter(c, d)) {
		/* Another thread, or what this handler interrupted, is inside. */
		if (descriptors_slot(fd) == slot &&
		    !atomic_exchange_explicit(&c->lost, true, memory_order_relaxed))
			agent_missed("sockets");
		return NULL;
	}
	if (descriptors_slot(fd) == slot && !atomic_load_explicit(&c->lost, memory_order_relaxed))
		return c;
	descriptors_leave(fd, c, d);
	return NULL;
}

HOT void descriptors_leave(int fd, struct connection *c, enum direction d)
{
	bool lost = atomic_load_explicit(&c->lost, memory_order_relaxed);

	connection_leave(c, d);
	if (lost)
		forget(fd, c);
}
