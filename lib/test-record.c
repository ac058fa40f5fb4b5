/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies in the segment after calls of the public API, read back from the file as a collector
 * finds it. The library is a process-wide thing, so each fact runs in a child of its own.
 */
#include "lib/test-segment.h"

#include "lib/thread.h"
#include "lib/watcher.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/syscall.h>

static void one_of_each(void)
{
	must(oriel_start(ORIEL_OPTIONS(.service = "test")) == 0);
	ORIEL_SPAN ("outer", oriel_int("a", 1), oriel_str("b", "two")) {
		struct oriel_context other = { .trace_id = { 1 }, .span_id = { 2 } };

		oriel_span_set(NULL, oriel_f64("c", 0.5));
		oriel_span_event(NULL, "event");
		oriel_span_link(NULL, &other);
		oriel_span_name(NULL, "renamed");
		oriel_span_status(NULL, ORIEL_OK, NULL);
		oriel_info("hello", oriel_bool("d", true));
	}
}

static void each_call_leaves_its_record(void **state)
{
	struct seen s = seen_of(one_of_each);

	(void)state;
	for (int type = RECORD_START; type <= RECORD_THREAD; type++)
		assert_int_equal(s.n[type], 1);
	assert_int_equal(s.bad, 0);
}

static void nothing_before_start(void)
{
	ORIEL_SPAN ("outer") {
		oriel_info("hello");
	}
	must(oriel_why_off() == ORIEL_OFF_NOT_STARTED);
	oriel_add(oriel_counter("c", "1", ""), 1);
	oriel_stop();
}

static void calls_before_start_do_nothing(void **state)
{
	(void)state;
	assert_int_equal(seen_of(nothing_before_start).segments, 0);
}

static jmp_buf out;

static void jump(void)
{
	must(oriel_start(NULL) == 0);
	struct oriel_span outer = oriel_span_start("outer");

	if (!setjmp(out)) {
		oriel_span_start("inner");
		oriel_span_start("innermost");
		longjmp(out, 1);
	}
	oriel_span_end(&outer);
	char id[17];
	must(!oriel_span_id(id));
}

static void longjmp_leaves_spans_that_the_outer_end_closes(void **state)
{
	struct seen s = seen_of(jump);

	(void)state;
	assert_int_equal(s.n[RECORD_START], 3);
	assert_int_equal(s.n[RECORD_END], 3);
	assert_int_equal(s.abandoned, 2);
}

static void end_with_attributes(void)
{
	unsigned char row[64 + 8];
	size_t n;

	must(oriel_start(NULL) == 0);
	n = oriel_prepare(row, 64, ORIEL_WITH(oriel_str("prepared", "before")));
	must(n == WIRE_ATTRIBUTE_HEAD + 8 + 6);
	must(!oriel_prepare(row, n - 1, ORIEL_WITH(oriel_str("prepared", "before"))));
	struct oriel_span outer =
		oriel_span_start_with(ORIEL_SPAN_OPTIONS(.detached = true), "s", known_row(row, n));
	oriel_span_end_all(&outer, ORIEL_WITH(known_row(row, n), oriel_int("a", 1)));
	oriel_span_end_all(&outer, ORIEL_WITH(oriel_str("prepared", "before")));
	ORIEL_SPAN ("current") {
		struct oriel_span inner = oriel_span_start("inner");

		oriel_span_end_all(&inner, ORIEL_WITH(oriel_int("a", 1)));
	}
}

static void an_end_may_bring_attributes(void **state)
{
	looked_for = "preparedbefore";
	struct seen s = seen_of(end_with_attributes);

	(void)state;
	looked_for = NULL;
	assert_int_equal(s.n[RECORD_START], 3);
	assert_int_equal(s.n[RECORD_END], 3);
	assert_int_equal(s.n[RECORD_SET], 1); /* of the one that was current */
	assert_int_equal(s.found, 2);
	assert_int_equal(s.bad + s.abandoned, 0);
}

static void *one_span(void *you)
{
	ORIEL_SPAN ("short") {
	}
	return you;
}

static void forks(void)
{
	int status;

	must(oriel_start(NULL) == 0);
	ORIEL_SPAN ("parent") {
		char mine[33], its[33];
		pid_t pid;

		oriel_trace_id(mine);
		pid = fork();
		if (pid == 0) {
			must(oriel_trace_id(its) && strcmp(mine, its) == 0);
			ORIEL_SPAN ("child") {
			}
			_exit(0);
		}
		waitpid(pid, &status, 0);
		must(status == 0);
	}
}

static void a_forked_child_has_a_segment_and_its_parents_context(void **state)
{
	struct seen s = seen_of(forks);

	(void)state;
	assert_int_equal(s.segments, 2);
	assert_int_equal(s.n[RECORD_START], 2);
	assert_int_equal(s.n[RECORD_END], 2);
}

static void forks_without_room(void)
{
	struct rlimit none = { 0, RLIM_INFINITY };
	int status;
	pid_t pid;

	must(oriel_start(NULL) == 0);
	setrlimit(RLIMIT_FSIZE, &none);
	pid = fork();
	if (pid == 0)
		_exit(oriel_why_off() == ORIEL_OFF_FORKED ? 0 : 98);
	waitpid(pid, &status, 0);
	must(status == 0);
	one_span(NULL);
}

static void a_child_without_a_segment_is_counted_by_its_parent(void **state)
{
	struct seen s = seen_of(forks_without_room);

	(void)state;
	assert_int_equal(s.segments, 1);
	assert_int_equal(s.loss[LOSS_forks_unwatched], 1);
	assert_int_equal(s.n[RECORD_END], 1);
}

static void forks_without_environment(void)
{
	must(oriel_start(NULL) == 0);
	clearenv();
	forks();
}

static void a_child_of_a_cleared_environment_goes_where_its_parent_is(void **state)
{
	struct seen s = seen_of(forks_without_environment);

	(void)state;
	assert_int_equal(s.segments, 2);
	assert_int_equal(s.n[RECORD_END], 2);
}

enum { NOBODY_ELSE = 61234 };

static void forks_as_another(void)
{
	int status;
	pid_t pid;

	must(oriel_start(NULL) == 0);
	clearenv();
	must(setuid(NOBODY_ELSE) == 0);
	pid = fork();
	if (pid == 0)
		_exit(oriel_why_off() == ORIEL_OFF_FORKED ? 0 : 98);
	waitpid(pid, &status, 0);
	must(status == 0);
	oriel_stop();
}

/* Nobody would read it, and a server that forks for each connection would leave a heap of them. */
static void a_child_of_another_user_leaves_no_segment_in_a_directory_of_its_own(void **state)
{
	char path[64];
	struct seen s;

	(void)state;
	if (geteuid() != 0)
		skip();
	s = seen_of(forks_as_another);
	assert_int_equal(s.segments, 1);
	assert_int_equal(s.loss[LOSS_forks_unwatched], 1);
	snprintf(path, sizeof(path), "/dev/shm/oriel-%d", NOBODY_ELSE);
	assert_int_equal(access(path, F_OK), -1);
}

static void forks_raw(void)
{
	int status;
	pid_t pid;

	must(oriel_start(NULL) == 0);
	ORIEL_SPAN ("parent") {
		pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
		if (pid == 0) {
			ORIEL_SPAN ("child") {
				oriel_info("unheard");
			}
			_exit(oriel_why_off() == ORIEL_OFF_FORKED ? 0 : 98);
		}
		waitpid(pid, &status, 0);
		must(status == 0);
	}
}

static void a_child_that_nobody_told_of_stays_silent(void **state)
{
	struct seen s = seen_of(forks_raw);

	(void)state;
	assert_int_equal(s.segments, 1);
	assert_int_equal(s.n[RECORD_START], 1);
	assert_int_equal(s.n[RECORD_LOG], 0);
}

static void many_threads(void)
{
	must(oriel_start(NULL) == 0);
	for (int i = 0; i < 2000; i++) {
		pthread_t t;

		must(pthread_create(&t, NULL, one_span, NULL) == 0);
		pthread_join(t, NULL);
	}
}

static void short_threads_share_chunks_and_lose_nothing(void **state)
{
	struct seen s = seen_of(many_threads);

	(void)state;
	assert_int_equal(s.n[RECORD_START], 2000);
	assert_int_equal(s.n[RECORD_END], 2000);
	assert_int_equal(s.bad, 0);
}

static void too_many(void)
{
	must(oriel_start(NULL) == 0);
	for (int i = 0; i < 100000; i++)
		ORIEL_SPAN ("span") {
		}
}

static void what_finds_no_room_is_counted_and_every_start_has_its_end(void **state)
{
	struct seen s = seen_of(too_many);

	(void)state;
	assert_true(s.n[RECORD_START] > 5000);
	assert_int_equal(s.n[RECORD_END], s.n[RECORD_START]);
	assert_int_equal(s.n[RECORD_START] + s.loss[LOSS_spans_no_room], 100000);
	assert_int_equal(s.loss[LOSS_ends_no_room], 0);
}

static volatile sig_atomic_t handled;

static void handler(int signal)
{
	(void)signal;
	ORIEL_SPAN ("handler") {
		oriel_info("from a handler");
	}
	handled++;
}

static void interrupted(void)
{
	struct itimerval every = { { 0, 100 }, { 0, 100 } };
	int n = 0;

	must(oriel_start(NULL) == 0);
	signal(SIGALRM, handler);
	setitimer(ITIMER_REAL, &every, NULL);
	while (handled < 200)
		ORIEL_SPAN ("main") {
			n++;
		}
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	must(thread_self()->depth == 0 && thread_self()->n_open == 0 && thread_self()->busy == 0);
}

static void a_handler_in_the_middle_of_a_write_tears_nothing(void **state)
{
	struct seen s = seen_of(interrupted);

	(void)state;
	assert_int_equal(s.bad, 0);
	assert_int_equal(s.n[RECORD_START], s.n[RECORD_END]);
	assert_true(s.n[RECORD_START] > 0);
}

static void small_file_limit(void)
{
	struct rlimit limit = { 4096, 4096 };

	setrlimit(RLIMIT_FSIZE, &limit);
	must(oriel_start(NULL) == ORIEL_OFF_NO_ROOM);
	one_span(NULL);
}

static void a_file_size_limit_turns_recording_off_and_sends_no_signal(void **state)
{
	(void)state;
	assert_int_equal(in_child(small_file_limit), 0);
	assert_int_equal(read_all().segments, 0);
}

#if !defined(__SANITIZE_ADDRESS__) && \
	!defined(__SANITIZE_THREAD__) /* their own mappings fail first */
static void small_address_space(void)
{
	struct rlimit limit;
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	must(f && fscanf(f, "%lu", &pages) == 1);
	fclose(f);
	limit.rlim_cur = limit.rlim_max = (pages + 64) * 4096;
	setrlimit(RLIMIT_AS, &limit);
	must(oriel_start(NULL) == ORIEL_OFF_NO_MEMORY);
	one_span(NULL);
}

static void an_address_space_limit_turns_recording_off(void **state)
{
	(void)state;
	assert_int_equal(in_child(small_address_space), 0);
}
#endif

static void long_things(void)
{
	static char text[100000];

	must(oriel_start(NULL) == 0);
	memset(text, 'x', sizeof(text) - 1);
	ORIEL_SPAN ("span", oriel_str("long", text), oriel_str("left out", text)) {
		oriel_log(ORIEL_INFO, text, oriel_str(text, "key"));
		oriel_span_set(NULL, oriel_strs("many", (const char *[]){ "a", NULL, text }, 3));
	}
}

static void what_is_too_long_is_cut_and_counted(void **state)
{
	struct seen s = seen_of(long_things);

	(void)state;
	assert_int_equal(s.bad, 0);
	assert_int_equal(s.n[RECORD_START], 1);
	assert_int_equal(s.n[RECORD_LOG], 1);
	assert_true(s.loss[LOSS_values_cut] >= 2);
	assert_true(s.loss[LOSS_attributes_no_room] >= 1);
}

static void from_environment(void)
{
	char id[33];

	setenv("TRACEPARENT", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", 1);
	must(oriel_start(NULL) == 0);
	ORIEL_SPAN ("span") {
		must(oriel_trace_id(id) && strcmp(id, "0af7651916cd43dd8448eb211c80319c") == 0);
	}
}

static void traceparent_of_the_environment_is_the_parent(void **state)
{
	(void)state;
	assert_int_equal(seen_of(from_environment).n[RECORD_START], 1);
}

static void baggage(void)
{
	char value[16];

	must(oriel_start(NULL) == 0);
	ORIEL_SPAN ("outer") {
		oriel_baggage_set("a", "1, 2");
		oriel_baggage_set("b", "3");
		oriel_baggage_set("a", "4");
		must(oriel_baggage_get("a", value, sizeof(value)) == 1 && strcmp(value, "4") == 0);
		ORIEL_SPAN ("inner") {
			oriel_baggage_set("b", NULL);
			must(oriel_baggage_get("b", value, sizeof(value)) == -1);
		}
		must(oriel_baggage_get("b", value, sizeof(value)) == 1);
	}
	must(oriel_baggage_get("a", value, sizeof(value)) == -1);
}

static void baggage_lasts_as_long_as_its_span(void **state)
{
	(void)state;
	assert_int_equal(in_child(baggage), 0);
	read_all();
}

static struct oriel_context taken;

static void *elsewhere(void *you)
{
	unsigned token = oriel_context_attach(&taken);

	ORIEL_SPAN ("there") {
	}
	oriel_context_detach(token);
	must(thread_self()->depth == 0);
	return you;
}

static void across_threads(void)
{
	pthread_t t;

	must(oriel_start(NULL) == 0);
	ORIEL_SPAN ("here") {
		oriel_baggage_set("k", "v");
		taken = oriel_context_capture();
		must(pthread_create(&t, NULL, elsewhere, NULL) == 0);
		pthread_join(t, NULL);
		oriel_context_release(&taken);
	}
}

static void a_captured_context_is_a_parent_on_another_thread(void **state)
{
	(void)state;
	assert_int_equal(seen_of(across_threads).n[RECORD_END], 2);
}

static void links_first(void)
{
	struct oriel_context a = { .flags = 1 }, b;
	const struct oriel_context *both[] = { &a, NULL, &b };
	struct oriel_span_options old = { .links = both, .n_links = 3 };

	must(oriel_start(NULL) == 0);
	must(oriel_context_parse(&b, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
				 NULL, NULL));
	memset(a.trace_id, 7, sizeof(a.trace_id));
	memset(a.span_id, 7, sizeof(a.span_id));
	struct oriel_span s =
		oriel_span_start_with(ORIEL_SPAN_OPTIONS(.links = both, .n_links = 3), "linked");

	oriel_span_end(&s);
	old.size = offsetof(struct oriel_span_options, links);
	s = oriel_span_start_with(&old, "as built before");
	oriel_span_end(&s);
}

static void links_may_be_given_at_the_start(void **state)
{
	struct seen s = seen_of(links_first);

	(void)state;
	assert_int_equal(s.n[RECORD_START], 2);
	assert_int_equal(s.n[RECORD_LINK], 2);
}

static void error_with_more(void)
{
	struct oriel_attribute many[40];

	must(oriel_start(NULL) == 0);
	for (size_t i = 0; i < 40; i++)
		many[i] = oriel_str(i == 13 ? "the last" : "filling", i == 13 ? " one" : "x");
	ORIEL_SPAN ("failing")
		oriel_span_error_all(NULL, "timeout", "too late",
				     (struct oriel_attributes){ many, 40 });
	ORIEL_SPAN ("failing") {
		oriel_span_error_with(NULL, "timeout", "too late", oriel_int("attempt", 3));
		oriel_span_error(NULL, "timeout", "too late");
	}
}

static void an_exception_may_have_attributes_of_its_own(void **state)
{
	struct seen s;

	(void)state;
	looked_for = "the last one";
	s = seen_of(error_with_more);
	assert_int_equal(s.found, 1);
	looked_for = "attempt";
	s = seen_of(error_with_more);
	looked_for = NULL;
	assert_int_equal(s.found, 1);
	assert_int_equal(s.n[RECORD_EVENT], 3);
	assert_int_equal(s.n[RECORD_STATUS], 3);
}

static void unsampled_ids(void)
{
	char outer[17], inner[17], next[17], trace[33], other[33];

	setenv("OTEL_TRACES_SAMPLER", "always_off", 1);
	must(oriel_start(NULL) == 0);
	ORIEL_SPAN ("outer") {
		must(oriel_span_id(outer) && oriel_trace_id(trace));
		ORIEL_SPAN ("inner")
			must(oriel_span_id(inner) && oriel_trace_id(other));
		must(strcmp(outer, inner) != 0 && strcmp(trace, other) == 0);
	}
	ORIEL_SPAN ("next")
		must(oriel_span_id(next) && oriel_trace_id(other));
	must(strcmp(next, outer) != 0 && strcmp(next, inner) != 0 && strcmp(trace, other) != 0);
}

static void what_is_not_recorded_has_new_ids_too(void **state)
{
	(void)state;
	assert_int_equal(seen_of(unsampled_ids).n[RECORD_START], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_leaves_its_record),
		cmocka_unit_test(calls_before_start_do_nothing),
		cmocka_unit_test(an_end_may_bring_attributes),
		cmocka_unit_test(longjmp_leaves_spans_that_the_outer_end_closes),
		cmocka_unit_test(a_forked_child_has_a_segment_and_its_parents_context),
		cmocka_unit_test(a_child_that_nobody_told_of_stays_silent),
		cmocka_unit_test(a_child_without_a_segment_is_counted_by_its_parent),
		cmocka_unit_test(a_child_of_a_cleared_environment_goes_where_its_parent_is),
		cmocka_unit_test(
			a_child_of_another_user_leaves_no_segment_in_a_directory_of_its_own),
		cmocka_unit_test(short_threads_share_chunks_and_lose_nothing),
		cmocka_unit_test(what_finds_no_room_is_counted_and_every_start_has_its_end),
		cmocka_unit_test(a_handler_in_the_middle_of_a_write_tears_nothing),
		cmocka_unit_test(a_file_size_limit_turns_recording_off_and_sends_no_signal),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
		cmocka_unit_test(an_address_space_limit_turns_recording_off),
#endif
		cmocka_unit_test(what_is_too_long_is_cut_and_counted),
		cmocka_unit_test(traceparent_of_the_environment_is_the_parent),
		cmocka_unit_test(baggage_lasts_as_long_as_its_span),
		cmocka_unit_test(a_captured_context_is_a_parent_on_another_thread),
		cmocka_unit_test(links_may_be_given_at_the_start),
		cmocka_unit_test(an_exception_may_have_attributes_of_its_own),
		cmocka_unit_test(what_is_not_recorded_has_new_ids_too),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
