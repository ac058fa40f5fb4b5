/* SPDX-License-Identifier: Apache-2.0 */
/* Path: of a file, as text. */
#pragma once

#include "base/str.h"

/* Without its directory. */
static inline struct str path_name(struct str path)
{
	size_t n = path.n;

	while (n && path.p[n - 1] != '/')
		n--;
	return str_from(path, n);
}
