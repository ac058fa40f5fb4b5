/* SPDX-License-Identifier: Apache-2.0 */
#include "export/spool.h"

#include "base/err.h"
#include "base/out.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { FILE_ROOM = 4 << 20, BODY_MOST = 80 << 20, FILES_MOST = 100000 };

#define MAGIC 0x31554551454c524full /* "ORELEQU1" */

struct head {
	uint64_t magic, read_at;
};

struct record {
	uint32_t n, which, n_items, crc;
};

struct file {
	struct file *next;
	uint32_t number;
	uint64_t read_at, bytes, items; /* items: not read yet */
};

struct spool {
	int dir, lock, out; /* out: of the last file, -1: not open */
	struct file *first, **last;
	uint64_t most, bytes, items, taken, dropped;
	struct out body;
	struct record at; /* of the first item, once it is read */
	bool has_first;
};

static void name_of(uint32_t number, char name[32])
{
	snprintf(name, 32, "%08u.queue", number);
}

static int file_open(const struct spool *s, const struct file *f, int flags)
{
	char name[32];

	name_of(f->number, name);
	return openat(s->dir, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static bool read_whole(int fd, void *to, size_t n, uint64_t at)
{
	return pread(fd, to, n, (off_t)at) == (ssize_t)n;
}

static bool is_record(const struct record *r, const struct file *f, uint64_t at)
{
	return r->n <= BODY_MOST && at + sizeof(*r) + r->n <= f->bytes;
}

/* ---- files ----------------------------------------------------------------------------------------- */

static void file_forget(struct spool *s, struct file *f)
{
	char name[32];

	name_of(f->number, name);
	unlinkat(s->dir, name, 0);
	s->bytes -= f->bytes;
	s->items -= f->items;
	s->first = f->next;
	if (!s->first) {
		s->last = &s->first;
		if (s->out >= 0)
			close(s->out);
		s->out = -1;
	}
	s->has_first = false;
	free(f);
}

/* Its records as far as they are whole; what comes after is cut off by forgetting it. */
static void file_look(struct spool *s, struct file *f)
{
	int fd = file_open(s, f, O_RDONLY);
	struct head h = { 0 };
	struct record r;
	struct stat st;
	uint64_t at;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    !read_whole(fd, &h, sizeof(h), 0) || h.magic != MAGIC || h.read_at < sizeof(h) ||
	    h.read_at > (uint64_t)st.st_size) {
		f->bytes = f->read_at = 0;
	} else {
		f->read_at = h.read_at;
		f->bytes = (uint64_t)st.st_size;
		for (at = h.read_at; read_whole(fd, &r, sizeof(r), at) && is_record(&r, f, at);
		     at += sizeof(r) + r.n)
			f->items += r.n_items;
		f->bytes = at;
	}
	if (fd >= 0)
		close(fd);
	s->bytes += f->bytes;
	s->items += f->items;
}

static struct file *file_add(struct spool *s, uint32_t number)
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

static void files_find(struct spool *s)
{
	int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
		struct file *f = file_add(s, number[i]);

		if (f)
			file_look(s, f);
	}
	free(number);
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
	while (s->first && !s->first->items)
		file_forget(s, s->first);
}

/* ---- opening --------------------------------------------------------------------------------------- */

/* What one can read of it, and what tells it from others that read the same. */
static void folder_of(const char *name, char folder[80])
{
	size_t n = 0;

	for (; name[n] && n < 48; n++) {
		char l = str_lower(name[n]);

		folder[n] = (l >= 'a' && l <= 'z') || (l >= '0' && l <= '9') || l == '.' ? l : '-';
	}
	snprintf(folder + n, 80 - n, "-%08lx",
		 crc32(0, (const Bytef *)name, (uInt)strlen(name)) & 0xffffffff);
}

static int folder_open(const char *dir, const char *name)
{
	char folder[80];
	int top, fd;

	folder_of(name, folder);
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -1;
	top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return -1;
	if (mkdirat(top, folder, 0700) < 0 && errno != EEXIST) {
		close(top);
		return -1;
	}
	fd = openat(top, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	close(top);
	return fd;
}

struct spool *spool_open(const char *dir, const char *name, uint64_t most)
{
	struct spool *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->most = most;
	s->last = &s->first;
	s->out = s->lock = -1;
	s->dir = folder_open(dir, name);
	if (s->dir >= 0)
		s->lock = openat(s->dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->lock < 0 || flock(s->lock, LOCK_EX | LOCK_NB) < 0)
		return spool_close(s);
	files_find(s);
	return s;
}

struct spool *spool_close(struct spool *s)
{
	if (!s)
		return NULL;
	while (s->first) {
		struct file *f = s->first;

		s->first = f->next;
		free(f);
	}
	if (s->out >= 0)
		close(s->out);
	if (s->lock >= 0)
		close(s->lock);
	if (s->dir >= 0)
		close(s->dir);
	out_fini(&s->body);
	free(s);
	return NULL;
}

/* ---- putting --------------------------------------------------------------------------------------- */

static struct file *file_last(const struct spool *s)
{
	return s->first ? (struct file *)((char *)s->last - offsetof(struct file, next)) : NULL;
}

/* The last one, as if it had never been begun. */
static void file_take_back(struct spool *s, struct file *f, struct file **at)
{
	char name[32];

	name_of(f->number, name);
	unlinkat(s->dir, name, 0);
	if (s->out >= 0)
		close(s->out);
	s->out = -1;
	*at = NULL;
	s->last = at;
	free(f);
}

/* A file of its own for what we write: the last one of a collector before us is only read. */
static int file_begin(struct spool *s)
{
	struct head h = { MAGIC, sizeof(h) };
	struct file *last = file_last(s), **at = s->last;
	struct file *f = file_add(s, last ? last->number + 1 : 1);
	int e;

	if (!f)
		return -ENOMEM;
	if (s->out >= 0)
		close(s->out);
	s->out = file_open(s, f, O_WRONLY | O_CREAT | O_TRUNC);
	if (s->out < 0 || write(s->out, &h, sizeof(h)) != (ssize_t)sizeof(h)) {
		e = s->out < 0 ? -errno : -ENOSPC;
		file_take_back(s, f, at);
		return e;
	}
	f->bytes = f->read_at = sizeof(h);
	s->bytes += sizeof(h);
	return 0;
}

static void make_room(struct spool *s, uint64_t more)
{
	while (s->first && s->first->next && s->bytes + more > s->most) {
		s->dropped += s->first->items;
		file_forget(s, s->first);
	}
}

static int append(struct spool *s, const struct record *r, struct str body)
{
	struct file *f = file_last(s);
	off_t at = (off_t)f->bytes;

	if (pwrite(s->out, r, sizeof(*r), at) != (ssize_t)sizeof(*r) ||
	    pwrite(s->out, body.p, body.n, at + (off_t)sizeof(*r)) != (ssize_t)body.n) {
		if (ftruncate(s->out, at) < 0)
			return -EIO;
		return -ENOSPC;
	}
	f->bytes += sizeof(*r) + body.n;
	f->items += r->n_items;
	s->bytes += sizeof(*r) + body.n;
	s->items += r->n_items;
	s->taken += r->n_items;
	return 0;
}

int spool_put(struct spool *s, uint32_t which, uint32_t n_items, struct str body)
{
	struct record r = { (uint32_t)body.n, which, n_items, 0 };
	struct file *last;
	int e;

	if (body.n > BODY_MOST || body.n + sizeof(r) + sizeof(struct head) > s->most)
		return ERR(-EFBIG);
	r.crc = (uint32_t)crc32(0, (const Bytef *)body.p, (uInt)body.n);
	make_room(s, sizeof(struct head) + sizeof(r) + body.n);
	last = file_last(s);
	if (s->out < 0 || !last || last->bytes + sizeof(r) + body.n > FILE_ROOM) {
		e = file_begin(s);
		if (e)
			return ERR(e);
	}
	e = append(s, &r, body);
	return e ? ERR(e) : 0;
}

/* ---- taking ---------------------------------------------------------------------------------------- */

static bool record_read(struct spool *s, const struct file *f, int fd)
{
	struct record *r = &s->at;

	if (!read_whole(fd, r, sizeof(*r), f->read_at) || !is_record(r, f, f->read_at))
		return false;
	out_clear(&s->body);
	if (!out_reserve(&s->body, r->n) ||
	    !read_whole(fd, s->body.p, r->n, f->read_at + sizeof(*r)))
		return false;
	s->body.n = r->n;
	return crc32(0, (const Bytef *)s->body.p, r->n) == r->crc;
}

bool spool_first(struct spool *s, struct spool_item *out)
{
	while (!s->has_first && s->first) {
		struct file *f = s->first;
		int fd = f->items ? file_open(s, f, O_RDONLY) : -1;

		s->has_first = fd >= 0 && record_read(s, f, fd);
		if (fd >= 0)
			close(fd);
		if (s->has_first)
			break;
		if (!f->items && !f->next)
			return false; /* the one that is written to */
		s->dropped += f->items;
		file_forget(s, f);
	}
	if (s->has_first)
		*out = (struct spool_item){ s->at.which, s->at.n_items, out_all(&s->body) };
	return s->has_first;
}

/* How far it was read goes to disk, so that the next collector doesn't send it again. */
bool spool_pop(struct spool *s)
{
	struct file *f = s->first;
	int fd;

	if (!s->has_first)
		return false;
	s->has_first = false;
	f->read_at += sizeof(s->at) + s->at.n;
	f->items -= s->at.n_items;
	s->items -= s->at.n_items;
	if (!f->items) {
		file_forget(s, f);
		return true;
	}
	fd = file_open(s, f, O_WRONLY);
	if (fd >= 0) {
		if (pwrite(fd, &f->read_at, sizeof(f->read_at), offsetof(struct head, read_at)) < 0)
			errno = 0; /* then it may be sent again */
		close(fd);
	}
	return true;
}

uint64_t spool_items(const struct spool *s)
{
	return s->items;
}

uint64_t spool_taken(const struct spool *s)
{
	return s->taken;
}

uint64_t spool_bytes(const struct spool *s)
{
	return s->bytes;
}

uint64_t spool_dropped(struct spool *s)
{
	uint64_t n = s->dropped;

	s->dropped = 0;
	return n;
}
