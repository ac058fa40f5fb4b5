/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipt: what came of one request: the batches that it was made into, and what was wrong with it.
 *
 *     struct receipt got = { 0 };
 *     r = otlp_decode(&got, SIGNAL_SPAN, body, &source);
 *     for (size_t i = 0; i < got.n; i++) ...got.batch[i]
 *     receipt_fini(&got);
 *
 * A batch holds what one resource said, at most RECEIPT_ITEMS (and the rest of one metric's points),
 * and borrows nothing from the request. One thread.
 */
#pragma once

#include "model/batch.h"

enum { RECEIPT_ITEMS = 8192, RECEIPT_WHY = 128 };

enum receipt_outcome {
	RECEIPT_BAD =
		1, /* not such a message at all; nothing was taken, `why` says what is wrong */
};

struct receipt {
	struct batch **batch;
	size_t n, room;
	uint64_t n_rejected;   /* spans, records or points that make no sense */
	char why[RECEIPT_WHY]; /* the first one that was rejected, or what makes it bad */
};

/* A new batch, the receipt's; NULL: no memory. */
struct batch *receipt_add(struct receipt *r, struct resource *resource);
void receipt_reject(struct receipt *r, uint64_t n, const char *why);
size_t receipt_items(const struct receipt *r);
void receipt_fini(struct receipt *r);
