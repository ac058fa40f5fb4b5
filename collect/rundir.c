/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/rundir.h"

#include "base/err.h"
#include "wire/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_TRIES = 20, LOCK_WAIT_NS = 5000000 };

static int dir_open(const char *path)
{
	struct stat st;
	int fd;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return ERR(-errno);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return ERR(-errno);
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & 077))
		return fd;
	close(fd);
	return ERR(-EPERM);
}

/*
 * Services that ask whether a collector lives hold a shared lock for a moment, so a refusal is
 * final only if it lasts.
 */
static int lock_take(int fd)
{
	struct timespec wait = { 0, LOCK_WAIT_NS };

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK)
			return ERR(-errno);
		nanosleep(&wait, NULL);
	}
	return -EBUSY;
}

static int pid_write(int fd)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	return ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) != n ? ERR(-errno) : 0;
}

static int lock_open(int dir_fd)
{
	int fd = openat(dir_fd, "collector.pid",
			O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return ERR(-errno);
	r = lock_take(fd);
	if (r < 0) {
		close(fd);
		return r == -EBUSY ? r : TRACE(r);
	}
	r = pid_write(fd);
	if (r < 0) {
		close(fd);
		return TRACE(r);
	}
	return fd;
}

/* By descriptor: the directory that was checked is the one that is watched. */
static int watch_open(int dir_fd)
{
	char path[64];
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), r;

	if (fd < 0)
		return ERR(-errno);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/.", dir_fd);
	if (inotify_add_watch(fd, path, IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR) >= 0)
		return fd;
	r = ERR(-errno);
	close(fd);
	return r;
}

int rundir_open(struct rundir *d, const char *path)
{
	int r;

	*d = (struct rundir){ -1, -1, -1 };
	d->fd = r = dir_open(path);
	if (r >= 0)
		d->lock_fd = r = lock_open(d->fd);
	if (r >= 0)
		d->watch_fd = r = watch_open(d->fd);
	if (r >= 0)
		return 0;
	rundir_close(d);
	return r == -EBUSY ? r : TRACE(r);
}

void rundir_unlock(struct rundir *d)
{
	if (d->lock_fd >= 0 && ftruncate(d->lock_fd, 0) == 0)
		flock(d->lock_fd, LOCK_UN);
}

int rundir_lock(struct rundir *d)
{
	if (flock(d->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : ERR(-errno);
	return TRACE(pid_write(d->lock_fd));
}

/* The lock may be another collector's by now, and the pid in the file as well. */
void rundir_close(struct rundir *d)
{
	if (d->lock_fd >= 0 && flock(d->lock_fd, LOCK_EX | LOCK_NB) == 0)
		rundir_unlock(d);
	for (int *fd = (int[]){ d->lock_fd, d->watch_fd, d->fd, -2 }; *fd != -2; fd++)
		if (*fd >= 0)
			close(*fd);
	*d = (struct rundir){ -1, -1, -1 };
}

bool rundir_is_lost(const struct rundir *d, const char *path)
{
	struct stat ours, there;

	return fstat(d->fd, &ours) < 0 || lstat(path, &there) < 0 || ours.st_ino != there.st_ino ||
	       ours.st_dev != there.st_dev;
}

static bool is_segment(const char *name)
{
	return name[0] != '.' && str_ends(str_of(name), STR(SEGMENT_SUFFIX)) && strlen(name) < 120;
}

int rundir_list(const struct rundir *d, void (*each)(const char *name, void *you), void *you)
{
	int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (!dir) {
		int r = ERR(-errno);

		if (fd >= 0)
			close(fd);
		return r;
	}
	for (struct dirent *e; (e = readdir(dir));)
		if (is_segment(e->d_name))
			each(e->d_name, you);
	closedir(dir);
	return 0;
}

static void tell(const struct inotify_event *e, const struct rundir_news *news)
{
	if (e->mask & IN_Q_OVERFLOW)
		news->lost(news->you);
	else if (!e->len || !is_segment(e->name))
		return;
	else if (e->mask & (IN_CREATE | IN_MOVED_TO))
		news->came(e->name, news->you);
	else if (e->mask & IN_CLOSE_WRITE)
		news->let_go(e->name, news->you);
}

void rundir_read(const struct rundir *d, const struct rundir_news *news)
{
	_Alignas(struct inotify_event) char buffer[16384];
	ssize_t n;

	while ((n = read(d->watch_fd, buffer, sizeof(buffer))) > 0)
		for (char *p = buffer; p < buffer + n;) {
			const struct inotify_event *e = (const void *)p;

			tell(e, news);
			p += sizeof(*e) + e->len;
		}
}
