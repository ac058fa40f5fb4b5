/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segment, made: the file, committed and mapped, its header filled in but for the magic word.
 *
 *     r = segment_make(&s, size);            enum oriel_off, or 0
 *     segment_publish(s);                    now a collector may read it
 *
 * Nothing here can end in a signal: RLIMIT_FSIZE is looked at before ftruncate would raise
 * SIGXFSZ, and every page is committed before it is mapped. At most 1/64 of the free space is
 * taken; less than SEGMENT_LEAST is "no room". Descriptors are closed before return.
 */
#pragma once

#include "wire/segment.h"

#include <stddef.h>

/*
 * Reads from the environment where segments go, and which run they are part of. Once, at a start: a
 * forked child's belongs where its parent's is, whatever became of the environment and the user since.
 */
void segment_place(void);

int segment_make(struct segment_header **out, size_t want);

/* Unmaps one that was never published; its file has no magic word and the collector removes it. */
void segment_discard(struct segment_header *s);
void segment_publish(struct segment_header *s);

/* The run directory, made if it isn't there; false: it can't be, or isn't ours alone. */
int segment_directory(char *out, size_t size);
