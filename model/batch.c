/* SPDX-License-Identifier: Apache-2.0 */
#include "model/batch.h"

#include <stdlib.h>

struct batch *batch_new(struct resource *resource)
{
	struct batch *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	atomic_init(&b->refs, 1);
	b->resource = resource_ref(resource);
	return b;
}

struct batch *batch_ref(struct batch *b)
{
	atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return b;
}

/* acq_rel: the thread that frees must see every other holder's last read done. */
struct batch *batch_free(struct batch *b)
{
	if (b && atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1) {
		batch_free(b->of);
		resource_free(b->resource);
		arena_fini(&b->arena);
		free(b->span);
		free(b->log);
		free(b->point);
		free(b);
	}
	return NULL;
}

void batch_freep(struct batch **b)
{
	*b = batch_free(*b);
}

static bool batch_widen(void **array, size_t *room, size_t more, size_t size)
{
	void *p = realloc(*array, more * size);

	if (!p)
		return false;
	*array = p;
	*room = more;
	return true;
}

static void *batch_slot(void **array, size_t *n, size_t *room, size_t size)
{
	if (*n == *room && !batch_widen(array, room, *room ? *room * 2 : 64, size))
		return NULL;
	void *slot = (char *)*array + size * (*n)++;

	return memset(slot, 0, size);
}

void batch_expect_spans(struct batch *b, size_t n)
{
	if (b->room_spans - b->n_spans < n)
		batch_widen((void **)&b->span, &b->room_spans, b->n_spans + n, sizeof(*b->span));
}

struct span *batch_add_span(struct batch *b)
{
	return batch_slot((void **)&b->span, &b->n_spans, &b->room_spans, sizeof(*b->span));
}

struct log_record *batch_add_log(struct batch *b)
{
	return batch_slot((void **)&b->log, &b->n_logs, &b->room_logs, sizeof(*b->log));
}

struct metric_point *batch_add_point(struct batch *b)
{
	return batch_slot((void **)&b->point, &b->n_points, &b->room_points, sizeof(*b->point));
}
