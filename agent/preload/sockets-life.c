/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls that make, take, copy and close descriptors, and those in which an event loop waits.
 *
 * This folder is in the agent's shared object only: in a test's program, which links the agent's
 * archive, these would be the program's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/preload/preload.h"
#include "agent/sockets/current.h"
#include "agent/sockets/descriptors.h"
#include "agent/sockets/sockets.h"

#define CALLS(X) \
	X(socket) \
	X(accept) \
	X(accept4) \
	X(connect) \
	X(shutdown) \
	X(close) \
	X(close_range) \
	X(closefrom) \
	X(fclose) \
	X(dup) \
	X(dup2) \
	X(dup3) \
	X(fcntl) \
	X(fcntl64) \
	X(epoll_wait) \
	X(epoll_pwait) \
	X(epoll_pwait2)

PRELOAD_TABLE(CALLS);

#define CALLER __builtin_return_address(0)

/* ---- made and taken ----------------------------------------------------------------------------- */

/* What a library hook covers is left to it, and so is what is not a stream. */
HOOK int socket(int domain, int type, int protocol)
{
	int fd;

	REAL_OR_FAIL(socket);
	fd = REAL(socket)(domain, type, protocol);
	if (fd >= 0 && watches(&sockets_watch) && !sockets_vforked()) {
		bool stream = (type & 0xf) == SOCK_STREAM &&
			      (domain == AF_INET || domain == AF_INET6 || domain == AF_UNIX);

		if (stream && !sockets_owned(CALLER))
			descriptors_mark(fd, SLOT_STREAM);
		else
			descriptors_close(fd);
	}
	return fd;
}

static void taken(int listener, int fd, const struct sockaddr *peer, socklen_t peer_n,
		  const void *caller)
{
	int kept = errno;
	struct connection *c = NULL;

	if (sockets_vforked())
		return;
	if (watches(&sockets_watch) && descriptors_slot(listener) != SLOT_LEFT &&
	    !sockets_owned(caller))
		c = connection_new(true, peer, peer_n);
	if (c)
		descriptors_put(fd, c);
	else
		descriptors_close(fd);
	errno = kept;
}

/*
 * The peer's address comes with the call; who doesn't ask for it saves us another call so. `room` is what there is
 * for it: the kernel tells how long it would have been.
 */
struct peer {
	struct sockaddr_in6 ours;
	struct sockaddr *at;
	socklen_t ours_n, *n, room;
};

static inline void peer_asked(struct peer *p, struct sockaddr *at, socklen_t *n)
{
	p->ours_n = sizeof(p->ours);
	p->at = at ? at : (struct sockaddr *)&p->ours;
	p->n = at ? n : &p->ours_n;
	p->room = p->n ? *p->n : 0;
}

static inline socklen_t peer_n(const struct peer *p)
{
	return p->n && *p->n < p->room ? *p->n : p->room;
}

HOOK int accept(int listener, __SOCKADDR_ARG peer, socklen_t *restrict n)
{
	struct peer p;
	int fd;

	REAL_OR_FAIL(accept);
	current_waits();
	peer_asked(&p, peer.__sockaddr__, n);
	fd = REAL(accept)(listener, p.at, p.n);
	if (fd >= 0)
		taken(listener, fd, p.at, peer_n(&p), CALLER);
	return fd;
}

HOOK int accept4(int listener, __SOCKADDR_ARG peer, socklen_t *restrict n, int flags)
{
	struct peer p;
	int fd;

	REAL_OR_FAIL(accept4);
	current_waits();
	peer_asked(&p, peer.__sockaddr__, n);
	fd = REAL(accept4)(listener, p.at, p.n, flags);
	if (fd >= 0)
		taken(listener, fd, p.at, peer_n(&p), CALLER);
	return fd;
}

HOOK int connect(int fd, __CONST_SOCKADDR_ARG peer, socklen_t peer_n)
{
	struct connection *c = NULL;
	int r, kept;

	REAL_OR_FAIL(connect);
	r = REAL(connect)(fd, peer.__sockaddr__, peer_n);
	if (__builtin_expect(descriptors_slot(fd) != SLOT_STREAM, 1) || sockets_vforked())
		return r;
	kept = errno;
	if (r < 0 && kept != EINPROGRESS && kept != EINTR)
		return r;
	if (watches(&sockets_watch) && !sockets_owned(CALLER))
		c = connection_new(false, peer.__sockaddr__, peer_n);
	if (c)
		descriptors_put(fd, c);
	else
		descriptors_close(fd);
	errno = kept;
	return r;
}

/* ---- closed ---------------------------------------------------------------------------------------- */

static void closes(int fd)
{
	int kept = errno;

	if (!sockets_vforked())
		descriptors_close(fd);
	errno = kept;
}

/* Forgotten first: once it is closed, its number may be another thread's new descriptor. */
HOOK int close(int fd)
{
	REAL_OR_FAIL(close);
	if (__builtin_expect(descriptors_slot(fd) != SLOT_NONE, 0))
		closes(fd);
	return REAL(close)(fd);
}

HOOK int fclose(FILE *file)
{
	int kept = errno, fd;

	REAL_OR_FAIL(fclose);
	fd = fileno(file);
	errno = kept;
	if (descriptors_slot(fd) != SLOT_NONE)
		closes(fd);
	return REAL(fclose)(file);
}

HOOK int close_range(unsigned first, unsigned last, int flags)
{
	int kept = errno;

	REAL_OR_FAIL(close_range);
	if (!sockets_vforked() && !((unsigned)flags & CLOSE_RANGE_CLOEXEC))
		descriptors_close_range(first, last);
	errno = kept;
	return REAL(close_range)(first, last, flags);
}

HOOK void closefrom(int first)
{
	int kept = errno;

	if (!sockets_vforked())
		descriptors_close_range(first > 0 ? (uint32_t)first : 0, UINT32_MAX);
	errno = kept;
	if (REAL(closefrom))
		REAL(closefrom)(first);
}

HOOK int shutdown(int fd, int how)
{
	int r, kept;

	REAL_OR_FAIL(shutdown);
	r = REAL(shutdown)(fd, how);
	kept = errno;
	if (descriptors_watched(fd) && r == 0 && how != SHUT_RD && !sockets_vforked()) {
		struct connection *c = descriptors_enter(fd, OUT);

		if (c) {
			connection_ended(c, OUT, false);
			descriptors_leave(fd, c, OUT);
		}
	}
	errno = kept;
	return r;
}

/* ---- copied ---------------------------------------------------------------------------------------- */

static int copied(int fd, int other)
{
	int kept = errno;

	if (other >= 0 && !sockets_vforked())
		descriptors_dup(fd, other);
	errno = kept;
	return other;
}

HOOK int dup(int fd)
{
	REAL_OR_FAIL(dup);
	return copied(fd, REAL(dup)(fd));
}

HOOK int dup2(int fd, int other)
{
	REAL_OR_FAIL(dup2);
	return copied(fd, REAL(dup2)(fd, other));
}

HOOK int dup3(int fd, int other, int flags)
{
	REAL_OR_FAIL(dup3);
	return copied(fd, REAL(dup3)(fd, other, flags));
}

static void *argument_of(va_list list)
{
	return va_arg(list, void *);
}

#define FCNTL(call) \
	HOOK int call(int fd, int command, ...) \
	{ \
		va_list list; \
		void *argument; \
		int r; \
\
		REAL_OR_FAIL(call); \
		va_start(list, command); \
		argument = argument_of(list); \
		va_end(list); \
		r = REAL(call)(fd, command, argument); \
		if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) \
			copied(fd, r); \
		return r; \
	}

FCNTL(fcntl)
FCNTL(fcntl64)

/* ---- waited ----------------------------------------------------------------------------------------- */

HOOK int epoll_wait(int fd, struct epoll_event *events, int n, int timeout)
{
	REAL_OR_FAIL(epoll_wait);
	current_waits();
	return REAL(epoll_wait)(fd, events, n, timeout);
}

HOOK int epoll_pwait(int fd, struct epoll_event *events, int n, int timeout, const sigset_t *mask)
{
	REAL_OR_FAIL(epoll_pwait);
	current_waits();
	return REAL(epoll_pwait)(fd, events, n, timeout, mask);
}

HOOK int epoll_pwait2(int fd, struct epoll_event *events, int n, const struct timespec *timeout,
		      const sigset_t *mask)
{
	REAL_OR_FAIL(epoll_pwait2);
	current_waits();
	return REAL(epoll_pwait2)(fd, events, n, timeout, mask);
}
