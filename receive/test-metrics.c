/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/test-made.h"

#include <math.h>

static void sums_and_gauges_come_back_whole(void **state)
{
	static const enum metric_kind kind[] = { METRIC_SUM, METRIC_UP_DOWN, METRIC_GAUGE };
	struct batch *b = batch_of("shop");
	struct receipt got = { 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		*batch_add_point(b) = (struct metric_point){ .kind = kind[i],
							     .is_double = i == 2,
							     .name = S("m"),
							     .unit = S("s"),
							     .description = S("d"),
							     .start_ns = 1,
							     .time_ns = 2,
							     .integer = i == 2 ? 0 : -3,
							     .number = i == 2 ? 2.5 : 0 };
	read_again(&got, SIGNAL_METRIC, b);
	assert_int_equal(got.batch[0]->n_points, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct metric_point *p = &got.batch[0]->point[i];

		assert_int_equal(p->kind, kind[i]);
		assert_int_equal(p->is_double, i == 2);
		assert_int_equal(p->integer, i == 2 ? 0 : -3);
		assert_true(p->number == (i == 2 ? 2.5 : 0));
		assert_text(p->name, "m");
		assert_text(p->unit, "s");
		assert_text(p->description, "d");
		assert_int_equal(p->start_ns, 1);
		assert_int_equal(p->time_ns, 2);
		assert_false(p->delta);
	}
	receipt_fini(&got);
	batch_free(b);
}

static void a_histogram_comes_back_whole(void **state)
{
	static const double bounds[] = { 1, 2 };
	static const uint64_t buckets[] = { 3, 4, 5 };
	struct batch *b = batch_of("shop");
	struct receipt got = { 0 };
	const struct metric_point *p;

	(void)state;
	*batch_add_point(b) = (struct metric_point){ .kind = METRIC_HISTOGRAM,
						     .name = S("h"),
						     .time_ns = 2,
						     .bounds = bounds,
						     .buckets = buckets,
						     .n_bounds = 2,
						     .count = 12,
						     .sum = 20,
						     .min = 0.5,
						     .max = 9 };
	read_again(&got, SIGNAL_METRIC, b);
	p = &got.batch[0]->point[0];
	assert_int_equal(p->kind, METRIC_HISTOGRAM);
	assert_int_equal(p->n_bounds, 2);
	assert_memory_equal(p->buckets, buckets, sizeof(buckets));
	assert_memory_equal(p->bounds, bounds, sizeof(bounds));
	assert_int_equal(p->count, 12);
	assert_true(p->sum == 20 && p->min == 0.5 && p->max == 9);
	receipt_fini(&got);
	batch_free(b);
}

static void a_delta_exponential_histogram_is_read(void **state)
{
	struct receipt got = { 0 };
	const struct metric_point *p;
	struct made m;

	(void)state;
	make(&m);
	proto_string(&m.o, 1, STR("e"));
	struct proto_message data = proto_open(&m.o, 10, PROTO_ABOUT_100);
	struct proto_message point = proto_open(&m.o, 1, PROTO_ABOUT_100);

	proto_fixed64(&m.o, 3, 77);
	proto_fixed64(&m.o, 4, 6);
	proto_u64(&m.o, 6, 5); /* -3 */
	proto_fixed64(&m.o, 7, 1);
	struct proto_message buckets = proto_open(&m.o, 8, PROTO_ABOUT_100);

	proto_u64(&m.o, 1, 4); /* 2 */
	proto_bytes(&m.o, 2, "\x01\x02\xac\x02", 4);
	proto_close(&m.o, buckets);
	struct proto_message exemplar = proto_open(&m.o, 11, PROTO_ABOUT_100);

	proto_fixed64_always(&m.o, 6, 42);
	proto_bytes(&m.o, 4, "01234567", 8);
	proto_close(&m.o, exemplar);
	proto_double_always(&m.o, 14, 0.25);
	proto_close(&m.o, point);
	proto_u64(&m.o, 2, 1);
	proto_close(&m.o, data);
	assert_int_equal(made_decode(&m, SIGNAL_METRIC, &got), 0);
	p = &got.batch[0]->point[0];
	assert_int_equal(p->kind, METRIC_EXPONENTIAL);
	assert_true(p->delta);
	assert_int_equal(p->scale, -3);
	assert_int_equal(p->count, 6);
	assert_int_equal(p->zero_count, 1);
	assert_true(p->zero_threshold == 0.25);
	assert_int_equal(p->positive.offset, 2);
	assert_int_equal(p->positive.n, 3);
	assert_int_equal(p->positive.count[2], 300);
	assert_int_equal(p->negative.n, 0);
	assert_true(isnan(p->sum) && isnan(p->min) && isnan(p->max));
	assert_int_equal(p->n_exemplars, 1);
	assert_int_equal(p->exemplar[0].integer, 42);
	assert_int_equal(p->exemplar[0].span_id.b[0], '0');
	receipt_fini(&got);
}

static void a_summary_is_read(void **state)
{
	struct receipt got = { 0 };
	const struct metric_point *p;
	struct made m;

	(void)state;
	make(&m);
	struct proto_message data = proto_open(&m.o, 11, PROTO_ABOUT_100);
	struct proto_message point = proto_open(&m.o, 1, PROTO_ABOUT_100);

	proto_fixed64(&m.o, 4, 6);
	proto_double_always(&m.o, 5, 1.5);
	for (int i = 1; i <= 2; i++) {
		struct proto_message q = proto_open(&m.o, 6, PROTO_ABOUT_100);

		proto_double_always(&m.o, 1, i / 2.0);
		proto_double_always(&m.o, 2, i);
		proto_close(&m.o, q);
	}
	proto_close(&m.o, point);
	proto_close(&m.o, data);
	assert_int_equal(made_decode(&m, SIGNAL_METRIC, &got), 0);
	p = &got.batch[0]->point[0];
	assert_int_equal(p->kind, METRIC_SUMMARY);
	assert_int_equal(p->n_quantiles, 2);
	assert_true(p->quantile[1].quantile == 1 && p->quantile[1].value == 2);
	assert_true(p->sum == 1.5);
	receipt_fini(&got);
}

static void buckets_that_do_not_fit_are_rejected_alone(void **state)
{
	struct receipt got = { 0 };
	struct made m;

	(void)state;
	make(&m);
	struct proto_message data = proto_open(&m.o, 9, PROTO_ABOUT_100);

	for (int i = 0; i < 2; i++) {
		struct proto_message point = proto_open(&m.o, 1, PROTO_ABOUT_100);

		proto_fixed64(&m.o, 4, 6);
		if (i)
			proto_packed_fixed64(&m.o, 6, (uint64_t[]){ 1, 2 }, 2);
		proto_close(&m.o, point);
	}
	proto_close(&m.o, data);
	assert_int_equal(made_decode(&m, SIGNAL_METRIC, &got), 0);
	assert_int_equal(got.batch[0]->n_points, 1);
	assert_int_equal(got.batch[0]->point[0].buckets[0], 6);
	assert_int_equal(got.n_rejected, 1);
	assert_string_equal(got.why, "a histogram whose buckets don't fit its bounds");
	receipt_fini(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_and_gauges_come_back_whole),
		cmocka_unit_test(a_histogram_comes_back_whole),
		cmocka_unit_test(a_delta_exponential_histogram_is_read),
		cmocka_unit_test(a_summary_is_read),
		cmocka_unit_test(buckets_that_do_not_fit_are_rejected_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
