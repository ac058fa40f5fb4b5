/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the library promises to the program that it lives in: no system calls, no changed errno, no
 * signal, and records whatever becomes of a thread. Each fact runs in a child of its own.
 */
#include "lib/test-segment.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

/* ---- sandboxes: the proof that no call makes a system call ------------------------------------ */

#if !defined(__SANITIZE_ADDRESS__) && \
	!defined(__SANITIZE_THREAD__) /* they make calls of their own */
static void record_a_thousand(void)
{
	for (int i = 0; i < 1000; i++)
		ORIEL_SPAN ("span", oriel_int("i", i)) {
			oriel_info("log", oriel_int("i", i));
		}
}

static void in_forked_sandbox(void (*enter)(void), void (*work)(void))
{
	int status;
	pid_t pid;

	must(oriel_start(NULL) == 0);
	pid = fork();
	if (pid == 0) {
		enter();
		work();
		syscall(SYS_exit, 0);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0);
}

static void enter_strict(void)
{
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
}

static void enter_filter(void)
{
	struct sock_filter rule[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { sizeof(rule) / sizeof(rule[0]), rule };

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void strict(void)
{
	in_forked_sandbox(enter_strict, record_a_thousand);
}

static void a_child_in_strict_seccomp_records(void **state)
{
	struct seen s = seen_of(strict);

	(void)state;
	assert_int_equal(s.n[RECORD_START], 1000);
	assert_int_equal(s.n[RECORD_END], 1000);
	assert_int_equal(s.n[RECORD_LOG], 1000);
}

static struct oriel_counter *counter;
static struct oriel_histogram *histogram;
static struct oriel_logger *logger;

/* Every recording call there is, and what belongs to contexts and baggage. */
static void record_everything(void)
{
	struct oriel_context c;

	/* While none lives, log calls write to standard error. */
	atomic_store(&process.segment->collector_ns, UINT64_MAX / 2);
	for (int i = 0; i < 100; i++)
		ORIEL_SPAN ("span") {
			oriel_info("log", oriel_int("i", i));
			oriel_infof("log %d", i);
			oriel_fields_bind(oriel_int("i", i));
			oriel_log_to(logger, ORIEL_ERR, "log");
			oriel_span_set(NULL, oriel_str("a", "b"));
			oriel_span_event(NULL, "event");
			oriel_span_error(NULL, "type", "message");
			oriel_error_here("type", "message", oriel_int("i", i));
			oriel_failure(.method = "GET", .path = "/");
			oriel_baggage_set("key", "value");
			c = oriel_context_capture();
			oriel_span_link(NULL, &c);
			oriel_context_detach(oriel_context_attach(&c));
			oriel_context_release(&c);
			oriel_context_parse(
				&c, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
				"a=b", "c=d");
			oriel_context_release(&c);
			oriel_add(counter, 1, oriel_int("i", i % 10));
			oriel_record(histogram, i, oriel_int("i", i % 10));
		}
}

static void filtered(void)
{
	must(oriel_start(NULL) == 0);
	counter = oriel_counter("counter", "1", "");
	histogram = oriel_histogram("histogram", "s", "", NULL, 0);
	logger = oriel_logger("db");
	in_forked_sandbox(enter_filter, record_everything);
}

static void no_recording_call_makes_a_system_call(void **state)
{
	struct seen s = seen_of(filtered);

	(void)state;
	assert_int_equal(s.n[RECORD_START], 100);
	assert_int_equal(s.n[RECORD_END], 100);
	assert_int_equal(s.n[RECORD_LINK], 100);
	assert_int_equal(s.n[RECORD_LOG], 500);
}
#endif

/* ---- errno -------------------------------------------------------------------------------------- */

#define KEEPS(call) \
	do { \
		errno = 4711; \
		call; \
		must(errno == 4711); \
	} while (0)

static void *call_all(void *you)
{
	struct oriel_counter *c = NULL;
	struct oriel_context context;
	struct oriel_span span;
	char text[64];

	KEEPS(span = oriel_span_start("span"));
	KEEPS(oriel_span_error(&span, "type", "message"));
	KEEPS(oriel_error_here("type", "message"));
	KEEPS(oriel_failure(.type = "type"));
	KEEPS(context = oriel_context_capture());
	KEEPS(oriel_span_link(&span, &context));
	KEEPS(oriel_context_detach(oriel_context_attach(&context)));
	KEEPS(oriel_context_release(&context));
	KEEPS(oriel_baggage_set("key", "value"));
	KEEPS(oriel_baggage_get("key", text, sizeof(text)));
	KEEPS(oriel_info("log"));
	KEEPS(c = oriel_counter("counter", "1", ""));
	KEEPS(oriel_add(c, 1, oriel_int("a", 1)));
	KEEPS(oriel_record(oriel_histogram("histogram", "s", "", NULL, 0), 1));
	KEEPS(oriel_traceparent(text));
	KEEPS(oriel_span_end(&span));
	return you;
}

static void calls_everywhere(void)
{
	pthread_t t;
	pid_t pid = -1;

	call_all(NULL);
	KEEPS(oriel_start(NULL));
	call_all(NULL);
	must(pthread_create(&t, NULL, call_all, NULL) == 0 && pthread_join(t, NULL) == 0);
	KEEPS(pid = fork());
	call_all(NULL);
	if (pid == 0)
		_exit(0);
	must(waitpid(pid, &(int){ 0 }, 0) == pid);
	KEEPS(oriel_stop());
	call_all(NULL);
}

static void errno_is_kept_by_every_call(void **state)
{
	(void)state;
	seen_of(calls_everywhere);
}

/* ---- spans that end in unusual ways ----------------------------------------------------------- */

static void nest(int n)
{
	ORIEL_SPAN ("nested") {
		if (n > 1)
			nest(n - 1);
	}
}

static void deep(void)
{
	char id[17];

	must(oriel_start(NULL) == 0);
	nest(200);
	must(!oriel_span_id(id));
}

static void spans_deeper_than_the_stack_of_contexts_all_end(void **state)
{
	struct seen s = seen_of(deep);

	(void)state;
	assert_int_equal(s.n[RECORD_START], 200);
	assert_int_equal(s.n[RECORD_END], 200);
}

static struct oriel_span handed;

static void *end_it(void *you)
{
	oriel_span_end(&handed);
	oriel_span_end(&handed);
	return you;
}

static void handed_over(void)
{
	pthread_t t;

	must(oriel_start(NULL) == 0);
	handed = oriel_span_start_with(ORIEL_SPAN_OPTIONS(.detached = true), "handed over");
	must(pthread_create(&t, NULL, end_it, NULL) == 0 && pthread_join(t, NULL) == 0);
}

static void a_span_ends_once_on_any_thread(void **state)
{
	struct seen s = seen_of(handed_over);

	(void)state;
	assert_int_equal(s.n[RECORD_START], 1);
	assert_int_equal(s.n[RECORD_END], 1);
}

static void misuse(void)
{
	char id[17], now[17];

	must(oriel_start(NULL) == 0);
	ORIEL_SPAN ("span") {
		oriel_span_id(id);
		for (unsigned token = 0; token < 200; token++)
			oriel_context_detach(token);
		must(oriel_span_id(now) && strcmp(id, now) == 0);
	}
}

static void a_token_that_nobody_gave_detaches_nothing(void **state)
{
	struct seen s = seen_of(misuse);

	(void)state;
	assert_int_equal(s.n[RECORD_END], 1);
}

/* ---- what comes from outside ------------------------------------------------------------------ */

/* xorshift64: the same bytes each time. */
static uint64_t dice(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static void spoil(char *to, size_t size, const char *like)
{
	size_t n = strlen(like);

	must(n < size);
	memcpy(to, like, n + 1);
	for (uint64_t i = dice() % 4 + 1; i; i--)
		to[dice() % n] = (char)(dice() % 255 + 1);
}

static void ten_thousand_headers(void)
{
	char parent[64], state[64], baggage[64];

	must(oriel_start(NULL) == 0);
	for (int i = 0; i < 10000; i++) {
		struct oriel_context c;
		unsigned token;

		spoil(parent, sizeof(parent),
		      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
		spoil(state, sizeof(state), "vendor=value,other@tenant=1");
		spoil(baggage, sizeof(baggage), "key=value;property,other=%41%20");
		oriel_context_parse(&c, parent, state, baggage);
		token = oriel_context_attach(&c);
		oriel_baggage_get("key", parent, sizeof(parent));
		oriel_context_detach(token);
		oriel_context_release(&c);
	}
	must(process.segment->loss[LOSS_contexts_no_room] == 0);
}

static void spoiled_headers_harm_nothing_and_leak_nothing(void **state)
{
	(void)state;
	seen_of(ten_thousand_headers);
}

static void refused(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/open", dir);
	must(mkdir(path, 0700) == 0 && chmod(path, 0777) == 0);
	setenv("ORIEL_RUN_DIR", path, 1);
	must(oriel_start(NULL) == ORIEL_OFF_NO_DIRECTORY && rmdir(path) == 0);
	snprintf(path, sizeof(path), "%s/link", dir);
	must(symlink(dir, path) == 0);
	setenv("ORIEL_RUN_DIR", path, 1);
	must(oriel_start(NULL) == ORIEL_OFF_NO_DIRECTORY && unlink(path) == 0);
	setenv("ORIEL_RUN_DIR", "/dev/null", 1);
	must(oriel_start(NULL) == ORIEL_OFF_NO_DIRECTORY);
}

static void a_run_directory_that_is_not_ours_alone_is_refused(void **state)
{
	(void)state;
	assert_int_equal(seen_of(refused).segments, 0);
}

static void restarted_in_child(void)
{
	int status;
	pid_t pid;

	must(oriel_start(NULL) == 0);
	oriel_stop();
	pid = fork();
	if (pid == 0) {
		must(oriel_start(NULL) == 0);
		alarm(5); /* a door that is locked twice */
		pid = fork();
		if (pid == 0)
			_exit(0);
		_exit(waitpid(pid, &status, 0) == pid ? 0 : 98);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0);
}

static void a_child_may_start_again_and_fork(void **state)
{
	(void)state;
	seen_of(restarted_in_child);
}

static void started_untold(void)
{
	int status;
	pid_t pid;

	must(oriel_start(NULL) == 0);
	pid = _Fork();
	if (pid == 0) {
		oriel_start(NULL);
		oriel_stop();
		oriel_stop();
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0);
}

static void start_and_stop_are_safe_in_a_child_that_nobody_told_of(void **state)
{
	(void)state;
	seen_of(started_untold);
}

static void *span_in_thread(void *you)
{
	ORIEL_SPAN ("thread's") {
	}
	return you;
}

static void many_threads_in_a_small_child(void)
{
	int status;
	pid_t pid;

	setenv("ORIEL_SEGMENT_SIZE", "262144", 1);
	must(oriel_start(NULL) == 0);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 600; i++) {
			pthread_t t;

			must(pthread_create(&t, NULL, span_in_thread, NULL) == 0);
			pthread_join(t, NULL);
		}
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0);
}

static void a_childs_slots_lie_within_its_mapping(void **state)
{
	(void)state;
	assert_int_equal(seen_of(many_threads_in_a_small_child).n[RECORD_START], 600);
}

static void smallest(void)
{
	int status;
	pid_t pid;

	setenv("ORIEL_SEGMENT_SIZE", "65536", 1);
	must(oriel_start(NULL) == 0);
	pid = fork();
	if (pid == 0)
		_exit(oriel_why_off());
	must(waitpid(pid, &status, 0) == pid && status == 0);
}

static void a_child_of_the_smallest_segment_records(void **state)
{
	(void)state;
	assert_int_equal(seen_of(smallest).segments, 2);
}

static void *baggage_outside(void *you)
{
	oriel_baggage_set("k", "v");
	return you;
}

static void threads_with_baggage(void)
{
	must(oriel_start(NULL) == 0);
	for (int i = 0; i < 3000; i++) {
		pthread_t t;

		must(pthread_create(&t, NULL, baggage_outside, NULL) == 0);
		pthread_join(t, NULL);
	}
	must(process.segment->loss[LOSS_contexts_no_room] == 0);
}

static void a_thread_gives_its_baggage_back(void **state)
{
	(void)state;
	seen_of(threads_with_baggage);
}

static const char *counted_name(int *n)
{
	++*n;
	return "span";
}

static void name_once(void)
{
	int n = 0;

	must(oriel_start(NULL) == 0);
	ORIEL_SPAN (counted_name(&n)) {
	}
	must(n == 1);
}

static void a_spans_name_is_evaluated_once(void **state)
{
	(void)state;
	seen_of(name_once);
}

#if !defined(__SANITIZE_ADDRESS__) && \
	!defined(__SANITIZE_THREAD__) /* their locks allow no such fork */
static volatile sig_atomic_t forked;

static void fork_in_handler(int signal)
{
	pid_t pid = fork();

	(void)signal;
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	forked++;
}

/* Whoever waits for itself then ends so. */
static void killed_in_a_minute(void)
{
	struct sigevent kill = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
	timer_t timer;

	must(timer_create(CLOCK_MONOTONIC, &kill, &timer) == 0);
	must(timer_settime(timer, 0, &(struct itimerspec){ .it_value.tv_sec = 60 }, NULL) == 0);
}

/*
 * At any moment of a fork. One signal for each fork here, and no interval: on a busy machine a handler
 * that forks takes longer than any, and nothing but handlers would run any more.
 */
static void handlers_that_fork(void)
{
	must(oriel_start(NULL) == 0);
	signal(SIGALRM, fork_in_handler);
	killed_in_a_minute();
	for (int i = 0; forked < 100; i++) {
		struct itimerval once = { .it_value.tv_usec = i * 7 % 400 + 1 };
		pid_t pid;

		setitimer(ITIMER_REAL, &once, NULL);
		pid = fork();
		if (pid == 0)
			_exit(0);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
}

static void a_handler_may_fork_within_fork(void **state)
{
	(void)state;
	seen_of(handlers_that_fork);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
		cmocka_unit_test(a_child_in_strict_seccomp_records),
		cmocka_unit_test(no_recording_call_makes_a_system_call),
#endif
		cmocka_unit_test(errno_is_kept_by_every_call),
		cmocka_unit_test(spans_deeper_than_the_stack_of_contexts_all_end),
		cmocka_unit_test(a_span_ends_once_on_any_thread),
		cmocka_unit_test(a_token_that_nobody_gave_detaches_nothing),
		cmocka_unit_test(spoiled_headers_harm_nothing_and_leak_nothing),
		cmocka_unit_test(a_run_directory_that_is_not_ours_alone_is_refused),
		cmocka_unit_test(a_child_may_start_again_and_fork),
		cmocka_unit_test(start_and_stop_are_safe_in_a_child_that_nobody_told_of),
		cmocka_unit_test(a_childs_slots_lie_within_its_mapping),
		cmocka_unit_test(a_child_of_the_smallest_segment_records),
		cmocka_unit_test(a_thread_gives_its_baggage_back),
		cmocka_unit_test(a_spans_name_is_evaluated_once),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
		cmocka_unit_test(a_handler_may_fork_within_fork),
#endif
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
