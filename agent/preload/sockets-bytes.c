/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls by which bytes come and go. Most descriptors are not watched: then a call costs a look
 * into the table of descriptors. Nothing of ours is held while the real call runs, so a thread may
 * be cancelled in it, or leave it by longjmp.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/logs/logs.h"
#include "agent/preload/preload.h"
#include "agent/sockets/current.h"
#include "agent/sockets/descriptors.h"
#include "agent/sockets/edit.h"
#include "agent/sockets/given.h"
#include "agent/sockets/sockets.h"
#include "base/hot.h"
#include "lib/fault.h"

/* What _FORTIFY_SOURCE makes of them. */
ssize_t __read_chk(int fd, void *p, size_t n, size_t room);
ssize_t __recv_chk(int fd, void *p, size_t n, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *p, size_t n, size_t room, int flags, __SOCKADDR_ARG from,
		       socklen_t *restrict from_n);

#define CALLS(X) \
	X(read) \
	X(readv) \
	X(recv) \
	X(recvfrom) \
	X(recvmsg) \
	X(recvmmsg) \
	X(__read_chk) \
	X(__recv_chk) \
	X(__recvfrom_chk) \
	X(write) \
	X(writev) \
	X(send) \
	X(sendto) \
	X(sendmsg) \
	X(sendmmsg) \
	X(sendfile) \
	X(sendfile64) \
	X(splice)

PRELOAD_TABLE(CALLS);

/* What passes while nothing is recorded can't be gone on with later. */
static bool is_left(int fd)
{
	if (sockets_vforked())
		return true;
	if (agent_watches())
		return false;
	descriptors_close(fd);
	return true;
}

static bool is_reset(int error)
{
	return error == ECONNRESET || error == EPIPE || error == ETIMEDOUT || error == ECONNABORTED;
}

static __attribute__((noinline)) HOT void passed(int fd, enum direction d, const struct iovec *v,
						 int n_v, ssize_t r, bool shown)
{
	int *error = current_error(), kept = *error;
	struct connection *c;

	if ((r < 0 && !is_reset(kept)) || (r == 0 && d == OUT) || is_left(fd)) {
		*error = kept;
		return;
	}
	c = descriptors_enter(fd, d);
	if (c) {
		if (c->tls)
			current_here.raw_fd = fd;
		if (r <= 0)
			connection_ended(c, d, r < 0);
		else if (shown)
			connection_passed(c, d, v, n_v, (size_t)r, false);
		else
			connection_skipped(c, d, (uint64_t)r, false);
		descriptors_leave(fd, c, d);
	}
	*error = kept;
}

void sockets_printed(int fd, const char *p, size_t n, ssize_t r)
{
	struct iovec v = { (void *)p, n };

	if (r <= 0 || n > (size_t)r)
		n = 0;
	if (n)
		passed(fd, OUT, &v, 1, (ssize_t)n, true);
	if (r != (ssize_t)n)
		passed(fd, OUT, NULL, 0, r - (ssize_t)n, false);
}

/* ---- in ------------------------------------------------------------------------------------------- */

enum { NOT_THE_STREAM = MSG_PEEK | MSG_OOB | MSG_ERRQUEUE };

static inline void came(int fd, void *p, size_t n, int flags, ssize_t r)
{
	struct iovec v = { p, n };

	if (descriptors_watched(fd) && n && !(flags & NOT_THE_STREAM))
		passed(fd, IN, &v, 1, r, !(flags & MSG_TRUNC));
}

static size_t bytes_of(const struct iovec *v, size_t n_v)
{
	size_t n = 0;

	for (size_t i = 0; i < n_v; i++)
		n += v[i].iov_len;
	return n;
}

HOOK HOT ssize_t read(int fd, void *p, size_t n)
{
	ssize_t r;

	REAL_OR_FAIL(read);
	r = REAL(read)(fd, p, n);
	came(fd, p, n, 0, r);
	return r;
}

HOOK ssize_t __read_chk(int fd, void *p, size_t n, size_t room)
{
	ssize_t r;

	REAL_OR_FAIL(__read_chk);
	r = REAL(__read_chk)(fd, p, n, room);
	came(fd, p, n, 0, r);
	return r;
}

HOOK ssize_t readv(int fd, const struct iovec *v, int n_v)
{
	ssize_t r;

	REAL_OR_FAIL(readv);
	r = REAL(readv)(fd, v, n_v);
	if (descriptors_watched(fd) && (r || bytes_of(v, (size_t)n_v)))
		passed(fd, IN, v, n_v, r, true);
	return r;
}

HOOK HOT ssize_t recv(int fd, void *p, size_t n, int flags)
{
	ssize_t r;

	REAL_OR_FAIL(recv);
	r = REAL(recv)(fd, p, n, flags);
	came(fd, p, n, flags, r);
	return r;
}

HOOK ssize_t __recv_chk(int fd, void *p, size_t n, size_t room, int flags)
{
	ssize_t r;

	REAL_OR_FAIL(__recv_chk);
	r = REAL(__recv_chk)(fd, p, n, room, flags);
	came(fd, p, n, flags, r);
	return r;
}

HOOK ssize_t recvfrom(int fd, void *restrict p, size_t n, int flags, __SOCKADDR_ARG from,
		      socklen_t *restrict from_n)
{
	ssize_t r;

	REAL_OR_FAIL(recvfrom);
	r = REAL(recvfrom)(fd, p, n, flags, from.__sockaddr__, from_n);
	came(fd, p, n, flags, r);
	return r;
}

HOOK ssize_t __recvfrom_chk(int fd, void *p, size_t n, size_t room, int flags, __SOCKADDR_ARG from,
			    socklen_t *restrict from_n)
{
	ssize_t r;

	REAL_OR_FAIL(__recvfrom_chk);
	r = REAL(__recvfrom_chk)(fd, p, n, room, flags, from.__sockaddr__, from_n);
	came(fd, p, n, flags, r);
	return r;
}

/* Descriptors may have come with it. Asking what they are may be forbidden by now: then they are left. */
static void rights_came(const struct msghdr *m)
{
	struct msghdr copy = *m;

	if (!oriel_fault_may_call())
		return;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&copy); c; c = CMSG_NXTHDR(&copy, c)) {
		size_t n =
			c->cmsg_len >= CMSG_LEN(0) ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			given(fd);
		}
	}
}

static void message_came(int fd, const struct msghdr *m, int flags, ssize_t r)
{
	if (r >= 0 && m->msg_control && m->msg_controllen)
		rights_came(m);
	if (descriptors_watched(fd) && !(flags & NOT_THE_STREAM) &&
	    (r || bytes_of(m->msg_iov, m->msg_iovlen)))
		passed(fd, IN, m->msg_iov, (int)m->msg_iovlen, r, !(flags & MSG_TRUNC));
}

HOOK ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	ssize_t r;

	REAL_OR_FAIL(recvmsg);
	r = REAL(recvmsg)(fd, m, flags);
	message_came(fd, m, flags, r);
	return r;
}

HOOK int recvmmsg(int fd, struct mmsghdr *m, unsigned n, int flags, struct timespec *timeout)
{
	int r;

	REAL_OR_FAIL(recvmmsg);
	r = REAL(recvmmsg)(fd, m, n, flags, timeout);
	for (int i = 0; i < r; i++)
		message_came(fd, &m[i].msg_hdr, flags, (ssize_t)m[i].msg_len);
	return r;
}

/* ---- out ------------------------------------------------------------------------------------------- */

/* How the program writes: by sendmsg and its cousins, with flags, or by write and writev. */
struct way {
	bool is_send;
	int flags;
	const struct msghdr *message; /* of sendmsg; else where to, for sendto */
	const struct sockaddr *to;
	socklen_t to_n;
};

static ssize_t write_by(const struct way *way, int fd, const struct iovec *v, int n_v)
{
	struct msghdr m = { .msg_name = (void *)way->to, .msg_namelen = way->to_n };

	if (!way->is_send)
		return REAL(writev) ? REAL(writev)(fd, v, n_v) : -1;
	if (way->message)
		m = *way->message;
	m.msg_iov = (struct iovec *)v;
	m.msg_iovlen = (size_t)n_v;
	return REAL(sendmsg) ? REAL(sendmsg)(fd, &m, way->flags) : -1;
}

static bool edited(int fd, struct outgoing *o, const struct iovec *v, int n_v)
{
	struct connection *c = descriptors_enter(fd, OUT);
	bool is = c && outgoing_make(o, c, v, n_v);

	if (c)
		descriptors_leave(fd, c, OUT);
	return is;
}

static size_t taken_of(int fd, const struct outgoing *o, size_t n)
{
	struct connection *c = descriptors_enter(fd, OUT);
	size_t shown = outgoing_passed(o, c, n);

	if (c)
		descriptors_leave(fd, c, OUT);
	return shown;
}

/*
 * If nothing but bytes of ours was taken, there is nothing to tell the program: the rest is tried at
 * once, which is what a blocking socket does anyway and ends with EAGAIN on another.
 */
static __attribute__((noinline)) ssize_t write_edited(const struct way *way, int fd,
						      const struct iovec *v, int n_v)
{
	struct outgoing o;
	size_t shown;
	ssize_t r;

	do {
		if (!edited(fd, &o, v, n_v))
			return write_by(way, fd, v, n_v);
		r = write_by(way, fd, o.v, o.n);
		if (r <= 0)
			return r;
		shown = taken_of(fd, &o, (size_t)r);
	} while (!shown);
	return (ssize_t)shown;
}

static __attribute__((noinline)) bool goes_edited(int fd, const struct iovec *v, int n_v)
{
	int kept = errno;
	struct connection *c;
	bool edits = false;

	if (!agent_watches() || sockets_vforked())
		return false;
	c = descriptors_enter(fd, OUT);
	if (c) {
		connection_prepare(c, v, n_v, false);
		edits = c->edit != NULL;
		descriptors_leave(fd, c, OUT);
	}
	errno = kept;
	return edits;
}

/*
 * What must have begun before it arrives. True: it is to be edited. MSG_ZEROCOPY: the kernel reads the bytes
 * when the call has long returned, and ours lie on the stack.
 */
static inline bool goes(int fd, const struct iovec *v, int n_v, int flags)
{
	return descriptors_prepares(fd) && !(flags & MSG_ZEROCOPY) && goes_edited(fd, v, n_v);
}

/* Standard output and error, where they are no sockets. */
static inline ssize_t shown(int fd, const struct iovec *v, int n_v, ssize_t r)
{
	enum stream s = fd == STDOUT_FILENO ? STREAM_OUT : STREAM_ERR;

	if ((fd == STDOUT_FILENO || fd == STDERR_FILENO) && r > 0 && stdio_captures(s) &&
	    !sockets_vforked())
		stdio_wrote_all(s, v, n_v, (size_t)r);
	return r;
}

HOOK HOT ssize_t write(int fd, const void *p, size_t n)
{
	struct iovec v = { (void *)p, n };
	ssize_t r;

	REAL_OR_FAIL(write);
	if (!descriptors_watched(fd))
		return shown(fd, &v, 1, REAL(write)(fd, p, n));
	r = goes(fd, &v, 1, 0) ? write_edited(&(struct way){ 0 }, fd, &v, 1)
			       : REAL(write)(fd, p, n);
	passed(fd, OUT, &v, 1, r, true);
	return r;
}

HOOK HOT ssize_t writev(int fd, const struct iovec *v, int n_v)
{
	ssize_t r;

	REAL_OR_FAIL(writev);
	if (!descriptors_watched(fd) || n_v < 0)
		return shown(fd, v, n_v, REAL(writev)(fd, v, n_v));
	r = goes(fd, v, n_v, 0) ? write_edited(&(struct way){ 0 }, fd, v, n_v)
				: REAL(writev)(fd, v, n_v);
	passed(fd, OUT, v, n_v, r, true);
	return r;
}

HOOK HOT ssize_t send(int fd, const void *p, size_t n, int flags)
{
	struct iovec v = { (void *)p, n };
	ssize_t r;

	REAL_OR_FAIL(send);
	if (!descriptors_watched(fd) || (flags & MSG_OOB))
		return REAL(send)(fd, p, n, flags);
	if (goes(fd, &v, 1, flags))
		r = write_edited(&(struct way){ .is_send = true, .flags = flags }, fd, &v, 1);
	else
		r = REAL(send)(fd, p, n, flags);
	passed(fd, OUT, &v, 1, r, true);
	return r;
}

HOOK ssize_t sendto(int fd, const void *p, size_t n, int flags, __CONST_SOCKADDR_ARG to,
		    socklen_t to_n)
{
	struct iovec v = { (void *)p, n };
	ssize_t r;

	REAL_OR_FAIL(sendto);
	if (!descriptors_watched(fd) || (flags & MSG_OOB))
		return REAL(sendto)(fd, p, n, flags, to.__sockaddr__, to_n);
	if (goes(fd, &v, 1, flags))
		r = write_edited(&(struct way){ .is_send = true,
						.flags = flags,
						.to = to.__sockaddr__,
						.to_n = to_n },
				 fd, &v, 1);
	else
		r = REAL(sendto)(fd, p, n, flags, to.__sockaddr__, to_n);
	passed(fd, OUT, &v, 1, r, true);
	return r;
}

HOOK ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	ssize_t r;

	REAL_OR_FAIL(sendmsg);
	if (!descriptors_watched(fd) || (flags & MSG_OOB))
		return REAL(sendmsg)(fd, m, flags);
	if (goes(fd, m->msg_iov, (int)m->msg_iovlen, flags))
		r = write_edited(&(struct way){ .is_send = true, .flags = flags, .message = m }, fd,
				 m->msg_iov, (int)m->msg_iovlen);
	else
		r = REAL(sendmsg)(fd, m, flags);
	passed(fd, OUT, m->msg_iov, (int)m->msg_iovlen, r, true);
	return r;
}

HOOK int sendmmsg(int fd, struct mmsghdr *m, unsigned n, int flags)
{
	int r;

	REAL_OR_FAIL(sendmmsg);
	r = REAL(sendmmsg)(fd, m, n, flags);
	for (int i = 0; i < r && descriptors_watched(fd); i++)
		passed(fd, OUT, m[i].msg_hdr.msg_iov, (int)m[i].msg_hdr.msg_iovlen,
		       (ssize_t)m[i].msg_len, true);
	return r;
}

/* ---- from one descriptor to another ------------------------------------------------------------------ */

HOOK HOT ssize_t sendfile(int to, int from, off_t *at, size_t n)
{
	ssize_t r;

	REAL_OR_FAIL(sendfile);
	r = REAL(sendfile)(to, from, at, n);
	if (descriptors_watched(to))
		passed(to, OUT, NULL, 0, r, false);
	return r;
}

HOOK HOT ssize_t sendfile64(int to, int from, off64_t *at, size_t n)
{
	ssize_t r;

	REAL_OR_FAIL(sendfile64);
	r = REAL(sendfile64)(to, from, at, n);
	if (descriptors_watched(to))
		passed(to, OUT, NULL, 0, r, false);
	return r;
}

HOOK ssize_t splice(int from, off64_t *from_at, int to, off64_t *to_at, size_t n, unsigned flags)
{
	ssize_t r;

	REAL_OR_FAIL(splice);
	r = REAL(splice)(from, from_at, to, to_at, n, flags);
	if (descriptors_watched(from) && n)
		passed(from, IN, NULL, 0, r, false);
	if (descriptors_watched(to))
		passed(to, OUT, NULL, 0, r, false);
	return r;
}
