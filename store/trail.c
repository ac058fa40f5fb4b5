/* SPDX-License-Identifier: Apache-2.0 */
#include "store/trail.h"

#include "base/err.h"
#include "base/hex.h"
#include "base/out.h"
#include "base/scoped.h"
#include "base/sha256.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { HASH_TEXT = 64, NAME_ROOM = 32, TAIL_MOST = 1 << 20, HELD_MOST = 32 << 20 };

#define PREV ",\"prev\":\""
#define HASH ",\"hash\":\""

struct trail {
	char *dir;
	unsigned days;
	struct out held; /* members, a line each, that are not on disk */
};

int trail_open(struct trail **out, const char *dir, unsigned days)
{
	struct trail *t = calloc(1, sizeof(*t));

	if (!t || !(t->dir = strdup(dir)))
		return free(t), ERR(-ENOMEM);
	t->days = days;
	t->held.limit = HELD_MOST;
	*out = t;
	return 0;
}

struct trail *trail_free(struct trail *t)
{
	if (!t)
		return NULL;
	out_fini(&t->held);
	free(t->dir);
	free(t);
	return NULL;
}

int trail_add(struct trail *t, struct str members)
{
	size_t before = out_all(&t->held).n;

	out_str(&t->held, members);
	out_str(&t->held, STR("\n"));
	if (!t->held.error)
		return 0;
	t->held.n = before;
	t->held.error = 0;
	return ERR(-ENOBUFS);
}

/* ---- files ---------------------------------------------------------------------------------------- */

static bool is_file(const char *name)
{
	return strlen(name) == strlen("audit-2026-11-21.jsonl") && !strncmp(name, "audit-", 6) &&
	       !strcmp(name + 16, ".jsonl");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int wanted(const struct dirent *e)
{
	return is_file(e->d_name);
}

static void name_of_day(char name[NAME_ROOM], time_t day)
{
	struct tm tm;

	gmtime_r(&day, &tm);
	strftime(name, NAME_ROOM, "audit-%Y-%m-%d.jsonl", &tm);
}

static void list_free(struct dirent **list, int n)
{
	for (int i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

/* The files of days that are over for good. */
static void purge(const struct trail *t, int dir_fd)
{
	char first[NAME_ROOM];
	struct dirent **list;
	int n;

	if (!t->days || (n = scandir(t->dir, &list, wanted, by_name)) < 0)
		return;
	name_of_day(first, time(NULL) - (time_t)t->days * 86400);
	for (int i = 0; i < n && strcmp(list[i]->d_name, first) < 0; i++)
		unlinkat(dir_fd, list[i]->d_name, 0);
	list_free(list, n);
}

/* As much of a file's end as `most`, in memory of malloc's; NULL: none, or not readable. */
static char *read_end(int dir_fd, const char *name, size_t most, size_t *n)
{
	scoped_fd int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	ssize_t got;
	char *p;

	if (fd < 0 || fstat(fd, &st) != 0 || st.st_size <= 0)
		return NULL;
	*n = (uint64_t)st.st_size < most ? (size_t)st.st_size : most;
	p = malloc(*n);
	got = p ? pread(fd, p, *n, st.st_size - (off_t)*n) : -1;
	if (got != (ssize_t)*n) {
		free(p);
		return NULL;
	}
	return p;
}

/* ---- the chain ------------------------------------------------------------------------------------- */

/* `,"hash":"..."}` at a line's end. */
static bool line_hash(struct str line, char out[HASH_TEXT])
{
	struct str tail = str_from(line, line.n - (line.n < 75 ? line.n : 75));

	if (tail.n != 75 || !str_starts(tail, STR(HASH)) || !str_ends(tail, STR("\"}")))
		return false;
	memcpy(out, tail.p + 9, HASH_TEXT);
	return true;
}

static void text_hash(struct str text, char out[HASH_TEXT])
{
	uint8_t bytes[SHA256_BYTES];

	sha256(text, bytes);
	hex_write(out, bytes, sizeof(bytes));
}

/* The hash of a file's last whole line; false: it has none. */
static bool file_hash(int dir_fd, const char *name, char prev[HASH_TEXT])
{
	size_t n = 0;
	char *p = read_end(dir_fd, name, TAIL_MOST, &n);
	struct str text = { p, n };
	bool found = false;

	while (text.n && text.p[text.n - 1] != '\n')
		text.n--;
	if (text.n) {
		const char *before = memrchr(text.p, '\n', --text.n);

		if (before)
			text = str_from(text, (size_t)(before - text.p) + 1);
		found = line_hash(text, prev);
	}
	free(p);
	return found;
}

/* The hash of the last line there is, zeros if there is none. */
static void chain_end(const struct trail *t, int dir_fd, char prev[HASH_TEXT])
{
	struct dirent **list;
	int n = scandir(t->dir, &list, wanted, by_name);

	memset(prev, '0', HASH_TEXT);
	for (int i = n; i-- > 0;)
		if (file_hash(dir_fd, list[i]->d_name, prev))
			break;
	if (n >= 0)
		list_free(list, n);
}

static void put_line(struct out *o, struct str members, char prev[HASH_TEXT])
{
	size_t from = out_all(o).n;

	out_str(o, STR("{"));
	out_str(o, members);
	out_str(o, STR(PREV));
	out_str(o, (struct str){ prev, HASH_TEXT });
	out_str(o, STR("\""));
	if (o->error)
		return;
	text_hash(str_from(out_all(o), from), prev);
	out_str(o, STR(HASH));
	out_str(o, (struct str){ prev, HASH_TEXT });
	out_str(o, STR("\"}\n"));
}

/* ---- writing --------------------------------------------------------------------------------------- */

static int write_all(int fd, struct str text)
{
	while (text.n) {
		ssize_t n = write(fd, text.p, text.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR(-errno);
		text = str_from(text, (size_t)n);
	}
	return 0;
}

/* What a writer that was killed left of a line goes: nobody was told that it is there. */
static int end_torn_line(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char c = '\n';

	while (size > 0 && pread(fd, &c, 1, size - 1) == 1 && c != '\n')
		size--;
	return ftruncate(fd, size) != 0 ? ERR(-errno) : 0;
}

static int append(int dir_fd, struct str lines)
{
	char name[NAME_ROOM];
	off_t before;
	int r;

	name_of_day(name, time(NULL));
	scoped_fd int fd =
		openat(dir_fd, name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return ERR(-errno);
	r = end_torn_line(fd);
	before = lseek(fd, 0, SEEK_END);
	if (r == 0)
		r = write_all(fd, lines);
	if (r == 0 && fdatasync(fd) != 0)
		r = ERR(-errno);
	if (r != 0 && before >= 0 && ftruncate(fd, before) != 0)
		return TRACE(r);
	return TRACE(r);
}

static int write_held(struct trail *t, int dir_fd)
{
	struct str rest = out_all(&t->held);
	struct out lines = { 0 };
	char prev[HASH_TEXT];
	int r;

	chain_end(t, dir_fd, prev);
	while (rest.n) {
		struct cut line = str_cut(rest, '\n');

		put_line(&lines, line.head, prev);
		rest = line.tail;
	}
	r = lines.error ? ERR(-ENOMEM) : append(dir_fd, out_all(&lines));
	out_fini(&lines);
	return TRACE(r);
}

static int dir_open(const struct trail *t)
{
	int fd;

	if (mkdir(t->dir, 0700) != 0 && errno != EEXIST)
		return ERR(-errno);
	fd = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? ERR(-errno) : fd;
}

int trail_sync(struct trail *t)
{
	int r;

	if (!out_all(&t->held).n)
		return 0;
	scoped_fd int dir_fd = dir_open(t);

	if (dir_fd < 0)
		return TRACE(dir_fd);
	if (flock(dir_fd, LOCK_EX) != 0)
		return ERR(-errno);
	purge(t, dir_fd);
	r = write_held(t, dir_fd);
	if (r == 0)
		out_clear(&t->held);
	return TRACE(r);
}

bool trail_has(struct trail *t, struct str text)
{
	scoped_fd int dir_fd = open(t->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **list;
	int n = dir_fd < 0 ? -1 : scandir(t->dir, &list, wanted, by_name);
	size_t size = 0;
	char *p = n > 0 ? read_end(dir_fd, list[n - 1]->d_name, TAIL_MOST, &size) : NULL;
	bool found = p && memmem(p, size, text.p, text.n) != NULL;

	free(p);
	if (n >= 0)
		list_free(list, n);
	return found;
}

/* ---- reading --------------------------------------------------------------------------------------- */

struct reading {
	struct trail_check *check;
	char prev[HASH_TEXT];
	bool any;
	void (*each)(struct str line, void *you);
	void *you;
};

/* The first line that there is may follow others that are purged. */
static bool is_whole(const struct reading *r, struct str line)
{
	char hash[HASH_TEXT], own[HASH_TEXT];
	struct str body = str_first(line, line.n < 75 ? 0 : line.n - 75);
	struct str prev = str_from(body, body.n < 74 ? 0 : body.n - 74);

	if (!line_hash(line, own) || !str_starts(prev, STR(PREV)))
		return false;
	text_hash(body, hash);
	return memcmp(hash, own, HASH_TEXT) == 0 &&
	       (!r->any || memcmp(prev.p + 9, r->prev, HASH_TEXT) == 0);
}

static void take_line(struct reading *r, const char *name, uint64_t number, struct str line)
{
	struct trail_check *c = r->check;

	c->n_lines++;
	if (!is_whole(r, line) && c->n_broken++ == 0)
		snprintf(c->where, sizeof(c->where), "%.*s:%llu", NAME_ROOM, name,
			 (unsigned long long)number);
	if (line_hash(line, r->prev)) {
		memcpy(c->last, r->prev, HASH_TEXT);
		c->last[HASH_TEXT] = '\0';
	}
	r->any = true;
	if (r->each)
		r->each(line, r->you);
}

static int read_file(struct reading *r, int dir_fd, const char *name)
{
	scoped_fd int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	FILE *f = fd >= 0 ? fdopen(dup(fd), "re") : NULL;
	char *line = NULL;
	size_t room = 0;
	uint64_t number = 0;
	ssize_t n;

	if (!f)
		return ERR(-errno);
	while ((n = getline(&line, &room, f)) > 0)
		take_line(r, name, ++number,
			  (struct str){ line, (size_t)n - (line[n - 1] == '\n') });
	free(line);
	fclose(f);
	return 0;
}

int trail_read(const char *dir, struct trail_check *check, void (*each)(struct str line, void *you),
	       void *you)
{
	struct reading reading = { .check = check, .each = each, .you = you };
	scoped_fd int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **list;
	int n, r = 0;

	*check = (struct trail_check){ 0 };
	if (dir_fd < 0)
		return ERR(-errno);
	n = scandir(dir, &list, wanted, by_name);
	if (n < 0)
		return ERR(-errno);
	for (int i = 0; i < n && r == 0; i++)
		r = read_file(&reading, dir_fd, list[i]->d_name);
	list_free(list, n);
	return n ? TRACE(r) : ERR(-ENOENT);
}
