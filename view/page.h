/* SPDX-License-Identifier: Apache-2.0 */
/* Page: the files of the page, from the table that was built in or, for its authors, from a folder. */
#pragma once

#include "view/reply.h"

struct page {
	const struct view_asset *assets;
	int dir; /* of files on disk; -1: none */
};

/* False when there is no such file; then the reply is untouched. */
bool page_answer(const struct page *p, struct str path, bool gzip_allowed, struct reply *r);

int page_gzip(struct out *to, struct str from);
int page_gunzip(struct out *to, struct str from);
