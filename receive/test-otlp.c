/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/otlp.h"

#include "export/otlp-encode.h"
#include "export/protobuf.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define S(text) ((struct str){ "" text, sizeof(text) - 1 })

static const struct otlp_source nobody = { NULL, { "", 0 }, NULL };
static const struct scope scope = { { "cart", 4 }, { "1.2", 3 } };

/* What the encoder writes of a batch, read again. */
static void read_again(struct receipt *got, enum signal kind, struct batch *b)
{
	struct out o = { 0 };

	otlp_encode(&o, kind, (struct otlp_slice){ &b, 1, 0, batch_items(b) });
	assert_int_equal(otlp_decode(got, kind, out_all(&o), &nobody), 0);
	assert_int_equal(got->n, 1);
	assert_int_equal(got->n_rejected, 0);
	out_fini(&o);
}

static struct batch *batch_of(const char *service)
{
	struct attribute a = { STR("service.name"), { VALUE_STRING, .text = str_of(service) } };
	struct resource *r = resource_new((struct attributes){ &a, 1, 0 }, STR(""), 0);
	struct batch *b = batch_new(r);

	resource_free(r);
	return b;
}

static struct span *add_span(struct batch *b)
{
	struct span *s = batch_add_span(b);

	s->trace_id.b[0] = s->span_id.b[0] = 1;
	s->kind = SPAN_SERVER;
	s->start_ns = 1000;
	s->end_ns = 2000;
	s->name = STR("GET /");
	s->scope = &scope;
	return s;
}

static void assert_text(struct str is, const char *wanted)
{
	assert_int_equal(is.n, strlen(wanted));
	assert_memory_equal(is.p, wanted, is.n);
}

/* A request of one item in one scope, of bytes that the caller writes. */
struct made {
	struct out o;
	struct proto_message part, scoped, item;
};

static void make(struct made *m)
{
	*m = (struct made){ .o = { 0 } };
	m->part = proto_open(&m->o, 1, PROTO_ABOUT_1M);
	m->scoped = proto_open(&m->o, 2, PROTO_ABOUT_1M);
	m->item = proto_open(&m->o, 2, PROTO_ABOUT_1M);
}

static int made_decode(struct made *m, enum signal kind, struct receipt *got)
{
	int r;

	proto_close(&m->o, m->item);
	proto_close(&m->o, m->scoped);
	proto_close(&m->o, m->part);
	r = otlp_decode(got, kind, out_all(&m->o), &nobody);
	out_fini(&m->o);
	return r;
}

static void a_span_comes_back_whole(void **state)
{
	struct batch *b = batch_of("shop");
	struct attribute a[] = { { STR("n"), { VALUE_INT, .integer = -7 } },
				 { STR("ok"), { VALUE_BOOL, .boolean = true } },
				 { STR("half"), { VALUE_DOUBLE, .number = 0.5 } },
				 { STR("raw"), { VALUE_BYTES, .text = S("\0\1") } },
				 { STR("none"), { VALUE_EMPTY, { 0 } } } };
	struct span_event e = { 1500, STR("cache.miss"), { a, 2, 3 } };
	struct span_link l = { { { 9 } }, { { 8 } }, 0x301, STR("k=v"), { a, 1, 0 } };
	struct receipt got = { 0 };
	struct span *s = add_span(b);
	const struct span *t;

	(void)state;
	s->flags = 0x101;
	s->parent_id.b[7] = 5;
	s->attributes = (struct attributes){ a, 5, 2 };
	s->event = &e;
	s->n_events = 1;
	s->link = &l;
	s->n_links = 1;
	s->dropped_events = 4;
	s->dropped_links = 6;
	s->status = STATUS_ERROR;
	s->status_message = STR("no");
	s->trace_state = STR("a=b");
	read_again(&got, SIGNAL_SPAN, b);
	t = &got.batch[0]->span[0];
	assert_memory_equal(&t->trace_id, &s->trace_id, 16);
	assert_memory_equal(&t->parent_id, &s->parent_id, 8);
	assert_int_equal(t->flags, 0x101);
	assert_int_equal(t->kind, SPAN_SERVER);
	assert_int_equal(t->status, STATUS_ERROR);
	assert_text(t->status_message, "no");
	assert_text(t->trace_state, "a=b");
	assert_text(t->name, "GET /");
	assert_text(t->scope->name, "cart");
	assert_text(t->scope->version, "1.2");
	assert_int_equal(t->end_ns - t->start_ns, 1000);
	assert_int_equal(t->attributes.n, 5);
	assert_int_equal(t->attributes.dropped, 2);
	assert_int_equal(t->attributes.item[0].value.integer, -7);
	assert_true(t->attributes.item[1].value.boolean);
	assert_true(t->attributes.item[2].value.number == 0.5);
	assert_int_equal(t->attributes.item[3].value.type, VALUE_BYTES);
	assert_int_equal(t->attributes.item[3].value.text.n, 2);
	assert_int_equal(t->attributes.item[4].value.type, VALUE_EMPTY);
	assert_int_equal(t->n_events, 1);
	assert_text(t->event[0].name, "cache.miss");
	assert_int_equal(t->event[0].attributes.dropped, 3);
	assert_int_equal(t->link[0].flags, 0x301);
	assert_text(t->link[0].trace_state, "k=v");
	assert_int_equal(t->dropped_events, 4);
	assert_int_equal(t->dropped_links, 6);
	assert_text(got.batch[0]->resource->service, "shop");
	receipt_fini(&got);
	batch_free(b);
}

static void lists_and_maps_come_back_nested(void **state)
{
	struct batch *b = batch_of("shop");
	struct value inner[] = { { VALUE_INT, .integer = 1 }, { VALUE_STRING, .text = S("x") } };
	struct attribute pair = { STR("list"), { VALUE_ARRAY, .array = { inner, 2 } } };
	struct attribute a[] = { { STR("map"), { VALUE_MAP, .map = { &pair, 1 } } },
				 { STR("after"), { VALUE_INT, .integer = 2 } } };
	struct receipt got = { 0 };
	struct span *s = add_span(b);
	const struct attribute *t;

	(void)state;
	s->attributes = (struct attributes){ a, 2, 0 };
	read_again(&got, SIGNAL_SPAN, b);
	t = got.batch[0]->span[0].attributes.item;
	assert_int_equal(got.batch[0]->span[0].attributes.n, 2);
	assert_int_equal(t[0].value.type, VALUE_MAP);
	assert_text(t[0].value.map.item[0].key, "list");
	assert_int_equal(t[0].value.map.item[0].value.array.n, 2);
	assert_int_equal(t[0].value.map.item[0].value.array.item[0].integer, 1);
	assert_text(t[0].value.map.item[0].value.array.item[1].text, "x");
	assert_text(t[1].key, "after");
	receipt_fini(&got);
	batch_free(b);
}

static void what_is_nested_too_deep_says_so(void **state)
{
	struct receipt got = { 0 };
	struct proto_message open[400];
	struct made m;
	size_t n = 0;
	const struct value *at;

	(void)state;
	make(&m);
	proto_bytes(&m.o, 1, "0123456789abcdef", 16);
	proto_bytes(&m.o, 2, "01234567", 8);
	open[n++] = proto_open(&m.o, 9, PROTO_ABOUT_1M);
	open[n++] = proto_open(&m.o, 2, PROTO_ABOUT_1M);
	while (n < 400) {
		open[n++] = proto_open(&m.o, 5, PROTO_ABOUT_1M);
		open[n++] = proto_open(&m.o, 1, PROTO_ABOUT_1M);
	}
	while (n)
		proto_close(&m.o, open[--n]);
	assert_int_equal(made_decode(&m, SIGNAL_SPAN, &got), 0);
	at = &got.batch[0]->span[0].attributes.item[0].value;
	for (n = 0; at->type == VALUE_ARRAY; n++)
		at = at->array.item;
	assert_int_equal(n, 24);
	assert_text(at->text, "(nested too deep)");
	receipt_fini(&got);
}

static void a_log_record_comes_back_whole(void **state)
{
	struct batch *b = batch_of("shop");
	struct log_record *l = batch_add_log(b);
	struct attribute a = { STR("k"), { VALUE_STRING, .text = S("v") } };
	struct receipt got = { 0 };
	const struct log_record *t;

	(void)state;
	*l = (struct log_record){ .time_ns = 5,
				  .observed_ns = 6,
				  .flags = 1,
				  .severity = 17,
				  .severity_text = S("ERROR"),
				  .event_name = S("cart.full"),
				  .body = { VALUE_STRING, .text = S("out of room") },
				  .attributes = { &a, 1, 1 } };
	l->trace_id.b[3] = l->span_id.b[3] = 7;
	read_again(&got, SIGNAL_LOG, b);
	t = &got.batch[0]->log[0];
	assert_int_equal(t->time_ns, 5);
	assert_int_equal(t->observed_ns, 6);
	assert_int_equal(t->severity, 17);
	assert_text(t->severity_text, "ERROR");
	assert_text(t->event_name, "cart.full");
	assert_text(t->body.text, "out of room");
	assert_int_equal(t->trace_id.b[3], 7);
	assert_int_equal(t->span_id.b[3], 7);
	assert_int_equal(t->attributes.dropped, 1);
	assert_null(t->scope);
	receipt_fini(&got);
	batch_free(b);
}

static void a_record_without_times_is_of_now(void **state)
{
	struct receipt got = { 0 };
	struct made m;

	(void)state;
	make(&m);
	assert_int_equal(made_decode(&m, SIGNAL_LOG, &got), 0);
	assert_true(got.batch[0]->log[0].time_ns > 1700000000000000000u);
	assert_int_equal(got.batch[0]->log[0].time_ns, got.batch[0]->log[0].observed_ns);
	receipt_fini(&got);
}

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

static void a_span_without_ids_is_rejected_alone(void **state)
{
	struct batch *b = batch_of("shop");
	struct receipt got = { 0 };
	struct out o = { 0 };

	(void)state;
	add_span(b);
	memset(&add_span(b)->trace_id, 0, 16);
	memset(&add_span(b)->span_id, 0, 8);
	otlp_encode(&o, SIGNAL_SPAN, (struct otlp_slice){ &b, 1, 0, 3 });
	assert_int_equal(otlp_decode(&got, SIGNAL_SPAN, out_all(&o), &nobody), 0);
	assert_int_equal(got.batch[0]->n_spans, 1);
	assert_int_equal(got.n_rejected, 2);
	assert_string_equal(got.why, "a span without a trace id of 16 bytes");
	receipt_fini(&got);
	out_fini(&o);
	batch_free(b);
}

static void an_empty_request_is_nothing(void **state)
{
	struct receipt got = { 0 };

	(void)state;
	assert_int_equal(otlp_decode(&got, SIGNAL_SPAN, STR(""), &nobody), 0);
	assert_int_equal(got.n, 0);
}

static void a_request_that_is_cut_anywhere_is_bad_or_shorter(void **state)
{
	struct batch *b = batch_of("shop");
	struct out o = { 0 };

	(void)state;
	add_span(b);
	add_span(b);
	otlp_encode(&o, SIGNAL_SPAN, (struct otlp_slice){ &b, 1, 0, 2 });
	for (size_t n = 1; n < o.n; n++) {
		struct receipt got = { 0 };

		assert_int_equal(otlp_decode(&got, SIGNAL_SPAN, (struct str){ o.p, n }, &nobody),
				 RECEIPT_BAD);
		assert_int_equal(got.n, 0);
		assert_true(got.why[0]);
	}
	out_fini(&o);
	batch_free(b);
}

static void many_items_make_several_batches_of_one_resource(void **state)
{
	struct batch *b = batch_of("shop");
	struct receipt got = { 0 };
	struct out o = { 0 };

	(void)state;
	for (int i = 0; i < RECEIPT_ITEMS + 1; i++)
		add_span(b);
	otlp_encode(&o, SIGNAL_SPAN, (struct otlp_slice){ &b, 1, 0, b->n_spans });
	assert_int_equal(otlp_decode(&got, SIGNAL_SPAN, out_all(&o), &nobody), 0);
	assert_int_equal(got.n, 2);
	assert_int_equal(got.batch[0]->n_spans, RECEIPT_ITEMS);
	assert_int_equal(got.batch[1]->n_spans, 1);
	assert_text(got.batch[1]->span[0].scope->name, "cart");
	assert_ptr_equal(got.batch[0]->resource, got.batch[1]->resource);
	receipt_fini(&got);
	out_fini(&o);
	batch_free(b);
}

static void the_same_resource_is_made_once(void **state)
{
	struct batch *b = batch_of("shop");
	struct receipt got[3] = { { 0 } };
	struct sources known;
	struct out o = { 0 };

	(void)state;
	sources_init(&known);
	add_span(b);
	otlp_encode(&o, SIGNAL_SPAN, (struct otlp_slice){ &b, 1, 0, 1 });
	for (int i = 0; i < 3; i++) {
		struct otlp_source from = { &known, i < 2 ? STR("0123456789abcdef") : STR(""),
					    NULL };

		assert_int_equal(otlp_decode(&got[i], SIGNAL_SPAN, out_all(&o), &from), 0);
	}
	assert_ptr_equal(got[0].batch[0]->resource, got[1].batch[0]->resource);
	assert_ptr_not_equal(got[0].batch[0]->resource, got[2].batch[0]->resource);
	assert_text(got[1].batch[0]->resource->run, "0123456789abcdef");
	assert_text(got[2].batch[0]->resource->run, "");
	for (int i = 0; i < 3; i++)
		receipt_fini(&got[i]);
	sources_fini(&known);
	out_fini(&o);
	batch_free(b);
}

static void who_does_not_say_its_name_is_an_unknown_service(void **state)
{
	struct receipt got = { 0 };
	struct made m;

	(void)state;
	make(&m);
	assert_int_equal(made_decode(&m, SIGNAL_LOG, &got), 0);
	assert_text(got.batch[0]->resource->service, "unknown_service");
	receipt_fini(&got);
}

static void more_attributes_than_anybody_needs_are_dropped_and_counted(void **state)
{
	struct receipt got = { 0 };
	struct made m;

	(void)state;
	make(&m);
	for (int i = 0; i < 2000; i++) {
		struct proto_message a = proto_open(&m.o, 6, PROTO_ABOUT_100);

		proto_close(&m.o, a);
	}
	assert_int_equal(made_decode(&m, SIGNAL_LOG, &got), 0);
	assert_int_equal(got.batch[0]->log[0].attributes.n, 1024);
	assert_int_equal(got.batch[0]->log[0].attributes.dropped, 976);
	receipt_fini(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_span_comes_back_whole),
		cmocka_unit_test(lists_and_maps_come_back_nested),
		cmocka_unit_test(what_is_nested_too_deep_says_so),
		cmocka_unit_test(a_log_record_comes_back_whole),
		cmocka_unit_test(a_record_without_times_is_of_now),
		cmocka_unit_test(sums_and_gauges_come_back_whole),
		cmocka_unit_test(a_histogram_comes_back_whole),
		cmocka_unit_test(a_delta_exponential_histogram_is_read),
		cmocka_unit_test(a_summary_is_read),
		cmocka_unit_test(buckets_that_do_not_fit_are_rejected_alone),
		cmocka_unit_test(a_span_without_ids_is_rejected_alone),
		cmocka_unit_test(an_empty_request_is_nothing),
		cmocka_unit_test(a_request_that_is_cut_anywhere_is_bad_or_shorter),
		cmocka_unit_test(many_items_make_several_batches_of_one_resource),
		cmocka_unit_test(the_same_resource_is_made_once),
		cmocka_unit_test(who_does_not_say_its_name_is_an_unknown_service),
		cmocka_unit_test(more_attributes_than_anybody_needs_are_dropped_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
