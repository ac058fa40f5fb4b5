/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notice: the one line on standard error that says that a bootstrap hook was left out: by the agent
 * before the program begins, or by the launcher. In the format that the program's own log is
 * configured to have (ORIEL_LOG_FORMAT, else LOG_FORMAT):
 *
 *     [2026-11-21 08:09:10.123Z] WARNING - oriel.bootstrap: hook.so returned 3; starting without it
 *     {"timestamp":"2026-11-21T08:09:10.123456Z","level":"WARNING","logger":"oriel.bootstrap",..}
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NOTICE_MOST = 1024 };

/* The line with its end, at `now_ns` since the epoch; what doesn't fit is cut. How long it is. */
size_t notice_format(char to[NOTICE_MOST], bool json, uint64_t now_ns, const char *logger,
		     const char *message);

/*
 * To standard error, if that is open and takes it at once: nobody waits, and no SIGPIPE is left
 * behind. Before threads.
 */
void notice_warn(const char *logger, const char *message);
