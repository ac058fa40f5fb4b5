/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields: what the context adds to each log record, as attributes that lie ready for it in the carry.
 *
 * Any thread; not in signal handlers, like all that makes carries.
 */
#pragma once

#include "lib/carry.h"
#include "lib/watcher.h"

/* The attributes as a row, cut to what a carry holds; what doesn't fit is counted. */
struct str fields_row(unsigned char to[CARRY_FIELDS_MOST + 8], struct oriel_attributes fields);
