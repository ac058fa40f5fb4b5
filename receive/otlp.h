/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTLP, read: an Export{Trace,Logs,Metrics}ServiceRequest into batches.
 *
 *     struct receipt got = { 0 };
 *     struct otlp_source from = { &sources, run };
 *     r = otlp_decode(&got, SIGNAL_SPAN, body, &from);      0, RECEIPT_BAD, or -ENOMEM
 *
 * The bytes are hostile: whatever they are, this comes back, with memory in proportion to them. What
 * OpenTelemetry's definitions allow is taken as it is; an item that can't be told (a span without
 * ids, a histogram whose buckets don't fit its bounds) is rejected alone; fields that nobody knows are
 * skipped. Any thread.
 */
#pragma once

#include "export/exporter.h"
#include "model/sieve.h"
#include "receive/receipt.h"
#include "receive/sources.h"

enum {
	OTLP_ITEMS_MOST = 500000, /* of one request; the rest is rejected */
	OTLP_VALUES_MOST =
		8000000, /* attributes and nested values of one request; the rest is dropped */
};

struct otlp_source {
	struct sources *known; /* may be NULL */
	struct str run;	       /* the `oriel run` that it belongs to, or empty */
	struct sieve *sieve;   /* what batches and resources go through; NULL: nothing is secret */
};

int otlp_decode(struct receipt *out, enum signal kind, struct str body,
		const struct otlp_source *from);
