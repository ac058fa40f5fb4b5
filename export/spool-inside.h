/* SPDX-License-Identifier: Apache-2.0 */
/* Inside: what spool.c and its neighbours, spool-file.c and spool-take.c, share. Nobody else includes it. */
#pragma once

#include "export/spool-folder.h"
#include "export/spool.h"

enum { SPOOL_BODY_MOST = 80 << 20 };

#define SPOOL_MAGIC 0x31554551454c524full /* "ORELEQU1" */

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

/* spool-file.c */
int spool_file_open(const struct spool *s, const struct file *f, int flags);
struct file *spool_file_add(struct spool *s, uint32_t number);
void spool_file_remove(const struct spool *s, const struct file *f);

/* The first one. */
void spool_file_forget(struct spool *s, struct file *f);

/* Those of a collector before us. */
void spool_files_find(struct spool *s);
bool spool_read(int fd, void *to, size_t n, uint64_t at);
bool spool_is_record(const struct record *r, const struct file *f, uint64_t at);

/* The first `n` of what was taken: nobody needs to know any more. */
void spool_forget(struct spool *s, size_t n);
size_t spool_n_taken(const struct spool *s, const struct file *f);

/* spool-take.c: of a file, NULL: of all. */
uint64_t spool_items_taken(const struct spool *s, const struct file *f, bool done);
