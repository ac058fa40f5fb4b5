/* SPDX-License-Identifier: Apache-2.0 */
#include "export/stream.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_MS = 50 };

/* A description of our own, for what can be opened and has no position. */
static void open_own(struct stream *s)
{
	char path[40];
	struct stat st;
	int fd;

	if (fstat(s->fd, &st))
		return;
	s->socket = S_ISSOCK(st.st_mode);
	if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	s->fd = fd;
	s->own = true;
}

void stream_init(struct stream *s, int fd, const atomic_bool *stop)
{
	*s = (struct stream){ .fd = fd, .stop = stop };
	open_own(s);
}

void stream_fini(struct stream *s)
{
	if (s->own)
		close(s->fd);
	s->own = false;
}

static bool stopped(const struct stream *s)
{
	return s->stop && atomic_load_explicit(s->stop, memory_order_relaxed);
}

static bool wait_for_room(const struct stream *s, uint64_t until_ns)
{
	struct pollfd p = { .fd = s->fd, .events = POLLOUT };

	while (clock_mono_ns() < until_ns && !stopped(s)) {
		int n = poll(&p, 1, LOOK_MS);

		if (n > 0)
			return true; /* room, or an error that the write will name */
		if (n < 0 && errno != EINTR)
			return false;
	}
	return false;
}

static ssize_t put_some(const struct stream *s, struct str text)
{
	text = str_first(text, STREAM_PIECE_MOST);
	return s->socket ? send(s->fd, text.p, text.n, MSG_DONTWAIT | MSG_NOSIGNAL)
			 : write(s->fd, text.p, text.n);
}

static int put_all(struct stream *s, struct str text, uint64_t until_ns)
{
	struct str rest = text;
	int r = 0;

	while (rest.n && !r) {
		ssize_t n;

		if (!wait_for_room(s, until_ns)) {
			r = -ETIME;
			break;
		}
		n = put_some(s, rest);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			r = -errno;
		if (n > 0)
			rest = str_from(rest, (size_t)n);
	}
	if (!r)
		s->torn = false;
	else if (rest.n < text.n)
		s->torn = true;
	return r;
}

int stream_put(struct stream *s, struct str lines, uint64_t until_ns)
{
	int r = s->torn && lines.n ? put_all(s, STR("\n"), until_ns) : 0;

	return r ? r : put_all(s, lines, until_ns);
}
