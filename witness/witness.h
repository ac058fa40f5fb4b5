/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Witness: the collector's reading half in the process that records (oriel-test.h): the one place where
 * guest and home meet, and only by the segment.
 */
#pragma once

#include "model/batch.h"
#include "oriel-test.h"

/* A span or a log record as it was found, in the order in which it ended or was made. */
struct seen_span {
	struct seen_span *next;
	const struct span *span;
	struct oriel_test_span shown;
};

struct seen_log {
	struct seen_log *next;
	const struct log_record *log;
	struct oriel_test_log shown;
};

struct witness {
	struct seen_span *spans;
	struct seen_log *logs;
	struct batch *metrics; /* now; NULL: nothing was ever recorded */
	struct batch *before;  /* when it began */
	uint64_t n_lost;
};

/* All that was recorded until now; NULL: it hasn't begun. */
const struct witness *witness_look(void);

/* find.c */
bool name_is(struct str have, const char *want);
