/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/otlp-encode.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const struct scope shop = { .name = { "shop", 4 }, .version = { "2", 1 } };
static const struct scope shop_elsewhere = { .name = { "shop", 4 }, .version = { "2", 1 } };
static const struct scope other = { .name = { "other", 5 }, .version = { "", 0 } };

static struct resource *resource(const char *service)
{
	struct attribute a = { STR("s"), { VALUE_STRING, .text = str_of(service) } };

	return resource_new((struct attributes){ &a, 1, 0 }, STR(""), 1);
}

static struct batch *batch(const char *service)
{
	struct resource *r = resource(service);
	struct batch *b = batch_new(r);

	resource_free(r);
	return b;
}

static struct span *add_span(struct batch *b, const char *name, const struct scope *scope)
{
	struct span *s = batch_add_span(b);

	s->name = str_of(name);
	s->scope = scope;
	s->kind = SPAN_INTERNAL;
	return s;
}

static struct out encode(enum signal kind, struct batch *const *b, size_t n)
{
	struct out o = { 0 };

	otlp_encode(&o, kind, (struct otlp_slice){ b, n, 0, otlp_count(kind, b, n) });
	assert_int_equal(o.error, 0);
	return o;
}

/* How many times `what` lies in the bytes. */
static size_t times(struct out o, struct str what)
{
	size_t n = 0;

	for (size_t i = 0; i + what.n <= o.n; i++)
		n += memcmp(o.p + i, what.p, what.n) == 0;
	return n;
}

#define GOLDEN(o, literal) golden((o), literal, sizeof(literal) - 1)

static void golden(struct out o, const char *bytes, size_t n)
{
	assert_int_equal(o.n, n);
	assert_memory_equal(o.p, bytes, n);
	out_fini(&o);
}

static void a_span_is_these_bytes(void **state)
{
	struct batch *b = batch("x");
	struct span *s = add_span(b, "n", &shop);
	struct attribute a = { STR("k"), { VALUE_INT, .integer = 5 } };

	(void)state;
	memcpy(s->trace_id.b, "abcdefghijklmnop", 16);
	memcpy(s->span_id.b, "ABCDEFGH", 8);
	s->kind = SPAN_SERVER;
	s->start_ns = 1;
	s->end_ns = 2;
	s->flags = 0x101;
	s->attributes = (struct attributes){ &a, 1, 3 };
	s->status = STATUS_ERROR;
	GOLDEN(encode(SIGNAL_SPAN, &b, 1), "\x0a\x63"
					   "\x0a\x0a\x0a\x08\x0a\x01s\x12\x03\x0a\x01x"
					   "\x12\x55"
					   "\x0a\x09\x0a\x04shop\x12\x01"
					   "2"
					   "\x12\x48"
					   "\x0a\x10"
					   "abcdefghijklmnop"
					   "\x12\x08"
					   "ABCDEFGH"
					   "\x30\x02"
					   "\x39\x01\0\0\0\0\0\0\0"
					   "\x41\x02\0\0\0\0\0\0\0"
					   "\x85\x01\x01\x01\0\0"
					   "\x2a\x01n"
					   "\x4a\x07\x0a\x01k\x12\x02\x18\x05"
					   "\x50\x03"
					   "\x7a\x02\x18\x02");
	batch_free(b);
}

static void a_log_record_is_these_bytes(void **state)
{
	struct batch *b = batch("x");
	struct log_record *l = batch_add_log(b);

	(void)state;
	l->time_ns = 1;
	l->observed_ns = 2;
	l->severity = 9;
	l->severity_text = STR("INFO");
	l->body = (struct value){ VALUE_STRING, .text = STR("hi") };
	l->flags = 1;
	l->event_name = STR("e");
	GOLDEN(encode(SIGNAL_LOG, &b, 1), "\x0a\x38"
					  "\x0a\x0a\x0a\x08\x0a\x01s\x12\x03\x0a\x01x"
					  "\x12\x2a"
					  "\x12\x28"
					  "\x09\x01\0\0\0\0\0\0\0"
					  "\x59\x02\0\0\0\0\0\0\0"
					  "\x10\x09"
					  "\x1a\x04INFO"
					  "\x2a\x04\x0a\x02hi"
					  "\x45\x01\0\0\0"
					  "\x62\x01"
					  "e");
	batch_free(b);
}

static struct metric_point *add_point(struct batch *b, const char *name, enum metric_kind kind)
{
	struct metric_point *p = batch_add_point(b);

	p->name = str_of(name);
	p->kind = kind;
	p->scope = &other;
	return p;
}

static void a_sum_is_cumulative_and_monotonic(void **state)
{
	struct batch *b = batch("x");
	struct metric_point *p = add_point(b, "m", METRIC_SUM);

	(void)state;
	p->start_ns = 1;
	p->time_ns = 2;
	p->integer = -1;
	GOLDEN(encode(SIGNAL_METRIC, &b, 1), "\x0a\x3f"
					     "\x0a\x0a\x0a\x08\x0a\x01s\x12\x03\x0a\x01x"
					     "\x12\x31"
					     "\x0a\x07\x0a\x05other"
					     "\x12\x26"
					     "\x0a\x01m"
					     "\x3a\x21\x0a\x1b"
					     "\x11\x01\0\0\0\0\0\0\0"
					     "\x19\x02\0\0\0\0\0\0\0"
					     "\x31\xff\xff\xff\xff\xff\xff\xff\xff"
					     "\x10\x02\x18\x01");
	batch_free(b);
}

static void points_of_one_instrument_are_one_metric(void **state)
{
	struct batch *b = batch("x");
	struct out o;

	(void)state;
	add_point(b, "requests", METRIC_SUM);
	add_point(b, "requests", METRIC_SUM);
	add_point(b, "memory", METRIC_GAUGE);
	o = encode(SIGNAL_METRIC, &b, 1);
	assert_int_equal(times(o, STR("requests")), 1);
	assert_int_equal(times(o, STR("memory")), 1);
	out_fini(&o);
	batch_free(b);
}

static void an_empty_histogram_has_no_least_and_most(void **state)
{
	struct batch *b = batch("x");
	struct metric_point *p = add_point(b, "h", METRIC_HISTOGRAM);
	double bounds[] = { 1 };
	uint64_t buckets[] = { 0, 0 };
	struct out o;

	(void)state;
	p->bounds = bounds;
	p->buckets = buckets;
	p->n_bounds = 1;
	o = encode(SIGNAL_METRIC, &b, 1);
	assert_int_equal(times(o, STR("\x59\0\0\0\0\0\0\0\0")), 0);
	assert_int_equal(times(o, STR("\x29\0\0\0\0\0\0\0\0\x32\x10")), 1);
	out_fini(&o);
	batch_free(b);
}

static void spans_of_one_scope_share_one_scope_message(void **state)
{
	struct batch *b = batch("x");
	struct out o;

	(void)state;
	add_span(b, "a", &shop);
	add_span(b, "b", &other);
	add_span(b, "c", &shop_elsewhere);
	o = encode(SIGNAL_SPAN, &b, 1);
	assert_int_equal(times(o, STR("shop")), 1);
	assert_int_equal(times(o, STR("other")), 1);
	out_fini(&o);
	batch_free(b);
}

static void a_span_without_a_scope_is_sent_without_one(void **state)
{
	struct batch *b = batch("x");
	struct out o;

	(void)state;
	add_span(b, "lonely", NULL);
	o = encode(SIGNAL_SPAN, &b, 1);
	assert_int_equal(times(o, STR("lonely")), 1);
	out_fini(&o);
	batch_free(b);
}

static void a_thousand_scopes_lose_no_span(void **state)
{
	static struct scope scope[1000];
	static char name[1000][16];
	struct batch *b = batch("x");
	struct out o;

	(void)state;
	for (size_t i = 0; i < 2000; i++) {
		struct scope *s = &scope[i % 1000];

		snprintf(name[i % 1000], sizeof(name[0]), "scope%zu", i % 1000);
		s->name = str_of(name[i % 1000]);
		add_span(b, "span name", s);
	}
	o = encode(SIGNAL_SPAN, &b, 1);
	assert_int_equal(times(o, STR("span name")), 2000);
	out_fini(&o);
	batch_free(b);
}

static void batches_of_one_resource_share_its_message(void **state)
{
	struct resource *r = resource("same service");
	struct batch *b[] = { batch_new(r), batch("another"), batch_new(r) };
	struct out o;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		add_span(b[i], "span name", &shop);
	o = encode(SIGNAL_SPAN, b, 3);
	assert_int_equal(times(o, STR("same service")), 1);
	assert_int_equal(times(o, STR("another")), 1);
	assert_int_equal(times(o, STR("span name")), 3);
	out_fini(&o);
	for (size_t i = 0; i < 3; i++)
		batch_free(b[i]);
	resource_free(r);
}

static void a_resource_without_items_is_not_sent(void **state)
{
	struct batch *b[] = { batch("silent"), batch("talks") };
	struct out o;

	(void)state;
	add_span(b[1], "a", &shop);
	o = encode(SIGNAL_SPAN, b, 2);
	assert_int_equal(times(o, STR("silent")), 0);
	out_fini(&o);
	o = encode(SIGNAL_LOG, b, 2);
	assert_int_equal(o.n, 0);
	out_fini(&o);
	batch_free(b[0]);
	batch_free(b[1]);
}

/* Any cut of the items into two slices holds each item once. */
static void slices_are_a_partition(void **state)
{
	struct resource *r = resource("same");
	struct batch *b[] = { batch_new(r), batch("other"), batch_new(r) };
	char name[16];

	(void)state;
	for (size_t i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "<span%zu>", i);
		add_span(b[i / 4], "", i % 3 ? &shop : &other)->name =
			arena_copy(&b[i / 4]->arena, str_of(name));
	}
	for (size_t cut = 0; cut <= 12; cut++) {
		struct out o = { 0 };

		otlp_encode(&o, SIGNAL_SPAN, (struct otlp_slice){ b, 3, 0, cut });
		assert_int_equal(times(o, STR("<span")), cut);
		otlp_encode(&o, SIGNAL_SPAN, (struct otlp_slice){ b, 3, cut, 12 });
		for (size_t i = 0; i < 12; i++) {
			snprintf(name, sizeof(name), "<span%zu>", i);
			assert_int_equal(times(o, str_of(name)), 1);
		}
		out_fini(&o);
	}
	for (size_t i = 0; i < 3; i++)
		batch_free(b[i]);
	resource_free(r);
}

static void broken_text_in_an_attribute_is_repaired(void **state)
{
	struct batch *b = batch("x");
	struct attribute a = { STR("k\xff"), { VALUE_STRING, .text = STR("gr\xc3\xbc\xc3") } };
	struct out o;

	(void)state;
	add_span(b, "n", &shop)->attributes = (struct attributes){ &a, 1, 0 };
	o = encode(SIGNAL_SPAN, &b, 1);
	assert_int_equal(times(o, STR("\x4a\x11\x0a\x04k\xef\xbf\xbd\x12\x09\x0a\x07gr\xc3\xbc"
				      "\xef\xbf\xbd")),
			 1);
	out_fini(&o);
	batch_free(b);
}

static void arrays_and_maps_nest(void **state)
{
	struct batch *b = batch("x");
	struct value one = { VALUE_INT, .integer = 1 };
	struct attribute inner = { STR("i"), { VALUE_ARRAY, .array = { &one, 1 } } };
	struct attribute a = { STR("m"), { VALUE_MAP, .map = { &inner, 1 } } };
	struct out o;

	(void)state;
	add_span(b, "n", &shop)->attributes = (struct attributes){ &a, 1, 0 };
	o = encode(SIGNAL_SPAN, &b, 1);
	assert_int_equal(times(o, STR("\x4a\x14\x0a\x01m\x12\x0f\x32\x0d\x0a\x0b\x0a\x01i\x12\x06"
				      "\x2a\x04\x0a\x02\x18\x01")),
			 1);
	out_fini(&o);
	batch_free(b);
}

static void endless_nesting_ends(void **state)
{
	struct batch *b = batch("x");
	struct value level[1000] = { { VALUE_INT, .integer = 1 } };
	struct attribute a = { .key = STR("k") };
	struct out o;

	(void)state;
	for (size_t i = 1; i < 1000; i++)
		level[i] = (struct value){ VALUE_ARRAY, .array = { &level[i - 1], 1 } };
	a.value = level[999];
	add_span(b, "n", &shop)->attributes = (struct attributes){ &a, 1, 0 };
	o = encode(SIGNAL_SPAN, &b, 1);
	assert_int_equal(times(o, STR("(nested too deep)")), 1);
	out_fini(&o);
	batch_free(b);
}

static void past_the_limit_is_an_error(void **state)
{
	struct batch *b = batch("x");
	struct out o = { .limit = 4096 };

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		add_span(b, "span name", &shop);
	otlp_encode(&o, SIGNAL_SPAN, (struct otlp_slice){ &b, 1, 0, 1000 });
	assert_int_equal(o.error, -EFBIG);
	out_fini(&o);
	batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_span_is_these_bytes),
		cmocka_unit_test(a_log_record_is_these_bytes),
		cmocka_unit_test(a_sum_is_cumulative_and_monotonic),
		cmocka_unit_test(points_of_one_instrument_are_one_metric),
		cmocka_unit_test(an_empty_histogram_has_no_least_and_most),
		cmocka_unit_test(spans_of_one_scope_share_one_scope_message),
		cmocka_unit_test(a_span_without_a_scope_is_sent_without_one),
		cmocka_unit_test(a_thousand_scopes_lose_no_span),
		cmocka_unit_test(batches_of_one_resource_share_its_message),
		cmocka_unit_test(a_resource_without_items_is_not_sent),
		cmocka_unit_test(slices_are_a_partition),
		cmocka_unit_test(broken_text_in_an_attribute_is_repaired),
		cmocka_unit_test(arrays_and_maps_nest),
		cmocka_unit_test(endless_nesting_ends),
		cmocka_unit_test(past_the_limit_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
