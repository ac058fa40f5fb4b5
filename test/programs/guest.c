/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that starts Oriel itself, and looks at what that did to it.
 *
 *     guest children    exits 0 if no child, no SIGCHLD, no descriptor and no signal mask is left
 *     guest daemon      forks twice, closes all descriptors, goes to /, records 100 spans
 */
#include <oriel.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DESCRIPTORS = 1024 };

static volatile sig_atomic_t told;

static void on_child(int signal)
{
	(void)signal;
	told++;
}

static int descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < DESCRIPTORS; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int children(void)
{
	int before = descriptors();
	sigset_t mask, after;

	signal(SIGCHLD, on_child);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (oriel_start(ORIEL_OPTIONS(.service = "guest")) != 0)
		return 1;
	usleep(500000);
	sigprocmask(SIG_SETMASK, NULL, &after);
	if (told || (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD))
		return 2;
	if (descriptors() != before)
		return 3;
	return sigismember(&after, SIGUSR1) && !sigismember(&after, SIGUSR2) ? 0 : 4;
}

static void become_daemon(void)
{
	if (fork() > 0)
		_exit(0);
	setsid();
	if (fork() > 0)
		_exit(0);
	umask(0);
	for (int fd = 0; fd < DESCRIPTORS; fd++)
		close(fd);
	if (chdir("/") != 0)
		_exit(1);
}

static int daemon_records(void)
{
	if (oriel_start(ORIEL_OPTIONS(.service = "guest")) != 0)
		return 1;
	become_daemon();
	for (int i = 0; i < 100; i++)
		ORIEL_SPAN ("daemon's", oriel_int("i", i)) {
		}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "children") == 0)
		return children();
	if (argc == 2 && strcmp(argv[1], "daemon") == 0)
		return daemon_records();
	fprintf(stderr, "usage: guest children|daemon\n");
	return 2;
}
