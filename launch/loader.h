/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loader: what a dynamic linker that is itself the command is told to load (base/linker.h).
 *
 *     struct loader l = loader_read(argv);     "ld.so", "--library-path", "lib", "./server", "-p", "80"
 *     l.program, l.library_path                "./server", "lib"
 *
 * Strings are argv's.
 */
#pragma once

#include "base/str.h"

struct loader {
	struct str program;	  /* empty: none is started (--list, --help, nothing named) */
	const char *library_path; /* in the place of LD_LIBRARY_PATH; NULL: not given */
};

struct loader loader_read(char *const *argv);
