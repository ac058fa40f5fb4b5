/* SPDX-License-Identifier: Apache-2.0 */
#include "export/log-file.h"

#include "base/clock.h"
#include "base/scoped.h"
#include "export/stream.h"
#include "model/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK_NS = 300000, NAME_ROOM = PATH_MAX + 24 };

bool log_file_init(struct log_file *f, struct str path, uint64_t size, uint64_t kept,
		   const atomic_bool *stop)
{
	*f = (struct log_file){ .at = { .path = strndup(path.p, path.n), .fd = -1 },
				.size = size,
				.kept = kept,
				.stop = stop };
	return f->at.path != NULL;
}

void log_file_fini(struct log_file *f)
{
	if (!f->at.path)
		return; /* zeros: its descriptor is nobody's */
	place_close(&f->at);
	free(f->at.path);
	f->at.path = NULL;
}

static int open_file(struct log_file *f)
{
	f->fresh = true;
	return place_open(&f->at);
}

/* A writer that was killed in the middle of a write has left half a line. */
static bool ends_in_line(const struct log_file *f, uint64_t size)
{
	scoped_fd int fd = size ? open(f->at.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
	char last = '\n';

	return fd < 0 || pread(fd, &last, 1, (off_t)size - 1) != 1 || last == '\n';
}

/* ---- the lock --------------------------------------------------------------------------------- */

static bool stopped(const struct log_file *f)
{
	return f->stop && atomic_load_explicit(f->stop, memory_order_relaxed);
}

static int lock(struct log_file *f, uint64_t until_ns)
{
	while (flock(f->at.fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return errno == ENOLCK || errno == EOPNOTSUPP ? 0 : -errno;
		if (clock_mono_ns() >= until_ns || stopped(f))
			return -EAGAIN;
		nanosleep(&(struct timespec){ .tv_nsec = LOOK_NS }, NULL);
	}
	return 0;
}

static void unlock(struct log_file *f)
{
	if (f->at.fd >= 0)
		flock(f->at.fd, LOCK_UN);
}

/* Open, locked, and what the name leads to. */
static int take(struct log_file *f, uint64_t until_ns, uint64_t *size)
{
	for (;;) {
		int r = f->at.fd >= 0 ? 0 : open_file(f);

		if (!r && f->at.regular)
			r = lock(f, until_ns);
		if (r || !f->at.regular)
			return r;
		if (place_is_here(&f->at, size))
			break;
		place_close(&f->at); /* with its lock */
		if (clock_mono_ns() >= until_ns)
			return -EAGAIN;
	}
	if (f->fresh && !ends_in_line(f, *size))
		f->at.torn = true;
	f->fresh = false;
	return 0;
}

/* ---- rotation --------------------------------------------------------------------------------- */

static bool numbered(const struct log_file *f, uint64_t n, char to[NAME_ROOM])
{
	int length = n ? snprintf(to, NAME_ROOM, "%s.%llu", f->at.path, (unsigned long long)n)
		       : snprintf(to, NAME_ROOM, "%s", f->at.path);

	return length > 0 && length < NAME_ROOM;
}

static bool shift(const struct log_file *f, uint64_t n)
{
	char from[NAME_ROOM], to[NAME_ROOM];

	return numbered(f, n, from) && numbered(f, n + 1, to) && rename(from, to) == 0;
}

/* The first number without a file, up to `kept`: what is there above it stays where it is. */
static uint64_t first_free(const struct log_file *f)
{
	char name[NAME_ROOM];
	uint64_t n = 1;

	while (n < f->kept && numbered(f, n, name) && access(name, F_OK) == 0)
		n++;
	return n;
}

/* The lock is held. A directory that can't be written to leaves the file growing. */
static bool rotate(struct log_file *f)
{
	for (uint64_t n = first_free(f); n > 1; n--)
		if (!shift(f, n - 1) && errno != ENOENT)
			break;
	if (!shift(f, 0)) {
		stats_add(log_rotations_failed, 1);
		return false;
	}
	stats_add(log_rotations, 1);
	place_close(&f->at);
	return true;
}

/* ---- writing ---------------------------------------------------------------------------------- */

/* The lock is held, so nobody has written behind what is taken back. */
static int put_locked(struct log_file *f, struct str lines, uint64_t before)
{
	struct str rest = lines;

	if (f->at.torn && write(f->at.fd, "\n", 1) != 1)
		return -errno;
	before += f->at.torn;
	f->at.torn = false;
	while (rest.n) {
		ssize_t n = write(f->at.fd, rest.p, rest.n);

		if (n < 0 && errno != EINTR) {
			int r = -errno;

			f->at.torn = rest.n < lines.n && ftruncate(f->at.fd, (off_t)before);
			return r;
		}
		if (n > 0)
			rest = str_from(rest, (size_t)n);
	}
	return 0;
}

static bool is_full(const struct log_file *f, uint64_t size, size_t more)
{
	return f->at.regular && f->kept && f->size && size && size + more > f->size;
}

int log_file_put(struct log_file *f, struct str lines, uint64_t until_ns)
{
	uint64_t size = 0;
	int r = take(f, until_ns, &size);

	/* The next one, too, may be full by the time that it is ours. */
	while (!r && is_full(f, size, lines.n) && rotate(f))
		r = take(f, until_ns, &size);
	if (r)
		return r;
	if (!f->at.regular)
		return place_stream(&f->at, lines, f->stop, until_ns);
	r = put_locked(f, lines, size);
	unlock(f);
	return r;
}
