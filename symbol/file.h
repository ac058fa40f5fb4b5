/* SPDX-License-Identifier: Apache-2.0 */
/* File: a module's own file, or one of debug information that goes with it; told by build ids. */
#pragma once

#include "symbol/symbol.h"

#include <limits.h>

/*
 * Open for reading, and its path; -1: there is none that can be trusted. Only regular files are
 * opened: the path comes from a service, and a pipe or a device there must not hold anybody up.
 */
int symbol_file_open(const struct symbol_module *m, char path[PATH_MAX]);

/* The file that `link` (of .gnu_debuglink) names, if it has this build id; *found gets its path. */
int symbol_file_debug(const char *file, const char *link, const uint8_t *id, size_t n,
		      char **found);
