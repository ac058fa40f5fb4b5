/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delta: what has come since the last time, for a destination that wants metrics so
 * (OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE).
 *
 *     struct delta d = { .preference = delta_preference(&settings, variable) };
 *     part = delta_of(&d, batch);           one more reference to the batch if all of it stays as it is
 *     if (it was taken)
 *             delta_told(&d, batch);
 *     delta_fini(&d);
 *
 * Whoever has no pid is told apart by the resource: spans of others that were counted here. Points that others have
 * sent don't come by.
 *
 * Of each process the last batch that was told is kept, which is what the next one is compared with. What a
 * destination had no room for isn't told: it is in the next delta. A delta begins where the one before it
 * ended; the first one of a series, where the series began. Series with nothing new are left out.
 *
 * A process that another collector had before: how much that one told nobody knows, so the first
 * batch is where counting begins, and not told.
 *
 * One thread at a time.
 */
#pragma once

#include "model/batch.h"
#include "model/settings.h"

enum delta_preference {
	DELTA_NONE,	 /* cumulative */
	DELTA_ALL,	 /* counters and histograms; what may fall stays cumulative */
	DELTA_LOWMEMORY, /* likewise, but counters that are observed */
};

enum {
	DELTA_PROCESSES = 4096
}; /* of one destination; beyond, the ones longest silent begin anew */

struct delta_process;

struct delta {
	enum delta_preference preference;
	struct delta_process *process; /* the one that was told last is the first */
	size_t n;
};

/* What makes no sense is counted, and cumulative. */
enum delta_preference delta_preference(const struct settings *s, const char *variable);

/* NULL: nothing new, or no memory (counted). */
struct batch *delta_of(struct delta *d, struct batch *b);
void delta_told(struct delta *d, struct batch *b);
void delta_fini(struct delta *d);
