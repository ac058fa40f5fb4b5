/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/collector.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/redact.h"
#include "base/scoped.h"
#include "launch/environment.h"
#include "launch/place.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

enum {
	ANSWER_MS = 2000,
	READY_FD = 3, /* the collector's end of a pipe; it closes it when it can be asked */
};

/* ---- one question, one answer ------------------------------------------------------------------ */

static int connect_to(const char *run_dir, int *out)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, n, r = 0;

	n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/" CONTROL_SOCKET, run_dir);
	if (n < 0 || n >= (int)sizeof(address.sun_path))
		return ERR(-ENAMETOOLONG);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR(-errno);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		r = errno == ENOENT || errno == ECONNREFUSED ? COLLECTOR_NONE : ERR(-errno);
		close(fd);
		return r;
	}
	*out = fd;
	return 0;
}

static int send_request(int fd, const struct control_request *request, const int *fds, size_t n_fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec bytes = { .iov_base = (void *)(uintptr_t)request,
			       .iov_len = sizeof(*request) };
	struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };

	if (n_fds) {
		struct cmsghdr *c = &control.align;

		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL) == sizeof(*request) ? 0 : ERR(-errno);
}

/* A collector that goes away before it answers is none. */
static int read_reply(int fd, unsigned timeout_ms, struct control_reply *out)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	struct control_reply reply;
	ssize_t n;
	int r;

	do {
		r = poll(&ready, 1, (int)timeout_ms);
	} while (r < 0 && errno == EINTR);
	if (r <= 0)
		return ERR(r < 0 ? -errno : -ETIMEDOUT);
	n = recv(fd, &reply, sizeof(reply), 0);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return COLLECTOR_NONE;
	if (n != sizeof(reply) || reply.magic != CONTROL_MAGIC)
		return ERR(-EPROTO);
	reply.address[sizeof(reply.address) - 1] = '\0';
	reply.intake[sizeof(reply.intake) - 1] = '\0';
	reply.version[sizeof(reply.version) - 1] = '\0';
	reply.data_dir[sizeof(reply.data_dir) - 1] = '\0';
	if (reply.error)
		return ERR(reply.error < 0 ? reply.error : -reply.error);
	*out = reply;
	return 0;
}

static int ask(const char *run_dir, const struct control_request *request, const int *fds,
	       size_t n_fds, unsigned timeout_ms, struct control_reply *reply)
{
	scoped_fd int fd = -1;
	int r = connect_to(run_dir, &fd);

	if (r == 0)
		r = send_request(fd, request, fds, n_fds);
	if (r == -EPIPE || r == -ECONNRESET)
		return COLLECTOR_NONE;
	if (r == 0)
		r = read_reply(fd, timeout_ms, reply);
	return TRACE(r);
}

int collector_hello(const char *run_dir, struct control_reply *reply)
{
	struct control_request request = { .magic = CONTROL_MAGIC, .verb = CONTROL_HELLO };

	return TRACE(ask(run_dir, &request, NULL, 0, ANSWER_MS, reply));
}

/* "ARG ARG ..." cut to fit, for people: without secrets, and control characters become '?'. */
static void write_command(char *to, size_t room, char *const *argv)
{
	struct redact rules;
	bool secret = false;
	size_t n = 0;

	redact_of_environment(&rules, STR(""), NULL);
	for (size_t i = 0; argv[i] && n + 2 < room; i++) {
		struct str word = secret ? STR(REDACT_MARK) : str_of(argv[i]);

		if (i)
			to[n++] = ' ';
		n += redact_text(&rules, word, to + n, room - 1 - n);
		secret = !secret && redact_is_option(&rules, word);
	}
	to[n] = '\0';
	for (char *c = to; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
}

int collector_tell_run(const char *run_dir, const char *run, char *const *argv,
		       struct control_reply *reply)
{
	struct control_request request = { .magic = CONTROL_MAGIC, .verb = CONTROL_RUN };
	int fds[] = { STDOUT_FILENO, STDERR_FILENO };
	bool open = fcntl(STDOUT_FILENO, F_GETFD) >= 0 && fcntl(STDERR_FILENO, F_GETFD) >= 0;

	request.pid = getpid();
	memcpy(request.run, run, sizeof(request.run));
	write_command(request.command, sizeof(request.command), argv);
	return TRACE(ask(run_dir, &request, fds, open ? 2 : 0, ANSWER_MS, reply));
}

int collector_flush(const char *run_dir, unsigned timeout_ms)
{
	struct control_request request = {
		.magic = CONTROL_MAGIC,
		.verb = CONTROL_FLUSH,
		.timeout_ms = timeout_ms,
	};
	struct control_reply reply;

	return TRACE(ask(run_dir, &request, NULL, 0, timeout_ms + 500, &reply));
}

int collector_set(const char *run_dir, const char *target, char *const *changes, uint32_t *n)
{
	struct control_request request = { .magic = CONTROL_MAGIC, .verb = CONTROL_SET };
	size_t at = 0, room = sizeof(request.command);
	struct control_reply reply;
	int r;

	at += (size_t)snprintf(request.command, room, "%s", target);
	for (; *changes && at < room; changes++)
		at += (size_t)snprintf(request.command + at, room - at, "\n%s", *changes);
	if (at >= room)
		return ERR(-E2BIG);
	r = ask(run_dir, &request, NULL, 0, ANSWER_MS, &reply);
	if (r == 0)
		*n = reply.n_processes;
	return TRACE(r);
}

/* ---- starting one ------------------------------------------------------------------------------ */

/* Nothing of ours goes along: signals, descriptors, terminal, directory, what is meant for the run. */
static void become_collector(const char *self, const char *run_dir, int ready)
{
	struct sigaction usual = { .sa_handler = SIG_DFL };
	char *preload = environment_without_agent(getenv("LD_PRELOAD"));
	sigset_t none;
	int fd;

	for (int i = 1; i < NSIG; i++)
		sigaction(i, &usual, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setenv("ORIEL_RUN_DIR", run_dir, 1);
	unsetenv("ORIEL_RUN_ID");
	if (preload)
		setenv("LD_PRELOAD", preload, 1);
	else
		unsetenv("LD_PRELOAD");
	unsetenv("LD_AUDIT");
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (chdir("/") < 0 || fd < 0)
		_exit(127);
	ready = fcntl(ready, F_DUPFD, READY_FD + 1);
	if (ready < 0 || dup2(ready, READY_FD) < 0)
		_exit(127);
	for (int i = 0; i < 3; i++)
		if (fd != i)
			dup2(fd, i);
	syscall(SYS_close_range, READY_FD + 1u, ~0u, 0);
	setenv("ORIEL_READY_FD", "3", 1);
	execl(self, "oriel", "collect", "--background", (char *)NULL);
	_exit(127);
}

/*
 * A grandchild in a session of its own: its end is never ours to notice. `*ready` is a pipe that
 * ends when it is ready, or dead.
 */
static int spawn(const char *run_dir, int *ready)
{
	char self[PLACE_ROOM];
	int r = place_self(self), ends[2];
	pid_t pid;

	if (r < 0)
		return TRACE(r);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return ERR(-errno);
	pid = fork();
	if (pid == 0) {
		setsid();
		if (fork() == 0)
			become_collector(self, run_dir, ends[1]);
		_exit(0);
	}
	r = pid < 0 ? ERR(-errno) : 0;
	close(ends[1]);
	while (r == 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		close(ends[0]);
	else
		*ready = ends[0];
	return r;
}

/* Somebody holds the run directory's lock: a collector that may not answer yet. */
static bool is_locked(const char *run_dir)
{
	char path[PLACE_ROOM + 16];
	scoped_fd int fd = -1;

	snprintf(path, sizeof(path), "%s/collector.pid", run_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* Ours is ready, or gone because another was first, or because it could not. */
static int wait_for(const char *run_dir, int ready, struct control_reply *reply)
{
	uint64_t end = clock_mono_ns() + COLLECTOR_WAIT_MS * 1000000ull;
	struct timespec nap = { .tv_nsec = 5000000 };
	struct pollfd ours = { .fd = ready, .events = POLLIN };
	int r;

	while (poll(&ours, 1, COLLECTOR_WAIT_MS) < 0 && errno == EINTR)
		;
	while ((r = collector_hello(run_dir, reply)) == COLLECTOR_NONE && is_locked(run_dir) &&
	       clock_mono_ns() < end)
		nanosleep(&nap, NULL);
	return r == COLLECTOR_NONE ? ERR(-ESRCH) : TRACE(r);
}

int collector_summon(const char *run_dir, struct control_reply *reply)
{
	int r = collector_hello(run_dir, reply);
	scoped_fd int ready = -1;

	if (r != COLLECTOR_NONE)
		return TRACE(r);
	r = spawn(run_dir, &ready);
	if (r < 0)
		return TRACE(r);
	return TRACE(wait_for(run_dir, ready, reply));
}
