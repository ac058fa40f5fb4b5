/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linker: the dynamic linker, by its file's name. As a rule the kernel starts it for a program; it can
 * be the command itself, too: `ld-linux-x86-64.so.2 PROGRAM`, as bundles that bring their own libc do.
 * Then all that the kernel knows as the executable is the linker.
 */
#pragma once

#include "base/path.h"

static inline bool linker_is_musl(struct str path)
{
	return str_starts(path_name(path), STR("ld-musl-"));
}

static inline bool linker_is_gnu(struct str path)
{
	struct str name = path_name(path);

	return str_starts(name, STR("ld-linux")) || str_starts(name, STR("ld64.so")) ||
	       str_starts(name, STR("ld.so"));
}

static inline bool linker_is(struct str path)
{
	return linker_is_gnu(path) || linker_is_musl(path);
}
