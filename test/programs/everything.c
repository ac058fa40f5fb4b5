/* SPDX-License-Identifier: Apache-2.0 */
/*
 * everything: all that the API can say, once: a span with every type of value, an event, a link and an
 * error; a log record; each kind of instrument. test/interop/ knows what must come out. With an argument
 * it waits for its standard input to end before it ends itself.
 */
#include <oriel.h>

#include <math.h>
#include <stdio.h>

static const bool bools[] = { true, false };
static const int64_t ints[] = { INT64_MIN, 0, INT64_MAX };
static const double doubles[] = { 0.5, -INFINITY };
static const char *const texts[] = { "a", "", "grüße" };

#define EVERY_TYPE \
	oriel_str("text", "grüße \"x\"\n"), oriel_str("empty text", ""), oriel_bool("true", true), \
		oriel_bool("false", false), oriel_int("zero", 0), oriel_int("least", INT64_MIN), \
		oriel_int("most", INT64_MAX), oriel_f64("half", 0.5), oriel_f64("tiny", 5e-324), \
		oriel_f64("nan", NAN), oriel_f64("infinity", INFINITY), \
		oriel_bytes("bytes", "\0\1\377", 3), oriel_bytes("no bytes", "", 0), \
		oriel_bools("bools", bools, 2), oriel_ints("ints", ints, 3), \
		oriel_f64s("doubles", doubles, 2), oriel_strs("texts", texts, 3), \
		oriel_ints("no ints", ints, 0)

static void record(void)
{
	struct oriel_context other = { .trace_id = { 1, 2, 3 },
				       .span_id = { 4, 5, 6 },
				       .flags = 1 };
	struct oriel_span s = oriel_span_start_with(ORIEL_SPAN_OPTIONS(.kind = ORIEL_SERVER),
						    "everything", EVERY_TYPE);

	oriel_span_event(&s, "happened", EVERY_TYPE);
	oriel_span_link(&s, &other, EVERY_TYPE);
	oriel_error("said", EVERY_TYPE);
	oriel_span_status(&s, ORIEL_ERROR, "it broke");
	oriel_span_end(&s);
	s = oriel_span_start("bare");
	oriel_span_end(&s);
}

static void measure(void)
{
	struct oriel_histogram *explicit_ =
		oriel_histogram("wait", "s", "Explicit", (const double[]){ 0.1, 1 }, 2);
	struct oriel_histogram *exponential =
		oriel_histogram_exponential("load", "By", "Exponential");
	struct oriel_histogram *summary =
		oriel_summary("lag", "s", "Summary", (const double[]){ 0.5 }, 1);

	oriel_add(oriel_counter("orders", "{order}", "Orders placed"), 2, EVERY_TYPE);
	oriel_add_f64(oriel_counter_f64("paid", "EUR", "Paid"), 0.25);
	oriel_change(oriel_up_down("open", "1", "Open"), -3);
	oriel_change_f64(oriel_up_down_f64("weight", "kg", "Weight"), -0.5);
	oriel_set(oriel_gauge("rooms", "{room}", "Rooms"), INT64_MIN);
	oriel_set_f64(oriel_gauge_f64("heat", "Cel", "Heat"), 36.6);
	for (int i = 1; i <= 3; i++) {
		oriel_record(explicit_, i / 2.0);
		oriel_record(exponential, i);
		oriel_record(summary, i);
	}
}

int main(int argc, char **argv)
{
	(void)argv;
	oriel_start(ORIEL_OPTIONS(.service = "everything", .version = "1.4.2"));
	record();
	measure();
	puts("ready");
	fflush(stdout);
	while (argc > 1 && getchar() != EOF)
		continue;
	oriel_stop();
	return 0;
}
