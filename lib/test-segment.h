/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the library share: a run directory of their own, work in a child (the library is
 * a process-wide thing), and the segments that it left, read back as a collector finds them.
 *
 *     struct seen s = seen_of(work);         work runs in a child and must end with status 0
 *
 * For one test file each: everything is static.
 */
#pragma once

#include "lib/process.h"
#include "lib/test-must.h"
#include "oriel.h"
#include "wire/record.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];
static const char *looked_for; /* may be set before seen_of */

struct seen {
	unsigned n[16]; /* by record type */
	unsigned segments, abandoned, bad;
	unsigned found; /* records that hold looked_for */
	uint64_t loss[N_LOSSES];
};

static bool read_chunk(struct seen *seen, const unsigned char *p, uint32_t end)
{
	for (uint32_t at = CHUNK_HEAD; at < end;) {
		struct record_head head;

		memcpy(&head, p + at, sizeof(head));
		if (head.size < sizeof(head) || head.size % 8 || at + head.size > end ||
		    head.type < 1 || head.type > RECORD_THREAD)
			return false;
		seen->n[head.type]++;
		if (head.type == RECORD_END && head.flags & RECORD_ABANDONED)
			seen->abandoned++;
		if (looked_for && memmem(p + at, head.size, looked_for, strlen(looked_for)) != NULL)
			seen->found++;
		at += head.size;
	}
	return true;
}

static void read_segment(struct seen *seen, const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	unsigned char *p;

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	assert_ptr_not_equal(p, MAP_FAILED);

	const struct segment_header *s = (const void *)p;

	assert_true(s->magic == SEGMENT_MAGIC && s->size == (uint64_t)st.st_size);
	seen->segments++;
	for (uint32_t i = 0; i < s->n_chunks; i++) {
		const struct chunk *c = (const void *)(p + s->chunks_at + (size_t)i * CHUNK_SIZE);

		seen->bad += !read_chunk(seen, (const unsigned char *)c, atomic_load(&c->write));
	}
	for (int i = 0; i < N_LOSSES; i++)
		seen->loss[i] += s->loss[i];
	munmap(p, (size_t)st.st_size);
}

static struct seen read_all(void)
{
	struct seen seen = { 0 };
	DIR *d = opendir(dir);
	char path[512];

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		if (strstr(e->d_name, SEGMENT_SUFFIX)) {
			snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
			read_segment(&seen, path);
			unlink(path);
		}
	closedir(d);
	return seen;
}

/* `work` in a child that has a run directory of its own; how it ended. */
static int in_child(void (*work)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		work();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static inline struct seen seen_of(void (*work)(void))
{
	assert_int_equal(in_child(work), 0);
	return read_all();
}

static int set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/dev/shm/oriel-test-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	setenv("ORIEL_RUN_DIR", dir, 1);
	setenv("ORIEL_COLLECTOR", "none", 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	read_all();
	return rmdir(dir);
}

/* The log records of this process, in their order, as far as there is room. */
static inline size_t own_logs(const struct record_log *out[], size_t most)
{
	size_t n = 0;

	for (uint32_t i = 0; i < process.n_chunks; i++) {
		const struct chunk *c = (const void *)(process.chunks + (size_t)i * CHUNK_SIZE);
		uint32_t end = atomic_load(&c->write);

		for (uint32_t at = CHUNK_HEAD; at < end;) {
			const struct record_head *h = (const void *)((const char *)c + at);

			if (h->type == RECORD_LOG && n < most)
				out[n++] = (const struct record_log *)h;
			at += h->size;
		}
	}
	return n;
}
