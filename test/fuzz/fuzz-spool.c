/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that an earlier collector has left, or anybody who could write there; its checksums are right where the first
 * byte says so. The bytes also say what is done with it. What is in it at first, and what is put, is done, dropped or
 * still there.
 */
#include "export/spool.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

enum { HELD = 4, HEAD = 16 };

static char dir[] = "/tmp/oriel-fuzz-spool-XXXXXX", path[200];

struct trial {
	struct spool *spool;
	struct out body;
	struct spool_item held[HELD];
	size_t n_held;
	uint64_t all, done;
};

static void find_path(void)
{
	char pattern[80];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/fuzz-*", dir);
	if (glob(pattern, 0, NULL, &found) || found.gl_pathc != 1)
		abort();
	snprintf(path, sizeof(path), "%s/00000001.queue", found.gl_pathv[0]);
	globfree(&found);
}

static void begin(void)
{
	if (path[0])
		return;
	if (!mkdtemp(dir))
		abort();
	spool_close(spool_open(dir, "fuzz", 4096));
	find_path();
}

static void mend_checksums(char *p, size_t n)
{
	uint32_t size, crc;

	for (size_t at = 0; at + HEAD <= n; at += HEAD + size) {
		memcpy(&size, p + at, sizeof(size));
		if (size > n - at - HEAD)
			return;
		crc = (uint32_t)crc32(0, (const Bytef *)p + at + HEAD, size);
		memcpy(p + at + 12, &crc, sizeof(crc));
	}
}

static void leave_file(const uint8_t *data, size_t n)
{
	struct {
		uint64_t magic, read_at;
	} head = { 0x31554551454c524full, sizeof(head) + (data[0] >> 4) };
	char *copy = malloc(n);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (!copy || fd < 0)
		abort();
	memcpy(copy, data, n);
	if (data[0] & 1)
		mend_checksums(copy + 1, n - 1);
	if (write(fd, &head, sizeof(head)) < 0 || write(fd, copy + 1, n - 1) < 0)
		abort();
	close(fd);
	free(copy);
}

static void take(struct trial *t, bool points)
{
	if (t->n_held < HELD && spool_take(t->spool, points, &t->body, &t->held[t->n_held]))
		t->n_held++;
}

static void let_go(struct trial *t, size_t i, bool done)
{
	if (i >= t->n_held)
		return;
	if (!done)
		spool_back(t->spool, &t->held[i]);
	else if (spool_done(t->spool, &t->held[i]))
		t->done += t->held[i].n_items;
	t->held[i] = t->held[--t->n_held];
}

static void step(struct trial *t, uint8_t what)
{
	static const char text[600];

	switch (what % 4) {
	case 0:
		take(t, what & 4);
		break;
	case 1:
		let_go(t, what >> 4, true);
		break;
	case 2:
		let_go(t, what >> 4, false);
		break;
	case 3:
		if (!spool_put(t->spool, what >> 2 & 3, what,
			       (struct str){ text, (size_t)what * 2 }))
			t->all += what;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct trial t = { .spool = NULL };

	if (!n)
		return 0;
	begin();
	leave_file(data, n);
	t.spool = spool_open(dir, "fuzz", 4096);
	t.all = spool_items(t.spool);
	for (size_t i = 0; i < n && i < 64; i++)
		step(&t, data[i]);
	if (t.done + spool_dropped(t.spool) + spool_items(t.spool) != t.all)
		abort();
	while (t.n_held)
		let_go(&t, 0, true);
	while (spool_take(t.spool, true, &t.body, &t.held[0]))
		spool_done(t.spool, &t.held[0]);
	if (spool_items(t.spool) || spool_bytes(t.spool))
		abort();
	spool_close(t.spool);
	out_fini(&t.body);
	return 0;
}
