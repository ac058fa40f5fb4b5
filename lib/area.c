/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Area: where instruments, series and examples lie in the segment. First in the part that is theirs
 * from the start; when that is full, in chunks of the pool, at most a quarter of them, for good.
 */
#include "lib/encode.h"
#include "lib/metric.h"

enum { CHUNK_SHARE = 4, TRIES = 10000 };

static struct {
	_Atomic uint32_t page; /* place of the struct series_area that is being filled */
	_Atomic uint32_t n_chunks;
	_Atomic uint32_t growing; /* a try-lock */
} area;

void area_forked(void)
{
	memset((void *)&area, 0, sizeof(area));
}

size_t area_most(void)
{
	return process.segment->series_size + (size_t)(process.n_chunks / CHUNK_SHARE) * CHUNK_ROOM;
}

static struct series_area *page_at(uint32_t page)
{
	return (struct series_area *)(series_area() + page);
}

static uint32_t page_take(uint32_t page, size_t bytes)
{
	struct series_area *p = page_at(page);
	uint32_t used = atomic_load_explicit(&p->used, memory_order_relaxed);
	uint32_t room = page ? CHUNK_ROOM : process.segment->series_size;

	do {
		if (used > room || bytes > room - used)
			return 0;
	} while (!atomic_compare_exchange_weak_explicit(&p->used, &used, used + (uint32_t)bytes,
							memory_order_relaxed,
							memory_order_relaxed));
	((struct series_entry *)(series_area() + page + used))->size = (uint32_t)bytes;
	return page + used;
}

static bool page_add(void)
{
	uint32_t n = atomic_load_explicit(&area.n_chunks, memory_order_relaxed);
	unsigned char *chunk = n < process.n_chunks / CHUNK_SHARE ? chunk_take(CHUNK_SERIES) : NULL;
	uint32_t page;

	if (!chunk)
		return false;
	page = (uint32_t)(chunk + CHUNK_HEAD - series_area());
	atomic_store_explicit(&page_at(page)->used, (uint32_t)sizeof(struct series_area),
			      memory_order_relaxed);
	atomic_store_explicit(&area.n_chunks, n + 1, memory_order_relaxed);
	/* Release: pairs with the acquire in area_take; the page is made. */
	atomic_store_explicit(&area.page, page, memory_order_release);
	return true;
}

/*
 * Is there another page than `full`? Who finds somebody at it tries a while and then gives up: it may
 * be the very thread that this handler interrupted.
 */
static bool area_grow(uint32_t full)
{
	bool grown = false;

	for (int i = 0; i < TRIES && !grown; i++) {
		if (atomic_load_explicit(&area.page, memory_order_relaxed) != full)
			return true;
		if (atomic_load_explicit(&area.n_chunks, memory_order_relaxed) >=
		    process.n_chunks / CHUNK_SHARE)
			return false;
		if (atomic_exchange_explicit(&area.growing, 1, memory_order_acquire))
			continue;
		grown = atomic_load_explicit(&area.page, memory_order_relaxed) != full ||
			page_add();
		atomic_store_explicit(&area.growing, 0, memory_order_release);
		return grown;
	}
	return false;
}

uint32_t area_take(size_t bytes)
{
	uint32_t page, at;

	bytes = encode_pad(bytes);
	do {
		page = atomic_load_explicit(&area.page, memory_order_acquire);
		at = page_take(page, bytes);
	} while (!at && bytes <= CHUNK_ROOM - sizeof(struct series_area) && area_grow(page));
	return at;
}

/* Release: pairs with the reader's acquire of `kind`; the entry is whole. */
void area_publish(uint32_t at, enum series_kind kind)
{
	struct series_entry *e = (struct series_entry *)(series_area() + at);

	atomic_store_explicit(&e->kind, (uint16_t)kind, memory_order_release);
}
