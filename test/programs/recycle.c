/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recycle WORKERS AT_ONCE: workers that count and die, so many, so many at a time: every other one by
 * SIGKILL, the rest by _exit. Says how far it is after each 250, and waits for a line; at
 * the end what all of them have counted, "counted=N", and waits for its end of input.
 *
 * A worker counts (jobs) and measures (job.duration) as often as its number says, one to nine times.
 */
#include <oriel.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEP = 250 };

static struct oriel_counter *jobs;
static struct oriel_histogram *duration;

static int times(int number)
{
	return 1 + number % 9;
}

static void work(int number)
{
	for (int i = 0; i < times(number); i++) {
		oriel_add(jobs, 1, oriel_int("parity", number % 2));
		oriel_record(duration, 0.004 * i);
	}
	if (number % 2)
		kill(getpid(), SIGKILL);
	_exit(0);
}

static void reap(int *running)
{
	while (wait(NULL) < 0 && errno == EINTR)
		;
	--*running;
}

static void wait_for_line(void)
{
	int c;

	fflush(stdout);
	while ((c = getchar()) != EOF && c != '\n')
		;
}

int main(int argc, char **argv)
{
	int workers = argc > 1 ? atoi(argv[1]) : 100, at_once = argc > 2 ? atoi(argv[2]) : 8;
	int running = 0;
	long counted = 0;

	oriel_start(ORIEL_OPTIONS(.service = "recycle"));
	jobs = oriel_counter("jobs", "{job}", "Jobs that were done");
	duration = oriel_histogram("job.duration", "s", "How long a job takes", NULL, 0);
	for (int i = 0; i < workers; i++) {
		pid_t pid = fork();

		if (pid == 0)
			work(i);
		if (pid < 0) {
			perror("fork");
			return 1;
		}
		counted += times(i);
		if (++running == at_once)
			reap(&running);
		if ((i + 1) % STEP == 0) {
			while (running)
				reap(&running);
			printf("workers=%d counted=%ld\n", i + 1, counted);
			wait_for_line();
		}
	}
	while (running)
		reap(&running);
	printf("all=%d counted=%ld\n", workers, counted);
	wait_for_line();
	return 0;
}
