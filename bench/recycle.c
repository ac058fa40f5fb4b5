/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/recycle.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

void recycle_prepare(void)
{
	snprintf(dir, sizeof(dir), "/dev/shm/oriel-bench-XXXXXX");
	if (!mkdtemp(dir))
		die("mkdtemp");
	setenv("ORIEL_RUN_DIR", dir, 1);
	setenv("ORIEL_COLLECTOR", "none", 1);
}

static char *first_file(char *path, size_t size)
{
	DIR *d = opendir(dir);
	char *found = NULL;

	for (struct dirent *e; d && (e = readdir(d));)
		if (strstr(e->d_name, SEGMENT_SUFFIX)) {
			snprintf(path, size, "%s/%s", dir, e->d_name);
			found = path;
		}
	if (d)
		closedir(d);
	return found;
}

void recycle_open(struct recycle *r)
{
	char path[512];
	struct stat st;
	int fd = first_file(path, sizeof(path)) ? open(path, O_RDWR) : -1;

	if (fd < 0 || fstat(fd, &st) != 0)
		die("no segment");
	r->segment = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (r->segment == MAP_FAILED)
		die("mmap");
	close(fd);
	/* A collector that is always there. */
	atomic_store(&((struct segment_header *)r->segment)->collector_ns, UINT64_MAX / 2);
}

void recycle_run(struct recycle *r)
{
	struct segment_header *s = r->segment;
	_Atomic uint32_t *states = (_Atomic uint32_t *)((char *)s + s->states_at);

	for (uint32_t i = 0; i < s->n_chunks; i++) {
		struct chunk *c =
			(struct chunk *)((char *)s + s->chunks_at + (size_t)i * CHUNK_SIZE);
		uint32_t was = atomic_load(&states[i]);

		if (was != CHUNK_FULL && was != CHUNK_IDLE)
			continue;
		atomic_store(&c->write, CHUNK_HEAD);
		atomic_store(&states[i], CHUNK_FREE);
		if (was == CHUNK_FULL)
			atomic_fetch_add(&s->n_free, 1);
	}
}

uint64_t recycle_losses(const struct recycle *r)
{
	uint64_t n = 0;

	for (int i = 0; i < N_LOSSES; i++)
		n += atomic_load(&r->segment->loss[i]);
	return n;
}

void recycle_close(struct recycle *r)
{
	char path[512];

	if (r->segment)
		munmap(r->segment, r->segment->size);
	while (first_file(path, sizeof(path)))
		if (unlink(path) != 0)
			break;
	rmdir(dir);
}
