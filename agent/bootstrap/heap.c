/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glibc's main heap is a row of chunks, each with its size in front:
 *
 *     | previous size | size, 3 flag bits | the user's bytes ... | previous size | size | ...
 *
 * A hook that wrote beyond its memory most often overwrote such a size, or a link within a free chunk.
 * The first shows when the row is walked, the second when all free chunks are taken from their lists.
 *
 * The row begins at a page: that of the first break, or of a mapping where the break can't be used,
 * as under LD_AUDIT, and the kernel may have made one area of that and others before it. So a page is
 * its beginning if the row from there comes by a chunk that is known to be one.
 */
#include "agent/bootstrap/heap.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	CLASS_STEP = 16,
	CLASS_MOST = 1040, /* what is cached by thread, and what is not */
	EACH = 9,	   /* more than the cache of a class holds */
	LARGE_EACH = 2,
	LARGE_MOST = 1 << 18, /* beyond it each has a mapping of its own */
	HEAD = 2 * sizeof(size_t),
	FENCE = 16, /* the end of memory that was followed by memory elsewhere */
	PAGE = 4096,
	PAGES_MOST = 4096,
};

/* "from-to rw.. " lines, byte by byte. */
struct maps {
	uintptr_t number[2];
	unsigned at; /* 0, 1: in which number; 2: the r; 3: the w; 4: the rest of the line */
};

/* True when all is known of a mapping that can be read and written. */
static bool maps_take(struct maps *m, char c)
{
	unsigned digit = c >= '0' && c <= '9'	? (unsigned)(c - '0')
			 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
						: 16;

	if (c == '\n') {
		*m = (struct maps){ 0 };
	} else if (m->at < 2 && digit < 16) {
		m->number[m->at] = m->number[m->at] << 4 | digit;
	} else if (m->at < 2) {
		m->at++;
	} else if (m->at < 4) {
		bool may = c == (m->at == 2 ? 'r' : 'w');

		m->at = may ? m->at + 1 : 4;
		return may && m->at == 4;
	}
	return false;
}

/*
 * The mapping that holds this address, and the writable ones that follow upon it without a gap: what
 * a forked child adds to a heap is a mapping of its own. Without stdio, which would use the heap on the way.
 */
static bool area_of(uintptr_t address, uintptr_t *from, uintptr_t *to)
{
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	struct maps m = { 0 };
	char part[1024];
	ssize_t n;

	*from = *to = 0;
	while (fd >= 0 && (n = read(fd, part, sizeof(part))) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (!maps_take(&m, part[i]))
				continue;
			if (m.number[0] <= address && address < m.number[1]) {
				*from = m.number[0];
				*to = m.number[1];
			} else if (*to == m.number[0]) {
				*to = m.number[1];
			}
		}
	if (fd >= 0)
		close(fd);
	return *to != 0;
}

/* The size of the chunk here; FENCE; or 0 if there can be none. */
static size_t chunk_size(uintptr_t at, uintptr_t end)
{
	size_t size;

	if (end - at < HEAD)
		return 0;
	size = ((const size_t *)at)[1] & ~(size_t)7;
	if (size == FENCE)
		return FENCE;
	return size >= 2 * CLASS_STEP && size % CLASS_STEP == 0 && size <= end - at ? size : 0;
}

/* How far the row goes from here; 0 if it doesn't come by `known`. */
static uintptr_t row_end(uintptr_t at, uintptr_t end, uintptr_t known)
{
	bool passed = false;
	size_t size;

	while (at < end && (size = chunk_size(at, end)) && size != FENCE) {
		passed |= at == known;
		at += size;
	}
	return passed ? at : 0;
}

bool heap_find(struct heap_row *row)
{
	char *volatile mine = malloc(CLASS_STEP);
	uintptr_t known = (uintptr_t)mine - HEAD, from, end;
	bool found = mine && area_of(known, &from, &end);

	row->to = 0;
	for (int i = 0; found && !row->to && i < PAGES_MOST && from < known; i++, from += PAGE) {
		row->from = from;
		row->to = row_end(from, end, known);
	}
	free(mine);
	return found && row->to && chunk_size(known, end);
}

bool heap_is_in_order(const struct heap_row *row)
{
	uintptr_t at = row->from, from, end;
	size_t size;

	if (!area_of(at, &from, &end))
		return false;
	while (at < row->to && at < end) {
		size = chunk_size(at, end);
		if (size == FENCE)
			return true;
		if (!size)
			return false;
		at += size;
	}
	return true;
}

/* Only the ends are written to: every page would cost the child a fault. */
static void exercise_size(size_t size, int n)
{
	unsigned char *p[EACH];

	for (int i = 0; i < n; i++) {
		p[i] = malloc(size);
		if (p[i])
			p[i][0] = p[i][size - 1] = 0x5a;
	}
	for (int i = 0; i < n; i += 2)
		free(p[i]);
	for (int i = 1; i < n; i += 2)
		free(p[i]);
}

void heap_exercise(void)
{
	for (int round = 0; round < 2; round++) {
		for (size_t size = 8; size < CLASS_MOST; size += CLASS_STEP)
			exercise_size(size, EACH);
		for (size_t size = CLASS_MOST; size <= LARGE_MOST; size *= 2)
			exercise_size(size, LARGE_EACH);
	}
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
