/* SPDX-License-Identifier: Apache-2.0 */
/* A span that begins or ends as others do: its START or END is a copy, in which the ids and the time are new. */
#include "base/hot.h"
#include "lib/carry.h"
#include "lib/clock.h"
#include "lib/context.h"
#include "lib/control.h"
#include "lib/encode.h"
#include "lib/lane.h"
#include "lib/span.h"
#include "lib/watcher.h"

#include <string.h>

size_t oriel_span_image(void *to, size_t room, const char *name, size_t name_n,
			enum oriel_kind kind, enum wire_scope scope, const void *row, size_t row_n)
{
	size_t n = sizeof(struct record_start) + name_n + row_n, size = encode_pad(n);
	struct record_start *r = to;
	unsigned char *p = (unsigned char *)(r + 1);

	if (name_n > SPAN_NAME_MOST || size > RECORD_MOST || size > room ||
	    !judged_text(name, name_n))
		return 0;
	memset(to, 0, size);
	record_head(&r->head, RECORD_HEAD(size, RECORD_START, 0, name_n, size - n,
					  (kind & 7u) | (unsigned)scope << RECORD_KIND_BITS));
	r->trace_flags = ORIEL_RANDOM | ORIEL_SAMPLED;
	memcpy(p, name, name_n);
	memcpy(p + name_n, row, row_n);
	return size;
}

/* All that would ask for a closer look is left to oriel_span_open_at. */
static inline bool is_plain(const struct thread *t, uint16_t carry)
{
	return t && !process.config.sampling_asks && control_sampler() == SAMPLER_ON &&
	       !(carry & CARRY_STATE);
}

_Static_assert(offsetof(struct record_start, time) == offsetof(struct record_end, time),
	       "image_put");

/* A copy where the next record goes, with the time; NULL: there is no room, or the counter is no clock. */
static inline void *image_put(struct thread *t, size_t keep, const void *image, size_t n)
{
	struct record_end *r;

	if (!clock_counts() || !write_try(t, keep + n))
		return NULL;
	r = (struct record_end *)t->lane[0].at;
	memcpy(r, image, n);
	r->time = clock_count();
	if (__builtin_expect(!clock_counts(), 0)) {
		write_leave(t);
		return NULL;
	}
	t->span_count = r->time;
	return r;
}

HOT bool oriel_span_open_image(struct oriel_span *span, const void *image, size_t n, uint16_t carry)
{
	struct thread *t = thread_if_any();
	size_t keep = t ? (size_t)END_SIZE * (t->n_open + 2) : 0;
	struct record_start *r;
	struct entry e;

	r = is_plain(t, carry) ? image_put(t, keep, image, n) : NULL;
	if (!r)
		return false;
	thread_random_root(t, e.trace_id, &e.span_id);
	e.meta = ENTRY_META((uint64_t)(ORIEL_RANDOM | ORIEL_SAMPLED), 0, carry, ENTRY_SPAN);
	memcpy(r->trace_id, &e.trace_id[0], 8); /* by halves, as in span_fill */
	memcpy(r->trace_id + 8, &e.trace_id[1], 8);
	r->span_id = e.span_id;
	context_read(&span->context, &e);
	span->depth = 0;
	span->flags = SPAN_RECORDS;
	write_keep(t, (unsigned char *)r + n);
	lane_rest(t);
	return true;
}

size_t oriel_span_end_image(void *to, size_t room, const void *row, size_t row_n)
{
	size_t n = sizeof(struct record_end) + row_n, size = encode_pad(n);
	struct record_end *r = to;

	if (size > RECORD_MOST || size > room)
		return 0;
	memset(to, 0, size);
	record_head(&r->head, RECORD_HEAD(size, RECORD_END, 0, 0, size - n, 0));
	memcpy(r + 1, row, row_n);
	return size;
}

HOT bool oriel_span_close_image(struct oriel_span *span, const void *image, size_t n,
				uint64_t moment, double *seconds)
{
	struct thread *t = oriel_recording() ? thread_if_any() : NULL;
	size_t keep = t ? (size_t)END_SIZE * (t->n_open + 1) : 0;
	struct record_end *r = NULL;

	if (t && !span->depth && span->flags & SPAN_RECORDS)
		r = image_put(t, keep, image, n);
	if (!r)
		return false;
	memcpy(&r->span_id, span->context.span_id, 8);
	*seconds = moment_until(moment, r->time);
	write_keep(t, (unsigned char *)r + n);
	span->flags = 0;
	lane_rest(t);
	return true;
}
