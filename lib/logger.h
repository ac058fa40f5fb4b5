/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logger: the names that log records can come under, and their levels (wire/control.h).
 *
 * Names are the process's and stay; levels lie in the segment, each segment's own.
 */
#pragma once

#include "base/str.h"

#include <stdint.h>

/* All loggers into this segment's control block. `passing`: what their parent's had; or NULL. */
void logger_fill_all(const uint8_t *passing);

/* Empty: the program's own. */
struct str logger_name(unsigned logger);
