/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Audit: the trail of services' audit records (store/trail.h), in the folder `audit` beside the store,
 * also where there is no store. Written at once and synced; what can't be written is held and tried
 * again. The collector's thread alone.
 *
 *     n = audit_keep(&a, batch);             how many of the batch's are on disk
 *     audit_again(&a);                       now and then
 *     audit_fini(&a);
 */
#pragma once

#include "model/batch.h"
#include "store/trail.h"

struct audit {
	struct trail *trail; /* NULL: nothing yet */
	bool failing;
	uint64_t tried_ns; /* CLOCK_MONOTONIC, when it failed last */
};

size_t audit_keep(struct audit *a, const struct batch *b);
void audit_again(struct audit *a);
void audit_fini(struct audit *a);
