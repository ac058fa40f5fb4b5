/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/profile.h"
#include "model/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct scope scope = { .name = STR("oriel"), .version = STR("1") };
static const double bounds[] = { 0.005, 10 };

static struct batch *begin(void)
{
	struct resource *r = resource_new((struct attributes){ 0 }, STR(""), 1);
	struct batch *b = batch_new(r);

	resource_free(r);
	return b;
}

static void set(struct batch *b, struct metric_point *p, struct attribute *from, size_t n)
{
	struct attribute *a = arena_take_n(&b->arena, struct attribute, n);

	memcpy(a, from, n * sizeof(*a));
	p->attributes = (struct attributes){ a, n, 0 };
}

#define TEXT(k, v) \
	{ \
		STR(k), \
		{ \
			VALUE_STRING, .text = STR(v) \
		} \
	}
#define INT(k, v) \
	{ \
		STR(k), \
		{ \
			VALUE_INT, .integer = (v) \
		} \
	}

static struct metric_point *request(struct batch *b, const char *route, int64_t status, uint64_t n)
{
	struct attribute a[3] = { TEXT("http.request.method", "GET"),
				  INT("http.response.status_code", 0), TEXT("http.route", "") };
	uint64_t *buckets = arena_take_n(&b->arena, uint64_t, 3);
	struct metric_point *p = batch_add_point(b);

	buckets[0] = n;
	buckets[1] = buckets[2] = 0;
	a[1].value.integer = status;
	a[2].value.text = str_of(route);
	*p = (struct metric_point){ .kind = METRIC_HISTOGRAM,
				    .name = STR("http.server.request.duration"),
				    .unit = STR("s"),
				    .scope = &scope,
				    .bounds = bounds,
				    .n_bounds = 2,
				    .buckets = buckets,
				    .count = n,
				    .sum = 0.001 * (double)n,
				    .start_ns = 100,
				    .time_ns = 200 };
	set(b, p, a, route[0] ? 3 : 2);
	return p;
}

static struct str text(const struct metric_point *p, const char *key)
{
	return attributes_text(p->attributes, str_of(key));
}

#define IS(p, key, value) assert_true(str_eq(text(p, key), STR(value)))

static void requests_are_counted_by_method_endpoint_and_status(void **state)
{
	struct batch *b = begin();

	(void)state;
	request(b, "/cart/{id}", 200, 3);
	request(b, "/cart/{id}", 404, 2);
	request(b, "", 404, 1);
	profile_apply(PROFILE_FASTAPI, b);
	assert_int_equal(b->n_points, 5);
	for (size_t i = 0; i < 2; i++) {
		const struct metric_point *p = &b->point[i];

		assert_true(str_eq(p->name, STR("http_request_duration_seconds")));
		assert_int_equal(p->attributes.n, 2);
		assert_int_equal(p->count, i ? 1 : 5);
		assert_int_equal(p->buckets[0], i ? 1 : 5);
	}
	IS(&b->point[0], "method", "GET");
	IS(&b->point[0], "endpoint", "/cart/{id}");
	IS(&b->point[1], "endpoint", "unmatched");
	for (size_t i = 2; i < 5; i++) {
		assert_true(str_eq(b->point[i].name, STR("http_requests")));
		assert_int_equal(b->point[i].integer, 5 - (int)i);
		assert_int_equal(b->point[i].attributes.n, 3);
		assert_null(b->point[i].scope);
	}
	IS(&b->point[2], "status", "200");
	IS(&b->point[3], "status", "404");
	batch_free(b);
}

static void who_has_no_status_has_failed(void **state)
{
	struct batch *b = begin();
	struct metric_point *p = request(b, "", 0, 1);

	(void)state;
	p->attributes.n = 1;
	profile_apply(PROFILE_FASTAPI, b);
	IS(&b->point[1], "status", "500");
	batch_free(b);
}

static void connections_in_use_are_one_number(void **state)
{
	struct attribute a[] = { TEXT("db.client.connection.pool.name", "one"),
				 TEXT("db.client.connection.state", "used") };
	struct batch *b = begin();

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct metric_point *p = batch_add_point(b);

		*p = (struct metric_point){ .kind = METRIC_UP_DOWN,
					    .name = STR("db.client.connection.count"),
					    .unit = STR("{connection}"),
					    .integer = 4 + i };
		a[0].value.text = i ? STR("one") : STR("two");
		a[1].value.text = i == 2 ? STR("idle") : STR("used");
		set(b, p, a, 2);
	}
	profile_apply(PROFILE_FASTAPI, b);
	assert_int_equal(b->n_points, 1);
	assert_true(str_eq(b->point->name, STR("active_database_connections")));
	assert_int_equal(b->point->integer, 9);
	assert_int_equal(b->point->attributes.n, 0);
	batch_free(b);
}

static void other_metrics_stay_as_they_are(void **state)
{
	struct batch *b = begin();
	struct metric_point *p = batch_add_point(b);

	(void)state;
	p->name = STR("orders");
	request(b, "/", 200, 1);
	p = batch_add_point(b);
	p->name = STR("others");
	profile_apply(PROFILE_FASTAPI, b);
	assert_int_equal(b->n_points, 4);
	assert_true(str_eq(b->point[0].name, STR("orders")));
	assert_true(str_eq(b->point[1].name, STR("others")));
	batch_free(b);
}

static void tomodachi_s_bounds_begin_with_zero(void **state)
{
	struct batch *b = begin();

	(void)state;
	request(b, "/", 200, 7);
	profile_apply(PROFILE_TOMODACHI, b);
	assert_int_equal(b->n_points, 1);
	assert_true(str_eq(b->point->name, STR("http.server.duration")));
	assert_true(str_eq(b->point->unit, STR("s")));
	assert_int_equal(b->point->n_bounds, 3);
	assert_true(b->point->bounds[0] == 0 && b->point->bounds[1] == 0.005);
	assert_int_equal(b->point->buckets[0], 0);
	assert_int_equal(b->point->buckets[1], 7);
	IS(b->point, "network.protocol.name", "http");
	IS(b->point, "http.route", "/");
	batch_free(b);
}

static void examples_come_along(void **state)
{
	struct exemplar e[] = { { .time_ns = 5, .is_double = true, .number = 0.1 },
				{ .time_ns = 9, .is_double = true, .number = 0.2 } };
	struct batch *b = begin();
	struct metric_point *p = request(b, "/", 200, 7);

	(void)state;
	p->exemplar = e;
	p->n_exemplars = 2;
	profile_apply(PROFILE_FASTAPI, b);
	assert_int_equal(b->point[0].n_exemplars, 2);
	assert_int_equal(b->point[1].n_exemplars, 1);
	assert_int_equal(b->point[1].exemplar->time_ns, 9);
	assert_int_equal(b->point[1].exemplar->integer, 1);
	assert_false(b->point[1].exemplar->is_double);
	batch_free(b);
}

static enum profile said(const char *setting)
{
	struct settings s = { { setting, strlen(setting) + 1 } };

	profile_check(&s);
	return profile_of(&s);
}

static void what_is_no_profile_is_none_and_counted(void **state)
{
	uint64_t before = stats_get(settings_bad);

	(void)state;
	assert_int_equal(said("ORIEL_METRIC_PROFILE=FastAPI"), PROFILE_FASTAPI);
	assert_int_equal(said("ORIEL_METRIC_PROFILE=tomodachi"), PROFILE_TOMODACHI);
	assert_int_equal(said("OTEL_METER_PROVIDER=tomodachi_prometheus"), PROFILE_TOMODACHI);
	assert_int_equal(said("ORIEL_METRIC_PROFILE="), PROFILE_NONE);
	assert_int_equal(stats_get(settings_bad), before);
	assert_int_equal(said("ORIEL_METRIC_PROFILE=django"), PROFILE_NONE);
	assert_int_equal(stats_get(settings_bad), before + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_counted_by_method_endpoint_and_status),
		cmocka_unit_test(who_has_no_status_has_failed),
		cmocka_unit_test(connections_in_use_are_one_number),
		cmocka_unit_test(other_metrics_stay_as_they_are),
		cmocka_unit_test(tomodachi_s_bounds_begin_with_zero),
		cmocka_unit_test(examples_come_along),
		cmocka_unit_test(what_is_no_profile_is_none_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
