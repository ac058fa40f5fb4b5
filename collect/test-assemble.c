/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/assemble.h"
#include "collect/by-hand.h"
#include "model/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct bench {
	struct timeline timeline;
	struct assembler a;
	struct resource *resource;
	struct batch *batch;
};

static int setup(void **state)
{
	static struct bench b;

	b = (struct bench){ .timeline = { .mono = 1000000, .real = 5000000, .rate = 1ull << 32 } };
	b.resource = resource_new((struct attributes){ 0 }, STR(""), 1);
	assert_int_equal(assembler_init(&b.a, &b.timeline, INSTANT_TSC, NULL), 0);
	assembler_set_resource(&b.a, b.resource);
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	batch_free(b->batch);
	assembler_fini(&b->a);
	resource_free(b->resource);
	return 0;
}

static void take(struct bench *b, struct hand_record r)
{
	assemble_record(&b->a, hand_seal(&r), 77);
}

/* Rounds until everything that can be finished is. */
static const struct batch *settle(struct bench *b)
{
	for (int i = 0; i < 4; i++)
		assemble_round(&b->a);
	b->batch = assembler_take(&b->a);
	return b->batch;
}

static struct str text_of(const struct span *s, const char *key)
{
	return attributes_text(s->attributes, str_of(key));
}

#define assert_text(s, literal) \
	do { \
		struct str got = (s); \
		assert_int_equal(got.n, sizeof(literal) - 1); \
		assert_memory_equal(got.p, literal, sizeof(literal) - 1); \
	} while (0)

static void a_span_is_its_start_and_its_end(void **state)
{
	struct bench *b = *state;
	struct hand_record start = hand_start(9, "place order", 1000100);

	hand_head(&start)->code = SPAN_SERVER | SCOPE_SQLITE << RECORD_KIND_BITS;
	take(b, start);
	take(b, hand_end(9, 1000350));

	const struct span *s = settle(b)->span;

	assert_int_equal(b->batch->n_spans, 1);
	assert_text(s->name, "place order");
	assert_text(s->scope->name, "oriel.sqlite");
	assert_int_equal(s->kind, SPAN_SERVER);
	assert_int_equal(s->start_ns, 5000100);
	assert_int_equal(s->end_ns, 5000350);
	assert_int_equal(s->status, STATUS_UNSET);
	assert_int_equal(s->end, SPAN_ENDED);
	assert_int_equal(s->thread_id, 77);
	assert_int_equal(s->trace_id.b[0], 1);
	assert_int_equal(s->span_id.b[0], 9);
}

static void a_share_that_it_was_taken_by_stands_in_the_trace_state(void **state)
{
	struct bench *b = *state;
	struct hand_record start = hand_start(9, "s", 1000100);
	struct record_start *r = (void *)hand_head(&start);

	r->least[6] = 0xc0;
	take(b, start);
	take(b, hand_end(9, 1000350));
	assert_text(settle(b)->span->trace_state, "ot=th:c");
}

static void every_type_of_attribute_arrives(void **state)
{
	struct bench *b = *state;
	struct hand_record r = hand_start(1, "s", 1000000);
	int64_t ints[] = { 4, -5 };

	hand_str(&r, "str", "text");
	hand_int(&r, "int", -3);
	hand_f64(&r, "f64", 0.5);
	hand_bool(&r, "bool", true);
	hand_attribute(&r, WIRE_BYTES, "bytes", "\0\1", 2);
	hand_attribute(&r, WIRE_INTS, "ints", ints, sizeof(ints));
	hand_attribute(&r, WIRE_STRINGS, "strs", "\2\0ab\0\0", 6);
	take(b, r);
	take(b, hand_end(1, 1000001));

	struct attributes a = settle(b)->span->attributes;

	assert_int_equal(a.n, 7);
	assert_text(attributes_text(a, STR("str")), "text");
	assert_int_equal(attributes_int(a, STR("int"), 0), -3);
	assert_true(attributes_find(a, STR("f64"))->number == 0.5);
	assert_true(attributes_find(a, STR("bool"))->boolean);
	assert_int_equal(attributes_find(a, STR("bytes"))->type, VALUE_BYTES);
	assert_int_equal(attributes_find(a, STR("ints"))->array.item[1].integer, -5);
	assert_int_equal(attributes_find(a, STR("strs"))->array.n, 2);
	assert_text(attributes_find(a, STR("strs"))->array.item[0].text, "ab");
}

static void the_last_value_of_a_key_wins(void **state)
{
	struct bench *b = *state;
	struct hand_record start = hand_start(1, "s", 1000000);
	struct hand_record set = hand_about(RECORD_SET, 1, "");

	hand_str(&start, "a", "first");
	hand_str(&start, "b", "other");
	hand_str(&set, "a", "last");
	take(b, start);
	take(b, set);
	take(b, hand_end(1, 1000001));

	const struct span *s = settle(b)->span;

	assert_int_equal(s->attributes.n, 2);
	assert_text(text_of(s, "a"), "last");
	assert_text(text_of(s, "b"), "other");
}

static void attributes_of_an_end_are_the_spans(void **state)
{
	struct bench *b = *state;
	struct hand_record start = hand_start(1, "s", 1000000), end = hand_end(1, 1000100);

	hand_str(&start, "a", "first");
	hand_str(&end, "a", "last");
	hand_int(&end, "status", 200);
	take(b, end);
	take(b, start);

	const struct span *s = settle(b)->span;

	assert_int_equal(s->end, SPAN_ENDED);
	assert_int_equal(s->attributes.n, 2);
	assert_text(text_of(s, "a"), "last");
	assert_int_equal(attributes_int(s->attributes, STR("status"), 0), 200);
}

static void an_end_that_never_finds_its_start_is_one_record(void **state)
{
	struct bench *b = *state;
	struct hand_record end = hand_end(1, 1000100);
	uint64_t before = stats_get(records_unstarted);

	hand_int(&end, "status", 200);
	take(b, end);
	for (int i = 0; i < 4; i++)
		assemble_round(&b->a);
	assert_int_equal(stats_get(records_unstarted) - before, 1);
}

static void an_end_before_its_start_joins(void **state)
{
	struct bench *b = *state;

	take(b, hand_end(5, 1000200));
	assemble_round(&b->a);
	take(b, hand_start(5, "late", 1000100));
	assert_int_equal(settle(b)->n_spans, 1);
	assert_int_equal(b->batch->span->end_ns - b->batch->span->start_ns, 100);
}

static void a_set_that_is_seen_after_the_end_still_counts(void **state)
{
	struct bench *b = *state;
	struct hand_record set = hand_about(RECORD_SET, 5, "");

	hand_str(&set, "k", "v");
	take(b, hand_start(5, "s", 1000100));
	take(b, hand_end(5, 1000200));
	assemble_round(&b->a);
	take(b, set);
	assert_text(text_of(settle(b)->span, "k"), "v");
}

static void what_never_started_is_counted(void **state)
{
	struct bench *b = *state;
	uint64_t before = stats_get(records_unstarted);

	take(b, hand_about(RECORD_STATUS, 6, "x"));
	take(b, hand_end(6, 1000200));
	assert_null(settle(b));
	assert_int_equal(stats_get(records_unstarted) - before, 2);
	assert_int_equal(b->a.open.n, 0);
}

static void ok_is_final(void **state)
{
	struct bench *b = *state;
	struct hand_record ok = hand_about(RECORD_STATUS, 1, ""),
			   error = hand_about(RECORD_STATUS, 1, "no");

	hand_head(&ok)->code = STATUS_OK;
	hand_head(&error)->code = STATUS_ERROR;
	take(b, hand_start(1, "s", 1000000));
	take(b, ok);
	take(b, error);
	take(b, hand_end(1, 1000001));
	assert_int_equal(settle(b)->span->status, STATUS_OK);
	assert_int_equal(b->batch->span->status_message.n, 0);
}

static void an_error_keeps_its_message(void **state)
{
	struct bench *b = *state;
	struct hand_record error = hand_about(RECORD_STATUS, 1, "disk full"),
			   end = hand_end(1, 1000001);

	hand_head(&error)->code = STATUS_ERROR;
	hand_head(&end)->code = STATUS_ERROR;
	take(b, hand_start(1, "s", 1000000));
	take(b, error);
	take(b, end);
	assert_int_equal(settle(b)->span->status, STATUS_ERROR);
	assert_text(b->batch->span->status_message, "disk full");
}

static void an_abandoned_span_is_an_error(void **state)
{
	struct bench *b = *state;
	struct hand_record end = hand_end(1, 1000001);

	hand_head(&end)->flags |= RECORD_ABANDONED;
	take(b, hand_start(1, "s", 1000000));
	take(b, end);
	assert_int_equal(settle(b)->span->end, SPAN_ABANDONED);
	assert_int_equal(b->batch->span->status, STATUS_ERROR);
	assert_text(b->batch->span->status_message, "ended because an outer span ended");
}

static void events_links_and_a_new_name_are_kept(void **state)
{
	struct bench *b = *state;
	struct hand_record event = hand_event(1, "retry", 1000050);

	hand_int(&event, "n", 2);
	take(b, hand_start(1, "old", 1000000));
	take(b, hand_about(RECORD_NAME, 1, "new"));
	take(b, event);
	take(b, hand_link(1, 44));
	take(b, hand_end(1, 1000100));

	const struct span *s = settle(b)->span;

	assert_text(s->name, "new");
	assert_int_equal(s->n_events, 1);
	assert_text(s->event->name, "retry");
	assert_int_equal(s->event->time_ns, 5000050);
	assert_int_equal(attributes_int(s->event->attributes, STR("n"), 0), 2);
	assert_int_equal(s->n_links, 1);
	assert_int_equal(s->link->span_id.b[0], 44);
	assert_int_equal(s->link->trace_id.b[0], 2);
}

static void events_and_links_stay_in_their_order(void **state)
{
	struct bench *b = *state;

	take(b, hand_start(1, "s", 1000000));
	for (uint64_t i = 1; i <= 3; i++) {
		take(b, hand_event(1, i == 2 ? "second" : "other", 1000050 - i));
		take(b, hand_link(1, 40 + i));
	}
	take(b, hand_end(1, 1000100));

	const struct span *s = settle(b)->span;

	assert_int_equal(s->n_events, 3);
	assert_int_equal(s->n_links, 3);
	assert_text(s->event[1].name, "second");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(s->event[i].time_ns, 5000049 - i);
		assert_int_equal(s->link[i].span_id.b[0], 41 + i);
	}
}

static void events_over_the_limit_are_counted_on_the_span(void **state)
{
	struct bench *b = *state;

	take(b, hand_start(1, "s", 1000000));
	for (int i = 0; i < ASSEMBLE_LIMIT + 3; i++)
		take(b, hand_event(1, "e", 1000000));
	take(b, hand_end(1, 1000100));
	assert_int_equal(settle(b)->span->n_events, ASSEMBLE_LIMIT);
	assert_int_equal(b->batch->span->dropped_events, 3);
}

static void attributes_over_the_limit_are_counted_on_the_span(void **state)
{
	struct bench *b = *state;
	struct hand_record r = hand_start(1, "s", 1000000);

	for (int i = 0; i < ASSEMBLE_LIMIT + 2; i++) {
		char key[16];

		snprintf(key, sizeof(key), "k%d", i);
		hand_int(&r, key, i);
	}
	take(b, r);
	take(b, hand_end(1, 1000100));
	assert_int_equal(settle(b)->span->attributes.n, ASSEMBLE_LIMIT);
	assert_int_equal(b->batch->span->attributes.dropped, 2);
}

static void texts_are_cut_by_characters(void **state)
{
	struct bench *b = *state;
	struct hand_record r = hand_start(1, "s", 1000000);

	b->a.limits.value_length = 3;
	hand_str(&r, "k",
		 "\xc3\xa4"
		 "bcd");
	hand_str(&r, "l", "ab");
	hand_str(&r, "m", "\xff\xff\xff\xff");
	hand_attribute(&r, WIRE_BYTES, "bytes", "\xc3\xa4\0\1", 4);
	take(b, r);
	take(b, hand_end(1, 1000100));
	settle(b);
	assert_text(text_of(b->batch->span, "k"), "\xc3\xa4"
						  "bc");
	assert_text(text_of(b->batch->span, "l"), "ab");
	assert_text(text_of(b->batch->span, "m"), "\xff\xff\xff");
	assert_int_equal(b->batch->span->attributes.item[3].value.type, VALUE_BYTES);
	assert_true(str_eq(b->batch->span->attributes.item[3].value.text, STR("\xc3\xa4\0")));
}

static void no_characters_leave_no_text(void **state)
{
	struct bench *b = *state;
	struct hand_record r = hand_start(1, "s", 1000000);

	b->a.limits.value_length = ASSEMBLE_NO_TEXT;
	hand_str(&r, "k", "abc");
	hand_int(&r, "n", 7);
	take(b, r);
	take(b, hand_end(1, 1000100));
	settle(b);
	assert_text(text_of(b->batch->span, "k"), "");
	assert_int_equal(b->batch->span->attributes.n, 2);
}

static void an_end_is_never_before_its_start(void **state)
{
	struct bench *b = *state;

	take(b, hand_start(1, "s", 1000500));
	take(b, hand_end(1, 1000100));
	assert_int_equal(settle(b)->span->end_ns, 5000500);
}

static void a_step_of_the_wall_clock_does_not_change_a_duration(void **state)
{
	struct bench *b = *state;
	struct hand_record start = hand_start(1, "s", 700), end = hand_end(1, 900);

	hand_head(&start)->flags = 0;
	hand_head(&end)->flags = 0;
	take(b, start);
	take(b, end);
	b->timeline.real -= 1000000;

	const struct span *s = settle(b)->span;

	assert_int_equal(s->end_ns - s->start_ns, 200);
}

static void a_gone_process_leaves_errors_that_say_why(void **state)
{
	struct bench *b = *state;
	uint64_t before = stats_get(spans_orphaned);

	take(b, hand_start(1, "open", 1000000));
	take(b, hand_start(2, "done", 1000000));
	take(b, hand_end(2, 1000400));
	assemble_gone(&b->a, STR("process killed by SIGKILL"), 0);
	b->batch = assembler_take(&b->a);
	assert_int_equal(b->batch->n_spans, 2);
	assert_int_equal(b->batch->span[0].end, SPAN_ENDED);
	assert_int_equal(b->batch->span[1].end, SPAN_ORPHANED);
	assert_int_equal(b->batch->span[1].status, STATUS_ERROR);
	assert_text(b->batch->span[1].status_message, "process killed by SIGKILL");
	assert_int_equal(b->batch->span[1].end_ns, 5000400);
	assert_int_equal(stats_get(spans_orphaned) - before, 1);
}

static void an_event_s_name_is_the_record_s_and_no_attribute(void **state)
{
	struct bench *b = *state;
	struct hand_record r = hand_log(17, "placed", 1000000);

	hand_int(&r, "order.id", 5);
	hand_str(&r, "event.name", "shop.order.placed");
	hand_str(&r, "product", "book");
	take(b, r);

	const struct log_record *l = settle(b)->log;

	assert_text(l->event_name, "shop.order.placed");
	assert_int_equal(l->attributes.n, 2);
	assert_text(attributes_text(l->attributes, STR("product")), "book");
}

static void a_log_keeps_its_span_and_its_attributes(void **state)
{
	struct bench *b = *state;
	struct hand_record r = hand_log(3, "order placed", 1000010);

	hand_int(&r, "order.id", 12);
	take(b, r);

	const struct log_record *l = settle(b)->log;

	assert_int_equal(b->batch->n_logs, 1);
	assert_text(l->body.text, "order placed");
	assert_text(l->severity_text, "INFO");
	assert_int_equal(l->severity, 9);
	assert_int_equal(l->span_id.b[0], 3);
	assert_int_equal(l->time_ns, 5000010);
	assert_int_equal(attributes_int(l->attributes, STR("order.id"), 0), 12);
}

static void an_attribute_that_lies_about_its_size_costs_only_what_follows(void **state)
{
	struct bench *b = *state;
	struct hand_record r = hand_start(1, "s", 1000000);
	uint64_t before = stats_get(records_bad);

	hand_str(&r, "good", "1");
	hand_put(&r, "\4\1\377\377k", 5);
	take(b, r);
	take(b, hand_end(1, 1000100));
	assert_int_equal(settle(b)->span->attributes.n, 1);
	assert_int_equal(stats_get(records_bad) - before, 1);
}

static void a_key_by_its_number_is_its_text(void **state)
{
	struct bench *b = *state;
	struct hand_record r = hand_start(1, "s", 1000000);
	const unsigned char by_number[] = { WIRE_STRING | WIRE_KNOWN, KEY_URL_SCHEME, 4, 0 };

	hand_put(&r, by_number, sizeof(by_number));
	hand_put(&r, "http", 4);
	take(b, r);
	r = hand_about(RECORD_SET, 1, "");
	hand_str(&r, "url.scheme", "https");
	take(b, r);
	take(b, hand_end(1, 1000100));

	struct attributes a = settle(b)->span->attributes;

	assert_int_equal(a.n, 1);
	assert_text(attributes_text(a, STR("url.scheme")), "https");
}

static void a_number_that_is_no_key_costs_only_what_follows(void **state)
{
	const unsigned char numbers[] = { KEY_NONE, N_KEYS, 255 };
	struct bench *b = *state;
	uint64_t before = stats_get(records_bad);

	for (size_t i = 0; i < sizeof(numbers); i++) {
		struct hand_record r = hand_start(i + 1, "s", 1000000);

		hand_str(&r, "good", "1");
		hand_put(&r, (unsigned char[]){ WIRE_STRING | WIRE_KNOWN, numbers[i], 0, 0 }, 4);
		take(b, r);
		take(b, hand_end(i + 1, 1000100));
	}
	assert_int_equal(settle(b)->span->attributes.n, 1);
	assert_int_equal(stats_get(records_bad) - before, 3);
}

static void more_open_spans_than_the_limit_are_counted(void **state)
{
	struct bench *b = *state;
	uint64_t before = stats_get(spans_dropped_limit);

	for (uint64_t i = 1; i <= OPEN_MOST + 5; i++)
		take(b, hand_start(i * 7919, "s", 1000000));
	assert_int_equal(stats_get(spans_dropped_limit) - before, 5);
	assert_int_equal(b->a.open.n, OPEN_MOST);
}

/* A collector that had no time for a while reads them in one round. */
static void more_than_the_limit_may_end_in_one_round(void **state)
{
	enum { ALL = OPEN_MOST * 2 + 5 };
	struct bench *b = *state;
	uint64_t before = stats_get(spans_dropped_limit), unstarted = stats_get(records_unstarted);

	for (uint64_t i = 1; i <= ALL; i++) {
		take(b, hand_start(i, "s", 1000000));
		take(b, hand_end(i, 1000100));
	}
	assert_int_equal(settle(b)->n_spans, ALL);
	assert_int_equal(stats_get(spans_dropped_limit) - before, 0);
	assert_int_equal(stats_get(records_unstarted) - unstarted, 0);
}

static void the_table_gives_its_memory_back_after_a_burst(void **state)
{
	struct bench *b = *state;

	for (uint64_t i = 1; i <= OPEN_MOST; i++)
		take(b, hand_start(i, "s", 1000000));
	assert_true(b->a.open.arena.total > OPEN_MEMORY / 8);
	for (uint64_t i = 1; i <= OPEN_MOST; i++)
		take(b, hand_end(i, 1000000));
	assert_int_equal(settle(b)->n_spans, OPEN_MOST);
	assert_int_equal(b->a.open.arena.total, 0);
}

static void a_span_in_flight_is_seen_as_it_is_now(void **state)
{
	struct bench *b = *state;
	struct arena arena = { 0 };
	struct span s;

	take(b, hand_start(1, "hangs", 1000000));
	assert_true(assemble_glimpse(&b->a, open_find(&b->a.open, 1), &arena, 5000900, &s));
	assert_text(s.name, "hangs");
	assert_int_equal(s.end_ns, 5000900);
	assert_int_equal(s.status, STATUS_UNSET);
	assert_int_equal(b->a.open.n, 1);
	arena_fini(&arena);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_span_is_its_start_and_its_end),
		TEST(a_share_that_it_was_taken_by_stands_in_the_trace_state),
		TEST(every_type_of_attribute_arrives),
		TEST(the_last_value_of_a_key_wins),
		TEST(attributes_of_an_end_are_the_spans),
		TEST(an_end_that_never_finds_its_start_is_one_record),
		TEST(an_end_before_its_start_joins),
		TEST(a_set_that_is_seen_after_the_end_still_counts),
		TEST(what_never_started_is_counted),
		TEST(ok_is_final),
		TEST(an_error_keeps_its_message),
		TEST(an_abandoned_span_is_an_error),
		TEST(events_links_and_a_new_name_are_kept),
		TEST(events_and_links_stay_in_their_order),
		TEST(events_over_the_limit_are_counted_on_the_span),
		TEST(attributes_over_the_limit_are_counted_on_the_span),
		TEST(texts_are_cut_by_characters),
		TEST(no_characters_leave_no_text),
		TEST(an_end_is_never_before_its_start),
		TEST(a_step_of_the_wall_clock_does_not_change_a_duration),
		TEST(a_gone_process_leaves_errors_that_say_why),
		TEST(an_event_s_name_is_the_record_s_and_no_attribute),
		TEST(a_log_keeps_its_span_and_its_attributes),
		TEST(an_attribute_that_lies_about_its_size_costs_only_what_follows),
		TEST(a_key_by_its_number_is_its_text),
		TEST(a_number_that_is_no_key_costs_only_what_follows),
		TEST(more_open_spans_than_the_limit_are_counted),
		TEST(more_than_the_limit_may_end_in_one_round),
		TEST(the_table_gives_its_memory_back_after_a_burst),
		TEST(a_span_in_flight_is_seen_as_it_is_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
