/* SPDX-License-Identifier: Apache-2.0 */
/* Exponential histograms: which bucket a value is in, and that every one is counted in one. */
#include "lib/test-segment.h"

#include "lib/metric.h"

#include <math.h>
#include <pthread.h>

enum { THREADS = 4, ROUNDS = 20000 };

static void powers_of_two_are_the_upper_bound_of_their_bucket(void **state)
{
	(void)state;
	for (int scale = BUCKETS_SCALE_LEAST; scale <= BUCKETS_SCALE_MOST; scale++)
		for (int e = -1074; e < 1024; e += 7) {
			int64_t exact = scale < 0 ? (int64_t)(e - 1) >> -scale
						  : (int64_t)e * (1 << scale) - 1;

			assert_int_equal(exponential_index(ldexp(1, e), scale), exact);
		}
}

static void an_index_is_that_of_the_logarithm(void **state)
{
	unsigned seed = 7, near = 0;

	(void)state;
	for (int scale = 0; scale <= BUCKETS_SCALE_MOST; scale++)
		for (int i = 0; i < 2000; i++) {
			double v = ldexp(1 + (double)rand_r(&seed) / RAND_MAX,
					 (int)(rand_r(&seed) % 60) - 30);
			long double place = log2l(v) * (1 << scale);
			int64_t exact = (int64_t)ceill(place) - 1;

			if (fabsl(place - roundl(place)) < 1e-3L)
				near++;
			else
				assert_int_equal(exponential_index(v, scale), exact);
		}
	assert_true(near < 500);
}

static void the_largest_and_the_smallest_have_a_bucket_at_any_scale(void **state)
{
	(void)state;
	for (int scale = BUCKETS_SCALE_LEAST; scale <= BUCKETS_SCALE_MOST; scale++) {
		int32_t high = exponential_index(1.7976931348623157e308, scale);
		int32_t low = exponential_index(4.9406564584124654e-324, scale);

		assert_true(low < 0 && high >= 0);
		assert_true(buckets_word(low, 160) < 160 && buckets_word(high, 160) < 160);
		assert_int_equal((buckets_word(low, 160) + 1) % 160, buckets_word(low + 1, 160));
		assert_int_equal((buckets_word(-1, 160) + 1) % 160, buckets_word(0, 160));
	}
	assert_int_equal(exponential_index(4.9406564584124654e-324, -10), -2);
	assert_int_equal(exponential_index(1.7976931348623157e308, -10), 0);
}

/* ---- counted ------------------------------------------------------------------------------------- */

struct found {
	uint64_t count, zero, coarse;
	double sum, min, max;
	int scale; /* the lowest */
	unsigned n_buckets;
};

static void look_at(struct found *f, uint32_t at)
{
	for (; at; f->n_buckets++) {
		const struct buckets *b = (const void *)(series_area() + at);

		for (uint32_t i = 0; i < b->n; i++)
			f->count += ((const uint64_t *)(b + 1))[i];
		f->scale = b->scale < f->scale ? b->scale : f->scale;
		at = b->next_at;
	}
}

/* Of the series that this is bound to, all threads of this process together (it has two blocks). */
static struct found found_in(const struct oriel_series *series)
{
	const struct bound *b = (const void *)series;
	const uint64_t *cell = (const uint64_t *)series_cells(b->at);
	struct found f = { .scale = 99,
			   .zero = cell[EXPONENTIAL_ZERO],
			   .sum = as_double(cell[HISTOGRAM_SUM]),
			   .min = as_double(cell[HISTOGRAM_MIN]),
			   .max = as_double(cell[HISTOGRAM_MAX]) };

	for (int i = 0; i < 6; i++)
		f.coarse += cell[EXPONENTIAL_COARSE + i];
	look_at(&f, (uint32_t)cell[EXPONENTIAL_FIRST]);
	look_at(&f, (uint32_t)cell[EXPONENTIAL_FIRST + 1]);
	for (uint32_t c = 0; c < process.n_chunks * CELL_BLOCKS; c++) {
		const uint64_t *own =
			(const uint64_t *)(const void *)(process.chunks +
							 (size_t)(c / CELL_BLOCKS) * CHUNK_SIZE +
							 CELL_BLOCKS_AT +
							 c % CELL_BLOCKS * CELL_BLOCK_SIZE);

		if (process.states[c / CELL_BLOCKS] != CHUNK_CELLS)
			continue;
		own += b->cell;
		f.sum += as_double(own[HISTOGRAM_SUM]);
		f.zero += own[EXPONENTIAL_ZERO];
		f.min = fmin(f.min, as_double(own[HISTOGRAM_MIN] ^ CELLS_INFINITY));
		f.max = fmax(f.max, as_double(own[HISTOGRAM_MAX] ^ CELLS_MINUS_INFINITY));
	}
	return f;
}

static struct oriel_series *waits(void)
{
	must(oriel_start(NULL) == 0);
	return oriel_bind(oriel_histogram_exponential("wait", "s", NULL));
}

static void holds(void (*work)(void))
{
	assert_int_equal(in_child(work), 0);
	read_all();
}

static void narrow(void)
{
	struct oriel_series *s = waits();
	struct found f;

	oriel_series_record(s, 1);
	oriel_series_record(s, 1);
	f = found_in(s);
	must(f.count == 2 && f.scale == 20 && f.n_buckets == 1);
	/* 100 buckets further than the first ones reach, and still at the highest scale */
	oriel_series_record(s, exp2(100.0 / (1 << 20)));
	f = found_in(s);
	must(f.count == 3 && f.scale == 20 && f.n_buckets == 2);
}

static void values_close_together_are_kept_at_the_highest_scale(void **state)
{
	(void)state;
	holds(narrow);
}

static void wide(void)
{
	struct oriel_series *s = waits();
	struct found f;

	/* 20 doublings: the last buckets have those at scale 3, without what lies in earlier ones */
	for (int e = -10; e <= 10; e++)
		oriel_series_record(s, ldexp(1.01, e));
	oriel_record(oriel_histogram_exponential("wait", "s", NULL), 0.5);
	f = found_in(s);
	must(f.count == 22 && f.scale == 3);
	must(f.min == ldexp(1.01, -10) && f.max == ldexp(1.01, 10));
	oriel_series_record(s, 0);
	oriel_series_record(s, -0.0);
	oriel_series_record(s, -7);
	oriel_series_record(s, (double)NAN);
	oriel_series_record(s, (double)INFINITY);
	f = found_in(s);
	must(f.count == 23 && f.zero == 2 && f.min == -7 && isfinite(f.sum) && f.coarse == 0);
}

static void the_scale_falls_until_everything_fits(void **state)
{
	(void)state;
	holds(wide);
}

static void extremes(void)
{
	struct oriel_series *s = waits();
	struct found f;

	oriel_series_record(s, 4.9406564584124654e-324);
	oriel_series_record(s, 1.7976931348623157e308);
	oriel_series_record(s, 1);
	f = found_in(s);
	must(f.count == 3 && f.scale == -4);
}

static void the_whole_range_of_doubles_fits(void **state)
{
	(void)state;
	holds(extremes);
}

static void *recording(void *you)
{
	unsigned seed = (unsigned)(uintptr_t)&seed;

	for (int i = 0; i < ROUNDS; i++)
		oriel_series_record(you, ldexp(1, (int)(rand_r(&seed) % 200) * i / ROUNDS));
	return NULL;
}

static void racing(void)
{
	struct oriel_series *s = waits();
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		must(pthread_create(&thread[i], NULL, recording, s) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	must(found_in(s).count == THREADS * ROUNDS);
	must(process.segment->loss[LOSS_series_overflow] == 0);
}

static void threads_that_lower_the_scale_together_lose_nothing(void **state)
{
	(void)state;
	holds(racing);
}

static void full(void)
{
	struct oriel_series *s = waits(), *other;
	struct bound *b = (struct bound *)s;
	struct found f;

	other = (struct oriel_series *)&b->handle->overflow;
	oriel_series_record(other, 3);
	oriel_series_record(s, 1);
	for (size_t n = 16000; n >= 8; n /= 2)
		while (area_take(n))
			;
	oriel_series_record(s, 1000);
	oriel_series_record(s, -1000);
	must(found_in(s).count == 1);
	f = found_in(other);
	must(f.count == 1 && f.coarse == 2 && f.sum == 3);
	must(process.segment->loss[LOSS_series_overflow] == 2);
}

static void without_room_the_overflow_series_counts_coarsely(void **state)
{
	(void)state;
	holds(full);
}

static void refused(void)
{
	must(oriel_start(NULL) == 0);
	must(!oriel_summary("s", "s", NULL, (const double[]){ 0.5, 2 }, 2));
	must(!oriel_summary("s", "s", NULL, (const double[]){ 0.9, 0.5 }, 2));
	must(oriel_summary("s", "s", NULL, NULL, 0) != NULL);
	must(oriel_histogram_exponential("s", "s", NULL) != oriel_summary("s", "s", NULL, NULL, 0));
}

static void quantiles_rise_and_are_parts(void **state)
{
	(void)state;
	holds(refused);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(powers_of_two_are_the_upper_bound_of_their_bucket),
		cmocka_unit_test(an_index_is_that_of_the_logarithm),
		cmocka_unit_test(the_largest_and_the_smallest_have_a_bucket_at_any_scale),
		cmocka_unit_test(values_close_together_are_kept_at_the_highest_scale),
		cmocka_unit_test(the_scale_falls_until_everything_fits),
		cmocka_unit_test(the_whole_range_of_doubles_fits),
		cmocka_unit_test(threads_that_lower_the_scale_together_lose_nothing),
		cmocka_unit_test(without_room_the_overflow_series_counts_coarsely),
		cmocka_unit_test(quantiles_rise_and_are_parts),
	};

	return cmocka_run_group_tests_name("exponential", tests, set_up, tear_down);
}
