/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Libraries: which shared objects a program would load, found as the dynamic linker finds them.
 *
 *     struct libraries libs = { 0 };
 *     r = libraries_find(&libs, "/usr/bin/curl", &elf, getenv("LD_LIBRARY_PATH"), &arena);
 *
 * DT_NEEDED, and theirs, and so on: DT_RPATH (where there is no DT_RUNPATH), LD_LIBRARY_PATH,
 * DT_RUNPATH, the directories of /etc/ld.so.conf, the usual ones. $ORIGIN and $LIB are known; a
 * directory with another token is passed over; glibc itself is taken as found. What a program opens later (dlopen) isn't seen.
 * Files are foreign; at most LIBRARIES_MOST are looked at. Everything lies in the arena.
 */
#pragma once

#include "launch/elf.h"

enum { LIBRARIES_MOST = 512 };

struct library {
	struct str name; /* as DT_NEEDED says */
	struct str path; /* empty: not found, or the libc that oriel runs on, not looked for */
};

struct libraries {
	struct library *item;
	size_t n;
	size_t n_missing;
	uint64_t static_tls; /* of all of them, but for libc's */
};

/* -ENOMEM is the only failure; what can't be read is taken as needing nothing. */
int libraries_find(struct libraries *out, struct str program, const struct elf *elf,
		   const char *library_path, struct arena *arena);

/* By soname; NULL if the program doesn't use it. */
const struct library *libraries_get(const struct libraries *libs, struct str name);

/* The first one whose name starts with `prefix`. */
const struct library *libraries_like(const struct libraries *libs, struct str prefix);
