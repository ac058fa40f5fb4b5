/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking from a spool:
 *
 *     done ···· read_at ── taken: out, done, came back ── take_at ── not taken yet ···· bytes
 *
 * What is done at the front moves read_at, which is in the file's head; what is done behind it is marked in its record.
 */
#include "export/spool-inside.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

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
	if (!spool_read(fd, body->p, r->n, at + sizeof(*r)))
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

uint64_t spool_items_taken(const struct spool *s, const struct file *f, bool done)
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
	int fd = spool_file_open(s, f, O_WRONLY);

	if (fd < 0)
		return;
	if (pwrite(fd, &f->read_at, sizeof(f->read_at), offsetof(struct head, read_at)) < 0)
		errno = 0; /* then it may be sent again */
	close(fd);
}

/* Done before its turn: the next collector is to leave it out. */
static void record_note(const struct spool *s, const struct taken *t)
{
	int fd = spool_file_open(s, t->file, O_WRONLY);
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
		spool_forget(s, 1);
	}
	while (s->first && !s->first->items && !spool_n_taken(s, s->first)) {
		if (s->first == noted)
			noted = NULL;
		spool_file_forget(s, s->first);
	}
	if (noted)
		file_note(s, noted);
}

/* What was not taken of it yet can't be read. */
static void file_cut(struct spool *s, struct file *f)
{
	uint64_t out = spool_items_taken(s, f, false), lost = f->items > out ? f->items - out : 0;

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
	int fd = spool_file_open(s, t->file, O_RDONLY);
	enum outcome outcome = BROKEN;
	struct record r;

	if (fd < 0)
		return errno == ENOENT || errno == ELOOP ? BROKEN : SHORT;
	if (spool_read(fd, &r, sizeof(r), t->at) && spool_is_record(&r, t->file, t->at)) {
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
