/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/encode.h"
#include "lib/thread.h"

/* oriel_span.flags: it has a START. */
enum { SPAN_RECORDS = 1, SPAN_NAME_MOST = 1024 };

/* Write the END of a span that this thread opened and that an outer end found still open. */
void span_abandon(struct thread *t, uint64_t span_id);

static inline unsigned char *span_put_state(unsigned char *p, struct str state)
{
	uint16_t n = (uint16_t)state.n;

	memcpy(p, &n, 2);
	return encode_copy(p + 2, state.p, state.n);
}
