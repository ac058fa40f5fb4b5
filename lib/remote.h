/* SPDX-License-Identifier: Apache-2.0 */
/* Remote: what a caller's headers said of its span, in whichever format they said it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum remote_sampling {
	REMOTE_DEFERRED, /* nothing was said */
	REMOTE_DENIED,
	REMOTE_ACCEPTED,
	REMOTE_DEBUG, /* accepted, and told so to everyone on the way */
};

struct remote {
	bool has_ids; /* else it's a decision and nothing more */
	enum remote_sampling sampling;
	uint8_t trace_id[16], span_id[8];
};
