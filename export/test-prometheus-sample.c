/* SPDX-License-Identifier: Apache-2.0 */
#include "export/prometheus.h"
#include "model/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct scope scope = { .name = STR("shop"), .version = STR("1") };
static const double bounds[] = { 1, 10 };
static const uint64_t buckets[] = { 1, 0, 2 };
static const uint64_t powers[] = { 3, 0, 1 };

struct desk {
	struct batch *batch;
	struct prometheus_target target;
	struct prometheus_request request;
	struct out o;
};

static int setup(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));
	struct resource *r = resource_new((struct attributes){ 0 }, STR(""), 1);

	assert_non_null(d);
	d->batch = batch_new(r);
	resource_free(r);
	d->target = (struct prometheus_target){
		.batch = d->batch,
		.options = { .no_target_info = true, .no_scope_info = true, .no_created = true }
	};
	d->request.format = PROMETHEUS_OPENMETRICS;
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	struct desk *d = *state;

	batch_free(d->batch);
	out_fini(&d->o);
	free(d);
	return 0;
}

static struct metric_point *add(struct desk *d, enum metric_kind kind, const char *name)
{
	struct metric_point *p = batch_add_point(d->batch);

	p->kind = kind;
	p->name = str_of(name);
	p->description = STR("x");
	p->scope = &scope;
	p->start_ns = 1500000000ull;
	p->bounds = bounds;
	p->buckets = kind == METRIC_HISTOGRAM ? buckets : NULL;
	p->n_bounds = kind == METRIC_HISTOGRAM ? 2 : 0;
	p->integer = 7;
	p->count = 4;
	p->sum = 12.5;
	return p;
}

static struct exemplar example(double v, uint64_t time_ns)
{
	struct exemplar e = { .is_double = true, .number = v, .time_ns = time_ns };

	memset(e.trace_id.b, 0xab, sizeof(e.trace_id.b));
	memset(e.span_id.b, 0x0f, sizeof(e.span_id.b));
	return e;
}

/* Borrows the exemplar. */
static struct metric_point *add_with(struct desk *d, enum metric_kind kind, const char *name,
				     const struct exemplar *e)
{
	struct metric_point *p = add(d, kind, name);

	p->exemplar = e;
	p->n_exemplars = 1;
	return p;
}

static const char *written(struct desk *d)
{
	out_clear(&d->o);
	assert_int_equal(prometheus_write(&d->o, &d->request, &d->target, 1), 0);
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

#define EXEMPLAR " # {trace_id=\"abababababababababababababababab\",span_id=\"0f0f0f0f0f0f0f0f\"}"

static void a_summary_tells_its_quantiles(void **state)
{
	static const struct quantile q[] = { { 0.5, 0.25 }, { 0.99, 3 }, { 1, 4 } };
	struct desk *d = *state;
	struct metric_point *p = add(d, METRIC_SUMMARY, "took");

	p->quantile = q;
	p->n_quantiles = 3;
	assert_string_equal(written(d), "# HELP took x\n"
					"# TYPE took summary\n"
					"took{quantile=\"0.5\"} 0.25\n"
					"took{quantile=\"0.99\"} 3\n"
					"took{quantile=\"1.0\"} 4\n"
					"took_count 4\n"
					"took_sum 12.5\n"
					"# EOF\n");
}

static void an_attribute_named_quantile_does_not_replace_the_format_s(void **state)
{
	static const struct quantile q[] = { { 0.5, 0.25 } };
	static const struct attribute a = { STR("quantile"), { VALUE_INT, .integer = 3 } };
	struct desk *d = *state;
	struct metric_point *p = add(d, METRIC_SUMMARY, "took");

	p->quantile = q;
	p->n_quantiles = 1;
	p->attributes = (struct attributes){ &a, 1, 0 };
	assert_non_null(
		strstr(written(d), "took{exported_quantile=\"3\",quantile=\"0.5\"} 0.25\n"));
}

static void an_exponential_histogram_has_bounds_at_powers_of_two(void **state)
{
	struct desk *d = *state;
	struct metric_point *p = add(d, METRIC_EXPONENTIAL, "took");

	p->scale = 1;
	p->positive = (struct exponential_buckets){ 0, powers, 3 }; /* (1, 1.41], (2, 2.83] */
	p->zero_count = 2;
	p->count = 6;
	assert_string_equal(written(d), "# HELP took x\n"
					"# TYPE took histogram\n"
					"took_bucket{le=\"0.0\"} 2\n"
					"took_bucket{le=\"1.0\"} 2\n"
					"took_bucket{le=\"2.0\"} 5\n"
					"took_bucket{le=\"4.0\"} 6\n"
					"took_bucket{le=\"+Inf\"} 6\n"
					"took_count 6\n"
					"took_sum 12.5\n"
					"# EOF\n");
}

static void series_of_other_bounds_do_not_get_each_other_s(void **state)
{
	struct desk *d = *state;
	struct metric_point *p = add(d, METRIC_EXPONENTIAL, "one");

	p->positive = (struct exponential_buckets){ 0, powers, 1 };
	p = add(d, METRIC_EXPONENTIAL, "two");
	p->positive = (struct exponential_buckets){ 5, powers, 1 };
	written(d);
	assert_non_null(strstr(d->o.p, "one_bucket{le=\"2.0\"} 3\n"));
	assert_non_null(strstr(d->o.p, "two_bucket{le=\"64.0\"} 3\n"));
	assert_null(strstr(d->o.p, "two_bucket{le=\"2.0\"}"));
}

static void an_example_stands_at_its_own_bucket_alone(void **state)
{
	struct exemplar e[] = { example(0.5, 1500000000123456789u), example(20, 0) };
	struct desk *d = *state;
	struct metric_point *p = add(d, METRIC_HISTOGRAM, "took");

	p->exemplar = e;
	p->n_exemplars = 2;
	written(d);
	assert_non_null(
		strstr(d->o.p, "took_bucket{le=\"1.0\"} 1" EXEMPLAR " 0.5 1500000000.123\n"));
	assert_non_null(strstr(d->o.p, "took_bucket{le=\"10.0\"} 1\n"));
	assert_non_null(strstr(d->o.p, "took_bucket{le=\"+Inf\"} 3" EXEMPLAR " 20\n"));
	assert_int_equal(times(d->o.p, " # {"), 2);
}

static void a_counter_has_its_example_at_the_total(void **state)
{
	struct exemplar e = example(2, 0);
	struct desk *d = *state;

	d->target.options.no_created = false;
	add_with(d, METRIC_SUM, "orders", &e);
	written(d);
	assert_non_null(strstr(d->o.p, "orders_total 7" EXEMPLAR " 2\norders_created 1.500\n"));
}

static void gauges_have_none(void **state)
{
	struct exemplar e = example(2, 0);
	struct desk *d = *state;

	add_with(d, METRIC_GAUGE, "level", &e);
	assert_null(strstr(written(d), " # {"));
}

static void plain_text_has_none_and_neither_has_who_wants_none(void **state)
{
	struct exemplar e = example(2, 0);
	struct desk *d = *state;

	add_with(d, METRIC_SUM, "orders", &e);
	d->target.options.no_exemplars = true;
	assert_null(strstr(written(d), " # {"));
	d->target.options.no_exemplars = false;
	d->request.format = PROMETHEUS_TEXT;
	assert_null(strstr(written(d), " # {"));
}

/* 63 of them are the ids'. */
static void examples_have_128_characters_and_not_one_more(void **state)
{
	static const char fits[] = "ÄÖ3456789012345678901234567890123456789012345678901234567890",
			  long_one[] =
				  "01234567890123456789012345678901234567890123456789012345678901";
	struct attribute a[] = { { STR("user.id"), { VALUE_STRING, .text = str_of(long_one) } },
				 { STR("a.key"), { VALUE_STRING, .text = str_of(fits) } },
				 { STR("b"), { VALUE_STRING, .text = STR("") } } };
	struct exemplar e = example(2, 0);
	struct desk *d = *state;

	e.attributes = (struct attributes){ a, 3, 0 };
	add_with(d, METRIC_SUM, "orders", &e);
	written(d);
	assert_null(strstr(d->o.p, "user_id"));
	assert_non_null(strstr(d->o.p, "span_id=\"0f0f0f0f0f0f0f0f\",a_key=\"ÄÖ3456789"));
	assert_null(strstr(d->o.p, "b=\""));
}

static void of_two_keys_of_one_name_the_first_stays(void **state)
{
	struct attribute a[] = { { STR("trace_id"), { VALUE_STRING, .text = STR("mine") } },
				 { STR("a.b"), { VALUE_INT, .integer = 1 } },
				 { STR("a_b"), { VALUE_INT, .integer = 2 } } };
	struct exemplar e = example(2, 0);
	struct desk *d = *state;

	e.attributes = (struct attributes){ a, 3, 0 };
	add_with(d, METRIC_SUM, "orders", &e);
	written(d);
	assert_null(strstr(d->o.p, "mine"));
	assert_non_null(strstr(d->o.p, "a_b=\"1\"} 2"));
}

/* ---- at once --------------------------------------------------------------------------------------- */

static void with_one(struct desk *d, struct metric_point *p, struct attribute a)
{
	struct attribute *to = arena_take_n(&d->batch->arena, struct attribute, 1);

	*to = a;
	p->attributes = (struct attributes){ to, 1, 0 };
}

static void as_text(struct desk *d, const char *key, struct str value)
{
	with_one(d, add(d, METRIC_SUM, "orders"),
		 (struct attribute){ str_of(key), { VALUE_STRING, .text = value } });
}

/* Both ways, which must say the same. */
static const char *written_twice(struct desk *d)
{
	char *slowly;

	d->target.unique = false;
	slowly = strdup(written(d));
	d->target.unique = true;
	written(d);
	assert_string_equal(d->o.p, slowly);
	free(slowly);
	return d->o.p;
}

static void what_is_unique_is_written_the_same_without_looking(void **state)
{
	static const struct quantile q[] = { { 0.5, 0.25 } };
	struct exemplar e = example(2, 5);
	struct desk *d = *state;
	struct metric_point *p;

	as_text(d, "kind", STR("a"));
	as_text(d, "kind", STR("quoted \"b\" and a longer one than sixteen"));
	as_text(d, "kind", STR("ends\\"));
	as_text(d, "kind", STR("\xc3\xa4"));
	as_text(d, "kind", STR(""));
	as_text(d, "other", STR("sixteen bytes it is, and some"));
	as_text(d, "other", STR("seven77"));
	with_one(d, add(d, METRIC_SUM, "orders"),
		 (struct attribute){ STR("code"), { VALUE_INT, .integer = -7 } });
	add(d, METRIC_GAUGE, "level")->is_double = true;
	add_with(d, METRIC_HISTOGRAM, "took", &e);
	with_one(d, add(d, METRIC_HISTOGRAM, "took"),
		 (struct attribute){ STR("code"), { VALUE_INT, .integer = 3 } });
	p = add(d, METRIC_SUMMARY, "slept");
	p->quantile = q;
	p->n_quantiles = 1;
	for (int i = 0; i < 4; i++) {
		d->request.format = i & 1 ? PROMETHEUS_OPENMETRICS : PROMETHEUS_TEXT;
		d->target.options.no_created = i & 2;
		written_twice(d);
	}
	assert_int_equal(times(d->o.p, "\norders_total{"), 8);
}

static void what_may_have_become_the_same_is_looked_at(void **state)
{
	struct desk *d = *state;

	d->request.format = PROMETHEUS_TEXT;
	as_text(d, "a.b", STR("x"));
	as_text(d, "a_b", STR("x"));
	assert_non_null(strstr(written_twice(d), "\norders_total{a_b=\"x\"} 14\n"));
}

static void bytes_that_become_the_same_are_looked_at(void **state)
{
	struct desk *d = *state;

	d->request.format = PROMETHEUS_TEXT;
	as_text(d, "k", STR("\xff"));
	as_text(d, "k", STR("\xfe"));
	assert_int_equal(times(written_twice(d), "\norders_total{"), 1);
}

static void a_number_and_its_text_are_looked_at(void **state)
{
	struct desk *d = *state;

	d->request.format = PROMETHEUS_TEXT;
	as_text(d, "k", STR("3"));
	with_one(d, add(d, METRIC_SUM, "orders"),
		 (struct attribute){ STR("k"), { VALUE_INT, .integer = 3 } });
	assert_int_equal(times(written_twice(d), "\norders_total{"), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_summary_tells_its_quantiles),
		TEST(an_attribute_named_quantile_does_not_replace_the_format_s),
		TEST(an_exponential_histogram_has_bounds_at_powers_of_two),
		TEST(series_of_other_bounds_do_not_get_each_other_s),
		TEST(an_example_stands_at_its_own_bucket_alone),
		TEST(a_counter_has_its_example_at_the_total),
		TEST(gauges_have_none),
		TEST(plain_text_has_none_and_neither_has_who_wants_none),
		TEST(examples_have_128_characters_and_not_one_more),
		TEST(of_two_keys_of_one_name_the_first_stays),
		TEST(what_is_unique_is_written_the_same_without_looking),
		TEST(what_may_have_become_the_same_is_looked_at),
		TEST(bytes_that_become_the_same_are_looked_at),
		TEST(a_number_and_its_text_are_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
