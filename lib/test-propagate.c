/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts in and out of headers, by OTEL_PROPAGATORS. */
#include "base/str.h"
#include "lib/test-segment.h"

#define TRACE_A "0af7651916cd43dd8448eb211c80319c"
#define SPAN_A "b7ad6b7169203331"
#define PARENT_A "00-" TRACE_A "-" SPAN_A "-01"
#define TRACE_B "80f198ee56343ba864fe8b2a57d3eff7"
#define SPAN_B "e457b5a2e4d86bd1"
#define SINGLE_B TRACE_B "-" SPAN_B "-1"

/* What comes in: "name: value" lines, names in any case, as HTTP's are. */
static const char *fields;

static const char *get(void *carrier, const char *name)
{
	static char values[8][1024];
	static unsigned turn;
	char *value = values[turn++ % 8];
	struct str rest = str_of(fields);

	(void)carrier;
	while (rest.n) {
		struct cut line = str_cut(rest, '\n');
		struct cut pair = str_cut(line.head, ':');

		rest = line.tail;
		if (!str_eq_nocase(pair.head, str_of(name)))
			continue;
		snprintf(value, sizeof(values[0]), STR_FMT, STR_ARG(str_trim(pair.tail)));
		return value;
	}
	return NULL;
}

/* What went out, likewise. */
static char sent[1024];

static void set(void *carrier, const char *name, const char *value)
{
	size_t n = strlen(sent);

	(void)carrier;
	snprintf(sent + n, sizeof(sent) - n, "%s: %s\n", name, value);
}

static struct oriel_context came_in(const char *text)
{
	struct oriel_context c;

	fields = text;
	oriel_context_extract(&c, get, NULL);
	return c;
}

/* "trace-span-flags" of what came in, or "none". */
static const char *parent_of(const char *text)
{
	static char out[64];
	struct oriel_context c = came_in(text);

	if (!c.span_id[0])
		return "none";
	for (int i = 0; i < 16; i++)
		sprintf(out + 2 * i, "%02x", c.trace_id[i]);
	out[32] = '-';
	for (int i = 0; i < 8; i++)
		sprintf(out + 33 + 2 * i, "%02x", c.span_id[i]);
	sprintf(out + 49, "-%02x", c.flags);
	return out;
}

static bool comes_in_as(const char *text, const char *parent)
{
	return strcmp(parent_of(text), parent) == 0;
}

/* What goes out from within what came in. */
static bool goes_out_as(const char *text, const char *expected)
{
	struct oriel_context c = came_in(text);
	unsigned token = oriel_context_attach(&c);
	bool same;

	sent[0] = '\0';
	oriel_context_inject(set, NULL);
	same = strcmp(sent, expected) == 0;
	if (!same)
		printf("sent %s", sent);
	oriel_context_detach(token);
	oriel_context_release(&c);
	return same;
}

static void start(const char *propagators)
{
	if (propagators)
		setenv("OTEL_PROPAGATORS", propagators, 1);
	must(oriel_start(NULL) == 0);
}

static void usual(void)
{
	start(NULL);
	must(comes_in_as("traceparent: " PARENT_A, TRACE_A "-" SPAN_A "-01"));
	must(comes_in_as("b3: " SINGLE_B, "none"));
	must(goes_out_as("Traceparent: " PARENT_A "\nTraceState: a=1\nBaggage: k=v\nb3: " SINGLE_B,
			 "traceparent: " PARENT_A "\ntracestate: a=1\nbaggage: k=v\n"));
	must(goes_out_as("tracestate: a=1\nbaggage: k=v", "baggage: k=v\n"));
	must(goes_out_as("traceparent: " PARENT_A "\ntracestate: a=1,a=2",
			 "traceparent: " PARENT_A "\n"));
}

static void w3c_is_the_default(void **state)
{
	(void)state;
	seen_of(usual);
}

static void nothing(void)
{
	start("none");
	must(comes_in_as("traceparent: " PARENT_A, "none"));
	ORIEL_SPAN ("a") {
		sent[0] = '\0';
		oriel_context_inject(set, NULL);
		must(!sent[0]);
	}
}

static void none_is_a_choice(void **state)
{
	(void)state;
	seen_of(nothing);
}

static void single(void)
{
	start("b3");
	must(comes_in_as("B3: " SINGLE_B, TRACE_B "-" SPAN_B "-01"));
	must(comes_in_as("b3: " TRACE_B "-" SPAN_B "-0", TRACE_B "-" SPAN_B "-00"));
	must(comes_in_as("b3: 64fe8b2a57d3eff7-" SPAN_B "-d",
			 "000000000000000064fe8b2a57d3eff7-" SPAN_B "-01"));
	must(comes_in_as("X-B3-TraceId: " TRACE_B "\nX-B3-SpanId: " SPAN_B "\nX-B3-Sampled: 1",
			 TRACE_B "-" SPAN_B "-01"));
	must(comes_in_as("b3: junk\nX-B3-TraceId: " TRACE_B "\nX-B3-SpanId: " SPAN_B
			 "\nX-B3-Sampled: 0",
			 TRACE_B "-" SPAN_B "-00"));
	must(comes_in_as("b3: " SINGLE_B "\nX-B3-TraceId: " TRACE_A "\nX-B3-SpanId: " SPAN_A,
			 TRACE_B "-" SPAN_B "-01"));
	must(comes_in_as("traceparent: " PARENT_A, "none"));
	must(goes_out_as("b3: " SINGLE_B "-0123456789abcdef", "b3: " SINGLE_B "\n"));
	must(goes_out_as("b3: " TRACE_B "-" SPAN_B "-d", "b3: " TRACE_B "-" SPAN_B "-d\n"));
	must(goes_out_as("b3: " TRACE_B "-" SPAN_B "-0", "b3: " TRACE_B "-" SPAN_B "-0\n"));
	must(goes_out_as("", ""));
}

static void b3_is_one_field_and_reads_both(void **state)
{
	(void)state;
	seen_of(single);
}

static void multi(void)
{
	start("b3multi");
	must(goes_out_as("b3: " SINGLE_B,
			 "X-B3-TraceId: " TRACE_B "\nX-B3-SpanId: " SPAN_B "\nX-B3-Sampled: 1\n"));
	must(goes_out_as("x-b3-traceid: " TRACE_B "\nx-b3-spanid: " SPAN_B
			 "\nx-b3-sampled: 0\nx-b3-parentspanid: " SPAN_A,
			 "X-B3-TraceId: " TRACE_B "\nX-B3-SpanId: " SPAN_B "\nX-B3-Sampled: 0\n"));
	must(goes_out_as("x-b3-traceid: " TRACE_B "\nx-b3-spanid: " SPAN_B "\nx-b3-flags: 1",
			 "X-B3-TraceId: " TRACE_B "\nX-B3-SpanId: " SPAN_B "\nX-B3-Flags: 1\n"));
}

static void b3multi_is_several_fields(void **state)
{
	(void)state;
	seen_of(multi);
}

static void debug_inside(void)
{
	start("b3");
	struct oriel_context c = came_in("b3: " TRACE_B "-" SPAN_B "-d");
	unsigned token = oriel_context_attach(&c);

	ORIEL_SPAN ("outer") {
		oriel_baggage_set("k", "v");
		oriel_set_request_id("id");
		ORIEL_SPAN ("inner") {
			sent[0] = '\0';
			oriel_context_inject(set, NULL);
			must(strstr(sent, "b3: " TRACE_B "-") == sent);
			must(strcmp(sent + strlen(sent) - 3, "-d\n") == 0);
		}
	}
	oriel_context_detach(token);
	oriel_context_release(&c);
}

static void debug_reaches_those_who_come_after(void **state)
{
	(void)state;
	assert_int_equal(seen_of(debug_inside).n[RECORD_START], 2);
}

static void both(void)
{
	start("tracecontext, b3 ,b3,unknown,baggage");
	must(goes_out_as("traceparent: " PARENT_A "\ntracestate: a=1",
			 "traceparent: " PARENT_A "\ntracestate: a=1\nb3: " TRACE_A "-" SPAN_A
			 "-1\n"));
	must(comes_in_as("traceparent: " PARENT_A "\nb3: " SINGLE_B, TRACE_B "-" SPAN_B "-01"));
	must(comes_in_as("traceparent: " PARENT_A "\nb3: junk", TRACE_A "-" SPAN_A "-01"));
	must(comes_in_as("traceparent: " PARENT_A "\nb3: 0", TRACE_A "-" SPAN_A "-01"));
	must(goes_out_as("traceparent: " PARENT_A "\ntracestate: a=1\nb3: " SINGLE_B,
			 "traceparent: 00-" TRACE_B "-" SPAN_B "-01\nb3: " SINGLE_B "\n"));
}

static void the_last_valid_parent_counts_and_all_write(void **state)
{
	(void)state;
	seen_of(both);
}

static void turned(void)
{
	start("b3,tracecontext");
	must(comes_in_as("traceparent: " PARENT_A "\nb3: " SINGLE_B, TRACE_A "-" SPAN_A "-01"));
	must(comes_in_as("traceparent: junk\nb3: " SINGLE_B, TRACE_B "-" SPAN_B "-01"));
}

static void the_order_is_the_lists(void **state)
{
	(void)state;
	seen_of(turned);
}

/* A span in what came in; its trace is a new one when only a decision came. */
static void span_in(const char *text)
{
	struct oriel_context c = came_in(text);
	unsigned token = oriel_context_attach(&c);
	struct oriel_span span = oriel_span_start("a");

	oriel_span_end(&span);
	span = oriel_span_start_with(ORIEL_SPAN_OPTIONS(.parent = &c), "b");
	oriel_span_end(&span);
	oriel_context_detach(token);
	oriel_context_release(&c);
}

static void decided_against(void)
{
	start("b3");
	span_in("b3: 0");
	span_in("x-b3-sampled: 0");
	span_in("b3: " TRACE_B "-" SPAN_B "-0");
}

static void decided_for(void)
{
	setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off", 1);
	start("b3");
	span_in("");
	span_in("b3: 1");
	span_in("x-b3-flags: 1");
}

static void a_decision_alone_counts(void **state)
{
	struct seen s;

	(void)state;
	s = seen_of(decided_against);
	assert_int_equal(s.n[RECORD_START], 0);
	s = seen_of(decided_for);
	assert_int_equal(s.n[RECORD_START], 4);
}

static void deferred_on(void)
{
	start("b3");
	span_in("b3: " TRACE_B "-" SPAN_B);
}

static void deferred_off(void)
{
	setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off", 1);
	deferred_on();
}

static void who_has_not_decided_leaves_it_to_our_sampler(void **state)
{
	(void)state;
	assert_int_equal(seen_of(deferred_on).n[RECORD_START], 2);
	assert_int_equal(seen_of(deferred_off).n[RECORD_START], 0);
}

static void in_environment(void)
{
	char id[33];

	setenv("X_B3_TRACEID", TRACE_B, 1);
	setenv("X_B3_SPANID", SPAN_B, 1);
	start("b3multi");
	ORIEL_SPAN ("a") {
		must(oriel_trace_id(id) && strcmp(id, TRACE_B) == 0);
	}
}

static void the_environment_is_read_by_the_same_list(void **state)
{
	(void)state;
	seen_of(in_environment);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(w3c_is_the_default),
		cmocka_unit_test(none_is_a_choice),
		cmocka_unit_test(b3_is_one_field_and_reads_both),
		cmocka_unit_test(b3multi_is_several_fields),
		cmocka_unit_test(debug_reaches_those_who_come_after),
		cmocka_unit_test(the_last_valid_parent_counts_and_all_write),
		cmocka_unit_test(the_order_is_the_lists),
		cmocka_unit_test(a_decision_alone_counts),
		cmocka_unit_test(who_has_not_decided_leaves_it_to_our_sampler),
		cmocka_unit_test(the_environment_is_read_by_the_same_list),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
