/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTEL_SDK_DISABLED=true: nothing is recorded and nothing is made, but contexts go on by OTEL_PROPAGATORS. Each fact
 * in a child of its own, after which there must be no segment.
 */
#include "lib/test-carrier.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define W3C "traceparent: " PARENT_A "\ntracestate: a=1,b=2\nbaggage: k=v,x=y;p=1\n"
#define PARENT_B "00-" TRACE_B "-" SPAN_B "-00"

static void start(const char *propagators)
{
	setenv("OTEL_SDK_DISABLED", "true", 1);
	if (propagators)
		setenv("OTEL_PROPAGATORS", propagators, 1);
	must(oriel_start(NULL) == ORIEL_OFF_DISABLED);
}

static void passes(void (*work)(void))
{
	struct seen s = seen_of(work);

	assert_int_equal(s.segments, 0);
}

/* What would go out now. */
static bool goes_out(const char *expected)
{
	sent[0] = '\0';
	oriel_context_inject(set, NULL);
	if (strcmp(sent, expected) != 0)
		fprintf(stderr, "sent %s", sent);
	return strcmp(sent, expected) == 0;
}

static bool is_of(const struct oriel_context *c, const char *traceparent)
{
	struct oriel_context expected;

	must(oriel_context_parse(&expected, traceparent, NULL, NULL));
	return memcmp(c, &expected, offsetof(struct oriel_context, carry)) == 0;
}

/* ---- what came in ----------------------------------------------------------------------------------- */

static void usual(void)
{
	start(NULL);
	must(goes_out_as(W3C, W3C));
	must(goes_out_as("traceparent: " PARENT_B, "traceparent: " PARENT_B "\n"));
	must(goes_out_as("baggage: k=v", "baggage: k=v\n"));
	must(goes_out_as("traceparent: 00-0-0-0\ntracestate: a=1\nb3: " SINGLE_B, ""));
	must(goes_out(""));
}

static void it_goes_out_as_it_came(void **state)
{
	(void)state;
	passes(usual);
}

#define OTHER_FORMS(jaeger, ottrace, xray, datadog) \
	"X-B3-TraceId: " TRACE_B "\nX-B3-SpanId: " SPAN_B "\n%s" \
	"uber-trace-id: " TRACE_B ":" SPAN_B ":0:" jaeger "\n" \
	"ot-tracer-traceid: 64fe8b2a57d3eff7\not-tracer-spanid: " SPAN_B "\n" ottrace \
	"X-Amzn-Trace-Id: Root=1-80f198ee-56343ba864fe8b2a57d3eff7;Parent=" SPAN_B \
	";Sampled=" xray "\n" \
	"x-datadog-trace-id: 7277407061855694839\n" \
	"x-datadog-parent-id: 16453819474850114513\n" datadog \
	"x-datadog-tags: _dd.p.tid=80f198ee56343ba8\n"

static bool goes_out_in_all_forms(const char *b3, const char *sampled, const char *others)
{
	char expected[2048];
	int n = snprintf(expected, sizeof(expected), "b3: %s\n", b3);

	snprintf(expected + n, sizeof(expected) - (size_t)n, others, sampled);
	snprintf(sent, sizeof(sent), "b3: %s", b3);
	return goes_out_as(strdup(sent), expected);
}

static void forms(void)
{
	start("b3,b3multi,jaeger,ottrace,xray,datadog");
	must(goes_out_in_all_forms(TRACE_B "-" SPAN_B "-1", "X-B3-Sampled: 1\n",
				   OTHER_FORMS("1", "ot-tracer-sampled: true\n", "1",
					       "x-datadog-sampling-priority: 1\n")));
	must(goes_out_in_all_forms(TRACE_B "-" SPAN_B "-0", "X-B3-Sampled: 0\n",
				   OTHER_FORMS("0", "ot-tracer-sampled: false\n", "0",
					       "x-datadog-sampling-priority: 0\n")));
	must(goes_out_in_all_forms(TRACE_B "-" SPAN_B "-d", "X-B3-Flags: 1\n",
				   OTHER_FORMS("3", "ot-tracer-sampled: true\n", "1",
					       "x-datadog-sampling-priority: 1\n")));
}

static void so_it_does_in_every_form(void **state)
{
	(void)state;
	passes(forms);
}

static void undecided(void)
{
	start("b3,b3multi,jaeger,ottrace,xray,datadog");
	must(goes_out_in_all_forms(TRACE_B "-" SPAN_B, "", OTHER_FORMS("0", "", "?", "")));
}

static void what_nobody_has_decided_stays_so(void **state)
{
	(void)state;
	passes(undecided);
}

static void decided_later(void)
{
	start("b3,tracecontext");
	must(goes_out_as("b3: " TRACE_B "-" SPAN_B "\ntraceparent: 00-" TRACE_B "-" SPAN_B "-00",
			 "b3: " TRACE_B "-" SPAN_B "-0\ntraceparent: " PARENT_B "\n"));
}

static void the_last_that_has_a_parent_decides(void **state)
{
	(void)state;
	passes(decided_later);
}

static void without_propagators(void)
{
	start("none");
	must(goes_out_as(W3C, ""));
	oriel_baggage_set("k", "v");
	must(oriel_baggage_get("k", NULL, 0) == -1);
}

static void none_passes_nothing(void **state)
{
	(void)state;
	passes(without_propagators);
}

static void by_environment(void)
{
	struct oriel_span span;

	setenv("TRACEPARENT", PARENT_A, 1);
	setenv("BAGGAGE", "k=v", 1);
	start(NULL);
	span = oriel_span_start("span");
	must(is_of(&span.context, PARENT_A));
	must(goes_out("traceparent: " PARENT_A "\nbaggage: k=v\n"));
	oriel_span_end(&span);
}

static void the_environments_is_current_from_the_start(void **state)
{
	(void)state;
	passes(by_environment);
}

/* ---- spans ------------------------------------------------------------------------------------------ */

static void below(void)
{
	struct oriel_context c;
	unsigned token;

	start(NULL);
	c = came_in(W3C);
	token = oriel_context_attach(&c);
	ORIEL_SPAN ("outer", oriel_int("a", 1)) {
		struct oriel_span inner, begun;
		char text[56];

		inner = oriel_span_start_with(ORIEL_SPAN_OPTIONS(.kind = ORIEL_CLIENT), "inner");
		must(is_of(&inner.context, PARENT_A) && !oriel_span_is_recording(&inner));
		oriel_span_begin(&begun, "begun", NULL, ORIEL_WITH());
		must(is_of(&begun.context, PARENT_A));
		must(oriel_traceparent(text) && strcmp(text, PARENT_A) == 0);
		must(goes_out(W3C));
		oriel_span_set(&inner, oriel_int("a", 1));
		oriel_span_error(&inner, "type", "message");
		oriel_span_end(&begun);
		oriel_span_end(&inner);
		oriel_span_end(&inner);
		must(goes_out(W3C));
	}
	ORIEL_TRACKED("work")
	must(goes_out(W3C));
	must(goes_out(W3C));
	oriel_context_detach(token);
	oriel_context_release(&c);
	must(goes_out(""));
}

static void a_span_has_its_parents_context(void **state)
{
	(void)state;
	passes(below);
}

static void with_options(void)
{
	struct oriel_context a, b;
	struct oriel_span span, root;

	start(NULL);
	a = came_in(W3C);
	b = came_in("traceparent: " PARENT_B);
	span = oriel_span_start_with(ORIEL_SPAN_OPTIONS(.parent = &a, .detached = true), "server");
	must(is_of(&span.context, PARENT_A));
	must(goes_out(""));
	ORIEL_SPAN ("nothing")
		must(goes_out(""));
	unsigned token = oriel_context_attach(&span.context);

	must(goes_out(W3C));
	root = oriel_span_start_with(ORIEL_SPAN_OPTIONS(.root = true), "root");
	must(goes_out(""));
	oriel_span_end(&root);
	must(goes_out(W3C));
	oriel_context_detach(token);
	oriel_span_end(&span);
	span = oriel_span_start_with(ORIEL_SPAN_OPTIONS(.parent = &b), "current");
	must(goes_out("traceparent: " PARENT_B "\n"));
	oriel_span_end(&span);
	must(goes_out(""));
}

static void a_parent_may_be_given_or_none(void **state)
{
	(void)state;
	passes(with_options);
}

static void baggage(void)
{
	struct oriel_context c;
	unsigned token;
	char value[8];

	start(NULL);
	c = came_in(W3C);
	token = oriel_context_attach(&c);
	ORIEL_SPAN ("span") {
		oriel_baggage_set("k", "w");
		must(oriel_baggage_get("k", value, sizeof(value)) == 1 && value[0] == 'w');
		must(goes_out("traceparent: " PARENT_A
			      "\ntracestate: a=1,b=2\nbaggage: x=y;p=1,k=w\n"));
	}
	ORIEL_JOB("job")
	oriel_baggage_set("k", NULL);
	must(goes_out(W3C));
	oriel_context_detach(token);
	oriel_context_release(&c);
}

static void baggage_ends_with_its_span(void **state)
{
	(void)state;
	passes(baggage);
}

/* ---- threads, processes ----------------------------------------------------------------------------- */

static void *in_thread(void *context)
{
	unsigned token = oriel_context_attach(context);
	char text[56];

	must(oriel_traceparent(text) && strcmp(text, PARENT_A) == 0);
	oriel_baggage_set("thread", "own");
	must(oriel_baggage_get("k", NULL, 0) == 1);
	(void)token; /* the thread ends within it */
	return NULL;
}

static void threads(void)
{
	struct oriel_context c, captured;
	unsigned token;

	start(NULL);
	c = came_in(W3C);
	token = oriel_context_attach(&c);
	captured = oriel_context_capture();
	for (int i = 0; i < 3000; i++) {
		pthread_t t[2];

		for (int k = 0; k < 2; k++)
			must(pthread_create(&t[k], NULL, in_thread, &captured) == 0);
		for (int k = 0; k < 2; k++)
			pthread_join(t[k], NULL);
	}
	must(goes_out(W3C));
	oriel_context_release(&captured);
	oriel_context_detach(token);
	oriel_context_release(&c);
}

static void a_context_goes_with_threads_which_give_all_back(void **state)
{
	(void)state;
	passes(threads);
}

static void ended_well(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0) == pid && status == 0);
}

static void forks(void)
{
	struct oriel_context c;
	pid_t pid;

	start(NULL);
	c = came_in(W3C);
	oriel_context_attach(&c);
	pid = fork();
	if (pid == 0) {
		must(oriel_start(NULL) == ORIEL_OFF_DISABLED);
		ORIEL_SPAN ("child")
			must(goes_out(W3C));
		pid = fork();
		must(goes_out(W3C));
		if (pid)
			ended_well(pid);
		_exit(0);
	}
	ended_well(pid);
	pid = (pid_t)syscall(SYS_fork);
	if (pid == 0) {
		must(goes_out_as(W3C, ""));
		syscall(SYS_exit_group, 0);
	}
	ended_well(pid);
	must(goes_out(W3C));
}

static void a_child_has_its_parents_unless_nobody_told_of_it(void **state)
{
	(void)state;
	passes(forks);
}

/* ---- manners ---------------------------------------------------------------------------------------- */

static unsigned n_in(const char *path)
{
	DIR *d = opendir(path);
	unsigned n = 0;

	must(d != NULL);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void actions_read(void (*out[NSIG])(int))
{
	struct sigaction action;

	for (int i = 1; i < NSIG; i++)
		out[i] = sigaction(i, NULL, &action) == 0 ? action.sa_handler : NULL;
}

static void harmless(void)
{
	void (*before[NSIG])(int) = { 0 }, (*after[NSIG])(int) = { 0 };
	unsigned fds, tasks = n_in("/proc/self/task"), files = n_in(dir);
	int ends[2], err = dup(STDERR_FILENO);

	must(pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
	fds = n_in("/proc/self/fd");
	actions_read(before);
	errno = 77;
	start(NULL);
	must(goes_out_as(W3C, W3C));
	oriel_info("nobody reads it");
	oriel_add(oriel_counter("orders", "1", ""), 1);
	must(oriel_why_off() == ORIEL_OFF_DISABLED && !oriel_recording());
	must(oriel_flush(1000) == ORIEL_FLUSH_NOBODY);
	oriel_stop();
	must(goes_out_as(W3C, W3C));
	must(errno == 77);
	actions_read(after);
	must(n_in("/proc/self/fd") == fds);
	dup2(err, STDERR_FILENO);
	must(memcmp(before, after, sizeof(before)) == 0);
	must(n_in("/proc/self/task") == tasks && n_in(dir) == files);
	must(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 && read(ends[0], after, 1) == -1);
}

static void nothing_is_made_and_nothing_said(void **state)
{
	(void)state;
	passes(harmless);
}

static void for_good(void)
{
	start(NULL);
	setenv("OTEL_SDK_DISABLED", "false", 1);
	must(oriel_start(NULL) == ORIEL_OFF_DISABLED);
	must(goes_out_as(W3C, W3C));
}

static void disabled_once_is_for_good(void **state)
{
	(void)state;
	passes(for_good);
}

#if !defined(__SANITIZE_ADDRESS__) && \
	!defined(__SANITIZE_THREAD__) /* they make calls of their own */
static void sandboxed(void)
{
	pid_t pid;

	start(NULL);
	pid = fork();
	if (pid == 0) {
		struct oriel_context c;
		bool good;

		must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
		must(oriel_context_parse(&c, PARENT_A, "a=1,b=2", "k=v,x=y;p=1"));
		oriel_context_attach(&c);
		ORIEL_SPAN ("span") {
			oriel_info("log");
			good = goes_out(W3C);
		}
		syscall(SYS_exit, !good);
	}
	ended_well(pid);
}

static void no_call_makes_a_system_call(void **state)
{
	(void)state;
	passes(sandboxed);
}
#endif

static volatile sig_atomic_t handled;

static void in_handler(int signal)
{
	struct oriel_context c = { .trace_id = { 1 }, .span_id = { 2 }, .flags = 1 };
	unsigned token = oriel_context_attach(&c);

	(void)signal;
	ORIEL_SPAN ("handler")
		handled += oriel_span_id((char[17]){ 0 });
	oriel_context_detach(token);
}

static void interrupted(void)
{
	struct oriel_context c;

	start(NULL);
	c = came_in(W3C);
	signal(SIGALRM, in_handler);
	ualarm(100, 100);
	for (int i = 0; i < 200000 || handled < 10; i++) {
		unsigned token = oriel_context_attach(&c);

		ORIEL_SPAN ("span")
			oriel_baggage_set("n", "1");
		oriel_context_detach(token);
	}
	ualarm(0, 0);
	must(goes_out_as(W3C, W3C));
	must(goes_out(""));
}

static void a_handler_leaves_the_stack_as_it_was(void **state)
{
	(void)state;
	passes(interrupted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_goes_out_as_it_came),
		cmocka_unit_test(so_it_does_in_every_form),
		cmocka_unit_test(what_nobody_has_decided_stays_so),
		cmocka_unit_test(the_last_that_has_a_parent_decides),
		cmocka_unit_test(none_passes_nothing),
		cmocka_unit_test(the_environments_is_current_from_the_start),
		cmocka_unit_test(a_span_has_its_parents_context),
		cmocka_unit_test(a_parent_may_be_given_or_none),
		cmocka_unit_test(baggage_ends_with_its_span),
		cmocka_unit_test(a_context_goes_with_threads_which_give_all_back),
		cmocka_unit_test(a_child_has_its_parents_unless_nobody_told_of_it),
		cmocka_unit_test(nothing_is_made_and_nothing_said),
		cmocka_unit_test(disabled_once_is_for_good),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
		cmocka_unit_test(no_call_makes_a_system_call),
#endif
		cmocka_unit_test(a_handler_leaves_the_stack_as_it_was),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
