/* SPDX-License-Identifier: Apache-2.0 */
#include "export/spool.h"

#include "base/err.h"
#include "export/spool-folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
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

/* In a record's `which`, on disk alone: it is done, but one before it isn't. */
#define RECORD_DONE (1u << 31)

struct file {
	struct file *next;
	uint32_t number;
	uint64_t read_at;      /* all before it is done; on disk, too */
	uint64_t take_at;      /* all before it was taken */
	uint64_t bytes, items; /* items: not done yet */
};

/* A record that was taken, and those behind it that were. */
struct taken {
	struct file *file;
	uint64_t at, ticket;
	struct record record;
	bool out, done; /* neither: it came back */
};

struct spool {
	char *top, *name;
	struct spool_folder folder;
	int out; /* of the last file, -1: not open */
	struct file *first, **last;
	uint64_t most, bytes, items, came, dropped, tickets;
	struct taken taken[SPOOL_TAKEN_MOST]; /* in the files' order */
	size_t n_taken;
	bool is_short;	    /* of descriptors or memory, when one was last to be taken */
	unsigned none_left; /* n_left, when nobody had left anything */
};

/*
 * How many were closed with something in them: those who have none look whether it is for them. Release pairs with
 * their acquire, behind which the folder is free.
 */
static _Atomic unsigned n_left;

static void name_of(uint32_t number, char name[32])
{
	snprintf(name, 32, "%08u.queue", number);
}

static int file_open(const struct spool *s, const struct file *f, int flags)
{
	char name[32];

	name_of(f->number, name);
	return openat(s->folder.dir, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
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

static size_t n_taken_of(const struct spool *s, const struct file *f)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_taken; i++)
		n += s->taken[i].file == f;
	return n;
}

/* The first `n` of what was taken: nobody needs to know any more. */
static void taken_forget(struct spool *s, size_t n)
{
	s->n_taken -= n;
	memmove(s->taken, s->taken + n, s->n_taken * sizeof(*s->taken));
}

/* The first one. */
static void file_forget(struct spool *s, struct file *f)
{
	char name[32];

	name_of(f->number, name);
	unlinkat(s->folder.dir, name, 0);
	taken_forget(s, n_taken_of(s, f));
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
			f->items += r.which & RECORD_DONE ? 0 : r.n_items;
		f->bytes = at;
	}
	f->take_at = f->read_at;
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
	files_find(s);
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
		file_forget(s, s->first);
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
	char name[32];

	name_of(f->number, name);
	unlinkat(s->folder.dir, name, 0);
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
	s->came += r->n_items;
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

/* ---- taking ---------------------------------------------------------------------------------------- */

enum outcome {
	READ,
	NOT_NOW, /* points, and they aren't wanted */
	PAST,	 /* it is done */
	SHORT,	 /* another time */
	BROKEN,
};

static enum outcome body_read(int fd, const struct record *r, uint64_t at, struct out *body)
{
	out_clear(body);
	if (!out_reserve(body, r->n))
		return SHORT;
	if (!read_whole(fd, body->p, r->n, at + sizeof(*r)))
		return BROKEN;
	body->n = r->n;
	return crc32(0, (const Bytef *)body->p, r->n) == r->crc ? READ : BROKEN;
}

static void items_leave(struct spool *s, struct file *f, uint64_t n)
{
	n = n < f->items ? n : f->items;
	f->items -= n;
	s->items -= n;
}

static uint64_t items_taken(const struct spool *s, const struct file *f, bool done)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->n_taken; i++)
		if ((!f || s->taken[i].file == f) && s->taken[i].done == done)
			n += s->taken[i].record.n_items;
	return n;
}

/* How far it was read goes to disk, so that the next collector doesn't send it again. */
static void file_note(const struct spool *s, const struct file *f)
{
	int fd = file_open(s, f, O_WRONLY);

	if (fd < 0)
		return;
	if (pwrite(fd, &f->read_at, sizeof(f->read_at), offsetof(struct head, read_at)) < 0)
		errno = 0; /* then it may be sent again */
	close(fd);
}

/* Done before its turn: the next collector is to leave it out. */
static void record_note(const struct spool *s, const struct taken *t)
{
	int fd = file_open(s, t->file, O_WRONLY);
	uint32_t which = t->record.which | RECORD_DONE;

	if (fd < 0)
		return;
	if (pwrite(fd, &which, sizeof(which), (off_t)(t->at + offsetof(struct record, which))) < 0)
		errno = 0; /* then it may be sent again */
	close(fd);
}

/* What is done at the front, and the files that have nothing else. */
static void tidy(struct spool *s)
{
	struct file *noted = NULL;

	while (s->n_taken && s->taken[0].done) {
		noted = s->taken[0].file;
		noted->read_at = s->taken[0].at + sizeof(struct record) + s->taken[0].record.n;
		taken_forget(s, 1);
	}
	while (s->first && !s->first->items && !n_taken_of(s, s->first)) {
		if (s->first == noted)
			noted = NULL;
		file_forget(s, s->first);
	}
	if (noted)
		file_note(s, noted);
}

/* What was not taken of it yet can't be read. */
static void file_cut(struct spool *s, struct file *f)
{
	uint64_t out = items_taken(s, f, false), lost = f->items > out ? f->items - out : 0;

	if (!f->next && s->out >= 0) {
		close(s->out);
		s->out = -1;
	}
	s->dropped += lost;
	items_leave(s, f, lost);
	s->bytes -= f->bytes - f->take_at;
	f->bytes = f->take_at;
}

/* One that came back, else the next of a file, as `fresh`. */
static struct taken *next_to_take(struct spool *s, struct taken *fresh)
{
	struct file *f = s->first;

	for (size_t i = 0; i < s->n_taken; i++)
		if (!s->taken[i].out && !s->taken[i].done)
			return &s->taken[i];
	while (f && f->take_at >= f->bytes)
		f = f->next;
	if (!f || s->n_taken == SPOOL_TAKEN_MOST)
		return NULL;
	*fresh = (struct taken){ .file = f, .at = f->take_at };
	return fresh;
}

static enum outcome taken_read(struct spool *s, struct taken *t, bool points, struct out *body)
{
	int fd = file_open(s, t->file, O_RDONLY);
	enum outcome outcome = BROKEN;
	struct record r;

	if (fd < 0)
		return errno == ENOENT || errno == ELOOP ? BROKEN : SHORT;
	if (read_whole(fd, &r, sizeof(r), t->at) && is_record(&r, t->file, t->at)) {
		outcome = r.which & RECORD_DONE		? PAST
			  : r.which % 4 == 2 && !points ? NOT_NOW
							: body_read(fd, &r, t->at, body);
	}
	if (outcome == READ || outcome == PAST)
		t->record = r;
	close(fd);
	return outcome;
}

static void taken_lost(struct spool *s, struct taken *t, const struct taken *fresh)
{
	if (t == fresh) {
		file_cut(s, t->file);
	} else {
		t->done = true;
		s->dropped += t->record.n_items;
		items_leave(s, t->file, t->record.n_items);
	}
	tidy(s);
}

/* The next of its file comes behind it. */
static void taken_pass(struct taken *t)
{
	t->file->take_at = t->at + sizeof(t->record) + t->record.n;
}

bool spool_take(struct spool *s, bool points, struct out *body, struct spool_item *item)
{
	struct taken fresh, *t;
	enum outcome outcome;

	s->is_short = false;
	while ((t = next_to_take(s, &fresh)) &&
	       (outcome = taken_read(s, t, points, body)) != READ) {
		s->is_short = outcome == SHORT;
		if (outcome == NOT_NOW || outcome == SHORT)
			return false;
		if (outcome == PAST)
			taken_pass(t);
		else
			taken_lost(s, t, &fresh);
	}
	if (!t)
		return false;
	if (t == &fresh) {
		t = &s->taken[s->n_taken++];
		*t = fresh;
		t->ticket = ++s->tickets;
		taken_pass(t);
	}
	t->out = true;
	*item = (struct spool_item){ t->record.which, t->record.n_items, out_all(body), t->ticket };
	return true;
}

static struct taken *taken_find(struct spool *s, const struct spool_item *item)
{
	for (size_t i = 0; i < s->n_taken; i++)
		if (s->taken[i].ticket == item->ticket)
			return &s->taken[i];
	return NULL;
}

bool spool_done(struct spool *s, const struct spool_item *item)
{
	struct taken *t = taken_find(s, item);

	if (!t)
		return false;
	t->done = true;
	items_leave(s, t->file, t->record.n_items);
	if (t != s->taken)
		record_note(s, t);
	tidy(s);
	return true;
}

void spool_back(struct spool *s, const struct spool_item *item)
{
	struct taken *t = taken_find(s, item);

	if (t)
		t->out = false;
}

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
	return s->items + items_taken(s, NULL, true);
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
