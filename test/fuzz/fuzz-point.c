/* SPDX-License-Identifier: Apache-2.0 */
/* Exponential histograms of any scale and offsets, added, taken away, asked for quantiles and bounds. */
#include "model/point.h"

#include <stdlib.h>

enum { POINTS = 4, COUNTS = 24 };

struct bytes {
	const uint8_t *p;
	size_t n;
};

static void take(struct bytes *b, void *to, size_t n)
{
	memset(to, 0, n);
	n = n < b->n ? n : b->n;
	memcpy(to, b->p, n);
	b->p += n;
	b->n -= n;
}

static void take_buckets(struct bytes *b, struct exponential_buckets *to, uint64_t count[COUNTS])
{
	uint8_t small[COUNTS], n;

	take(b, &n, 1);
	take(b, &to->offset, sizeof(to->offset));
	take(b, small, n % (COUNTS + 1));
	for (size_t i = 0; i < n % (COUNTS + 1u); i++)
		count[i] = small[i];
	to->count = count;
	to->n = n % (COUNTS + 1u);
	if (to->offset > INT32_MAX - COUNTS)
		to->offset = INT32_MAX - COUNTS;
}

static uint64_t total(const struct metric_point *p)
{
	uint64_t n = p->zero_count;

	for (size_t i = 0; i < p->positive.n; i++)
		n += p->positive.count[i];
	for (size_t i = 0; i < p->negative.n; i++)
		n += p->negative.count[i];
	return n;
}

static void take_point(struct bytes *b, struct metric_point *p, uint64_t count[2][COUNTS])
{
	uint8_t zeros;

	*p = (struct metric_point){ .kind = METRIC_EXPONENTIAL };
	take(b, &p->scale, sizeof(p->scale));
	take(b, &zeros, 1);
	take(b, &p->zero_threshold, sizeof(p->zero_threshold));
	if (!(p->zero_threshold > 0))
		p->zero_threshold = 0;
	p->zero_count = zeros;
	take_buckets(b, &p->positive, count[0]);
	take_buckets(b, &p->negative, count[1]);
	p->count = total(p);
}

static void look(const struct metric_point *p)
{
	static double bounds[EXPLICIT_MOST];
	static uint64_t buckets[EXPLICIT_MOST + 1];
	size_t n = exponential_explicit(p, bounds, buckets);
	uint64_t told = 0;

	for (size_t i = 0; i <= n; i++)
		told += buckets[i];
	if (told != total(p))
		abort();
	exponential_quantile(p, 0.99);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint64_t count[POINTS][2][COUNTS];
	struct bytes b = { data, n };
	struct point_room room = { .n_buckets = 0 };
	struct arena arena = { .head = NULL };
	struct metric_point sum, p;
	uint64_t counted;

	take_point(&b, &sum, count[0]);
	look(&sum);
	counted = total(&sum);
	for (size_t i = 1; i < POINTS && b.n; i++) {
		take_point(&b, &p, count[i]);
		counted += total(&p);
		if (!point_add(&sum, &room, &p, &arena) || total(&sum) != counted)
			abort();
		if (exponential_width(&sum) > EXPONENTIAL_USUAL)
			abort();
		look(&sum);
	}
	if (room.owns)
		point_subtract(&sum, &room, &p);
	arena_fini(&arena);
	return 0;
}
