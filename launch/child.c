/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/child.h"

#include "base/clock.h"
#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int wait_child(const struct child *c)
{
	int status = 0;

	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

int child_read(const struct child *c, struct out *text, size_t most, unsigned timeout_ms)
{
	uint64_t until = clock_mono_ns() + timeout_ms * 1000000ull;
	struct pollfd ready = { .fd = c->out, .events = POLLIN };

	for (;;) {
		uint64_t now = clock_mono_ns();
		char part[4096];
		ssize_t n;

		if (now >= until)
			return -ETIMEDOUT;
		if (poll(&ready, 1, (int)((until - now) / 1000000) + 1) <= 0)
			continue;
		n = read(c->out, part, sizeof(part));
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return ERR(-errno);
		if (n > 0)
			out_bytes(text, part, (size_t)n);
		if (text->n > most)
			return -EFBIG;
	}
}

int child_end(const struct child *c, unsigned timeout_ms, bool *late)
{
	uint64_t until = clock_mono_ns() + timeout_ms * 1000000ull;
	struct timespec step = { .tv_nsec = 500000 };
	int status;

	while (waitpid(c->pid, &status, WNOHANG) != c->pid) {
		if (clock_mono_ns() > until) {
			*late = true;
			kill(-c->pid, SIGKILL);
			kill(c->pid, SIGKILL);
			return wait_child(c);
		}
		nanosleep(&step, NULL);
	}
	return status;
}

void child_silence(int fd, int flags)
{
	int null = open("/dev/null", flags | O_CLOEXEC);

	if (null >= 0)
		dup2(null, fd);
}

pid_t child_fork(struct child *c, int *out)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return ERR(-errno);
	c->pid = fork();
	if (c->pid == 0) {
		setpgid(0, 0);
		*out = ends[1];
		return 0;
	}
	close(ends[1]);
	if (c->pid < 0) {
		close(ends[0]);
		return ERR(-errno);
	}
	c->out = ends[0];
	return c->pid;
}

static int child_start(struct child *c, char *const *argv)
{
	pid_t pid = child_fork(c, &c->out);

	if (pid)
		return pid < 0 ? TRACE(pid) : 0;
	child_silence(STDIN_FILENO, O_RDONLY);
	dup2(c->out, STDOUT_FILENO);
	execvp(argv[0], argv);
	_exit(errno == EACCES ? 126 : 127);
}

int child_run(char *const *argv, unsigned timeout_ms, struct out *text, char says[200])
{
	uint64_t begin = clock_mono_ns();
	struct child c = { .out = -1 };
	bool late = false;
	int r = child_start(&c, argv), status;
	uint64_t took_ms;

	says[0] = '\0';
	if (r < 0)
		return TRACE(r);
	r = child_read(&c, text, CHILD_OUTPUT_MOST, timeout_ms);
	close(c.out);
	took_ms = (clock_mono_ns() - begin) / 1000000;
	status = child_end(&c, r == 0 && took_ms < timeout_ms ? timeout_ms - (unsigned)took_ms : 0,
			   &late);
	if (r == -EFBIG)
		snprintf(says, 200, "printed more than %d bytes", CHILD_OUTPUT_MOST);
	else if (r == -ETIMEDOUT || late)
		snprintf(says, 200, "took longer than %u ms", timeout_ms);
	else if (WIFSIGNALED(status))
		snprintf(says, 200, "was ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127)
		snprintf(says, 200, "can't be executed (exit status %d)", WEXITSTATUS(status));
	else if (WEXITSTATUS(status))
		snprintf(says, 200, "ended with exit status %d", WEXITSTATUS(status));
	return 0;
}
