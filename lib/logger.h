/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logger: the names that log records can come under, and their levels (wire/control.h).
 *
 * Names are the process's and stay; levels lie in the segment, each segment's own. A forked child
 * begins with its parent's.
 */
#pragma once

#include "wire/control.h"

#include <stdbool.h>

/* What process_prepare keeps for a child. */
struct logger_levels {
	uint8_t passing[CONTROL_LOGGERS];
	bool there;
};

void logger_keep(struct logger_levels *out);

/* Fills this segment's control block, if nobody did, and opens the gate. After WIPE_MARK is set. */
void logger_open(const struct logger_levels *kept);
void logger_close(void);
