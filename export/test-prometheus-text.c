/* SPDX-License-Identifier: Apache-2.0 */
#include "base/scoped.h"
#include "export/prometheus.h"
#include "model/stats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { TARGETS = 3 };

static const struct scope here = { .name = STR("shop"), .version = STR("1.2") },
			  there = { .name = STR("cart"), .version = STR("3") };

struct desk {
	struct prometheus_target target[TARGETS];
	size_t n;
	struct prometheus_request request;
	struct out o;
};

static struct attribute text(const char *key, const char *value)
{
	return (struct attribute){ str_of(key), { VALUE_STRING, .text = str_of(value) } };
}

static void add_target(struct desk *d, const char *service)
{
	struct attribute who[] = { text("service.name", service), text("host.name", "here"),
				   text("service.instance.id", "i-1"),
				   text("service.namespace", "") };
	size_t n = service[0] == 'n' ? 4 : 3;
	struct resource *r;

	who[3].value.text = STR("space");
	r = resource_new((struct attributes){ who, n, 0 }, STR(""), 1);
	assert_non_null(r);
	d->target[d->n++].batch = batch_new(r);
	resource_free(r);
}

static int setup(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	add_target(d, "shop");
	d->target[0].options.no_target_info = d->target[0].options.no_scope_info = true;
	d->target[0].options.no_created = true;
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	struct desk *d = *state;

	for (size_t i = 0; i < d->n; i++)
		batch_free((struct batch *)d->target[i].batch);
	out_fini(&d->o);
	free(d);
	return 0;
}

static struct metric_point *add(struct desk *d, size_t target, enum metric_kind kind,
				const char *name, int64_t value)
{
	struct metric_point *p = batch_add_point((struct batch *)d->target[target].batch);

	p->kind = kind;
	p->name = str_of(name);
	p->description = STR("About it.");
	p->scope = &here;
	p->integer = value;
	p->start_ns = 1500000000ull;
	return p;
}

static void with(struct desk *d, struct metric_point *p, const struct attribute *a, size_t n)
{
	struct batch *b = (struct batch *)d->target[0].batch;
	struct attribute *to = arena_take_n(&b->arena, struct attribute, n);

	memcpy(to, a, n * sizeof(*a));
	p->attributes = (struct attributes){ to, n, 0 };
}

#define WITH(d, p, ...) \
	with(d, p, (struct attribute[]){ __VA_ARGS__ }, \
	     sizeof((struct attribute[]){ __VA_ARGS__ }) / sizeof(struct attribute))

static const char *written(struct desk *d)
{
	out_clear(&d->o);
	assert_int_equal(prometheus_write(&d->o, &d->request, d->target, d->n), 0);
	out_char(&d->o, '\0');
	return d->o.p;
}

static size_t times(const char *in, const char *what)
{
	size_t n = 0;

	for (; (in = strstr(in, what)); in += strlen(what))
		n++;
	return n;
}

/* ---- shapes ---------------------------------------------------------------------------------------- */

static void a_counter_in_plain_text(void **state)
{
	struct desk *d = *state;

	WITH(d, add(d, 0, METRIC_SUM, "orders", 12), text("shop.kind", "book"));
	assert_string_equal(written(d), "# HELP orders_total About it.\n"
					"# TYPE orders_total counter\n"
					"orders_total{shop_kind=\"book\"} 12\n");
}

static void a_counter_in_openmetrics(void **state)
{
	struct desk *d = *state;
	struct metric_point *p = add(d, 0, METRIC_SUM, "cpu.time", 12);

	p->unit = STR("s");
	d->request.format = PROMETHEUS_OPENMETRICS;
	d->target[0].options.no_created = false;
	assert_string_equal(written(d), "# HELP cpu_time_seconds About it.\n"
					"# TYPE cpu_time_seconds counter\n"
					"# UNIT cpu_time_seconds seconds\n"
					"cpu_time_seconds_total 12\n"
					"cpu_time_seconds_created 1.500\n"
					"# EOF\n");
}

static void names_may_do_without_suffixes(void **state)
{
	struct desk *d = *state;

	add(d, 0, METRIC_SUM, "cpu.time", 12)->unit = STR("s");
	add(d, 0, METRIC_SUM, "rows.total", 7);
	add(d, 0, METRIC_GAUGE, "size", 5)->unit = STR("By");
	d->target[0].options.no_suffixes = true;
	assert_string_equal(written(d),
			    "# HELP cpu_time About it.\n# TYPE cpu_time counter\ncpu_time 12\n"
			    "# HELP rows_total About it.\n# TYPE rows_total counter\nrows_total 7\n"
			    "# HELP size About it.\n# TYPE size gauge\nsize 5\n");
	d->request.format = PROMETHEUS_OPENMETRICS;
	assert_string_equal(
		written(d),
		"# HELP cpu_time About it.\n# TYPE cpu_time counter\ncpu_time_total 12\n"
		"# HELP rows About it.\n# TYPE rows counter\nrows_total 7\n"
		"# HELP size About it.\n# TYPE size gauge\nsize 5\n# EOF\n");
}

static void what_rises_and_falls_is_a_gauge(void **state)
{
	struct desk *d = *state;

	add(d, 0, METRIC_UP_DOWN, "open", 3);
	assert_string_equal(written(d), "# HELP open About it.\n# TYPE open gauge\nopen 3\n");
}

static void a_gauge_of_doubles_and_what_is_no_number(void **state)
{
	struct desk *d = *state;
	double v[] = { 0.1 + 0.2, INFINITY, -INFINITY, NAN };

	for (size_t i = 0; i < 4; i++) {
		struct metric_point *p = add(d, 0, METRIC_GAUGE, "heat", 0);

		p->is_double = true;
		p->number = v[i];
		WITH(d, p, text("k", i == 0 ? "a" : i == 1 ? "b" : i == 2 ? "c" : "d"));
	}
	assert_string_equal(written(d), "# HELP heat About it.\n# TYPE heat gauge\n"
					"heat{k=\"a\"} 0.30000000000000004\n"
					"heat{k=\"b\"} +Inf\n"
					"heat{k=\"c\"} -Inf\n"
					"heat{k=\"d\"} NaN\n");
}

static struct metric_point *add_histogram(struct desk *d, size_t target, const double *bounds,
					  size_t n)
{
	static const uint64_t buckets[] = { 1, 0, 2, 3 };
	struct metric_point *p = add(d, target, METRIC_HISTOGRAM, "took", 0);

	p->bounds = bounds;
	p->n_bounds = n;
	p->buckets = buckets;
	p->sum = 7.5;
	return p;
}

static const double three[] = { 0.5, 1, 10 };

static void a_histogram_is_accumulated_and_ends_with_inf(void **state)
{
	struct desk *d = *state;

	WITH(d, add_histogram(d, 0, three, 3), text("k", "v"));
	assert_string_equal(written(d), "# HELP took About it.\n# TYPE took histogram\n"
					"took_bucket{k=\"v\",le=\"0.5\"} 1\n"
					"took_bucket{k=\"v\",le=\"1.0\"} 1\n"
					"took_bucket{k=\"v\",le=\"10.0\"} 3\n"
					"took_bucket{k=\"v\",le=\"+Inf\"} 6\n"
					"took_count{k=\"v\"} 6\n"
					"took_sum{k=\"v\"} 7.5\n");
}

/* The naive form writes a bound as it was typed: "1" here, "1.0" there. */
static void a_bound_has_one_text_in_both_formats(void **state)
{
	struct desk *d = *state;

	add_histogram(d, 0, three, 3);
	assert_int_equal(times(written(d), "le=\"1.0\""), 1);
	d->request.format = PROMETHEUS_OPENMETRICS;
	assert_int_equal(times(written(d), "le=\"1.0\""), 1);
}

static void bounds_that_do_not_rise_are_left_out_and_counted(void **state)
{
	static const double falling[] = { 1, 1, 0 };
	struct desk *d = *state;
	uint64_t before = stats_get(scrape_conflicts);

	add_histogram(d, 0, falling, 3);
	assert_null(strstr(written(d), "_bucket"));
	assert_int_equal(stats_get(scrape_conflicts) - before, 1);
}

static void a_metric_without_description_tells_its_own_name(void **state)
{
	struct desk *d = *state;

	add(d, 0, METRIC_GAUGE, "pool.in_use", 1)->description = STR("");
	assert_non_null(strstr(written(d), "# HELP pool_in_use pool.in_use\n"));
}

static void openmetrics_ends_with_eof_even_when_empty(void **state)
{
	struct desk *d = *state;

	d->request.format = PROMETHEUS_OPENMETRICS;
	assert_string_equal(written(d), "# EOF\n");
	d->request.format = PROMETHEUS_TEXT;
	assert_string_equal(written(d), "");
}

/* ---- labels ---------------------------------------------------------------------------------------- */

/* The naive form applies the last point's keys to all: http_route="404", status="GET". */
static void each_point_has_its_own_keys(void **state)
{
	struct desk *d = *state;

	WITH(d, add(d, 0, METRIC_SUM, "requests", 1), text("http.request.method", "GET"),
	     text("http.response.status_code", "200"), text("http.route", "/cart"));
	WITH(d, add(d, 0, METRIC_SUM, "requests", 2), text("http.request.method", "GET"),
	     text("http.response.status_code", "404"));
	WITH(d, add(d, 0, METRIC_SUM, "requests", 3), text("http.request.method", "POST"),
	     text("http.response.status_code", "201"), text("http.route", "/pay"));
	written(d);
	assert_non_null(strstr(d->o.p,
			       "requests_total{http_request_method=\"GET\","
			       "http_response_status_code=\"200\",http_route=\"/cart\"} 1\n"
			       "requests_total{http_request_method=\"GET\","
			       "http_response_status_code=\"404\"} 2\n"
			       "requests_total{http_request_method=\"POST\","
			       "http_response_status_code=\"201\",http_route=\"/pay\"} 3\n"));
}

static void labels_are_in_order_of_their_names(void **state)
{
	struct desk *d = *state;

	WITH(d, add(d, 0, METRIC_GAUGE, "g", 1), text("z", "1"), text("a", "2"), text("m", "3"));
	assert_non_null(strstr(written(d), "g{a=\"2\",m=\"3\",z=\"1\"} 1\n"));
}

static void values_are_escaped(void **state)
{
	struct desk *d = *state;

	WITH(d, add(d, 0, METRIC_GAUGE, "g", 1),
	     text("k", "C:\\dir says \"no\"\nand a long tail without any"));
	assert_non_null(
		strstr(written(d),
		       "g{k=\"C:\\\\dir says \\\"no\\\"\\nand a long tail without any\"} 1\n"));
}

static void descriptions_are_escaped_by_the_format_s_rules(void **state)
{
	struct desk *d = *state;

	add(d, 0, METRIC_GAUGE, "g", 1)->description = STR("a \"b\" \\ c\nd");
	assert_non_null(strstr(written(d), "# HELP g a \"b\" \\\\ c\\nd\n"));
	d->request.format = PROMETHEUS_OPENMETRICS;
	assert_non_null(strstr(written(d), "# HELP g a \\\"b\\\" \\\\ c\\nd\n"));
}

static void utf8_stays_and_other_bytes_are_replaced(void **state)
{
	struct desk *d = *state;

	WITH(d, add(d, 0, METRIC_GAUGE, "g", 1),
	     text("k", "k\xc3\xa4se \xff"
		       "12345678 \xe2\x82"));
	assert_non_null(strstr(written(d), "k=\"k\xc3\xa4se \xef\xbf\xbd"
					   "12345678 "
					   "\xef\xbf\xbd\xef\xbf\xbd\""));
}

static void numbers_truths_and_arrays_are_text(void **state)
{
	struct desk *d = *state;
	struct value two[] = { { VALUE_INT, .integer = 1 }, { VALUE_STRING, .text = STR("x") } };

	WITH(d, add(d, 0, METRIC_GAUGE, "g", 1),
	     (struct attribute){ STR("a"), { VALUE_INT, .integer = -7 } },
	     (struct attribute){ STR("b"), { VALUE_DOUBLE, .number = 0.5 } },
	     (struct attribute){ STR("c"), { VALUE_BOOL, .boolean = true } },
	     (struct attribute){ STR("d"), { VALUE_ARRAY, .array = { two, 2 } } },
	     (struct attribute){ STR("e"), { VALUE_EMPTY, .integer = 0 } });
	assert_non_null(strstr(written(d),
			       "g{a=\"-7\",b=\"0.5\",c=\"true\",d=\"[1,\\\"x\\\"]\",e=\"\"} 1\n"));
}

static void keys_that_become_one_share_a_label(void **state)
{
	struct desk *d = *state;

	WITH(d, add(d, 0, METRIC_GAUGE, "g", 1), text("a.b", "1"), text("x", "y"),
	     text("a_b", "2"));
	assert_non_null(strstr(written(d), "g{a_b=\"1;2\",x=\"y\"} 1\n"));
}

static void a_label_of_the_format_s_own_is_not_overwritten(void **state)
{
	struct desk *d = *state;

	WITH(d, add_histogram(d, 0, three, 3), text("le", "mine"));
	assert_non_null(strstr(written(d), "took_bucket{exported_le=\"mine\",le=\"0.5\"} 1\n"));
	d->target[0].named = true;
	WITH(d, add(d, 0, METRIC_GAUGE, "g", 1), text("service.name", "mine"), text("le", "x"));
	assert_non_null(
		strstr(written(d),
		       "g{exported_service_name=\"mine\",le=\"x\",service_name=\"shop\"} 1\n"));
}

/* ---- families -------------------------------------------------------------------------------------- */

/* The naive form writes the family twice, which no parser takes. */
static void one_name_in_two_scopes_is_one_family(void **state)
{
	struct desk *d = *state;

	d->target[0].options.no_scope_info = false;
	add(d, 0, METRIC_SUM, "jobs", 1);
	add(d, 0, METRIC_GAUGE, "between", 1);
	add(d, 0, METRIC_SUM, "jobs", 2)->scope = &there;
	written(d);
	assert_int_equal(times(d->o.p, "# TYPE jobs_total"), 1);
	assert_non_null(
		strstr(d->o.p,
		       "jobs_total{otel_scope_name=\"cart\",otel_scope_version=\"3\"} 2\n"
		       "jobs_total{otel_scope_name=\"shop\",otel_scope_version=\"1.2\"} 1\n"));
}

static void without_scopes_the_same_series_add_up(void **state)
{
	struct desk *d = *state;

	add(d, 0, METRIC_SUM, "jobs", 1);
	add(d, 0, METRIC_SUM, "jobs", 2)->scope = &there;
	add_histogram(d, 0, three, 3);
	add_histogram(d, 0, three, 3)->scope = &there;
	written(d);
	assert_int_equal(times(d->o.p, "\njobs_total 3\n"), 1);
	assert_int_equal(times(d->o.p, "jobs_total "), 3);
	assert_int_equal(times(d->o.p, "\ntook_bucket{le=\"+Inf\"} 12\n"), 1);
	assert_int_equal(times(d->o.p, "\ntook_sum 15\n"), 1);
}

static void gauges_that_collide_are_one_and_counted(void **state)
{
	struct desk *d = *state;
	uint64_t before = stats_get(scrape_duplicates);

	add(d, 0, METRIC_GAUGE, "g", 1)->scope = &there;
	add(d, 0, METRIC_GAUGE, "g", 2);
	assert_int_equal(times(written(d), "\ng "), 1);
	assert_non_null(strstr(d->o.p, "\ng 1\n"));
	assert_int_equal(stats_get(scrape_duplicates) - before, 1);
}

static void of_two_types_one_wins_whoever_came_first(void **state)
{
	struct desk *d = *state;
	uint64_t before = stats_get(scrape_conflicts);

	add(d, 0, METRIC_GAUGE, "jobs", 1);
	add(d, 0, METRIC_SUM, "jobs", 2)->scope = &there;
	written(d);
	assert_int_equal(times(d->o.p, "# TYPE"), 1);
	assert_non_null(strstr(d->o.p, "\njobs_total 2\n"));
	assert_int_equal(stats_get(scrape_conflicts) - before, 1);
}

static void a_name_that_another_s_samples_have_is_taken(void **state)
{
	struct desk *d = *state;
	uint64_t before = stats_get(scrape_conflicts);

	add_histogram(d, 0, three, 3);
	add(d, 0, METRIC_GAUGE, "took_count", 1);
	add(d, 0, METRIC_GAUGE, "target_info", 1);
	written(d);
	assert_int_equal(times(d->o.p, "# TYPE"), 1);
	assert_int_equal(stats_get(scrape_conflicts) - before, 2);
}

static void of_two_descriptions_one_is_written(void **state)
{
	struct desk *d = *state;
	uint64_t before = stats_get(scrape_descriptions);

	add(d, 0, METRIC_SUM, "jobs", 1);
	add(d, 0, METRIC_SUM, "jobs", 1)->description = STR("Otherwise");
	((struct batch *)d->target[0].batch)->point[1].scope = &there;
	assert_int_equal(times(written(d), "# HELP"), 1);
	assert_int_equal(stats_get(scrape_descriptions) - before, 1);
}

static void families_are_in_order_of_their_names(void **state)
{
	struct desk *d = *state;
	const char *a, *b;

	add(d, 0, METRIC_GAUGE, "zebra", 1);
	add(d, 0, METRIC_GAUGE, "ant", 1);
	a = strstr(written(d), "\nant 1");
	b = strstr(d->o.p, "\nzebra 1");
	assert_true(a && b && a < b);
}

/* ---- targets --------------------------------------------------------------------------------------- */

static void target_and_scopes_are_told(void **state)
{
	struct desk *d = *state;

	d->target[0].options = (struct prometheus_options){ .space = "my" };
	add(d, 0, METRIC_SUM, "jobs", 1);
	assert_string_equal(
		written(d),
		"# HELP target_info Who the metrics are from\n"
		"# TYPE target_info gauge\n"
		"target_info{host_name=\"here\",service_instance_id=\"i-1\",service_name=\"shop\"} 1\n"
		"# HELP otel_scope_info What recorded the metrics\n"
		"# TYPE otel_scope_info gauge\n"
		"otel_scope_info{otel_scope_name=\"shop\",otel_scope_version=\"1.2\"} 1\n"
		"# HELP my_jobs_total About it.\n"
		"# TYPE my_jobs_total counter\n"
		"my_jobs_total{otel_scope_name=\"shop\",otel_scope_version=\"1.2\"} 1\n");
	d->request.format = PROMETHEUS_OPENMETRICS;
	assert_non_null(strstr(written(d), "# TYPE target info\ntarget_info{"));
}

static void a_scope_s_attributes_are_labels(void **state)
{
	static const struct attribute item[] = {
		{ STR("team.name"), { VALUE_STRING, .text = STR("a\"b") } },
		{ STR("shard"), { VALUE_INT, .integer = 4 } },
		{ STR("name"), { VALUE_STRING, .text = STR("not this") } },
		{ STR("version"), { VALUE_STRING, .text = STR("nor this") } },
		{ STR("schema_url"), { VALUE_STRING, .text = STR("nor this") } },
	};
	static const struct scope rich = { .name = STR("shop"),
					   .version = STR("2"),
					   .schema_url = STR("https://s"),
					   .attributes = { item, 5, 0 } };
	struct desk *d = *state;

	d->target[0].options = (struct prometheus_options){ .space = "my" };
	add(d, 0, METRIC_SUM, "jobs", 1)->scope = &rich;
	assert_non_null(strstr(written(d), "jobs_total{otel_scope_name=\"shop\","
					   "otel_scope_schema_url=\"https://s\","
					   "otel_scope_shard=\"4\","
					   "otel_scope_team_name=\"a\\\"b\","
					   "otel_scope_version=\"2\"} 1\n"));
	assert_non_null(strstr(written(d), "otel_scope_info{otel_scope_name=\"shop\","
					   "otel_scope_schema_url=\"https://s\","));
}

static void job_and_instance_are_labels_if_asked_for(void **state)
{
	struct desk *d = *state;

	add_target(d, "nook");
	d->target[1].options = (struct prometheus_options){ .no_scope_info = true, .job = true };
	add(d, 1, METRIC_SUM, "jobs", 1);
	written(d);
	assert_non_null(strstr(d->o.p, "\njobs_total{instance=\"i-1\",job=\"space/nook\"} 1\n"));
	assert_non_null(strstr(d->o.p, "\ntarget_info{host_name=\"here\",instance=\"i-1\","
				       "job=\"space/nook\","));
}

static void services_that_share_a_port_are_told_apart(void **state)
{
	struct desk *d = *state;

	add_target(d, "nook");
	d->target[1].options = d->target[0].options;
	d->target[0].named = d->target[1].named = true;
	add(d, 0, METRIC_SUM, "jobs", 1);
	add(d, 1, METRIC_SUM, "jobs", 2);
	written(d);
	assert_int_equal(times(d->o.p, "# TYPE"), 1);
	assert_non_null(strstr(d->o.p,
			       "\njobs_total{service_name=\"nook\",service_namespace=\"space\"} 2\n"
			       "jobs_total{service_name=\"shop\"} 1\n"));
}

static void names_choose_families(void **state)
{
	struct desk *d = *state;
	struct str name[] = { STR("took_sum"), STR("jobs_total") };

	add(d, 0, METRIC_SUM, "jobs", 1);
	add(d, 0, METRIC_GAUGE, "jobless", 1);
	add_histogram(d, 0, three, 3);
	d->request.name = name;
	d->request.n_names = 2;
	written(d);
	assert_int_equal(times(d->o.p, "# TYPE"), 2);
	assert_null(strstr(d->o.p, "jobless"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_counter_in_plain_text),
		TEST(a_counter_in_openmetrics),
		TEST(names_may_do_without_suffixes),
		TEST(what_rises_and_falls_is_a_gauge),
		TEST(a_gauge_of_doubles_and_what_is_no_number),
		TEST(a_histogram_is_accumulated_and_ends_with_inf),
		TEST(a_bound_has_one_text_in_both_formats),
		TEST(bounds_that_do_not_rise_are_left_out_and_counted),
		TEST(a_metric_without_description_tells_its_own_name),
		TEST(openmetrics_ends_with_eof_even_when_empty),
		TEST(each_point_has_its_own_keys),
		TEST(labels_are_in_order_of_their_names),
		TEST(values_are_escaped),
		TEST(descriptions_are_escaped_by_the_format_s_rules),
		TEST(utf8_stays_and_other_bytes_are_replaced),
		TEST(numbers_truths_and_arrays_are_text),
		TEST(keys_that_become_one_share_a_label),
		TEST(a_label_of_the_format_s_own_is_not_overwritten),
		TEST(one_name_in_two_scopes_is_one_family),
		TEST(without_scopes_the_same_series_add_up),
		TEST(gauges_that_collide_are_one_and_counted),
		TEST(of_two_types_one_wins_whoever_came_first),
		TEST(a_name_that_another_s_samples_have_is_taken),
		TEST(of_two_descriptions_one_is_written),
		TEST(families_are_in_order_of_their_names),
		TEST(target_and_scopes_are_told),
		TEST(a_scope_s_attributes_are_labels),
		TEST(job_and_instance_are_labels_if_asked_for),
		TEST(services_that_share_a_port_are_told_apart),
		TEST(names_choose_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
