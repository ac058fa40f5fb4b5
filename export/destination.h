/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Destination: an exporter with a thread and a bounded queue of its own, so that a slow or dead one
 * delays only itself.
 *
 *     struct destination *d;
 *     r = destination_new(&d, &exporter_otlp, &settings, &place, limits);
 *     destination_offer(d, batch);           takes a reference of its own; never waits
 *     destination_flush(d, 2000);            all that was offered is delivered or counted?
 *     destination_free(d, 2000);             the same, then ends the thread
 *
 * The queue is bounded in items (spans + records + points). A full queue drops the newest batch and
 * counts its items. Retryable failures back off with jitter (1 s doubling to 30 s) and keep the
 * batch until `retry_for_ms` is over.
 */
#pragma once

#include "export/exporter.h"

struct destination;

struct destination_limits {
	size_t queue_items;	 /* default 65,536 */
	size_t batch_items;	 /* most items in one write; default 8,192 */
	uint32_t delay_ms;	 /* wait this long for a batch to fill; default 200 */
	uint32_t retry_for_ms;	 /* default 300,000 */
};

/* What /api/status tells of a destination. */
struct destination_state {
	const char *name;
	size_t queued;
	uint64_t sent, dropped;
	bool failing;
	char why[160];
};

int destination_new(struct destination **out, const struct exporter *kind, const struct settings *settings,
		    const struct export_place *place, struct destination_limits limits, char why[160]);
void destination_offer(struct destination *d, struct batch *b);
bool destination_flush(struct destination *d, uint32_t timeout_ms);
struct destination *destination_free(struct destination *d, uint32_t timeout_ms);
void destination_state(struct destination *d, struct destination_state *out);
