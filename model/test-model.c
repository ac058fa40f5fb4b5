/* SPDX-License-Identifier: Apache-2.0 */
/* Values, resources, batches and settings: what every part at home hands to the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/named.h"
#include "model/batch.h"
#include "model/copy.h"
#include "model/settings.h"

static struct value text(const char *s)
{
	return (struct value){ .type = VALUE_STRING, .text = str_of(s) };
}

static struct attributes two(void)
{
	static struct attribute item[2];

	item[0] = (struct attribute){ STR("service.name"), text("shop") };
	item[1] = (struct attribute){ STR("http.response.status_code"),
				      { .type = VALUE_INT, .integer = 404 } };
	return (struct attributes){ item, 2, 3 };
}

static void an_attribute_is_found_by_its_whole_key(void **state)
{
	(void)state;
	assert_non_null(attributes_find(two(), STR("service.name")));
	assert_null(attributes_find(two(), STR("service")));
	assert_null(attributes_find((struct attributes){ 0 }, STR("service.name")));
}

static void an_attribute_of_another_type_is_as_absent(void **state)
{
	(void)state;
	assert_true(str_eq(attributes_text(two(), STR("service.name")), STR("shop")));
	assert_int_equal(attributes_text(two(), STR("http.response.status_code")).n, 0);
	assert_int_equal(attributes_int(two(), STR("http.response.status_code"), -1), 404);
	assert_int_equal(attributes_int(two(), STR("service.name"), -1), -1);
}

static void a_copy_goes_all_the_way_down(void **state)
{
	char word[] = "deep", key[] = "key";
	struct value leaf = text(word);
	struct value array = { .type = VALUE_ARRAY, .array = { &leaf, 1 } };
	struct attribute entry = { str_of(key), array };
	struct value map = { .type = VALUE_MAP, .map = { &entry, 1 } };
	struct arena a = { 0 };
	struct value copy = copy_value(&a, map);

	(void)state;
	word[0] = key[0] = 'x';
	leaf.type = VALUE_EMPTY;
	assert_int_equal(copy.type, VALUE_MAP);
	assert_int_equal(copy.map.n, 1);
	assert_true(str_eq(copy.map.item[0].key, STR("key")));
	assert_int_equal(copy.map.item[0].value.array.n, 1);
	assert_true(str_eq(copy.map.item[0].value.array.item[0].text, STR("deep")));
	arena_fini(&a);
}

static void copied_attributes_keep_what_a_limit_dropped(void **state)
{
	struct arena a = { 0 };
	struct attributes copy = copy_attributes(&a, two());

	(void)state;
	assert_int_equal(copy.n, 2);
	assert_int_equal(copy.dropped, 3);
	arena_fini(&a);
}

static void a_resource_knows_its_service(void **state)
{
	struct resource *r = resource_new(two(), STR("00000000000000ff"), 42);

	(void)state;
	assert_true(str_eq(r->service, STR("shop")));
	assert_int_equal(r->instance.n, 0);
	assert_true(str_eq(r->run, STR("00000000000000ff")));
	assert_null(resource_free(r));
}

static void a_batch_holds_its_resource(void **state)
{
	struct resource *r = resource_new(two(), STR(""), 42);
	struct batch *b = batch_new(r);
	struct batch *other = batch_ref(b);

	(void)state;
	resource_free(r);
	batch_free(b);
	assert_true(str_eq(other->resource->service, STR("shop")));
	assert_null(batch_free(other));
}

static void a_batch_grows_and_new_slots_are_zero(void **state)
{
	struct resource *r = resource_new(two(), STR(""), 42);
	struct batch *b = batch_new(r);

	(void)state;
	for (uint64_t i = 0; i < 5000; i++) {
		struct span *s = batch_add_span(b);
		struct log_record *l = batch_add_log(b);
		struct metric_point *p = batch_add_point(b);

		assert_int_equal(s->start_ns | s->n_events | l->time_ns | p->count, 0);
		s->start_ns = l->time_ns = p->count = i + 1;
	}
	assert_int_equal(batch_items(b), 15000);
	assert_int_equal(b->span[0].start_ns, 1);
	assert_int_equal(b->log[4999].time_ns, 5000);
	assert_int_equal(b->point[2500].count, 2501);
	batch_free(b);
	resource_free(r);
}

static const struct settings settings = { STR("OTEL_SERVICE_NAME=shop\0"
					      "OTEL_SDK_DISABLED=True\0"
					      "OTEL_A=\0"
					      "NO_EQUALS\0"
					      "ORIEL_N= 12 \0"
					      "ORIEL_BAD=12s\0"
					      "OTEL_TRACES_EXPORTER=otlp, console\0"
					      "CUT=short") };

static void a_setting_is_found_by_its_whole_name(void **state)
{
	(void)state;
	assert_true(str_eq(settings_get(&settings, STR("OTEL_SERVICE_NAME")), STR("shop")));
	assert_int_equal(settings_get(&settings, STR("OTEL_SERVICE")).n, 0);
	assert_int_equal(settings_get(&settings, STR("NO_EQUALS")).n, 0);
	assert_int_equal(settings_get(&settings, STR("OTEL_A")).n, 0);
}

static void a_setting_without_its_end_is_lost(void **state)
{
	(void)state;
	assert_int_equal(settings_get(&settings, STR("CUT")).n, 0);
}

static void true_is_true_in_any_case_and_nothing_else_is(void **state)
{
	bool bad = false;

	(void)state;
	assert_true(settings_bool(&settings, STR("OTEL_SDK_DISABLED"), &bad));
	assert_false(settings_bool(&settings, STR("OTEL_ABSENT"), &bad));
	assert_false(bad);
	assert_false(settings_bool(&settings, STR("ORIEL_N"), &bad));
	assert_true(bad);
}

static void a_number_that_is_none_falls_back_and_says_so(void **state)
{
	bool bad = false;

	(void)state;
	assert_int_equal(settings_u64(&settings, STR("ORIEL_N"), 5, &bad), 12);
	assert_int_equal(settings_u64(&settings, STR("ORIEL_ABSENT"), 5, &bad), 5);
	assert_false(bad);
	assert_int_equal(settings_u64(&settings, STR("ORIEL_BAD"), 5, &bad), 5);
	assert_true(bad);
}

static void a_list_is_cut_at_commas_and_trimmed(void **state)
{
	(void)state;
	assert_true(settings_lists(&settings, STR("OTEL_TRACES_EXPORTER"), STR("console")));
	assert_true(settings_lists(&settings, STR("OTEL_TRACES_EXPORTER"), STR("otlp")));
	assert_false(settings_lists(&settings, STR("OTEL_TRACES_EXPORTER"), STR("otl")));
	assert_false(settings_lists(&settings, STR("OTEL_LOGS_EXPORTER"), STR("otlp")));
}

static void an_exporter_of_a_name_has_settings_of_its_own(void **state)
{
	static const char block[] =
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://a\0OTEL_EXPORTER_OTLP_HEADERS=key=secret\0"
		"ORIEL_OF_EU_OTEL_EXPORTER_OTLP_ENDPOINT=http://b\0ORIEL_QUEUE_MAX_BYTES=5\0"
		"ORIEL_OF_EU_ORIEL_EXPORT_CONCURRENCY=9\0ORIEL_EXPORT_CONCURRENCY=1\0"
		"ORIEL_OF_E_OTEL_EXPORTER_OTLP_TIMEOUT=7\0OTEL_BSP_SCHEDULE_DELAY=3";
	struct settings s = { { block, sizeof(block) } }, own;
	struct out o = { 0 };

	(void)state;
	settings_of(&o, &s, STR("eu"));
	own.block = out_all(&o);
	assert_true(
		str_eq(settings_get(&own, STR("OTEL_EXPORTER_OTLP_ENDPOINT")), STR("http://b")));
	assert_int_equal(settings_get(&own, STR("OTEL_EXPORTER_OTLP_HEADERS")).n, 0);
	assert_int_equal(settings_get(&own, STR("OTEL_EXPORTER_OTLP_TIMEOUT")).n, 0);
	assert_int_equal(settings_get(&own, STR("OTEL_BSP_SCHEDULE_DELAY")).n, 0);
	assert_int_equal(settings_u64(&own, STR("ORIEL_QUEUE_MAX_BYTES"), 0, NULL), 5);
	assert_int_equal(settings_u64(&own, STR("ORIEL_EXPORT_CONCURRENCY"), 0, NULL), 9);
	out_fini(&o);
}

static void a_name_is_letters_and_digits_behind_a_slash(void **state)
{
	struct str kind, name;

	(void)state;
	assert_true(named_read(STR("otlp/eu_2"), &kind, &name));
	assert_true(str_eq(kind, STR("otlp")) && str_eq(name, STR("eu_2")));
	assert_false(named_read(STR("otlp"), &kind, &name));
	assert_false(named_read(STR("otlp/"), &kind, &name));
	assert_false(named_read(STR("/x"), &kind, &name));
	assert_false(named_read(STR("./mine.so"), &kind, &name));
	assert_false(named_read(STR("a/b/c"), &kind, &name));
	assert_false(named_read(STR("otlp/abcdefghijklmnopqrstuvwxy"), &kind, &name));
}

static void metrics_come_as_often_as_anybody_wants_them(void **state)
{
	static const char block[] = "OTEL_METRICS_EXPORTER=otlp,otlp/a, otlp/b\0"
				    "OTEL_METRIC_EXPORT_INTERVAL=5000\0"
				    "ORIEL_OF_A_OTEL_METRIC_EXPORT_INTERVAL=9000\0"
				    "ORIEL_OF_B_OTEL_METRIC_EXPORT_INTERVAL=700";
	struct settings s = { { block, sizeof(block) } }, none = { { "", 0 } };

	(void)state;
	assert_int_equal(settings_metrics_every_ms(&s, 10000), 700);
	assert_int_equal(settings_metrics_every_ms(&none, 10000), 10000);
}

static void a_name_without_an_interval_has_the_usual_one(void **state)
{
	static const char block[] = "OTEL_METRICS_EXPORTER=otlp,otlp/a\0"
				    "OTEL_METRIC_EXPORT_INTERVAL=120000";
	struct settings s = { { block, sizeof(block) } };

	(void)state;
	assert_int_equal(settings_metrics_every_ms(&s, METRICS_EVERY_MS), METRICS_EVERY_MS);
}

static void a_time_out_of_range_is_the_default(void **state)
{
	static const char block[] = "OTEL_METRIC_EXPORT_INTERVAL=2147483648\0MOST=2147483647";
	struct settings s = { { block, sizeof(block) } };

	(void)state;
	assert_int_equal(settings_metrics_every_ms(&s, 10000), 10000);
	assert_int_equal(settings_ms(&s, STR("MOST"), 1), INT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exporter_of_a_name_has_settings_of_its_own),
		cmocka_unit_test(a_name_is_letters_and_digits_behind_a_slash),
		cmocka_unit_test(metrics_come_as_often_as_anybody_wants_them),
		cmocka_unit_test(a_name_without_an_interval_has_the_usual_one),
		cmocka_unit_test(a_time_out_of_range_is_the_default),
		cmocka_unit_test(an_attribute_is_found_by_its_whole_key),
		cmocka_unit_test(an_attribute_of_another_type_is_as_absent),
		cmocka_unit_test(a_copy_goes_all_the_way_down),
		cmocka_unit_test(copied_attributes_keep_what_a_limit_dropped),
		cmocka_unit_test(a_resource_knows_its_service),
		cmocka_unit_test(a_batch_holds_its_resource),
		cmocka_unit_test(a_batch_grows_and_new_slots_are_zero),
		cmocka_unit_test(a_setting_is_found_by_its_whole_name),
		cmocka_unit_test(a_setting_without_its_end_is_lost),
		cmocka_unit_test(true_is_true_in_any_case_and_nothing_else_is),
		cmocka_unit_test(a_number_that_is_none_falls_back_and_says_so),
		cmocka_unit_test(a_list_is_cut_at_commas_and_trimmed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
