/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exclude: the paths that oriel_excluded knows (base/exclusion.h says from where). Compiled at
 * oriel_start into memory of their own and never changed: another list is other memory, and the old
 * one stays, since another thread may be searching it.
 *
 * Called with process.door shut, and once recording is on: a pattern that makes no sense
 * is a log record and a count, and is left out.
 */
#pragma once

#include <stddef.h>

/* For lists that are set while the service runs (wire/control.h), which then go before these. */
size_t exclude_memory_size(void);
void exclude_use(void *zeroed);
void exclude_forked(void);

/* `given`: the list of oriel_start, which goes before all variables; NULL: none. */
void exclude_read(const char *given);
