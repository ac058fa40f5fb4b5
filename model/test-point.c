/* SPDX-License-Identifier: Apache-2.0 */
#include "model/point.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { BUCKETS = 64 };

/* An exponential histogram of one's own making, that values are put into. */
struct made {
	struct metric_point point;
	uint64_t count[BUCKETS];
};

static int32_t index_of(double v, int32_t scale)
{
	return (int32_t)ceil(log2(v) * exp2(scale) - 1e-9) - 1;
}

static void make(struct made *m, int32_t scale, int32_t offset)
{
	*m = (struct made){ .point = { .kind = METRIC_EXPONENTIAL, .scale = scale } };
	m->point.positive = (struct exponential_buckets){ offset, m->count, BUCKETS };
}

static void put(struct made *m, double v)
{
	struct metric_point *p = &m->point;
	int32_t at = index_of(v, p->scale) - p->positive.offset;

	assert_in_range(at, 0, BUCKETS - 1);
	m->count[at]++;
	p->min = p->count ? fmin(p->min, v) : v;
	p->max = p->count ? fmax(p->max, v) : v;
	p->count++;
	p->sum += v;
}

static uint64_t total(const struct exponential_buckets *b)
{
	uint64_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->count[i];
	return n;
}

static uint64_t at_value(const struct metric_point *p, double v)
{
	int64_t at = (int64_t)index_of(v, p->scale) - p->positive.offset;

	return at < 0 || at >= (int64_t)p->positive.n ? 0 : p->positive.count[at];
}

static void of_two_scales_the_lower_is_common(void **state)
{
	struct point_room room = { 0 };
	struct arena arena = { 0 };
	struct made a, b;

	(void)state;
	make(&a, 3, -4);
	make(&b, 1, -4);
	put(&a, 1.5);
	put(&a, 3);
	put(&b, 3);
	put(&b, 100);
	assert_true(point_can_add(&a.point, &b.point));
	assert_true(point_add(&a.point, &room, &b.point, &arena));
	assert_int_equal(a.point.scale, 1);
	assert_int_equal(a.point.count, 4);
	assert_int_equal(total(&a.point.positive), 4);
	assert_int_equal(at_value(&a.point, 3), 2);
	assert_int_equal(at_value(&a.point, 1.5), 1);
	assert_int_equal(at_value(&a.point, 100), 1);
	assert_true(a.point.min == 1.5 && a.point.max == 100 && a.point.sum == 107.5);
	arena_fini(&arena);
}

static void what_would_not_fit_is_told_less_finely(void **state)
{
	struct point_room room = { 0 };
	struct arena arena = { 0 };
	struct made a, b;

	(void)state;
	make(&a, 5, -32);
	make(&b, 5, 600);
	put(&a, 1);
	b.count[3] = 7;
	b.point.count = 7;
	assert_true(point_add(&a.point, &room, &b.point, &arena));
	assert_int_equal(a.point.scale, 3);
	assert_true(exponential_width(&a.point) <= EXPONENTIAL_USUAL);
	assert_int_equal(total(&a.point.positive), 8);
	assert_int_equal(a.point.positive.count[a.point.positive.n - 1], 7);
	arena_fini(&arena);
}

static void added_again_and_again_it_takes_no_more_memory(void **state)
{
	struct point_room room = { 0 };
	struct arena arena = { 0 };
	struct made a, b;
	size_t before;

	(void)state;
	make(&a, 3, 0);
	make(&b, 3, 10);
	b.count[0] = b.point.count = 1;
	assert_true(point_add(&a.point, &room, &b.point, &arena));
	before = arena.total;
	for (int i = 0; i < 10000; i++)
		assert_true(point_add(&a.point, &room, &b.point, &arena));
	assert_int_equal(arena.total, before);
	assert_int_equal(total(&a.point.positive), 10001);
	arena_fini(&arena);
}

static void a_larger_zero_swallows_what_lies_in_it(void **state)
{
	struct point_room room = { 0 };
	struct arena arena = { 0 };
	struct made a, b;

	(void)state;
	make(&a, 0, -8);
	make(&b, 0, -8);
	put(&a, 0.03);
	put(&a, 4);
	b.point.zero_threshold = 0.25;
	b.point.zero_count = b.point.count = 5;
	assert_true(point_add(&a.point, &room, &b.point, &arena));
	assert_int_equal(a.point.zero_count, 6);
	assert_int_equal(total(&a.point.positive), 1);
	assert_true(a.point.zero_threshold == 0.25);
	arena_fini(&arena);
}

static void offsets_out_of_this_world_are_survived(void **state)
{
	struct point_room room = { 0 };
	struct arena arena = { 0 };
	struct made a, b;

	(void)state;
	make(&a, 20, INT32_MIN);
	make(&b, INT32_MIN, INT32_MAX - BUCKETS);
	a.count[0] = b.count[0] = 1;
	a.point.count = b.point.count = 1;
	assert_true(point_add(&a.point, &room, &b.point, &arena));
	assert_int_equal(total(&a.point.positive), 2);
	arena_fini(&arena);
}

static void quantiles_are_within_one_percent(void **state)
{
	static uint64_t count[EXPONENTIAL_MOST];
	struct metric_point p = { .kind = METRIC_SUMMARY, .scale = 6 };

	(void)state;
	p.positive = (struct exponential_buckets){ 0, count, EXPONENTIAL_MOST };
	for (int i = 1; i <= 10000; i++) {
		double v = 1 + i / 10.0;

		count[index_of(v, 6)]++;
		p.count++;
	}
	p.min = 1.1;
	p.max = 1001;
	assert_true(fabs(exponential_quantile(&p, 0.5) / 501 - 1) < 0.01);
	assert_true(fabs(exponential_quantile(&p, 0.95) / 951 - 1) < 0.01);
	assert_true(fabs(exponential_quantile(&p, 0.99) / 991 - 1) < 0.01);
	assert_true(exponential_quantile(&p, 0) >= 1.1);
	assert_true(exponential_quantile(&p, 1) <= 1001);
	p.positive.n = p.count = 0;
	assert_true(isnan(exponential_quantile(&p, 0.5)));
}

static void summaries_with_buckets_add_up_and_others_do_not(void **state)
{
	struct quantile q[2] = { { 0.5, 0 }, { 0.99, 0 } };
	struct point_room room = { 0 };
	struct arena arena = { 0 };
	struct made a, b;

	(void)state;
	make(&a, 3, 0);
	make(&b, 3, 0);
	a.point.kind = b.point.kind = METRIC_SUMMARY;
	a.point.quantile = b.point.quantile = q;
	a.point.n_quantiles = b.point.n_quantiles = 2;
	put(&a, 2);
	put(&b, 20);
	put(&b, 20);
	assert_true(point_add(&a.point, &room, &b.point, &arena));
	assert_true(a.point.quantile[0].value > 18 && a.point.quantile[0].value < 22);
	assert_true(q[0].value == 0);
	b.point.positive.count = NULL;
	assert_false(point_can_add(&a.point, &b.point));
	arena_fini(&arena);
}

static void as_explicit_bounds_it_is_powers_of_two(void **state)
{
	double bounds[EXPLICIT_MOST];
	uint64_t buckets[EXPLICIT_MOST + 1];
	uint64_t below[2] = { 2, 0 };
	struct made a;
	size_t n;

	(void)state;
	make(&a, 3, -4);
	put(&a, 1.5);
	put(&a, 1.9);
	put(&a, 7);
	a.point.zero_count = 4;
	a.point.negative = (struct exponential_buckets){ 8, below, 2 }; /* -2.18 to -2 */
	n = exponential_explicit(&a.point, bounds, buckets);
	assert_int_equal(n, 7);
	assert_true(bounds[0] == -4 && bounds[1] == -2 && bounds[2] == 0 && bounds[3] == 1 &&
		    bounds[4] == 2 && bounds[5] == 4 && bounds[6] == 8);
	assert_int_equal(buckets[0], 0);
	assert_int_equal(buckets[1], 2);
	assert_int_equal(buckets[2], 4);
	assert_int_equal(buckets[4], 2);
	assert_int_equal(buckets[5], 0);
	assert_int_equal(buckets[6], 1);
	assert_int_equal(buckets[7], 0);
}

static void taken_away_again_only_the_rest_is_left(void **state)
{
	struct point_room room = { 0 };
	struct arena arena = { 0 };
	struct made a, b;

	(void)state;
	make(&a, 1, -4);
	make(&b, 3, -4);
	put(&b, 1.5);
	put(&a, 1.5);
	put(&a, 30);
	assert_true(point_own(&a.point, &room, &arena));
	assert_true(point_subtract(&a.point, &room, &b.point));
	assert_int_equal(a.point.count, 1);
	assert_int_equal(at_value(&a.point, 1.5), 0);
	assert_int_equal(at_value(&a.point, 30), 1);
	assert_false(point_subtract(&a.point, &room, &b.point));
	arena_fini(&arena);
}

/* ---- exemplars ------------------------------------------------------------------------------------- */

static struct exemplar example(double v, uint64_t time_ns)
{
	return (struct exemplar){ .time_ns = time_ns, .is_double = true, .number = v };
}

static void of_two_examples_of_a_bucket_the_later_stays(void **state)
{
	static const double bounds[] = { 1, 10 };
	uint64_t buckets[3] = { 1, 0, 1 };
	struct exemplar of_a[] = { example(0.5, 10), example(100, 11) };
	struct exemplar of_b[] = { example(0.7, 9), example(50, 12), example(5, 3) };
	struct metric_point a = { .kind = METRIC_HISTOGRAM,
				  .bounds = bounds,
				  .n_bounds = 2,
				  .buckets = buckets,
				  .exemplar = of_a,
				  .n_exemplars = 2 },
			    b = a;
	struct point_room room = { 0 };
	struct arena arena = { 0 };

	(void)state;
	b.exemplar = of_b;
	b.n_exemplars = 3;
	assert_true(point_add(&a, &room, &b, &arena));
	assert_int_equal(a.n_exemplars, 3);
	assert_true(a.exemplar[0].number == 0.5);
	assert_true(a.exemplar[1].number == 50);
	assert_true(a.exemplar[2].number == 5);
	assert_true(of_a[1].number == 100);
	arena_fini(&arena);
}

static void a_sum_has_one_example(void **state)
{
	struct exemplar old = example(1, 10), new = example(2, 11);
	struct metric_point a = { .kind = METRIC_SUM,
				  .integer = 3,
				  .exemplar = &old,
				  .n_exemplars = 1 },
			    b = a;
	struct point_room room = { 0 };
	struct arena arena = { 0 };

	(void)state;
	b.exemplar = &new;
	assert_true(point_add(&a, &room, &b, &arena));
	assert_int_equal(a.integer, 6);
	assert_int_equal(a.n_exemplars, 1);
	assert_true(a.exemplar->number == 2 && old.number == 1);
	arena_fini(&arena);
}

static void what_is_kept_for_ever_has_no_attributes_of_examples(void **state)
{
	struct attribute who = { STR("k"), { VALUE_STRING, .text = STR("v") } };
	struct exemplar e = example(1, 10);
	struct metric_point a = { .kind = METRIC_SUM, .exemplar = &e, .n_exemplars = 1 }, b = a;
	struct point_room room = { .keeps = true };
	struct arena arena = { 0 };

	(void)state;
	e.attributes = (struct attributes){ &who, 1, 0 };
	assert_true(point_own(&a, &room, &arena));
	assert_int_equal(a.exemplar->attributes.n, 0);
	assert_true(point_add(&a, &room, &b, &arena));
	assert_int_equal(a.exemplar->attributes.n, 0);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_two_scales_the_lower_is_common),
		cmocka_unit_test(what_would_not_fit_is_told_less_finely),
		cmocka_unit_test(added_again_and_again_it_takes_no_more_memory),
		cmocka_unit_test(a_larger_zero_swallows_what_lies_in_it),
		cmocka_unit_test(offsets_out_of_this_world_are_survived),
		cmocka_unit_test(quantiles_are_within_one_percent),
		cmocka_unit_test(summaries_with_buckets_add_up_and_others_do_not),
		cmocka_unit_test(as_explicit_bounds_it_is_powers_of_two),
		cmocka_unit_test(taken_away_again_only_the_rest_is_left),
		cmocka_unit_test(of_two_examples_of_a_bucket_the_later_stays),
		cmocka_unit_test(a_sum_has_one_example),
		cmocka_unit_test(what_is_kept_for_ever_has_no_attributes_of_examples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
