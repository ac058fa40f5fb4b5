/* SPDX-License-Identifier: Apache-2.0 */
/* A spool's files: which there are, and how far each is whole. */
#include "export/spool-inside.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MOST = 100000 };

static void name_of(uint32_t number, char name[32])
{
	snprintf(name, 32, "%08u.queue", number);
}

int spool_file_open(const struct spool *s, const struct file *f, int flags)
{
	char name[32];

	name_of(f->number, name);
	return openat(s->folder.dir, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

void spool_file_remove(const struct spool *s, const struct file *f)
{
	char name[32];

	name_of(f->number, name);
	unlinkat(s->folder.dir, name, 0);
}

bool spool_read(int fd, void *to, size_t n, uint64_t at)
{
	return pread(fd, to, n, (off_t)at) == (ssize_t)n;
}

bool spool_is_record(const struct record *r, const struct file *f, uint64_t at)
{
	return r->n <= SPOOL_BODY_MOST && at + sizeof(*r) + r->n <= f->bytes;
}

size_t spool_n_taken(const struct spool *s, const struct file *f)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_taken; i++)
		n += s->taken[i].file == f;
	return n;
}

void spool_forget(struct spool *s, size_t n)
{
	s->n_taken -= n;
	memmove(s->taken, s->taken + n, s->n_taken * sizeof(*s->taken));
}

void spool_file_forget(struct spool *s, struct file *f)
{
	spool_file_remove(s, f);
	spool_forget(s, spool_n_taken(s, f));
	s->bytes -= f->bytes;
	s->items -= f->items;
	s->first = f->next;
	if (!s->first) {
		s->last = &s->first;
		if (s->out >= 0)
			close(s->out);
		s->out = -1;
	}
	free(f);
}

/* Its records as far as they are whole; what comes after is cut off by forgetting it. */
static void file_look(struct spool *s, struct file *f)
{
	int fd = spool_file_open(s, f, O_RDONLY);
	struct head h = { 0 };
	struct record r;
	struct stat st;
	uint64_t at;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    !spool_read(fd, &h, sizeof(h), 0) || h.magic != SPOOL_MAGIC || h.read_at < sizeof(h) ||
	    h.read_at > (uint64_t)st.st_size) {
		f->bytes = f->read_at = 0;
	} else {
		f->read_at = h.read_at;
		f->bytes = (uint64_t)st.st_size;
		for (at = h.read_at;
		     spool_read(fd, &r, sizeof(r), at) && spool_is_record(&r, f, at);
		     at += sizeof(r) + r.n)
			f->items += r.which & RECORD_DONE ? 0 : r.n_items;
		f->bytes = at;
	}
	f->take_at = f->read_at;
	if (fd >= 0)
		close(fd);
	s->bytes += f->bytes;
	s->items += f->items;
}

struct file *spool_file_add(struct spool *s, uint32_t number)
{
	struct file *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->number = number;
	*s->last = f;
	s->last = &f->next;
	return f;
}

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void spool_files_find(struct spool *s)
{
	int fd = openat(s->folder.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	uint32_t *number = malloc(FILES_MOST * sizeof(*number)), n = 0;

	for (struct dirent *e; d && number && n < FILES_MOST && (e = readdir(d));) {
		unsigned at;
		int end = 0;

		if (sscanf(e->d_name, "%8u.queue%n", &at, &end) == 1 && end == 14 && !e->d_name[14])
			number[n++] = at;
	}
	if (number)
		qsort(number, n, sizeof(*number), by_number);
	for (uint32_t i = 0; i < n; i++) {
		struct file *f = spool_file_add(s, number[i]);

		if (f)
			file_look(s, f);
	}
	free(number);
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
	while (s->first && !s->first->items)
		spool_file_forget(s, s->first);
}
