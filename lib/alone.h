/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alone: what becomes of log records while no collector lives.
 *
 * They are recorded as always, for one that may come. Besides, the program's own calls are written to
 * standard error, a line each, after one line that says why: the one exception to the rule that
 * a guest prints nothing. ORIEL_FALLBACK=none leaves it out.
 *
 *     no collector lives   the header's word of it is 10 s old; or there was none at the start and
 *                          none was started; or 5 s have passed and none has shown itself; or
 *                          this process could get no segment
 *
 * Asked at most twice a second, by a log call that comes by, and by each while it is so. A line is one
 * write(2) of at most 2 KiB, and only if descriptor 2 is what it was at the start and takes it at once;
 * SIGPIPE and SIGXFSZ don't reach the program. Where reading the counter is forbidden (strict seccomp)
 * nothing is written. Signal-safe.
 */
#pragma once

#include "lib/process.h"
#include "lib/watcher.h"

/* At the first start: what descriptor 2 is, and whether a collector can be expected. */
void alone_begin(bool expected);

/* Without a segment, in the program or in a child: log calls come by all the same. */
void alone_without_segment(void);

/* A log call passes: is it time to look? `time` is its record's. */
static inline bool alone_must_look(uint64_t time)
{
	return __builtin_expect(time >= atomic_load_explicit(&process.look_at,
							     memory_order_relaxed),
				0);
}

/* `what` as oriel_log_at has it; of a scope of ours (lib/watcher.h) nothing is written. */
void alone_look(uint64_t what, struct str body, struct oriel_attributes attributes);
