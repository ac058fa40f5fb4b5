/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts in and out of headers, by OTEL_PROPAGATORS. */
#include "lib/test-carrier.h"

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
	bool same = strcmp(parent_of(text), parent) == 0;

	if (!same)
		fprintf(stderr, "%s came in as %s\n", text, parent_of(text));
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

#define V100 \
	"vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"

static void long_state(void)
{
	start("tracecontext");
	must(goes_out_as("traceparent: " PARENT_A "\ntracestate: a=" V100 ",b=" V100 V100 ",c=" V100
			 ",d=" V100 ",e=" V100 ",f=" V100,
			 "traceparent: " PARENT_A "\ntracestate: a=" V100 ",c=" V100 ",d=" V100
			 ",e=" V100 "\n"));
	must(goes_out_as("traceparent: " PARENT_A "\ntracestate: a=" V100 ",b=" V100 V100
			 "12,c=" V100 ",d=" V100,
			 "traceparent: " PARENT_A "\ntracestate: a=" V100 ",c=" V100 ",d=" V100
			 "\n"));
	must(goes_out_as("traceparent: " PARENT_A "\ntracestate: a=" V100 ",b=" V100 V100
			 "1,c=" V100 ",d=" V100,
			 "traceparent: " PARENT_A "\ntracestate: a=" V100 ",b=" V100 V100
			 "1,c=" V100 ",d=" V100 "\n"));
}

static void a_trace_state_that_is_too_long_loses_members(void **state)
{
	(void)state;
	seen_of(long_state);
}

static void baggage_in_part(void)
{
	start("baggage");
	must(goes_out_as("baggage: a=1,b=2;p=q", "baggage: a=1,b=2;p=q\n"));
	must(goes_out_as("baggage: a=1,no pair, b=2 ,=x,,c d=3,e=\"4\"", "baggage: a=1,b=2\n"));
	must(goes_out_as("baggage: no pair", ""));
}

static void a_member_of_baggage_that_is_none_spoils_only_itself(void **state)
{
	(void)state;
	seen_of(baggage_in_part);
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

#define UBER "uber-trace-id: "
#define TRACE_SHORT "64fe8b2a57d3eff7"

static void jaeger(void)
{
	start("jaeger");
	must(comes_in_as(UBER TRACE_B ":" SPAN_B ":0:1", TRACE_B "-" SPAN_B "-01"));
	must(comes_in_as("Uber-Trace-Id: " TRACE_B "%3A" SPAN_B "%3a" SPAN_A "%3A0",
			 TRACE_B "-" SPAN_B "-00"));
	must(comes_in_as(UBER "4fe8b2a57d3eff7:457b5a2e4d86bd1:0:3",
			 "000000000000000004fe8b2a57d3eff7-0457b5a2e4d86bd1-01"));
	must(comes_in_as(UBER TRACE_B ":" SPAN_B ":0", "none"));
	must(comes_in_as(UBER TRACE_B "0:" SPAN_B ":0:1", "none"));
	must(comes_in_as(UBER "0:" SPAN_B ":0:1", "none"));
	must(comes_in_as(UBER TRACE_B ":0:0:1", "none"));
	must(comes_in_as(UBER TRACE_B ":" SPAN_B ":0:g", "none"));
	must(goes_out_as(UBER TRACE_B ":" SPAN_B ":0:1\nuberctx-k: a%20b\nUberctx-l: c d,",
			 UBER TRACE_B ":" SPAN_B ":0:1\nuberctx-k: a%20b\nuberctx-l: c%20d%2C\n"));
	must(goes_out_as(UBER TRACE_B ":" SPAN_B ":" SPAN_A ":2",
			 UBER TRACE_B ":" SPAN_B ":0:3\n"));
	must(goes_out_as("uberctx-k: v", "uberctx-k: v\n"));
	must(goes_out_as("uberctx-: v\nuberctx-(: w\nuberct: x", ""));
}

static void jaeger_has_ids_in_one_field_and_baggage_in_many(void **state)
{
	(void)state;
	seen_of(jaeger);
}

static void jaeger_first(void)
{
	start("jaeger,baggage,tracecontext");
	must(goes_out_as("traceparent: " PARENT_A "\nbaggage: k=v",
			 UBER TRACE_A ":" SPAN_A ":0:1\ntraceparent: " PARENT_A
				      "\nuberctx-k: v\nbaggage: k=v\n"));
}

static void the_ids_of_all_go_before_baggage(void **state)
{
	(void)state;
	seen_of(jaeger_first);
}

#define OT(trace, span, sampled) \
	"ot-tracer-traceid: " trace "\not-tracer-spanid: " span "\not-tracer-sampled: " sampled

static void ottrace(void)
{
	start("ottrace");
	must(comes_in_as(OT(TRACE_SHORT, SPAN_B, "true"),
			 "0000000000000000" TRACE_SHORT "-" SPAN_B "-01"));
	must(comes_in_as(OT(TRACE_B, SPAN_B, "false"), TRACE_B "-" SPAN_B "-00"));
	must(comes_in_as(OT("0", SPAN_B, "true"), "none"));
	must(comes_in_as("ot-tracer-traceid: " TRACE_B, "none"));
	must(goes_out_as(OT(TRACE_B, SPAN_B, "true") "\not-baggage-k: a b",
			 OT(TRACE_SHORT, SPAN_B, "true") "\not-baggage-k: a b\n"));
}

static void ottrace_sends_the_right_half(void **state)
{
	(void)state;
	seen_of(ottrace);
}

#define XRAY "X-Amzn-Trace-Id: "
#define XRAY_B "Root=1-80f198ee-56343ba864fe8b2a57d3eff7;Parent=" SPAN_B

static void xray(void)
{
	start("xray");
	must(comes_in_as(XRAY XRAY_B ";Sampled=1", TRACE_B "-" SPAN_B "-01"));
	must(comes_in_as(XRAY "Self=1-2-3; Sampled=0; Parent=" SPAN_B
			      ";Root=1-80f198ee-56343ba864fe8b2a57d3eff7;Lineage=a:1|b:2",
			 TRACE_B "-" SPAN_B "-00"));
	must(comes_in_as(XRAY XRAY_B ";Sampled=?", TRACE_B "-" SPAN_B "-01"));
	must(comes_in_as(XRAY "Root=1-80f198ee-56343ba864fe8b2a57d3eff7", "none"));
	must(comes_in_as(XRAY "Root=2-80f198ee-56343ba864fe8b2a57d3eff7;Parent=" SPAN_B, "none"));
	must(comes_in_as(XRAY "Root=1-80f198ee56343ba864fe8b2a57d3eff7;Parent=" SPAN_B, "none"));
	must(goes_out_as(XRAY XRAY_B ";Sampled=1;Lineage=a:1", XRAY XRAY_B ";Sampled=1\n"));
	must(goes_out_as(XRAY XRAY_B ";Sampled=0", XRAY XRAY_B ";Sampled=0\n"));
}

static void xray_is_one_field_in_any_order(void **state)
{
	(void)state;
	seen_of(xray);
}

/* The decimal forms of 64fe8b2a57d3eff7 and e457b5a2e4d86bd1. */
#define DD_IDS \
	"x-datadog-trace-id: 7277407061855694839\nx-datadog-parent-id: 16453819474850114513\n"
#define DD_LEFT "_dd.p.tid=80f198ee56343ba8"

static void datadog(void)
{
	start("datadog,tracecontext");
	must(comes_in_as(DD_IDS
			 "x-datadog-sampling-priority: 1\nx-datadog-tags: _dd.p.dm=-1," DD_LEFT,
			 TRACE_B "-" SPAN_B "-01"));
	must(comes_in_as(DD_IDS "x-datadog-sampling-priority: -1",
			 "0000000000000000" TRACE_SHORT "-" SPAN_B "-00"));
	must(comes_in_as(DD_IDS, "0000000000000000" TRACE_SHORT "-" SPAN_B "-01"));
	must(comes_in_as("x-datadog-trace-id: 18446744073709551616\nx-datadog-parent-id: 1",
			 "none"));
	must(comes_in_as("x-datadog-trace-id: 0\nx-datadog-parent-id: 1", "none"));
	must(goes_out_as(DD_IDS "x-datadog-sampling-priority: 2\nx-datadog-origin: r;u=m\n"
				"x-datadog-tags: _dd.p.dm=-1," DD_LEFT ",_dd.p.k=a=b,other=1",
			 DD_IDS "x-datadog-sampling-priority: 2\nx-datadog-origin: r_u=m\n"
				"x-datadog-tags: " DD_LEFT ",_dd.p.dm=-1,_dd.p.k=a=b\n"
				"traceparent: 00-" TRACE_B "-" SPAN_B "-01\n"
				"tracestate: dd=s:2;o:r_u~m;t.dm:-1;t.k:a~b\n"));
	must(goes_out_as("traceparent: " PARENT_A "\ntracestate: a=1,dd=s:-1;o:x",
			 "x-datadog-trace-id: 9532127138774266268\n"
			 "x-datadog-parent-id: 13235353014750950193\n"
			 "x-datadog-sampling-priority: 1\nx-datadog-origin: x\n"
			 "x-datadog-tags: _dd.p.tid=0af7651916cd43dd\n"
			 "traceparent: " PARENT_A "\ntracestate: a=1,dd=s:-1;o:x\n"));
}

static void datadogs_state_goes_through_us(void **state)
{
	(void)state;
	seen_of(datadog);
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

/* Half of them, each telling that it is of a half. */
static void shared(void)
{
	unsigned sampled = 0, told = 0;

	start(NULL);
	oriel_sampling_ratio(0.5);
	for (int i = 0; i < 2000; i++)
		ORIEL_SPAN ("root") {
			ORIEL_SPAN ("child") {
				sent[0] = '\0';
				oriel_context_inject(set, NULL);
				sampled += strstr(sent, "-03\n") != NULL;
				told += strstr(sent, "tracestate: ot=th:8\n") != NULL;
			}
		}
	must(sampled > 800 && sampled < 1200);
	must(told == sampled);
}

static void a_share_goes_on_in_the_trace_state(void **state)
{
	struct seen s;

	(void)state;
	s = seen_of(shared);
	assert_in_range(s.n[RECORD_START], 1600, 2400);
	assert_int_equal(s.n[RECORD_START] % 2, 0);
}

#define HIGH "00-0af7651916cd43dd84ffffffffffffff-" SPAN_A "-01"
#define LOW "00-0af7651916cd43dd8400000000000000-" SPAN_A "-01"

static bool child_goes_out(const char *text, const char *state)
{
	struct oriel_context c = came_in(text);
	unsigned token = oriel_context_attach(&c);
	struct oriel_span span = oriel_span_start("child");
	char expected[128];
	const char *at;

	sent[0] = '\0';
	oriel_context_inject(set, NULL);
	oriel_span_end(&span);
	oriel_context_detach(token);
	oriel_context_release(&c);
	snprintf(expected, sizeof(expected), "tracestate: %s\n", state);
	at = strstr(sent, "tracestate");
	if (at ? strcmp(at, expected) != 0 : *state != '\0')
		fprintf(stderr, "sent %s", sent);
	return at ? !strcmp(at, expected) : !*state;
}

/* Without a parent's word: what came of others' shares gives way to ours, the rest stays. */
static void decided_again(void)
{
	setenv("OTEL_TRACES_SAMPLER", "traceidratio", 1);
	setenv("OTEL_TRACES_SAMPLER_ARG", "0.25", 1);
	start(NULL);
	must(child_goes_out("traceparent: " HIGH, "ot=th:c"));
	must(child_goes_out("traceparent: " HIGH "\ntracestate: a=1,ot=th:8;x:y,b=2",
			    "ot=th:c;x:y,a=1,b=2"));
	must(child_goes_out("traceparent: " LOW "\ntracestate: a=1", "a=1"));
	must(child_goes_out("traceparent: " LOW "\ntracestate: ot=rv:ffffffffffffff",
			    "ot=th:c;rv:ffffffffffffff"));
}

static void a_share_takes_the_highest_ids_or_what_the_trace_says(void **state)
{
	(void)state;
	assert_int_equal(seen_of(decided_again).n[RECORD_START], 3);
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

static bool fields_are(const char *propagators, const char *expected)
{
	const char *names[32];
	char all[512] = "";
	size_t n;

	start(propagators);
	n = oriel_context_fields(names, 32);
	must(n == oriel_context_fields(NULL, 0));
	for (size_t i = 0; i < n; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s ", names[i]);
	if (strcmp(all, expected) != 0)
		fprintf(stderr, "fields: %s\n", all);
	return !strcmp(all, expected);
}

static void fields_of_w3c(void)
{
	must(fields_are("tracecontext,baggage", "traceparent tracestate baggage "));
}

static void fields_of_others(void)
{
	must(fields_are("b3,b3multi,jaeger,xray,ottrace",
			"b3 X-B3-TraceId X-B3-SpanId X-B3-Sampled uber-trace-id X-Amzn-Trace-Id "
			"ot-tracer-traceid ot-tracer-spanid ot-tracer-sampled X-B3-Flags "));
}

static void fields_of_datadog(void)
{
	must(fields_are("datadog", "x-datadog-trace-id x-datadog-parent-id "
				   "x-datadog-sampling-priority x-datadog-origin x-datadog-tags "));
}

/* Others have all the slots, so it can't record and has no context to ask with. */
static void fields_of_nobody(void)
{
	start(NULL);
	for (uint32_t i = 0; i < process.n_slots; i++)
		atomic_store(&process.slots[i], 1);
	must(oriel_context_fields(NULL, 0) == 0);
}

static void a_thread_without_a_slot_lists_none(void **state)
{
	(void)state;
	seen_of(fields_of_nobody);
}

static void the_fields_that_may_be_set_are_listed(void **state)
{
	(void)state;
	seen_of(fields_of_w3c);
	seen_of(fields_of_others);
	seen_of(fields_of_datadog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(w3c_is_the_default),
		cmocka_unit_test(a_trace_state_that_is_too_long_loses_members),
		cmocka_unit_test(a_member_of_baggage_that_is_none_spoils_only_itself),
		cmocka_unit_test(none_is_a_choice),
		cmocka_unit_test(b3_is_one_field_and_reads_both),
		cmocka_unit_test(b3multi_is_several_fields),
		cmocka_unit_test(debug_reaches_those_who_come_after),
		cmocka_unit_test(the_last_valid_parent_counts_and_all_write),
		cmocka_unit_test(the_order_is_the_lists),
		cmocka_unit_test(jaeger_has_ids_in_one_field_and_baggage_in_many),
		cmocka_unit_test(the_ids_of_all_go_before_baggage),
		cmocka_unit_test(ottrace_sends_the_right_half),
		cmocka_unit_test(xray_is_one_field_in_any_order),
		cmocka_unit_test(datadogs_state_goes_through_us),
		cmocka_unit_test(a_decision_alone_counts),
		cmocka_unit_test(who_has_not_decided_leaves_it_to_our_sampler),
		cmocka_unit_test(a_share_goes_on_in_the_trace_state),
		cmocka_unit_test(a_share_takes_the_highest_ids_or_what_the_trace_says),
		cmocka_unit_test(the_environment_is_read_by_the_same_list),
		cmocka_unit_test(the_fields_that_may_be_set_are_listed),
		cmocka_unit_test(a_thread_without_a_slot_lists_none),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
