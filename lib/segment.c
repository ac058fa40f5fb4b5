/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/segment.h"

#include "base/linker.h"
#include "lib/clock.h"
#include "lib/process.h"
#include "wire/control.h"
#include "wire/crash.h"
#include "wire/names.h"
#include "wire/series.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { PATH_ROOM = 512, CRASH_SMALL = 3072 };

static struct {
	char directory[PATH_ROOM - 64], run[sizeof(((struct segment_header *)NULL)->run)];
} place;

void segment_place(void)
{
	const char *given = secure_getenv("ORIEL_RUN_DIR"), *run = secure_getenv("ORIEL_RUN_ID");
	int n;

	if (given && given[0])
		n = snprintf(place.directory, sizeof(place.directory), "%s", given);
	else
		n = snprintf(place.directory, sizeof(place.directory), "/dev/shm/oriel-%u",
			     (unsigned)geteuid());
	if (n < 0 || (size_t)n >= sizeof(place.directory))
		place.directory[0] = '\0';
	memset(place.run, 0, sizeof(place.run));
	if (run && strlen(run) == sizeof(place.run))
		memcpy(place.run, run, sizeof(place.run));
}

int segment_directory(char *out, size_t size)
{
	struct stat st;
	int n = snprintf(out, size, "%s", place.directory);

	if (n < 0 || (size_t)n >= size || out[0] != '/')
		return ORIEL_OFF_NO_DIRECTORY;
	if (mkdir(out, 0700) != 0 && errno != EEXIST)
		return ORIEL_OFF_NO_DIRECTORY;
	if (lstat(out, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077))
		return ORIEL_OFF_NO_DIRECTORY;
	return 0;
}

static size_t segment_fit(const char *dir, size_t want)
{
	struct rlimit limit;
	struct statvfs fs;

	if (statvfs(dir, &fs) == 0) {
		uint64_t share = (uint64_t)fs.f_bavail * fs.f_frsize / SEGMENT_SHARE;

		if (share < want)
			want = (size_t)share;
	}
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	    limit.rlim_cur < want)
		want = (size_t)limit.rlim_cur;
	return want / CHUNK_SIZE * CHUNK_SIZE;
}

static uint32_t page_up(size_t n)
{
	return (uint32_t)((n + SEGMENT_PAGE - 1) / SEGMENT_PAGE * SEGMENT_PAGE);
}

static uint32_t line_up(size_t n)
{
	return (uint32_t)((n + 63) & ~(size_t)63);
}

/*
 * What stands before the chunks is a whole number of chunks. The smallest segments have one: header,
 * 512 slots, names in what a page has left, 2 or 3 KiB each of what a crash leaves, settings and
 * series. The others have a sixteenth of the whole, a sixty-fourth for names, and a chunk for a crash.
 */
static void segment_lay_out(struct segment_header *s, size_t size)
{
	bool small = size <= SEGMENT_LEAST * 2;
	size_t names = small ? 0 : size / 64 < NAMES_MOST ? size / 64 : NAMES_MOST;
	size_t crash = small ? CRASH_SMALL : CHUNK_SIZE;
	size_t head =
		small ? CHUNK_SIZE
		      : (size / 16 + names + crash + CHUNK_SIZE - 1) / CHUNK_SIZE * CHUNK_SIZE;
	size_t left;

	s->layout = SEGMENT_LAYOUT;
	s->header_size = sizeof(*s);
	s->size = size;
	s->n_slots = small ? 512 : size / 1024 > 4096 ? 4096 : (uint32_t)(size / 1024);
	s->slots_at = SEGMENT_PAGE;
	s->chunk_size = CHUNK_SIZE;
	s->n_chunks = (uint32_t)((size - head) / CHUNK_SIZE);
	s->states_at = s->slots_at + s->n_slots * 4;
	s->control_at = line_up(s->states_at + s->n_chunks * 4u);
	s->control_size = sizeof(struct control);
	s->names_at = line_up(s->control_at + s->control_size);
	s->crash_at = page_up(s->names_at + names);
	s->names_size = s->crash_at - s->names_at;
	if (s->names_size > NAMES_MOST)
		s->names_size = NAMES_MOST;
	s->crash_size = (uint32_t)crash;
	s->settings_at = s->crash_at + s->crash_size;
	left = head - s->settings_at;
	s->settings_size = left > 4 * SETTINGS_MOST ? SETTINGS_MOST
			   : small		    ? (uint32_t)(left / 2 & ~63u)
						    : page_up(left / 3);
	s->series_at = s->settings_at + s->settings_size;
	s->series_size = (uint32_t)(head - s->series_at);
	s->chunks_at = (uint32_t)head;
}

static uint64_t number_after(const char *text, int fields)
{
	while (*text && fields--) {
		while (*text && *text != ' ')
			text++;
		while (*text == ' ')
			text++;
	}
	return strtoull(text, NULL, 10);
}

static size_t file_read(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, to, size - 1) : -1;

	if (fd >= 0)
		close(fd);
	to[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static void segment_identify(struct segment_header *s)
{
	char text[1024], *end;
	struct stat st;
	ssize_t n;

	s->pid = getpid();
	s->parent_pid = getppid();
	s->uid = geteuid();
	/* Field 22, counted from the state, which stands after the last parenthesis. */
	file_read("/proc/self/stat", text, sizeof(text));
	end = strrchr(text, ')');
	s->pid_start_ticks = end ? number_after(end + 2, 19) : 0;
	if (stat("/proc/self/ns/pid", &st) == 0)
		s->pid_namespace = st.st_ino;
	if (file_read("/proc/sys/kernel/random/boot_id", text, sizeof(text)) >= 36) {
		size_t at = 0;

		for (char *c = text; *c && at < 32; c++)
			if (*c != '-')
				text[at++] = *c;
		for (size_t i = 0; i < at / 2; i++)
			s->boot_id[i] =
				(uint8_t)strtoul((char[]){ text[2 * i], text[2 * i + 1], 0 }, NULL,
						 16);
	}
	if (getrandom(s->instance, sizeof(s->instance), GRND_NONBLOCK) != sizeof(s->instance)) {
		uint64_t weak[2] = { clock_tick_cheap(),
				     (uint64_t)s->pid << 32 | (uint32_t)s->pid_start_ticks };

		memcpy(s->instance, weak, sizeof(weak));
	}
	/* RFC 9562: a random UUID, version 4. */
	s->instance[6] = (uint8_t)((s->instance[6] & 0x0f) | 0x40);
	s->instance[8] = (uint8_t)((s->instance[8] & 0x3f) | 0x80);
	memcpy(s->run, place.run, sizeof(s->run));
	n = readlink("/proc/self/exe", s->program, sizeof(s->program) - 1);
	s->program[n > 0 ? n : 0] = '\0';
	if (linker_is(str_of(s->program)))
		snprintf(s->program, sizeof(s->program), "%s", program_invocation_name);
}

static void segment_stamp(struct segment_header *s)
{
	struct timespec real, mono;
	uint8_t flags = 0;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	s->clock = atomic_load_explicit(&process.clock, memory_order_relaxed) == CLOCK_TSC
			   ? SEGMENT_CLOCK_TSC
			   : SEGMENT_CLOCK_MONOTONIC;
	s->created_tsc = clock_now(&flags);
	s->created_real_ns = (uint64_t)real.tv_sec * 1000000000u + (uint64_t)real.tv_nsec;
	s->created_mono_ns = (uint64_t)mono.tv_sec * 1000000000u + (uint64_t)mono.tv_nsec;
}

static void segment_fill(struct segment_header *s, size_t size)
{
	struct crash_block *crash;
	struct series_area *series;

	segment_lay_out(s, size);
	segment_identify(s);
	segment_stamp(s);
	/* The chunks are zeros, which means free and new: a page that isn't touched is no fault. */
	_Static_assert(CHUNK_FREE == 0, "zero is free");
	atomic_init(&s->n_free, s->n_chunks);
	crash = (struct crash_block *)((char *)s + s->crash_at);
	crash->modules_room = s->crash_size - (uint32_t)sizeof(*crash);
	series = (struct series_area *)((char *)s + s->series_at);
	atomic_init(&series->used, (uint32_t)sizeof(*series));
	atomic_init(&((struct names *)((char *)s + s->names_at))->used,
		    (uint32_t)sizeof(struct names));
	if (process.settings_n > s->settings_size) {
		size_t n = s->settings_size;

		/* Whole strings only. */
		while (n && process.settings[n - 1] != '\0')
			n--;
		memcpy((char *)s + s->settings_at, process.settings, n);
		atomic_init(&s->loss[LOSS_settings_no_room], 1);
	} else {
		memcpy((char *)s + s->settings_at, process.settings, process.settings_n);
	}
}

/*
 * A file that has its name while the open that makes it doesn't count yet is taken by a collector that
 * comes by for one that nobody is making, and removed (collect/lease.h). So it is opened first, and
 * named then; where that can't be had, it is looked at once more after the open, and made again.
 */
static int open_and_name(const char *dir, const char *path)
{
	char self[32];
	int fd = open(dir, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	if (fd < 0)
		return -1;
	/* Without /proc there may be the right to do it, and without the right there may be /proc. */
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 ||
	    linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool has_name(int fd)
{
	struct stat st;

	return fstat(fd, &st) != 0 || st.st_nlink > 0;
}

static int segment_open(const char *dir, char *path, size_t room)
{
	uint64_t random = 0;

	for (int i = 0; i < 64; i++) {
		if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
			random = clock_tick_cheap() * 0x9e3779b97f4a7c15u + (unsigned)i;
		snprintf(path, room, "%s/%d-%016llx%s", dir, (int)getpid(),
			 (unsigned long long)random, SEGMENT_SUFFIX);
		int fd = open_and_name(dir, path);

		if (fd < 0)
			fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0 && errno != EEXIST)
			return -1;
		if (fd >= 0 && has_name(fd))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

static int segment_commit(int fd, size_t size)
{
	int r;

	do
		r = posix_fallocate(fd, 0, (off_t)size);
	while (r == EINTR);
	return r;
}

int segment_make(struct segment_header **out, size_t want)
{
	char dir[PATH_ROOM - 64], path[PATH_ROOM];
	int r = segment_directory(dir, sizeof(dir)), fd;
	size_t size;
	void *p;

	if (r)
		return r;
	size = segment_fit(dir, want);
	if (size < SEGMENT_LEAST)
		return ORIEL_OFF_NO_ROOM;
	fd = segment_open(dir, path, sizeof(path));
	if (fd < 0)
		return errno == ENOSPC || errno == EDQUOT  ? ORIEL_OFF_NO_ROOM
		       : errno == EACCES || errno == EROFS ? ORIEL_OFF_NO_DIRECTORY
							   : ORIEL_OFF_FAILED;
	if (segment_commit(fd, size) != 0) {
		close(fd);
		unlink(path);
		return ORIEL_OFF_NO_ROOM;
	}
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED && madvise(p, size, MADV_DONTFORK) != 0) {
		munmap(p, size);
		p = MAP_FAILED;
	}
	close(fd);
	if (p == MAP_FAILED) {
		unlink(path);
		return ORIEL_OFF_NO_MEMORY;
	}
	segment_fill(p, size);
	*out = p;
	return 0;
}

/* Release: pairs with the collector's acquire of the magic word. */
void segment_publish(struct segment_header *s)
{
	atomic_store_explicit(&s->magic, SEGMENT_MAGIC, memory_order_release);
}

void segment_discard(struct segment_header *s)
{
	munmap(s, s->size);
}
