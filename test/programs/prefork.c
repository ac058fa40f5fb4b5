/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prefork WORKERS KILL_MS: a server of forked workers, of which one is killed (SIGKILL) every so
 * often and replaced; 0: none is. A request counts itself (jobs), takes its time (job.duration), and
 * sets a gauge (worker.value) and a sum (jobs.waiting). /lost has no route.
 *
 * A worker is killed only while it waits for a request: it says where it is in memory that all share,
 * and is stopped first. So what was answered was counted, and the other way round.
 */
#include <oriel.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS_MOST = 64 };

static _Atomic int *busy;
static pid_t worker[WORKERS_MOST];
static int n_workers, listener;
static volatile sig_atomic_t over;

static void end(int sig)
{
	(void)sig;
	over = 1;
}

static void answer(int fd, struct oriel_counter *jobs, struct oriel_series *waiting,
		   struct oriel_histogram *duration, struct oriel_gauge *value)
{
	static const char ok[] =
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
	char text[2048];
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return;
	text[n] = '\0';
	oriel_series_change(waiting, 1);
	if (strncmp(text, "GET /lost ", 10) == 0)
		oriel_add(jobs, 1, oriel_str("http.request.method", "GET"),
			  oriel_int("http.response.status_code", 404));
	else
		oriel_add(jobs, 1, oriel_str("http.request.method", "GET"),
			  oriel_int("http.response.status_code", 200),
			  oriel_str("http.route", "/cart"));
	oriel_record(duration, 0.004);
	oriel_set(value, getpid());
	oriel_series_change(waiting, -1);
	if (send(fd, ok, sizeof(ok) - 1, MSG_NOSIGNAL) < 0)
		return;
}

static void work(int number)
{
	struct oriel_counter *jobs = oriel_counter("jobs", "{job}", "Jobs that were done");
	struct oriel_up_down *waiting = oriel_up_down("jobs.waiting", "{job}", "Jobs that wait");
	struct oriel_histogram *duration =
		oriel_histogram("job.duration", "s", "How long a job takes", NULL, 0);
	struct oriel_gauge *value = oriel_gauge("worker.value", "", "Which worker it was");
	struct oriel_series *all = oriel_bind(waiting, oriel_str("kind", "all"));

	while (!over) {
		struct pollfd ready = { .fd = listener, .events = POLLIN };
		int fd;

		/* A worker that is stopped in accept takes the news of a connection with it. */
		atomic_store(&busy[number], 0);
		poll(&ready, 1, 50);
		atomic_store(&busy[number], 1);
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		answer(fd, jobs, all, duration, value);
		close(fd);
	}
	_exit(0);
}

static void hire(int number)
{
	atomic_store(&busy[number], 1);
	worker[number] = fork();
	if (worker[number] == 0) {
		signal(SIGTERM, SIG_DFL);
		work(number);
	}
}

static void fire(int number)
{
	int status;

	if (kill(worker[number], SIGSTOP) < 0 || waitpid(worker[number], &status, WUNTRACED) < 0)
		return;
	if (atomic_load(&busy[number])) {
		kill(worker[number], SIGCONT);
		return;
	}
	kill(worker[number], SIGKILL);
	waitpid(worker[number], &status, 0);
	hire(number);
}

static int listen_anywhere(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);

	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&at, n) < 0 ||
	    listen(listener, 128) < 0 || getsockname(listener, (struct sockaddr *)&at, &n) < 0)
		return -1;
	printf("http://127.0.0.1:%d\n", ntohs(at.sin_port));
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	long pause_ms = argc > 2 ? atol(argv[2]) : 0;
	struct sigaction stop = { .sa_handler = end };

	n_workers = argc > 1 ? atoi(argv[1]) : 1;
	busy = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (n_workers < 1 || n_workers > WORKERS_MOST || busy == MAP_FAILED ||
	    listen_anywhere() < 0)
		return 1;
	oriel_start(ORIEL_OPTIONS(.service = "jobs", .version = "1"));
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	if (fcntl(listener, F_SETFL, O_NONBLOCK) < 0)
		return 1;
	for (int i = 0; i < n_workers; i++)
		hire(i);
	for (int i = 0; !over; i = (i + 1) % n_workers) {
		struct timespec t = { pause_ms / 1000, pause_ms % 1000 * 1000000 };

		if (!pause_ms)
			pause();
		else if (nanosleep(&t, NULL) == 0)
			fire(i);
	}
	for (int i = 0; i < n_workers; i++)
		kill(worker[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return 0;
}
