/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/ledger-file.h"

#include "base/err.h"
#include "collect/ledger-point.h"
#include "model/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 8 + LEDGER_BOOT + 8 + 8, FOLDED_MOST = 65536 };

#define MAGIC "ORLEDGR2"
#define NAME "totals"
#define NAME_NEW "totals.new"

/* ---- names ----------------------------------------------------------------------------------------- */

bool folded_add(struct folded **list, const char *name)
{
	struct folded *f = calloc(1, sizeof(*f));

	if (!f)
		return false;
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->next = *list;
	*list = f;
	return true;
}

bool folded_take(struct folded **list, const char *name)
{
	for (; *list; list = &(*list)->next)
		if (strcmp((*list)->name, name) == 0) {
			struct folded *f = *list;

			*list = f->next;
			free(f);
			return true;
		}
	return false;
}

struct folded *folded_free(struct folded *list)
{
	while (list) {
		struct folded *next = list->next;

		free(list);
		list = next;
	}
	return NULL;
}

/* ---- writing --------------------------------------------------------------------------------------- */

uint64_t ledger_hash(struct str bytes)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; bytes.n >= 8; bytes = str_from(bytes, 8)) {
		uint64_t word;

		memcpy(&word, bytes.p, 8);
		h = (h ^ word) * 0x100000001b3u;
		h ^= h >> 31;
	}
	for (size_t i = 0; i < bytes.n; i++)
		h = (h ^ (unsigned char)bytes.p[i]) * 0x100000001b3u;
	return h;
}

static void write_names(struct out *o, const struct folded *folded)
{
	uint64_t n = 0;

	for (const struct folded *f = folded; f; f = f->next)
		n++;
	ledger_put_u64(o, n);
	for (const struct folded *f = folded; f; f = f->next)
		ledger_put_text(o, str_of(f->name));
}

static void write_gauges(struct out *o, const struct account *a)
{
	uint64_t n = 0;

	for (size_t i = 0; i < LEDGER_DEAD; i++)
		n += a->gauges[i] != NULL;
	ledger_put_u64(o, n);
	for (size_t i = 0; i < LEDGER_DEAD; i++) {
		const struct batch *b = a->gauges[(a->next_gauges + i) % LEDGER_DEAD];

		if (!b)
			continue;
		ledger_put_u64(o, (uint32_t)b->resource->pid);
		ledger_put_u64(o, b->n_points);
		for (size_t k = 0; k < b->n_points; k++)
			ledger_put_point(o, &b->point[k]);
	}
}

static void write_point(const struct metric_point *p, void *o)
{
	ledger_put_point(o, p);
}

static void write_account(struct out *o, const struct account *a)
{
	ledger_put_text(o, str_of(a->place));
	ledger_put_attributes(o, a->common->attributes);
	ledger_put_text(o, a->common->run);
	ledger_put_u64(o, a->dead.n);
	tally_each(&a->dead, write_point, o);
	write_gauges(o, a);
}

void ledger_write(struct out *o, const struct ledger *l, const uint8_t boot_id[LEDGER_BOOT],
		  const struct folded *folded)
{
	size_t begin = o->n;
	uint64_t size, hash;

	out_bytes(o, MAGIC, 8);
	out_bytes(o, boot_id, LEDGER_BOOT);
	ledger_put_u64(o, 0);
	ledger_put_u64(o, 0);
	write_names(o, folded);
	ledger_put_u64(o, l->n);
	/* The one that was used last is the first, here and when it is read again. */
	for (const struct account *a = l->account; a; a = a->next)
		write_account(o, a);
	if (o->error)
		return;
	size = o->n - begin - HEAD;
	hash = ledger_hash((struct str){ o->p + begin + HEAD, size });
	memcpy(o->p + begin + 8 + LEDGER_BOOT, &size, 8);
	memcpy(o->p + begin + 8 + LEDGER_BOOT + 8, &hash, 8);
}

/* ---- reading --------------------------------------------------------------------------------------- */

static bool read_names(struct ledger_bytes *b, struct folded **folded)
{
	uint64_t n = ledger_get_u64(b);

	if (n > FOLDED_MOST)
		return false;
	for (uint64_t i = 0; i < n && !b->bad; i++) {
		struct str text = ledger_get_text(b);
		char name[sizeof((*folded)->name)];

		if (!text.n || text.n >= sizeof(name) || memchr(text.p, '/', text.n) ||
		    memchr(text.p, '\0', text.n))
			return false;
		memcpy(name, text.p, text.n);
		name[text.n] = '\0';
		if (!folded_add(folded, name))
			return false;
	}
	return !b->bad;
}

/* Into a batch of its own, which holds what is borrowed. */
static bool read_points(struct ledger_bytes *b, struct batch *to)
{
	uint64_t n = ledger_get_u64(b);

	for (uint64_t i = 0; i < n && !b->bad; i++) {
		struct metric_point *p = batch_add_point(to);

		if (!p || !ledger_get_point(b, p, &to->arena))
			return false;
	}
	return !b->bad;
}

static bool read_dead(struct ledger_bytes *b, struct account *a)
{
	struct batch *points = batch_new(a->common);
	bool ok = points && read_points(b, points);

	for (size_t i = 0; ok && i < points->n_points; i++)
		ok = tally_put(&a->dead, &points->point[i]);
	batch_free(points);
	return ok;
}

static bool read_gauges(struct ledger_bytes *b, struct account *a)
{
	uint64_t n = ledger_get_u64(b);

	for (uint64_t i = 0; i < n && n <= LEDGER_DEAD; i++) {
		int32_t pid = (int32_t)ledger_get_u64(b);
		struct resource *r = resource_new(a->common->attributes, a->common->run, pid);
		struct batch *own = r ? batch_new(r) : NULL;

		bool ok = own && read_points(b, own);

		if (ok)
			account_keep_gauges(a, own);
		resource_free(r);
		batch_free(own);
		if (!ok)
			return false;
	}
	return n <= LEDGER_DEAD && !b->bad;
}

static bool read_account(struct ledger_bytes *b, struct ledger *l)
{
	struct arena arena = { .head = NULL };
	struct str place = ledger_get_text(b), run;
	struct attributes who = ledger_get_attributes(b, &arena);
	struct account *a = NULL;
	struct resource *r;

	run = ledger_get_text(b);
	r = b->bad ? NULL : resource_new(who, run, 0);
	if (r && place.n < LEDGER_PLACE)
		a = ledger_append(l, place, r);
	resource_free(r);
	arena_fini(&arena);
	return a && read_dead(b, a) && read_gauges(b, a);
}

bool ledger_read(struct ledger *l, struct str bytes, const uint8_t boot_id[LEDGER_BOOT],
		 struct folded **folded)
{
	struct ledger_bytes b = { str_from(bytes, HEAD), false };
	uint64_t size, hash, n;

	if (bytes.n < HEAD || memcmp(bytes.p, MAGIC, 8) != 0 ||
	    memcmp(bytes.p + 8, boot_id, LEDGER_BOOT) != 0)
		return false;
	memcpy(&size, bytes.p + 8 + LEDGER_BOOT, 8);
	memcpy(&hash, bytes.p + 8 + LEDGER_BOOT + 8, 8);
	if (size != b.left.n || hash != ledger_hash(b.left) || !read_names(&b, folded))
		return false;
	n = ledger_get_u64(&b);
	if (n > LEDGER_ACCOUNTS)
		return false;
	for (uint64_t i = 0; i < n; i++)
		if (!read_account(&b, l))
			return false;
	return !b.bad && !b.left.n;
}

/* ---- the file -------------------------------------------------------------------------------------- */

static int write_all(int fd, struct str bytes)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0 && errno != EINTR)
			return ERR(-errno);
		if (n > 0)
			bytes = str_from(bytes, (size_t)n);
	}
	return 0;
}

static int file_write(int dir_fd, struct str bytes)
{
	int fd = openat(dir_fd, NAME_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
			0600);
	int r;

	if (fd < 0)
		return ERR(-errno);
	r = write_all(fd, bytes);
	close(fd);
	if (!r && renameat(dir_fd, NAME_NEW, dir_fd, NAME) < 0)
		r = ERR(-errno);
	if (r)
		unlinkat(dir_fd, NAME_NEW, 0);
	return TRACE(r);
}

int ledger_save(const struct ledger *l, const struct ledger_file *f, const struct folded *folded)
{
	struct out o = { .limit = LEDGER_FILE_MOST };
	int r;

	ledger_write(&o, l, f->boot_id, folded);
	r = o.error ? ERR(o.error) : file_write(f->dir_fd, out_all(&o));
	out_fini(&o);
	return TRACE(r);
}

static bool file_is_ours(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() && !(st->st_mode & 077) &&
	       st->st_size <= LEDGER_FILE_MOST;
}

static int file_read(struct out *o, int fd)
{
	for (;;) {
		ssize_t n;

		if (!out_reserve(o, 65536))
			return ERR(-ENOMEM);
		n = read(fd, o->p + o->n, 65536);
		if (n < 0 && errno != EINTR)
			return ERR(-errno);
		if (n == 0)
			return 0;
		if (n > 0)
			o->n += (size_t)n;
		if (o->n > LEDGER_FILE_MOST)
			return ERR(-EFBIG);
	}
}

int ledger_load(struct ledger *l, const struct ledger_file *f, struct folded **folded)
{
	int fd = openat(f->dir_fd, NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), r;
	struct out o = { .n = 0 };
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? 0 : ERR(-errno);
	r = fstat(fd, &st) < 0 ? ERR(-errno) : file_is_ours(&st) ? file_read(&o, fd) : ERR(-EPERM);
	close(fd);
	if (!r && !ledger_read(l, out_all(&o), f->boot_id, folded)) {
		ledger_fini(l);
		*folded = folded_free(*folded);
		stats_add(totals_unread, 1);
	}
	out_fini(&o);
	return TRACE(r);
}

void ledger_discard(const struct ledger_file *f)
{
	unlinkat(f->dir_fd, NAME, 0);
}
