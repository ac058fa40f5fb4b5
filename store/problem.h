/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Problem: errors of one kind, as a write sees them. Of one kind are those of one service with the
 * same type, message shape and topmost frames.
 *
 *     struct problems p = { .arena = &arena };
 *     problems_log(&p, log, resource, &from);     each; those that are no errors are passed over
 *     problems_span(&p, span, resource, &from);
 *     problems_write(&p, db, blob);               one row each, however many there were
 *
 * Kept are PROBLEMS_MOST kinds, those that were seen last, each with its newest traces.
 */
#pragma once

#include "base/arena.h"
#include "base/out.h"
#include "model/resource.h"
#include "model/telemetry.h"
#include "store/db.h"

enum { PROBLEMS_MOST = 2000, PROBLEM_TRACES = 20, PROBLEM_RECORD_MOST = 64 * 1024 };

/* Words and rows that the write already knows. */
struct problem_from {
	uint32_t resource, service, run;
};

struct problem;

struct problems {
	struct arena *arena;
	struct problem *first, **slot; /* slot: NULL until there is one */
	size_t n;
};

void problems_log(struct problems *p, const struct log_record *l, const struct resource *r,
		  const struct problem_from *from);
void problems_span(struct problems *p, const struct span *s, const struct resource *r,
		   const struct problem_from *from);
void problems_write(struct problems *p, struct db *db, struct out *blob);
