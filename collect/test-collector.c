/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/by-hand.h"
#include "collect/collector.h"
#include "collect/control.h"
#include "model/stats.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

enum { MOST_S = 120 };

/* What a sink was told, in short. */
struct seen {
	char path[64];
	int dir;
	int n_open, n_close, n_spans, n_logs, n_deaths, n_points, n_orphans, n_started, n_ended,
		n_flush, ended_status;
	char why[128], service[64], run[32];
	int hold; /* closed when the first orphan comes */
	struct collector *c;
	int stop_when_spans; /* collector_stop when that many came */
	int crowded;	     /* so many times it would rather be given nothing */
};

static void *sink_open(const struct settings *settings, const struct collector_run *run, void *you)
{
	struct seen *s = you;

	(void)settings;
	s->n_open++;
	snprintf(s->run, sizeof(s->run), "%s", run->id);
	return you;
}

static void copy_text(char *to, size_t size, struct str text)
{
	snprintf(to, size, STR_FMT, STR_ARG(text));
}

static void sink_give(void *route, struct batch *b, void *you)
{
	struct seen *s = you;

	assert_ptr_equal(route, you);
	assert_int_equal(s->crowded, 0);
	s->n_spans += (int)b->n_spans;
	for (size_t i = 0; i < b->n_logs; i++)
		if (b->log[i].severity == 21)
			s->n_deaths++;
		else
			s->n_logs++;
	s->n_points += (int)b->n_points;
	copy_text(s->service, sizeof(s->service), b->resource->service);
	for (size_t i = 0; i < b->n_spans; i++) {
		if (b->span[i].end != SPAN_ORPHANED)
			continue;
		s->n_orphans++;
		copy_text(s->why, sizeof(s->why), b->span[i].status_message);
		assert_int_equal(b->span[i].status, STATUS_ERROR);
		if (s->hold >= 0)
			close(s->hold);
		s->hold = -1;
	}
	if (s->stop_when_spans && s->n_spans >= s->stop_when_spans)
		collector_stop(s->c);
}

static unsigned sink_crowd(void *route, void *you)
{
	struct seen *s = you;

	assert_ptr_equal(route, you);
	return s->crowded && s->crowded-- ? 100 : 0;
}

static void sink_close(void *route, uint32_t timeout_ms, void *you)
{
	(void)route;
	(void)timeout_ms;
	((struct seen *)you)->n_close++;
}

static enum segment_flush sink_flush(void *route, uint32_t timeout_ms, const atomic_bool *given_up,
				     void *you)
{
	(void)route;
	(void)given_up;
	(void)timeout_ms;
	((struct seen *)you)->n_flush++;
	return FLUSH_DELIVERED;
}

static void sink_started(const struct collector_run *run, void *you)
{
	(void)run;
	((struct seen *)you)->n_started++;
}

static void sink_ended(const struct collector_run *run, int wait_status, void *you)
{
	struct seen *s = you;

	(void)run;
	s->n_ended++;
	s->ended_status = wait_status;
}

static const struct collector_sink sink = { .open = sink_open,
					    .give = sink_give,
					    .crowd = sink_crowd,
					    .close = sink_close,
					    .flush = sink_flush,
					    .run_started = sink_started,
					    .run_ended = sink_ended };

static int setup(void **state)
{
	static struct seen s;

	s = (struct seen){ .path = "/dev/shm/oriel-test-XXXXXX", .hold = -1 };
	assert_non_null(mkdtemp(s.path));
	s.dir = open(s.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(s.dir >= 0);
	*state = &s;
	return 0;
}

static int teardown(void **state)
{
	struct seen *s = *state;
	char command[128];

	alarm(0);
	close(s->dir);
	snprintf(command, sizeof(command), "rm -r %s", s->path);
	return system(command);
}

static int make(struct seen *s, struct collector **c)
{
	struct collector_options o = {
		.run_dir = s->path, .linger_ms = 1, .sink = &sink, .you = s
	};

	return collector_new(c, &o);
}

/* Until nothing is left to do. */
static void collect(struct seen *s)
{
	assert_int_equal(make(s, &s->c), 0);
	assert_int_equal(collector_run(s->c), 0);
	s->c = collector_free(s->c);
}

/* ---- the service's side, in a child ----------------------------------------------------------- */

static void identify(struct segment_header *h)
{
	char text[1024], *at;
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	struct stat st;

	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	h->pid_start_ticks = at ? strtoull(at, NULL, 10) : 0;
	if (stat("/proc/self/ns/pid", &st) == 0)
		h->pid_namespace = st.st_ino;
	h->pid = getpid();
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	for (ssize_t i = 0, k = 0; i < n && k < 32; i++) {
		char digit[2] = { text[i], 0 };

		if (text[i] == '-' || text[i] == '\n')
			continue;
		h->boot_id[k / 2] = (uint8_t)(h->boot_id[k / 2] << 4 | strtoul(digit, NULL, 16));
		k++;
	}
}

static struct hand_segment service(struct seen *s, const char *run)
{
	struct segment_header h;
	struct hand_segment seg;

	alarm(MOST_S / 2); /* its end, if no collector finds it, is its test's */
	hand_layout(&h, 4);
	identify(&h);
	memcpy(h.run, run, strlen(run));
	strcpy(h.service, "checkout");
	strcpy(h.program, "/usr/bin/checkout");
	seg = hand_segment(s->dir, "1.segment", &h);
	if (!seg.head)
		_exit(99);
	close(seg.fd);
	seg.fd = -1;
	hand_write(&seg, 0, hand_start(1, "done", clock_mono_ns()));
	hand_write(&seg, 0, hand_end(1, clock_mono_ns()));
	hand_write(&seg, 0, hand_start(2, "open", clock_mono_ns()));
	hand_write(&seg, 0, hand_log(2, "hello", clock_mono_ns()));
	hand_publish(&seg); /* last: who counts our process may ask for what it has recorded */
	return seg;
}

/* The collector has seen us: what comes now it can explain. */
static void until_collected(struct hand_segment *seg)
{
	while (!atomic_load(&seg->head->collector_ns))
		usleep(1000);
}

static pid_t child_that(struct seen *s, const char *run, void (*ends)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		struct hand_segment seg = service(s, run);

		until_collected(&seg);
		ends();
		_exit(98);
	}
	return pid;
}

static void ends_by_kill(void)
{
	raise(SIGKILL);
}

static void ends_by_fault(void)
{
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

static void ends_by_exit(void)
{
	_exit(0);
}

/* The segment must be there before the collector begins, or it would leave at once. */
static void until_segment(struct seen *s, pid_t pid)
{
	while (faccessat(s->dir, "1.segment", F_OK, 0) != 0) {
		siginfo_t ended = { .si_pid = 0 };

		assert_int_equal(waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOHANG | WNOWAIT), 0);
		assert_int_equal(ended.si_pid, 0);
		usleep(1000);
	}
}

static void collect_child(struct seen *s, const char *run, void (*ends)(void))
{
	pid_t pid = child_that(s, run, ends);

	assert_true(pid > 0);
	until_segment(s, pid);
	collect(s);
	waitpid(pid, NULL, 0);
	assert_int_equal(s->n_spans, 2);
	assert_int_equal(s->n_logs, 1);
	assert_int_equal(s->n_orphans, 1);
	assert_int_equal(s->n_open, 1);
	assert_int_equal(s->n_close, 1);
	assert_int_equal(faccessat(s->dir, "1.segment", F_OK, 0), -1);
}

static void a_killed_process_leaves_everything_and_an_error_that_says_so(void **state)
{
	struct seen *s = *state;

	collect_child(s, "", ends_by_kill);
	assert_string_equal(s->why, "process killed by SIGKILL");
	assert_int_equal(s->n_deaths, 1);
	assert_string_equal(s->service, "checkout");
}

static void what_a_crowded_route_is_not_given_is_not_lost(void **state)
{
	struct seen *s = *state;

	s->crowded = 5;
	collect_child(s, "", ends_by_kill);
	assert_int_equal(s->crowded, 0);
}

static void a_crash_is_named(void **state)
{
	collect_child(*state, "", ends_by_fault);
	assert_string_equal(((struct seen *)*state)->why, "process died of SIGSEGV");
	assert_int_equal(((struct seen *)*state)->n_deaths, 1);
}

static void an_exit_with_an_open_span_is_named(void **state)
{
	collect_child(*state, "", ends_by_exit);
	assert_string_equal(((struct seen *)*state)->why,
			    "process exited with status 0 before the span ended");
	assert_int_equal(((struct seen *)*state)->n_deaths, 0);
}

static int shell_input;

static void ends_by_exec(void)
{
	dup2(shell_input, 0);
	execl("/bin/sh", "sh", "-c", "read line", (char *)NULL);
}

static void exec_closes_the_old_image(void **state)
{
	struct seen *s = *state;
	int fd[2];

	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	shell_input = fd[0];
	s->hold = fd[1];
	collect_child(s, "", ends_by_exec);
	close(fd[0]);
	assert_string_equal(s->why, "process replaced itself by exec");
}

static void a_segment_whose_owner_died_before_we_came_is_delivered_and_removed(void **state)
{
	struct seen *s = *state;
	pid_t pid = fork();

	if (pid == 0) {
		service(s, "");
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	collect(s);
	assert_int_equal(s->n_spans, 2);
	assert_string_equal(s->why, "process ended, cause unknown");
	assert_int_equal(faccessat(s->dir, "1.segment", F_OK, 0), -1);
}

static void an_unfinished_file_is_removed(void **state)
{
	struct seen *s = *state;
	int fd = openat(s->dir, "7.segment", O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	close(fd);
	collect(s);
	assert_int_equal(faccessat(s->dir, "7.segment", F_OK, 0), -1);
}

static void what_is_no_segment_is_told_once_and_keeps_nobody(void **state)
{
	struct seen *s = *state;
	int fd = openat(s->dir, "8.segment", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	uint64_t before = stats_get(segments_refused);

	assert_int_equal(pwrite(fd, "rubbish", 7, 0), 7);
	assert_int_equal(ftruncate(fd, SEGMENT_LEAST), 0);
	close(fd);
	collect(s);
	assert_int_equal(stats_get(segments_refused) - before, 1);
	assert_int_equal(unlinkat(s->dir, "8.segment", 0), 0);
}

static void one_directory_has_one_collector(void **state)
{
	struct seen *s = *state;
	struct collector *first, *second;

	assert_int_equal(make(s, &first), 0);
	assert_int_equal(make(s, &second), -EBUSY);
	first = collector_free(first);
	assert_int_equal(make(s, &first), 0);
	collector_free(first);
}

static void a_directory_that_others_may_enter_is_refused(void **state)
{
	struct seen *s = *state;
	struct collector *c;

	assert_int_equal(fchmod(s->dir, 0750), 0);
	assert_int_equal(make(s, &c), -EPERM);
	assert_int_equal(fchmod(s->dir, 0700), 0);
}

/* ---- callers ---------------------------------------------------------------------------------- */

static int ask(const char *path, struct control_request *request, const int *fd,
	       struct control_reply *reply)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	union {
		char room[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control = { .room = { 0 } };
	struct iovec iov = { request, sizeof(*request) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), r = -1;

	request->magic = CONTROL_MAGIC;
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/" CONTROL_SOCKET, path);
	if (fd) {
		m.msg_control = control.room;
		m.msg_controllen = sizeof(control.room);
		*CMSG_FIRSTHDR(&m) = (struct cmsghdr){ .cmsg_len = CMSG_LEN(2 * sizeof(int)),
						       .cmsg_level = SOL_SOCKET,
						       .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), fd, 2 * sizeof(int));
	}
	if (connect(s, (struct sockaddr *)&at, sizeof(at)) == 0 && sendmsg(s, &m, 0) > 0 &&
	    recv(s, reply, sizeof(*reply), 0) == (ssize_t)sizeof(*reply))
		r = 0;
	close(s);
	return r;
}

static void *run_thread(void *you)
{
	collector_run(you);
	return NULL;
}

/* A run whose first process is a child of ours: it tells, then becomes a service and is killed. */
static void a_run_ends_with_its_last_process_and_its_descriptors_close(void **state)
{
	struct seen *s = *state;
	struct collector_options o = {
		.run_dir = s->path, .linger_ms = UINT32_MAX, .sink = &sink, .you = s
	};
	struct collector *c;
	pthread_t t;
	int out[2];
	char byte;
	pid_t pid;

	assert_int_equal(collector_new(&c, &o), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		struct control_request q = { .verb = CONTROL_RUN, .run = "0123456789abcdef" };
		struct control_reply reply;
		struct hand_segment seg;

		if (ask(s->path, &q, (int[]){ out[1], out[1] }, &reply) < 0 || reply.error)
			_exit(97);
		seg = service(s, "0123456789abcdef");
		until_collected(&seg);
		_exit(3);
	}
	close(out[1]);
	assert_int_equal(pthread_create(&t, NULL, run_thread, c), 0);
	assert_int_equal(read(out[0], &byte, 1), 0);
	collector_stop(c);
	pthread_join(t, NULL);
	waitpid(pid, NULL, 0);
	close(out[0]);
	collector_free(c);
	assert_int_equal(s->n_started, 1);
	assert_int_equal(s->n_ended, 1);
	assert_int_equal(s->ended_status, 3 << 8);
	assert_string_equal(s->run, "0123456789abcdef");
	assert_int_equal(s->n_spans, 2);
	assert_int_equal(s->n_close, 1);
}

static void flush_answers_when_all_was_given_and_stop_ends_it(void **state)
{
	struct seen *s = *state;
	struct control_request hello = { .verb = CONTROL_HELLO }, flush = { .verb = CONTROL_FLUSH };
	struct control_request stop = { .verb = CONTROL_STOP };
	struct collector_options o = { .run_dir = s->path,
				       .address = "127.0.0.1:8321",
				       .linger_ms = UINT32_MAX,
				       .sink = &sink,
				       .you = s };
	struct control_reply reply;
	struct collector *c;
	pthread_t t;
	pid_t pid;

	assert_int_equal(collector_new(&c, &o), 0);
	pid = fork();
	if (pid == 0) {
		service(s, "");
		pause();
	}
	until_segment(s, pid);
	assert_int_equal(pthread_create(&t, NULL, run_thread, c), 0);
	assert_int_equal(ask(s->path, &hello, NULL, &reply), 0);
	assert_string_equal(reply.address, "127.0.0.1:8321");
	do
		assert_int_equal(ask(s->path, &flush, NULL, &reply), 0);
	while (!reply.n_processes);
	assert_int_equal(ask(s->path, &flush, NULL, &reply), 0);
	assert_int_equal(ask(s->path, &stop, NULL, &reply), 0);
	assert_int_equal(reply.error, 0);
	pthread_join(t, NULL);
	assert_int_equal(s->n_spans, 1);
	assert_int_equal(s->n_logs, 1);
	assert_true(s->n_flush >= 2);
	collector_free(c);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* The next one finds the segment where it was, and its owner dead. */
	collect(s);
	assert_int_equal(faccessat(s->dir, "1.segment", F_OK, 0), -1);
}

static void look_at_span(const struct span *span, const struct resource *r, void *you)
{
	(void)r;
	if (str_eq(span->name, STR("open")) && span->end_ns >= span->start_ns)
		*(int *)you = 1;
}

static void look_at_metrics(const struct batch *b, void *you)
{
	(void)b;
	(void)you;
}

static void others_may_look_while_it_runs(void **state)
{
	struct seen *s = *state;
	struct collector_options o = {
		.run_dir = s->path, .linger_ms = UINT32_MAX, .sink = &sink, .you = s
	};
	uint64_t loss[N_LOSSES];
	struct out out = { 0 };
	struct json j = { .out = &out };
	struct collector *c;
	char text[1024];
	int in_flight = 0;
	pthread_t t;
	pid_t pid;

	assert_int_equal(collector_new(&c, &o), 0);
	pid = fork();
	if (pid == 0) {
		struct hand_segment seg = service(s, "");

		for (uint64_t i = 3;; i++) {
			if (atomic_load(&hand_chunk(&seg, 0)->write) + 512 > CHUNK_SIZE)
				pause();
			hand_write(&seg, 0, hand_end(i, i));
			usleep(1000);
		}
	}
	assert_int_equal(pthread_create(&t, NULL, run_thread, c), 0);
	while (!in_flight) {
		collector_in_flight(c, 10, look_at_span, &in_flight);
		collector_metrics(c, look_at_metrics, NULL);
		collector_losses(c, loss);
	}
	json_open(&j, '{');
	collector_status_json(c, &j);
	json_close(&j, '}');
	out_char(&out, '\0');
	snprintf(text, sizeof(text), "%s", out.p);
	out_fini(&out);
	collector_stop(c);
	pthread_join(t, NULL);
	collector_free(c);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_non_null(strstr(text, "\"service\":\"checkout\""));
}

static void nonsense_on_the_socket_is_turned_away(void **state)
{
	struct seen *s = *state;
	struct control_request q = { .verb = CONTROL_RUN, .run = "no hex digits!!" };
	struct control_request stop = { .verb = CONTROL_STOP };
	struct collector_options o = {
		.run_dir = s->path, .linger_ms = UINT32_MAX, .sink = &sink, .you = s
	};
	struct control_reply reply;
	struct collector *c;
	pthread_t t;

	assert_int_equal(collector_new(&c, &o), 0);
	assert_int_equal(pthread_create(&t, NULL, run_thread, c), 0);
	assert_int_equal(ask(s->path, &q, NULL, &reply), -1);
	q.verb = 99;
	assert_int_equal(ask(s->path, &q, NULL, &reply), -1);
	assert_int_equal(ask(s->path, &stop, NULL, &reply), 0);
	pthread_join(t, NULL);
	collector_free(c);
	assert_int_equal(s->n_started, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_killed_process_leaves_everything_and_an_error_that_says_so),
		TEST(what_a_crowded_route_is_not_given_is_not_lost),
		TEST(a_crash_is_named),
		TEST(an_exit_with_an_open_span_is_named),
		TEST(exec_closes_the_old_image),
		TEST(a_segment_whose_owner_died_before_we_came_is_delivered_and_removed),
		TEST(an_unfinished_file_is_removed),
		TEST(what_is_no_segment_is_told_once_and_keeps_nobody),
		TEST(one_directory_has_one_collector),
		TEST(a_directory_that_others_may_enter_is_refused),
		TEST(a_run_ends_with_its_last_process_and_its_descriptors_close),
		TEST(flush_answers_when_all_was_given_and_stop_ends_it),
		TEST(others_may_look_while_it_runs),
		TEST(nonsense_on_the_socket_is_turned_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
