/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/calls.h"

#include "base/err.h"
#include "base/hex.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CALL_FDS = 2 };

static int calls_watch(struct calls *s, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = s->tag };

	return epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0 ? ERR(-errno) : 0;
}

/* By way of /proc, because a socket's path is at most 107 bytes and the directory's may be more. */
int calls_open(struct calls *s, int dir_fd, int epoll_fd, uint64_t tag)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), r;

	*s = (struct calls){ .dir_fd = dir_fd, .listen_fd = fd, .epoll_fd = epoll_fd, .tag = tag };
	for (int i = 0; i < CALLERS; i++)
		s->caller[i].fd = -1;
	if (fd < 0)
		return ERR(-errno);
	snprintf(at.sun_path, sizeof(at.sun_path), "/proc/self/fd/%d/" CONTROL_SOCKET, dir_fd);
	unlinkat(dir_fd, CONTROL_SOCKET, 0);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, CALLERS) < 0)
		r = ERR(-errno);
	else
		r = calls_watch(s, fd);
	if (r < 0)
		calls_close(s);
	return r;
}

static void caller_leaves(struct caller *c)
{
	if (c->fd >= 0)
		close(c->fd);
	*c = (struct caller){ .fd = -1, .number = c->number + 1 };
}

void calls_close(struct calls *s)
{
	for (int i = 0; i < CALLERS; i++)
		caller_leaves(&s->caller[i]);
	if (s->listen_fd >= 0) {
		unlinkat(s->dir_fd, CONTROL_SOCKET, 0);
		close(s->listen_fd);
	}
	s->listen_fd = -1;
}

bool calls_waiting(const struct calls *s)
{
	for (int i = 0; i < CALLERS; i++)
		if (s->caller[i].fd >= 0)
			return true;
	return false;
}

static bool may_call(int fd, pid_t *pid)
{
	struct ucred who;
	socklen_t n = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0)
		return false;
	*pid = who.pid;
	return who.uid == 0 || who.uid == geteuid();
}

static void calls_accept(struct calls *s, uint64_t now_ns)
{
	int fd;

	while ((fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct caller *c = NULL;
		pid_t pid;

		for (int i = 0; i < CALLERS && !c; i++)
			if (s->caller[i].fd < 0)
				c = &s->caller[i];
		if (!c || !may_call(fd, &pid) || calls_watch(s, fd) < 0) {
			close(fd);
			continue;
		}
		c->fd = fd;
		c->since_ns = now_ns;
	}
}

/* Is it whole and does it make sense? Strings are ended by NUL then. */
static bool call_check(struct control_request *request, size_t n)
{
	uint8_t id[8];

	if (n != sizeof(*request) || request->magic != CONTROL_MAGIC)
		return false;
	request->command[sizeof(request->command) - 1] = '\0';
	if (request->verb == CONTROL_RUN)
		return hex_read(id, sizeof(id), (struct str){ request->run, sizeof(request->run) },
				true);
	return request->verb >= CONTROL_HELLO && request->verb <= CONTROL_SET;
}

static void take_descriptors(struct msghdr *m, int fd[CALL_FDS])
{
	int all[8];
	size_t n = 0;

	fd[0] = fd[1] = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		n = n < sizeof(all) / sizeof(all[0]) ? n : sizeof(all) / sizeof(all[0]);
		memcpy(all, CMSG_DATA(c), n * sizeof(int));
	}
	for (size_t i = 0; i < n; i++) {
		if (n == CALL_FDS)
			fd[i] = all[i];
		else
			close(all[i]);
	}
}

static void close_descriptors(int fd[CALL_FDS])
{
	for (int i = 0; i < CALL_FDS; i++)
		if (fd[i] >= 0)
			close(fd[i]);
}

/* True: a request that is whole, of somebody who may ask. A caller that hung up leaves. */
static bool caller_read(struct caller *c, struct call *out)
{
	union {
		char room[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { &out->request, sizeof(out->request) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control.room,
			    .msg_controllen = sizeof(control.room) };
	ssize_t n = recvmsg(c->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < 0) {
		caller_leaves(c);
		return false;
	}
	take_descriptors(&m, out->fd);
	if (!c->asked && !(m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
	    call_check(&out->request, (size_t)n) && may_call(c->fd, &out->pid)) {
		c->asked = true;
		return true;
	}
	close_descriptors(out->fd);
	caller_leaves(c);
	return false;
}

bool calls_next(struct calls *s, struct call *out, uint64_t now_ns)
{
	calls_accept(s, now_ns);
	for (uint32_t i = 0; i < CALLERS; i++) {
		struct caller *c = &s->caller[i];

		if (c->fd < 0)
			continue;
		if (caller_read(c, out)) {
			out->place = i;
			out->number = c->number;
			return true;
		}
		if (c->fd >= 0 && !c->asked && now_ns - c->since_ns > CALLER_NS)
			caller_leaves(c);
	}
	return false;
}

void call_answer(struct calls *s, const struct call *call, const struct control_reply *reply)
{
	struct caller *c = &s->caller[call->place];

	if (c->fd < 0 || c->number != call->number)
		return;
	send(c->fd, reply, sizeof(*reply), MSG_DONTWAIT | MSG_NOSIGNAL);
	caller_leaves(c);
}
