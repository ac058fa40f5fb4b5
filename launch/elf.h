/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF: what one program or shared object says about itself, read from a file that isn't ours.
 *
 *     struct elf elf;
 *     r = elf_read(&elf, &source, &arena);   ELF_NOT for a script or anything else
 *
 * Everything is foreign: offsets and sizes are checked against what can be read, counts are bounded
 * (ELF_MOST_*), loops are impossible. Only what a launcher must know is kept. Strings lie in the
 * arena. Files of the other word size or byte order are recognised but not read further.
 */
#pragma once

#include "base/arena.h"

enum {
	ELF_MOST_HEADERS = 256,
	ELF_MOST_NEEDED = 256,
	ELF_MOST_DYNAMIC = 4096, /* entries */
	ELF_MOST_NAME = 1024,	 /* bytes of one string */
};

/* Where bytes come from. Reads all n bytes at `at`, or returns false. */
struct elf_source {
	bool (*read)(const struct elf_source *self, uint64_t at, void *to, size_t n);
	int fd;
	struct str bytes; /* instead of fd, for elf_of_bytes */
};

struct elf_source elf_of_fd(int fd);
struct elf_source elf_of_bytes(struct str bytes);

struct elf {
	int bits;		/* 32 or 64 */
	bool native;		/* this machine's word size, byte order and instruction set */
	uint16_t machine;	/* EM_* */
	bool executable;	/* ET_EXEC: at a fixed address */
	bool dynamic;		/* has a dynamic section */
	struct str interpreter; /* empty: static, or a shared object */
	struct str rpath, runpath;
	const struct str *needed;
	size_t n_needed;
	uint64_t static_tls; /* bytes of thread-local storage that must be there from the start */
};

/* Positive outcomes. */
enum {
	ELF_NOT = 1, /* something else, by its first bytes */
	ELF_BROKEN,  /* makes no sense */
};

int elf_read(struct elf *out, const struct elf_source *source, struct arena *arena);

/* Is `name` (a symbol, say) a whole string of any string table? Reads the file through; bounded. */
bool elf_mentions(const struct elf_source *source, const char *name);

/* Does it export `name`, so that others find it here by that name? Bounded. */
bool elf_exports(const struct elf_source *source, const char *name);

/* "x86-64", or a number for what nobody has asked about yet; static. */
const char *elf_machine_name(uint16_t machine);
uint16_t elf_machine_here(void);
