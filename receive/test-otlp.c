/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/test-made.h"

static const struct scope scope = { .name = { "cart", 4 }, .version = { "1.2", 3 } };

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

static void a_scope_comes_back_with_its_attributes_and_schemas(void **state)
{
	struct attribute a[] = { { STR("team"), { VALUE_STRING, .text = STR("cart") } },
				 { STR("shard"), { VALUE_INT, .integer = 4 } } };
	struct scope rich = { .name = STR("cart"),
			      .schema_url = STR("https://example.org/1"),
			      .attributes = { a, 2, 3 } };
	struct scope nameless = { .schema_url = STR("https://example.org/2") };
	struct batch *b = batch_of("shop");
	struct receipt got = { 0 };
	const struct batch *t;

	(void)state;
	b->resource->schema_url = STR("https://example.org/0");
	add_span(b)->scope = &rich;
	add_span(b)->scope = &nameless;
	add_span(b)->scope = NULL;
	read_again(&got, SIGNAL_SPAN, b);
	t = got.batch[0];
	assert_text(t->resource->schema_url, "https://example.org/0");
	assert_int_equal(t->n_spans, 3);
	assert_true(scope_same(t->span[0].scope, &rich));
	assert_int_equal(t->span[0].scope->attributes.dropped, 3);
	assert_true(scope_same(t->span[1].scope, &nameless));
	assert_null(t->span[2].scope);
	receipt_fini(&got);
	batch_free(b);
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
		cmocka_unit_test(a_scope_comes_back_with_its_attributes_and_schemas),
		cmocka_unit_test(a_span_comes_back_whole),
		cmocka_unit_test(lists_and_maps_come_back_nested),
		cmocka_unit_test(what_is_nested_too_deep_says_so),
		cmocka_unit_test(a_log_record_comes_back_whole),
		cmocka_unit_test(a_record_without_times_is_of_now),
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
