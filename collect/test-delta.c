/* SPDX-License-Identifier: Apache-2.0 */
#include "base/scoped.h"
#include "collect/delta.h"
#include "model/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct scope scope = { .name = STR("shop"), .version = STR("1") };
static const double bounds[] = { 1, 10 };

struct desk {
	struct resource *resource;
	struct delta delta;
	uint64_t now;
};

#define scoped_batch scoped(batch_freep) struct batch *

static struct resource *of_pid(int32_t pid, const char *instance)
{
	struct attribute who = { STR("service.instance.id"),
				 { VALUE_STRING, .text = str_of(instance) } };

	return resource_new((struct attributes){ &who, 1, 0 }, STR(""), pid);
}

static int setup(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	d->resource = of_pid(1, "i-1");
	d->delta.preference = DELTA_ALL;
	d->now = 1000;
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	struct desk *d = *state;

	delta_fini(&d->delta);
	resource_free(d->resource);
	free(d);
	return 0;
}

static struct batch *begin(struct desk *d)
{
	d->now += 100;
	return batch_new(d->resource);
}

static struct metric_point *add(struct desk *d, struct batch *b, enum metric_kind kind,
				const char *name, int64_t value)
{
	struct attribute *a = arena_take_n(&b->arena, struct attribute, 1);
	struct metric_point *p = batch_add_point(b);

	*a = (struct attribute){ STR("k"), { VALUE_INT, .integer = 3 } };
	*p = (struct metric_point){ .kind = kind,
				    .name = arena_copy(&b->arena, str_of(name)),
				    .scope = &scope,
				    .attributes = { a, 1, 0 },
				    .start_ns = 50,
				    .time_ns = d->now,
				    .integer = value };
	return p;
}

static struct metric_point *add_histogram(struct desk *d, struct batch *b, uint64_t below,
					  uint64_t above)
{
	struct metric_point *p = add(d, b, METRIC_HISTOGRAM, "took", 0);
	uint64_t *count = arena_take_n(&b->arena, uint64_t, 3);

	count[0] = below;
	count[1] = 0;
	count[2] = above;
	p->bounds = bounds;
	p->n_bounds = 2;
	p->buckets = count;
	p->count = below + above;
	p->sum = (double)(below + 20 * above);
	p->max = 20;
	return p;
}

/* Told and taken. */
static struct batch *give(struct desk *d, struct batch *b)
{
	struct batch *part = delta_of(&d->delta, b);

	delta_told(&d->delta, b);
	batch_free(b);
	return part;
}

static struct batch *counted(struct desk *d, int64_t n)
{
	struct batch *b = begin(d);

	add(d, b, METRIC_SUM, "orders", n);
	return b;
}

static void the_first_one_is_since_the_series_began(void **state)
{
	scoped_batch part = give(*state, counted(*state, 5));

	assert_int_equal(part->n_points, 1);
	assert_int_equal(part->point->integer, 5);
	assert_true(part->point->delta);
	assert_int_equal(part->point->start_ns, 50);
	assert_int_equal(part->point->time_ns, 1100);
}

static void the_next_one_begins_where_that_ended(void **state)
{
	scoped_batch first = give(*state, counted(*state, 5));
	scoped_batch part = give(*state, counted(*state, 12));

	assert_int_equal(part->point->integer, 7);
	assert_int_equal(part->point->start_ns, 1100);
	assert_int_equal(part->point->time_ns, 1200);
	assert_true(first->point->delta);
}

static void where_nothing_came_nothing_is_told(void **state)
{
	struct desk *d = *state;
	scoped_batch first = give(d, counted(d, 5));
	struct batch *b = counted(d, 5);

	add(d, b, METRIC_SUM, "others", 1);

	scoped_batch part = give(d, b);
	scoped_batch none = give(d, counted(d, 5));

	assert_int_equal(part->n_points, 1);
	assert_true(str_eq(part->point->name, STR("others")));
	assert_null(none);
	assert_non_null(first);
}

static void what_was_not_taken_is_in_the_next(void **state)
{
	struct desk *d = *state;
	scoped_batch first = give(d, counted(d, 5));
	scoped_batch lost_of = counted(d, 7);
	scoped_batch lost = delta_of(&d->delta, lost_of);
	scoped_batch part = give(d, counted(d, 10));

	assert_int_equal(first->point->integer + part->point->integer, 10);
	assert_int_equal(part->point->start_ns, 1100);
	assert_int_equal(lost->point->integer, 2);
}

static void a_histogram_is_told_bucket_by_bucket(void **state)
{
	struct desk *d = *state;
	struct batch *a = begin(d);

	add_histogram(d, a, 2, 1);

	scoped_batch first = give(d, a);
	struct batch *b = begin(d);

	add_histogram(d, b, 2, 4);

	scoped_batch part = give(d, b);
	const struct metric_point *p = part->point;

	assert_int_equal(p->count, 3);
	assert_int_equal(p->buckets[0], 0);
	assert_int_equal(p->buckets[2], 3);
	assert_true(p->sum == 60);
	assert_int_equal(first->point->buckets[2], 1);
}

static void what_may_fall_and_gauges_stay_as_they_are(void **state)
{
	struct desk *d = *state;

	for (int i = 0; i < 2; i++) {
		struct batch *b = begin(d);

		add(d, b, METRIC_UP_DOWN, "waiting", 4);
		add(d, b, METRIC_GAUGE, "level", 9);

		scoped_batch part = give(d, b);

		assert_int_equal(part->n_points, 2);
		assert_int_equal(part->point[0].integer, 4);
		assert_int_equal(part->point[0].start_ns, 50);
		assert_false(part->point[0].delta || part->point[1].delta);
	}
}

static void lowmemory_leaves_counters_that_are_observed(void **state)
{
	struct desk *d = *state;

	d->delta.preference = DELTA_LOWMEMORY;
	for (int i = 0; i < 2; i++) {
		struct batch *b = begin(d);

		add(d, b, METRIC_SUM, "orders", 4 + i);
		add(d, b, METRIC_SUM, "faults", 4 + i)->observed = true;

		scoped_batch part = give(d, b);

		assert_int_equal(part->n_points, 2);
		assert_int_equal(part->point[0].integer, i ? 1 : 4);
		assert_int_equal(part->point[1].integer, 4 + i);
		assert_false(part->point[1].delta);
	}
}

static void processes_are_kept_apart(void **state)
{
	struct desk *d = *state;
	scoped_batch first = give(d, counted(d, 5));

	resource_free(d->resource);
	d->resource = of_pid(2, "i-1");

	scoped_batch other = give(d, counted(d, 5));

	assert_int_equal(other->point->integer, 5);
	assert_int_equal(d->delta.n, 2);
	assert_non_null(first);
}

static void of_a_process_that_is_gone_nothing_is_kept(void **state)
{
	struct desk *d = *state;
	scoped_batch first = give(d, counted(d, 5));
	struct batch *b = counted(d, 6);

	b->last = true;

	scoped_batch part = give(d, b);

	assert_int_equal(part->point->integer, 1);
	assert_int_equal(d->delta.n, 0);
	assert_non_null(first);
}

static void a_counter_that_began_anew_is_told_whole(void **state)
{
	struct desk *d = *state;
	scoped_batch first = give(d, counted(d, 500));
	scoped_batch part = give(d, counted(d, 6));

	assert_int_equal(part->point->integer, 6);
	assert_int_equal(part->point->start_ns, 50);
	assert_non_null(first);
}

static void of_a_process_that_another_collector_had_counting_begins_now(void **state)
{
	struct desk *d = *state;
	struct batch *b = counted(d, 500);

	b->again = true;
	assert_null(give(d, b));

	scoped_batch part = give(d, counted(d, 503));

	assert_int_equal(part->point->integer, 3);
}

static void examples_are_those_of_what_is_new(void **state)
{
	struct exemplar e[2] = { { .time_ns = 1050, .integer = 1 },
				 { .time_ns = 1150, .integer = 2 } };
	struct desk *d = *state;

	for (int i = 0; i < 2; i++) {
		struct batch *b = begin(d);
		struct metric_point *p = add_histogram(d, b, 1 + (uint64_t)i, 0);

		p->exemplar = e;
		p->n_exemplars = 1 + (size_t)i;

		scoped_batch part = give(d, b);

		assert_int_equal(part->point->n_exemplars, 1);
		assert_int_equal(part->point->exemplar->integer, i + 1);
	}
	assert_int_equal(e[0].integer, 1);
}

static void a_series_that_comes_later_is_since_it_began(void **state)
{
	struct desk *d = *state;
	scoped_batch first = give(d, counted(d, 5));
	struct batch *b = counted(d, 6);

	add(d, b, METRIC_SUM, "late", 2)->start_ns = 1150;

	scoped_batch part = give(d, b);

	assert_int_equal(part->n_points, 2);
	assert_int_equal(part->point[1].integer, 2);
	assert_int_equal(part->point[1].start_ns, 1150);
	assert_non_null(first);
}

static void who_has_no_pid_is_told_apart_by_the_resource(void **state)
{
	static const char *const instances[] = { "i-1", "i-2", "i-1", "i-2" };
	static const int64_t values[] = { 5, 70, 6, 90 }, news[] = { 5, 70, 1, 20 };
	struct desk *d = *state;

	for (int i = 0; i < 4; i++) {
		resource_free(d->resource);
		d->resource = of_pid(0, instances[i]);

		scoped_batch part = give(d, counted(d, values[i]));

		assert_int_equal(part->point->integer, news[i]);
		assert_true(part->point->delta);
	}
}

static enum delta_preference said(const char *setting)
{
	struct settings s = { { setting, strlen(setting) + 1 } };

	return delta_preference(&s, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE");
}

static void what_makes_no_sense_is_cumulative_and_counted(void **state)
{
	uint64_t before = stats_get(settings_bad);

	(void)state;
#define PREFERENCE "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE="
	assert_int_equal(said(PREFERENCE "Delta"), DELTA_ALL);
	assert_int_equal(said(PREFERENCE "lowmemory"), DELTA_LOWMEMORY);
	assert_int_equal(said(PREFERENCE "cumulative"), DELTA_NONE);
	assert_int_equal(said(PREFERENCE), DELTA_NONE);
	assert_int_equal(stats_get(settings_bad), before);
	assert_int_equal(said(PREFERENCE "sometimes"), DELTA_NONE);
	assert_int_equal(stats_get(settings_bad), before + 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_one_is_since_the_series_began),
		TEST(the_next_one_begins_where_that_ended),
		TEST(where_nothing_came_nothing_is_told),
		TEST(what_was_not_taken_is_in_the_next),
		TEST(a_histogram_is_told_bucket_by_bucket),
		TEST(what_may_fall_and_gauges_stay_as_they_are),
		TEST(lowmemory_leaves_counters_that_are_observed),
		TEST(processes_are_kept_apart),
		TEST(of_a_process_that_is_gone_nothing_is_kept),
		TEST(a_counter_that_began_anew_is_told_whole),
		TEST(of_a_process_that_another_collector_had_counting_begins_now),
		TEST(examples_are_those_of_what_is_new),
		TEST(a_series_that_comes_later_is_since_it_began),
		TEST(who_has_no_pid_is_told_apart_by_the_resource),
		TEST(what_makes_no_sense_is_cumulative_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
