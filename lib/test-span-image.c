/* SPDX-License-Identifier: Apache-2.0 */
/* Spans that begin as one before did. */
#include "lib/test-segment.h"

#include "lib/watcher.h"

static _Alignas(8) unsigned char image[256];

static size_t make(void)
{
	unsigned char row[64 + 8];
	size_t n = oriel_prepare(row, 64, ORIEL_WITH(oriel_str("prepared", "before")));

	return oriel_span_image(image, sizeof(image), "GET", 3, ORIEL_SERVER, SCOPE_SOCKETS, row,
				n);
}

static void opened(void)
{
	struct oriel_span a, b, usual;
	size_t n;

	must(oriel_start(NULL) == 0);
	n = make();
	must(n && n % 8 == 0);
	usual = oriel_span_start_with(ORIEL_SPAN_OPTIONS(.detached = true), "first");
	ORIEL_SPAN ("current") {
		must(oriel_span_open_image(&a, image, n, 0));
		must(oriel_span_open_image(&b, image, n, 0));
		must(!oriel_context_is_current(&a.context));
	}
	must(memcmp(a.context.trace_id, b.context.trace_id, 16) != 0);
	must(memcmp(a.context.span_id, b.context.span_id, 8) != 0);
	must(a.context.flags == usual.context.flags && a.context.remote == 0);
	oriel_span_end(&a);
	oriel_span_end(&b);
	oriel_span_end(&usual);
}

static void they_are_roots_with_ids_of_their_own(void **state)
{
	looked_for = "GET";
	struct seen s = seen_of(opened);

	(void)state;
	assert_int_equal(s.n[RECORD_START], 4);
	assert_int_equal(s.n[RECORD_END], 4);
	assert_int_equal(s.found, 2);
	looked_for = "preparedbefore";
	s = seen_of(opened);
	looked_for = NULL;
	assert_int_equal(s.found, 2);
	assert_int_equal(s.bad + s.abandoned, 0);
}

static void refused(void)
{
	struct oriel_span a;

	must(oriel_start(NULL) == 0);
	must(!oriel_span_open_image(&a, image, make(), 0));
}

static void unsampled(void)
{
	setenv("OTEL_TRACES_SAMPLER", "always_off", 1);
	refused();
}

static void of_a_share(void)
{
	setenv("OTEL_TRACES_SAMPLER", "traceidratio", 1);
	setenv("OTEL_TRACES_SAMPLER_ARG", "0.5", 1);
	refused();
}

static void by_rules(void)
{
	setenv("ORIEL_SAMPLING_RULES", "/health=0", 1);
	refused();
}

static void off(void)
{
	struct oriel_span a;
	size_t n;

	must(oriel_start(NULL) == 0);
	n = make();
	oriel_stop();
	must(!oriel_span_open_image(&a, image, n, 0));
}

static void where_there_is_more_to_decide_they_are_opened_as_others_are(void **state)
{
	static void (*const ways[])(void) = { unsampled, of_a_share, by_rules, off };

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct seen s = seen_of(ways[i]);

		assert_int_equal(s.n[RECORD_START], 0);
	}
}

static void no_room(void)
{
	unsigned char row[64 + 8];
	size_t n, row_n;

	must(oriel_start(NULL) == 0);
	n = make();
	row_n = oriel_prepare(row, 64, ORIEL_WITH(oriel_str("prepared", "before")));
	must(!oriel_span_image(image, n - 1, "GET", 3, ORIEL_SERVER, SCOPE_SOCKETS, row, row_n));
}

static void an_image_that_finds_no_room_is_none(void **state)
{
	(void)state;
	seen_of(no_room);
}

static _Alignas(8) unsigned char ending[96];

static size_t make_ending(void)
{
	unsigned char row[64 + 8];
	size_t n = oriel_prepare(row, 64, ORIEL_WITH(oriel_str("ended", "after")));

	return oriel_span_end_image(ending, sizeof(ending), row, n);
}

static void closed(void)
{
	struct oriel_span a, b;
	double seconds = -1;
	size_t n;
	uint64_t since;

	must(oriel_start(NULL) == 0);
	ORIEL_SPAN ("first")
		;
	n = make_ending();
	must(n && n % 8 == 0);
	must(oriel_span_open_image(&a, image, make(), 0));
	since = oriel_moment_of_span();
	must(oriel_span_open_image(&b, image, make(), 0));
	must(oriel_span_close_image(&a, ending, n, since, &seconds));
	must(seconds >= 0 && seconds < 60);
	must(oriel_span_close_image(&b, ending, n, since, &seconds));
	must(!oriel_span_close_image(&b, ending, n, since, &seconds)); /* it has ended */
	a = oriel_span_start("current");
	must(!oriel_span_close_image(&a, ending, n, since, &seconds));
	oriel_span_end(&a);
}

static void they_end_with_attributes_and_once(void **state)
{
	looked_for = "endedafter";
	struct seen s = seen_of(closed);

	(void)state;
	looked_for = NULL;
	assert_int_equal(s.n[RECORD_START], 4);
	assert_int_equal(s.n[RECORD_END], 4);
	assert_int_equal(s.found, 2);
	assert_int_equal(s.bad + s.abandoned, 0);
}

static void closed_too_late(void)
{
	struct oriel_span a;
	double seconds;

	must(oriel_start(NULL) == 0);
	ORIEL_SPAN ("first")
		;
	must(oriel_span_open_image(&a, image, make(), 0));
	oriel_stop();
	must(!oriel_span_close_image(&a, ending, make_ending(), 0, &seconds));
}

static void what_is_stopped_ends_nothing(void **state)
{
	struct seen s = seen_of(closed_too_late);

	(void)state;
	assert_int_equal(s.n[RECORD_END], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_roots_with_ids_of_their_own),
		cmocka_unit_test(where_there_is_more_to_decide_they_are_opened_as_others_are),
		cmocka_unit_test(an_image_that_finds_no_room_is_none),
		cmocka_unit_test(they_end_with_attributes_and_once),
		cmocka_unit_test(what_is_stopped_ends_nothing),
	};

	return cmocka_run_group_tests_name("span-image", tests, set_up, tear_down);
}
