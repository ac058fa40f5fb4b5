/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Change: what can be changed in a service while it runs, as people write it.
 *
 *     level=debug            of all loggers that have no level of their own
 *     level.db=off           of one logger
 *     sampling=0.1           the share of new traces that is recorded; always_on, always_off
 *     excluded=^/health      paths that are left out, instead of the service's own list; none: nothing is
 *     level=                 an empty value: as the service itself has it
 *
 * Commands check it before they ask a collector, and the collector checks it again.
 */
#pragma once

#include "base/str.h"

enum change_kind {
	CHANGE_LEVEL,
	CHANGE_SAMPLING,
	CHANGE_EXCLUDED,
};

struct change {
	enum change_kind kind;
	bool back;	     /* as the service itself has it */
	struct str logger;   /* LEVEL; empty: those without a level of their own */
	int severity;	     /* LEVEL: 1 to 24, or SEVERITY_OFF */
	uint64_t threshold;  /* SAMPLING: base/ratio.h; 0: none */
	struct str patterns; /* EXCLUDED */
};

enum { CHANGE_LOGGER_MOST = 47, CHANGE_PATTERNS_MOST = 16, CHANGE_EXCLUDED_MOST = 956 };

/* NULL, or why it is none: a static sentence. `out` borrows from `text`. */
const char *change_read(struct change *out, struct str text);
