/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/watches.h"

#include "collect/area.h"
#include "model/stats.h"

#include <sys/uio.h>

enum { WATCHES_MOST = 1024 };

struct cell_step {
	_Atomic uint64_t *cell;
	uint64_t bits, now;
};

static void cell_step(void *you)
{
	struct cell_step *s = you;

	atomic_store_explicit(&s->cell[GAUGE_VALUE], s->bits, memory_order_relaxed);
	atomic_store_explicit(&s->cell[GAUGE_SET_NS], s->now, memory_order_relaxed);
}

static bool is_number(unsigned type)
{
	unsigned n = type & WATCH_SIZE;

	return n == 4 || n == 8 || (!(type & WATCH_FLOAT) && (n == 1 || n == 2));
}

static bool value_read(pid_t pid, const struct watch *w, uint64_t address, uint64_t *bits)
{
	unsigned char bytes[8] = { 0 };
	size_t n = w->type & WATCH_SIZE;
	struct iovec to = { bytes, n }, from = { (void *)(uintptr_t)address, n };

	if (process_vm_readv(pid, &to, 1, &from, 1, 0) != (ssize_t)n)
		return false;
	*bits = watch_bits(bytes, w->type);
	return true;
}

/* Whose cells these are lies within the copy, so within the segment. */
static bool is_series(const struct area *a, uint32_t at)
{
	const struct series_entry *e = area_entry(a, at);
	const struct series *s = (const void *)e;

	return e && entry_kind(e) == SERIES_POINT && e->size >= sizeof(*s) + 16 &&
	       s->n_cells > GAUGE_SET_NS;
}

static int watch_read(struct intake *in, const struct area *a, const struct watch *w, pid_t pid,
		      uint64_t now)
{
	uint64_t address = atomic_load_explicit(&w->address, memory_order_relaxed);
	struct cell_step s = { .now = now };

	if (w->entry.size < sizeof(*w) || !is_number(w->type) || !is_series(a, w->series_at)) {
		stats_add(records_bad, 1);
		return 0;
	}
	if (!address)
		return 0;
	if (!value_read(pid, w, address, &s.bits)) {
		stats_add(watches_unread, 1);
		return 0;
	}
	s.cell = (_Atomic uint64_t *)(in->map + in->head.series_at + w->series_at +
				      sizeof(struct series));
	return intake_step(in, cell_step, &s);
}

struct any_step {
	struct segment_header *head;
	uint32_t n;
};

static void any_step(void *you)
{
	struct any_step *s = you;

	s->n = atomic_load_explicit(&s->head->watches, memory_order_acquire);
}

int watches_read(struct intake *in, pid_t pid, uint64_t now_real_ns)
{
	struct any_step any = { .head = intake_words(in) };
	int r = intake_step(in, any_step, &any), n = 0;
	const struct series_entry *e;
	struct area_walk walk = { 0 };
	struct arena arena = { 0 };
	struct area area = { 0 };

	if (r < 0 || !any.n)
		return r;
	r = area_copy(&area, in, &arena);
	while (!r && n < WATCHES_MOST && (e = area_next(&area, &walk)))
		if (entry_kind(e) == SERIES_WATCH) {
			r = watch_read(in, &area, (const void *)e, pid, now_real_ns);
			n++;
		}
	arena_fini(&arena);
	return r;
}
