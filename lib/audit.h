/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Audit: records that must not be lost (oriel_audit). They go the way of log records, in a scope of their
 * own that the collector keeps a trail of (store/trail.h).
 *
 * Each has a number, counted in the segment's header, so that one that is missing shows; the collector
 * says there how many are on disk.
 */
#pragma once

#include "base/str.h"
#include "oriel.h"

#define AUDIT_NUMBER "audit.number"

/* False: there is no room just now; nothing is counted. */
bool log_write_audit(struct str event, struct oriel_attributes attributes, uint64_t number);

/* When recording stops: wait for what isn't on disk, as long as is configured. */
void audit_stop(void);
