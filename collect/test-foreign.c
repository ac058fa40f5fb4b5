/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/foreign.h"

#include "model/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define S(text) ((struct str){ "" text, sizeof(text) - 1 })

static const struct scope scope = { .name = { "s", 1 }, .version = { "", 0 } };

static struct batch *batch_of(const char *service, int32_t pid)
{
	struct attribute a = { STR("service.name"), { VALUE_STRING, .text = str_of(service) } };
	struct resource *r = resource_new((struct attributes){ &a, 1, 0 }, STR(""), pid);
	struct batch *b = batch_new(r);

	resource_free(r);
	return b;
}

static struct metric_point *add(struct batch *b, enum metric_kind kind, int64_t v)
{
	struct metric_point *p = batch_add_point(b);

	*p = (struct metric_point){ .kind = kind, .name = S("m"), .scope = &scope, .integer = v };
	return p;
}

/* A batch of one number comes, and goes. */
static void come(struct foreign *f, enum metric_kind kind, int64_t v, bool delta, uint64_t now_ns)
{
	struct batch *b = batch_of("web", 0);

	add(b, kind, v)->delta = delta;
	foreign_take(f, b, "here", now_ns);
	batch_free(b);
}

struct seen {
	struct batch *batch[8];
	char place[32];
	size_t n;
};

static void see(struct batch *b, const char *place, void *you)
{
	struct seen *s = you;

	snprintf(s->place, sizeof(s->place), "%s", place);
	s->batch[s->n++] = b;
}

static void look(struct foreign *f, struct seen *s, uint64_t now_ns)
{
	*s = (struct seen){ .n = 0 };
	foreign_lock(f);
	foreign_batches(f, see, s, now_ns);
	foreign_unlock(f);
}

static void over(struct foreign *f, struct seen *s)
{
	for (size_t i = 0; i < s->n; i++)
		batch_free(s->batch[i]);
	foreign_fini(f);
}

static void the_newest_point_counts(void **state)
{
	struct foreign f;
	struct seen s;

	(void)state;
	foreign_init(&f);
	come(&f, METRIC_SUM, 5, false, 1);
	come(&f, METRIC_SUM, 7, false, 2);
	look(&f, &s, 3);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.place, "here");
	assert_int_equal(s.batch[0]->n_points, 1);
	assert_int_equal(s.batch[0]->point[0].integer, 7);
	over(&f, &s);
}

static void deltas_add_up(void **state)
{
	struct foreign f;
	struct seen s;

	(void)state;
	foreign_init(&f);
	for (int i = 0; i < 3; i++)
		come(&f, METRIC_SUM, 5, true, 1);
	look(&f, &s, 1);
	assert_int_equal(s.batch[0]->point[0].integer, 15);
	assert_false(s.batch[0]->point[0].delta);
	over(&f, &s);
}

static void deltas_of_what_may_fall_add_up_too(void **state)
{
	struct foreign f;
	struct seen s;

	(void)state;
	foreign_init(&f);
	come(&f, METRIC_UP_DOWN, 5, true, 1);
	come(&f, METRIC_UP_DOWN, -7, true, 2);
	look(&f, &s, 2);
	assert_int_equal(s.batch[0]->point[0].integer, -2);
	assert_false(s.batch[0]->point[0].delta);
	over(&f, &s);
}

static void histograms_as_deltas_add_up_too(void **state)
{
	static const double bounds[] = { 1 };
	struct foreign f;
	struct seen s;

	(void)state;
	foreign_init(&f);
	for (uint64_t i = 1; i <= 3; i++) {
		struct batch *b = batch_of("web", 0);
		struct metric_point *p = add(b, METRIC_HISTOGRAM, 0);
		uint64_t buckets[] = { i, 1 };

		p->bounds = bounds;
		p->buckets = buckets;
		p->n_bounds = 1;
		p->count = i + 1;
		p->delta = true;
		foreign_take(&f, b, "", 1);
		batch_free(b);
	}
	look(&f, &s, 1);
	assert_int_equal(s.batch[0]->point[0].buckets[0], 6);
	assert_int_equal(s.batch[0]->point[0].buckets[1], 3);
	assert_int_equal(s.batch[0]->point[0].count, 9);
	over(&f, &s);
}

static void attributes_tell_series_apart(void **state)
{
	struct batch *b = batch_of("web", 0);
	struct attribute a = { STR("k"), { VALUE_INT, .integer = 0 } };
	struct foreign f;
	struct seen s;

	(void)state;
	foreign_init(&f);
	for (int i = 0; i < 200; i++) {
		a.value.integer = i % 100;
		b->n_points = 0;
		add(b, METRIC_SUM, i)->attributes = (struct attributes){ &a, 1, 0 };
		foreign_take(&f, b, "", 1);
	}
	batch_free(b);
	look(&f, &s, 1);
	assert_int_equal(s.batch[0]->n_points, 100);
	assert_int_equal(s.batch[0]->point[99].integer, 199);
	assert_int_equal(s.batch[0]->point[99].attributes.item[0].value.integer, 99);
	over(&f, &s);
}

static void who_is_silent_is_forgotten(void **state)
{
	struct foreign f;
	struct seen s;

	(void)state;
	foreign_init(&f);
	come(&f, METRIC_SUM, 5, false, 1);
	look(&f, &s, FOREIGN_NS + 1);
	assert_int_equal(s.n, 1);
	batch_free(s.batch[0]);
	look(&f, &s, FOREIGN_NS + 2);
	assert_int_equal(s.n, 0);
	assert_int_equal(f.n_series, 0);
	over(&f, &s);
}

static void gauges_are_told_apart_by_process_where_it_is_known(void **state)
{
	struct batch *known = batch_of("a", 7), *unknown = batch_of("b", 0);
	struct foreign f;
	struct seen s;

	(void)state;
	foreign_init(&f);
	add(known, METRIC_GAUGE, 1);
	add(unknown, METRIC_GAUGE, 1);
	foreign_take(&f, known, "", 1);
	foreign_take(&f, unknown, "", 1);
	look(&f, &s, 1);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.batch[1]->point[0].mode, GAUGE_LIVEALL);
	assert_int_equal(s.batch[0]->point[0].mode, GAUGE_LIVEMOSTRECENT);
	batch_free(known);
	batch_free(unknown);
	over(&f, &s);
}

static void what_finds_no_room_is_counted(void **state)
{
	struct batch *b = batch_of("web", 0);
	uint64_t before = stats_get(receive_series_dropped);
	struct attribute a = { STR("k"), { VALUE_INT, .integer = 0 } };
	struct foreign f;
	struct seen s;

	(void)state;
	foreign_init(&f);
	for (int i = 0; i < FOREIGN_SERIES + 3; i++) {
		a.value.integer = i;
		b->n_points = 0;
		add(b, METRIC_SUM, i)->attributes = (struct attributes){ &a, 1, 0 };
		foreign_take(&f, b, "", 1);
	}
	batch_free(b);
	assert_int_equal(stats_get(receive_series_dropped) - before, 3);
	look(&f, &s, 1);
	assert_int_equal(s.batch[0]->n_points, FOREIGN_SERIES);
	over(&f, &s);
}

static const struct span_metrics_rules counting = { .on = true, .most = 10, .every_ns = 100 };

static void spans_come(struct foreign *f, const char *service, int32_t n, uint64_t now_ns)
{
	struct batch *b = batch_of(service, 0);

	for (int32_t i = 0; i < n; i++)
		batch_add_span(b)->name = S("look");
	foreign_count(f, b, &counting, "here", now_ns);
	batch_free(b);
}

static void due(struct foreign *f, struct seen *s, uint64_t now_ns)
{
	s->n = 0;
	foreign_lock(f);
	foreign_due(f, S(""), see, s, now_ns);
	foreign_unlock(f);
}

static void spans_are_counted_beside_points(void **state)
{
	struct foreign f;
	struct seen s;

	(void)state;
	foreign_init(&f);
	come(&f, METRIC_SUM, 5, false, 1);
	spans_come(&f, "web", 3, 2);
	look(&f, &s, 3);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.batch[0]->n_points, 3);
	assert_int_equal(s.batch[0]->point[1].integer, 3);
	assert_int_equal(f.n_series, 2);
	over(&f, &s);
}

static void spans_are_told_when_they_are_due_and_alone(void **state)
{
	struct foreign f;
	struct seen s;

	(void)state;
	foreign_init(&f);
	come(&f, METRIC_SUM, 5, false, 1);
	spans_come(&f, "web", 3, 2);
	due(&f, &s, 101);
	assert_int_equal(s.n, 0);
	due(&f, &s, 102);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.batch[0]->n_points, 2);
	batch_free(s.batch[0]);
	due(&f, &s, 103);
	assert_int_equal(s.n, 0);
	due(&f, &s, UINT64_MAX);
	assert_int_equal(s.n, 1);
	over(&f, &s);
}

static void who_has_no_room_has_the_overflow_series(void **state)
{
	struct foreign f;
	struct seen s;

	(void)state;
	foreign_init(&f);
	f.n_series = FOREIGN_SERIES;
	spans_come(&f, "web", 3, 2);
	due(&f, &s, UINT64_MAX);
	assert_int_equal(s.batch[0]->n_points, 2);
	assert_int_equal(s.batch[0]->point[0].integer, 3);
	assert_true(str_eq(s.batch[0]->point[0].attributes.item->key, S("otel.metric.overflow")));
	over(&f, &s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_point_counts),
		cmocka_unit_test(deltas_add_up),
		cmocka_unit_test(deltas_of_what_may_fall_add_up_too),
		cmocka_unit_test(histograms_as_deltas_add_up_too),
		cmocka_unit_test(attributes_tell_series_apart),
		cmocka_unit_test(who_is_silent_is_forgotten),
		cmocka_unit_test(gauges_are_told_apart_by_process_where_it_is_known),
		cmocka_unit_test(what_finds_no_room_is_counted),
		cmocka_unit_test(spans_are_counted_beside_points),
		cmocka_unit_test(spans_are_told_when_they_are_due_and_alone),
		cmocka_unit_test(who_has_no_room_has_the_overflow_series),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
