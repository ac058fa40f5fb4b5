/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/init.h"
#include "launch/exec.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* All but those that a fault of our own raises: blocked, they would kill us without a word. */
static void signals_that_wait(sigset_t *set)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };

	sigfillset(set);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(set, faults[i]);
}

/*
 * A group of its own, so that Ctrl-C on the terminal comes to it once, not from the terminal and
 * from us. SIGTTOU is blocked here, so handing over the terminal stops nobody.
 */
static void take_terminal(void)
{
	pid_t group = tcgetpgrp(STDIN_FILENO);

	if (setpgid(0, 0) == 0 && group == getpgid(getppid()))
		tcsetpgrp(STDIN_FILENO, getpid());
}

/* Reaps all that has ended. True with *status once `child` has. */
static bool reap(pid_t child, int *status)
{
	bool ended = false;
	pid_t pid;
	int s;

	while ((pid = waitpid(-1, &s, WNOHANG)) > 0) {
		if (pid != child)
			continue;
		*status = s;
		ended = true;
	}
	return ended;
}

static void forward(pid_t child, const siginfo_t *info)
{
	if (info->si_code == SI_QUEUE)
		sigqueue(child, info->si_signo, info->si_value);
	else
		kill(child, info->si_signo);
}

static int stay(const struct init *init, pid_t child, const sigset_t *set)
{
	siginfo_t info;
	int status;

	while (!reap(child, &status)) {
		if (sigwaitinfo(set, &info) >= 0 && info.si_signo != SIGCHLD)
			forward(child, &info);
	}
	init->ended(init->you);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int init_run(const struct init *init)
{
	struct sigaction usual = { .sa_handler = SIG_DFL }, children;
	sigset_t set, mask;
	pid_t child;

	signals_that_wait(&set);
	sigprocmask(SIG_BLOCK, &set, &mask);
	/* Where SIGCHLD is ignored the kernel reaps by itself, and we would never hear of it. */
	sigaction(SIGCHLD, &usual, &children);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	child = fork();
	if (child < 0) {
		fprintf(stderr, "oriel: fork: %s\n", strerror(errno));
		return EXIT_REFUSED;
	}
	if (child == 0) {
		take_terminal();
		sigaction(SIGCHLD, &children, NULL);
		sigprocmask(SIG_SETMASK, &mask, NULL);
		_exit(init->start(init->you));
	}
	return stay(init, child, &set);
}
