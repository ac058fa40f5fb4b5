/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pool.h"

#include <sys/mman.h>

#include "base/address-space.h"

enum { ITEMS_LEAST = 16 };

/* Set once, before main. */
static size_t share = SIZE_MAX;

void pools_start(void)
{
	uint64_t limit = address_space_limit();

	if (limit != UINT64_MAX)
		share = (size_t)(limit / ADDRESS_SPACE_PARTS);
}

size_t pools_share(void)
{
	return share;
}

/* How many there will be; as others see it too, should they open it at the same time. */
static uint32_t items_fit(struct pool *p)
{
	uint32_t n = atomic_load_explicit(&p->n, memory_order_relaxed);

	while (n > ITEMS_LEAST && p->item_bytes * n > share)
		if (atomic_compare_exchange_weak_explicit(&p->n, &n, n / 2, memory_order_relaxed,
							  memory_order_relaxed))
			n /= 2;
	return n;
}

static struct pool_item *item_at(const struct pool *p, uint32_t i)
{
	unsigned char *base = atomic_load_explicit(&p->base, memory_order_acquire);

	return (struct pool_item *)(void *)(base + (size_t)i * p->item_bytes);
}

bool pool_open(struct pool *p)
{
	unsigned char *none = NULL;

	if (atomic_load_explicit(&p->base, memory_order_acquire))
		return true;

	size_t bytes = p->item_bytes * items_fit(p);
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return false;
	/* Another thread may have been faster; its memory is as good. */
	if (!atomic_compare_exchange_strong_explicit(&p->base, &none, at, memory_order_acq_rel,
						     memory_order_acquire))
		munmap(at, bytes);
	return true;
}

/* Acquire pairs with the release in pool_give: what the last owner wrote is seen. */
void *pool_take(struct pool *p)
{
	uint64_t head = atomic_load_explicit(&p->free, memory_order_acquire);
	uint32_t i;

	if (!atomic_load_explicit(&p->base, memory_order_acquire))
		return NULL;
	while ((uint32_t)head) {
		struct pool_item *item = item_at(p, (uint32_t)head - 1);
		uint32_t next = atomic_load_explicit(&item->next, memory_order_relaxed);

		if (atomic_compare_exchange_weak_explicit(&p->free, &head,
							  ((head >> 32) + 1) << 32 | next,
							  memory_order_acq_rel,
							  memory_order_acquire))
			return item;
	}
	i = atomic_load_explicit(&p->fresh, memory_order_relaxed);
	while (i < atomic_load_explicit(&p->n, memory_order_relaxed))
		if (atomic_compare_exchange_weak_explicit(&p->fresh, &i, i + 1,
							  memory_order_relaxed,
							  memory_order_relaxed))
			return item_at(p, i);
	return NULL;
}

void pool_give(struct pool *p, void *pointer)
{
	unsigned char *base = atomic_load_explicit(&p->base, memory_order_acquire);
	uint32_t i = (uint32_t)((size_t)((unsigned char *)pointer - base) / p->item_bytes);
	uint64_t head = atomic_load_explicit(&p->free, memory_order_relaxed);
	struct pool_item *item = pointer;

	do {
		atomic_store_explicit(&item->next, (uint32_t)head, memory_order_relaxed);
	} while (!atomic_compare_exchange_weak_explicit(&p->free, &head,
							((head >> 32) + 1) << 32 | (i + 1),
							memory_order_release,
							memory_order_relaxed));
}

bool pool_has(const struct pool *p, const void *pointer)
{
	uintptr_t base = (uintptr_t)atomic_load_explicit(&p->base, memory_order_acquire);
	uintptr_t at = (uintptr_t)pointer - base;

	return base && at < p->item_bytes * p->n && at % p->item_bytes == 0;
}
