/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/views.h"
#include "collect/vitals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* A point that isn't the collector's, and then what the kernel tells; ended by views. */
static struct batch *viewed(const char *views)
{
	struct vitals v = {
		.known = true, .cpu_ticks = { 100, 200 }, .faults = { 3, 4 }, .resident_bytes = 5
	};
	struct resource *r = resource_new((struct attributes){ 0 }, STR(""), 1);
	struct batch *b = batch_new(r);
	char block[256];
	int n = snprintf(block, sizeof(block), "ORIEL_VIEWS=%s", views);
	struct settings s = { { block, (size_t)n + 1 } };

	resource_free(r);
	batch_add_point(b)->name = STR("process.mine");
	vitals_points(&v, b, 1000000000);
	views_apply(b, 1, &s);
	return b;
}

static size_t count(const struct batch *b, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n_points; i++)
		n += str_eq(b->point[i].name, str_of(name));
	return n;
}

static const struct metric_point *find(const struct batch *b, const char *name)
{
	for (size_t i = 0; i < b->n_points; i++)
		if (str_eq(b->point[i].name, str_of(name)))
			return &b->point[i];
	return NULL;
}

static void one_is_dropped_and_the_rest_stays(void **state)
{
	struct batch *b = viewed("instrument=process.memory.*,aggregation=drop");

	(void)state;
	assert_int_equal(count(b, "process.memory.usage"), 0);
	assert_int_equal(count(b, "process.cpu.time"), 2);
	assert_int_equal(count(b, "process.mine"), 1);
	batch_free(b);
}

static void each_view_makes_a_metric_of_its_own(void **state)
{
	struct batch *b = viewed("instrument=process.cpu.time,name=cpu.all,attributes=;"
				 "instrument=process.cpu.time;instrument=process.*,attributes=");

	(void)state;
	assert_int_equal(count(b, "cpu.all"), 1);
	assert_int_equal(count(b, "process.cpu.time"), 2);
	assert_int_equal(count(b, "process.memory.usage"), 1);
	assert_int_equal(count(b, "process.mine"), 1);
	batch_free(b);
}

static void one_has_another_name(void **state)
{
	struct batch *b =
		viewed("instrument=process.memory.usage,name=memory,description=How much");

	(void)state;
	assert_true(str_eq(find(b, "memory")->description, STR("How much")));
	assert_int_equal(find(b, "memory")->integer, 5);
	batch_free(b);
}

static void series_that_become_one_add_up(void **state)
{
	struct batch *b =
		viewed("instrument=process.cpu.time,attributes=;instrument=process.paging."
		       "faults,without=system.paging.fault.type");

	(void)state;
	assert_int_equal(count(b, "process.cpu.time"), 1);
	assert_true(find(b, "process.cpu.time")->number > 2.9);
	assert_int_equal(find(b, "process.paging.faults")->integer, 7);
	assert_int_equal(find(b, "process.paging.faults")->attributes.n, 0);
	batch_free(b);
}

static void histograms_that_become_one_add_up_bucket_by_bucket(void **state)
{
	static const char text[] = "ORIEL_VIEWS=instrument=took,without=k";
	static const double bounds[] = { 1 };
	static const uint64_t buckets[] = { 2, 3 };
	struct resource *r = resource_new((struct attributes){ 0 }, STR(""), 1);
	struct batch *b = batch_new(r);
	struct settings s = { { text, sizeof(text) } };

	(void)state;
	resource_free(r);
	for (int i = 0; i < 3; i++) {
		struct attribute *a = arena_take_n(&b->arena, struct attribute, 1);

		*a = (struct attribute){ STR("k"), { VALUE_INT, .integer = i } };
		*batch_add_point(b) = (struct metric_point){ .kind = METRIC_HISTOGRAM,
							     .name = STR("took"),
							     .attributes = { a, 1, 0 },
							     .bounds = bounds,
							     .n_bounds = 1,
							     .buckets = buckets,
							     .count = 5,
							     .sum = 9 };
	}
	views_apply(b, 0, &s);
	assert_int_equal(b->n_points, 1);
	assert_int_equal(b->point->count, 15);
	assert_int_equal(b->point->buckets[1], 9);
	assert_true(b->point->sum == 27);
	batch_free(b);
}

static void what_was_there_before_is_left_alone(void **state)
{
	struct batch *b = viewed("instrument=*,aggregation=drop");

	(void)state;
	assert_int_equal(b->n_points, 1);
	assert_int_equal(count(b, "process.mine"), 1);
	batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_dropped_and_the_rest_stays),
		cmocka_unit_test(each_view_makes_a_metric_of_its_own),
		cmocka_unit_test(one_has_another_name),
		cmocka_unit_test(series_that_become_one_add_up),
		cmocka_unit_test(histograms_that_become_one_add_up_bucket_by_bucket),
		cmocka_unit_test(what_was_there_before_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
