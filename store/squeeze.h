/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Squeeze: a block's spans in a quarter of their bytes (LZ4, after their number), and back. What a write costs is
 * by the byte: each goes to the log, is summed there, and goes from there to its page.
 *
 *     squeeze_pack(&q, &to, spans);                   -ENOMEM, or 0; `to` is cleared first
 *     spans = squeeze_plain(&q, block_no, packed);    borrowed until the next call; empty: it isn't one
 *
 * The block that was opened last is kept: who searches traces asks for its spans one after the other.
 * One thread at a time; a connection's.
 */
#pragma once

#include "base/out.h"

struct squeeze {
	void *packing;
	struct out plain;
	uint64_t no; /* the block of which `plain` is; 0: none */
};

int squeeze_pack(struct squeeze *q, struct out *to, struct str plain);
struct str squeeze_plain(struct squeeze *q, uint64_t no, struct str packed);
void squeeze_forget(struct squeeze *q);
void squeeze_fini(struct squeeze *q);
