/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a spool, and putting something in; taking it out is spool-take.c. */
#include "base/err.h"
#include "export/spool-inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

enum { FILE_ROOM = 4 << 20 };

/*
 * How many were closed with something in them: those who have none look whether it is for them. Release pairs with
 * their acquire, behind which the folder is free.
 */
static _Atomic unsigned n_left;

/* ---- opening --------------------------------------------------------------------------------------- */

/* NULL: somebody else has it, or it isn't there. */
static struct spool *open_nth(const char *top, const char *name, uint64_t most, unsigned nth,
			      bool make)
{
	struct spool *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->most = most;
	s->last = &s->first;
	s->out = -1;
	s->folder = (struct spool_folder){ -1, -1 };
	s->top = strdup(top);
	s->name = strdup(name);
	s->none_left = atomic_load_explicit(&n_left, memory_order_acquire) - 1;
	if (!s->top || !s->name ||
	    spool_folder_take(&s->folder, top, name, nth, make) != FOLDER_OURS)
		return spool_close(s);
	spool_files_find(s);
	return s;
}

/* One with something in it, else the first that nobody has; `make`: there is always one. */
static struct spool *open_best(const char *top, const char *name, uint64_t most, bool make)
{
	struct spool *empty = NULL;

	for (unsigned nth = 1; nth <= SPOOL_FOLDERS; nth++) {
		struct spool *s = open_nth(top, name, most, nth, make && !empty);

		if (s && s->items) {
			spool_close(empty);
			return s;
		}
		if (empty || !make)
			spool_close(s);
		else
			empty = s;
	}
	return empty;
}

struct spool *spool_open(const char *dir, const char *name, uint64_t most)
{
	return open_best(dir, name, most, true);
}

bool spool_adopt(struct spool *s)
{
	unsigned left = atomic_load_explicit(&n_left, memory_order_acquire);
	struct spool *other;
	struct spool_folder ours = s->folder;

	if (left == s->none_left || s->items || s->n_taken)
		return false;
	other = open_best(s->top, s->name, s->most, false);
	if (!other) {
		s->none_left = left;
		return false;
	}
	while (s->first)
		spool_file_forget(s, s->first);
	s->folder = other->folder;
	s->first = other->first;
	s->last = other->last;
	s->bytes = other->bytes;
	s->items = other->items;
	s->came += s->items;
	other->folder = ours;
	other->first = NULL;
	other->items = 0;
	spool_close(other);
	return true;
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
	spool_folder_leave(&s->folder);
	if (s->items)
		atomic_fetch_add_explicit(&n_left, 1, memory_order_release);
	free(s->top);
	free(s->name);
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
	spool_file_remove(s, f);
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
	struct head h = { SPOOL_MAGIC, sizeof(h) };
	struct file *last = file_last(s), **at = s->last;
	struct file *f = spool_file_add(s, last ? last->number + 1 : 1);
	int e;

	if (!f)
		return -ENOMEM;
	if (s->out >= 0)
		close(s->out);
	s->out = spool_file_open(s, f, O_WRONLY | O_CREAT | O_TRUNC);
	if (s->out < 0 || write(s->out, &h, sizeof(h)) != (ssize_t)sizeof(h)) {
		e = s->out < 0 ? -errno : -ENOSPC;
		file_take_back(s, f, at);
		return e;
	}
	f->bytes = f->read_at = f->take_at = sizeof(h);
	s->bytes += sizeof(h);
	return 0;
}

/* The oldest are dropped by whole files, so a small queue has small ones. */
static uint64_t file_room(const struct spool *s)
{
	return s->most / 4 < FILE_ROOM ? s->most / 4 : FILE_ROOM;
}

static void make_room(struct spool *s, uint64_t more)
{
	while (s->first && s->first->next && s->bytes + more > s->most) {
		s->dropped += s->first->items;
		spool_file_forget(s, s->first);
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
	s->came += r->n_items;
	return 0;
}

int spool_put(struct spool *s, uint32_t which, uint32_t n_items, struct str body)
{
	struct record r = { (uint32_t)body.n, which, n_items, 0 };
	struct file *last;
	int e;

	if (body.n > SPOOL_BODY_MOST || body.n + sizeof(r) + sizeof(struct head) > s->most)
		return ERR(-EFBIG);
	r.crc = (uint32_t)crc32(0, (const Bytef *)body.p, (uInt)body.n);
	make_room(s, sizeof(struct head) + sizeof(r) + body.n);
	last = file_last(s);
	if (s->out < 0 || !last ||
	    (last->bytes > sizeof(struct head) &&
	     last->bytes + sizeof(r) + body.n > file_room(s))) {
		e = file_begin(s);
		if (e)
			return ERR(e);
	}
	e = append(s, &r, body);
	return e ? ERR(e) : 0;
}

/* ---- looking --------------------------------------------------------------------------------------- */

bool spool_is_short(const struct spool *s)
{
	return s->is_short;
}

uint64_t spool_items(const struct spool *s)
{
	return s->items;
}

uint64_t spool_held(const struct spool *s)
{
	return s->items + spool_items_taken(s, NULL, true);
}

uint64_t spool_came(const struct spool *s)
{
	return s->came;
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
