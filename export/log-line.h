/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log line: a log record and its resource as pairs of key and value, in a profile's order; what all
 * formats but the console's write from.
 *
 *     struct log_clock clock = { 0 };                          one for each thread
 *     struct log_line l;
 *     log_line_take(&l, profile, record, resource, &clock);
 *     for (size_t i = 0; i < l.n; i++) ... l.pair[i]
 *
 * A line borrows from the record, the resource and itself, so it can't be copied. Values are as
 * foreign as they came; a format must not let them end its line. An attribute that has the name of
 * one of the profile's own keys gets an underscore behind it.
 */
#pragma once

#include "export/log-profile.h"
#include "model/resource.h"
#include "model/telemetry.h"

enum { LOG_REST_MOST = 128, LOG_PAIRS_MOST = N_LOG_FIELDS + LOG_REST_MOST, LOG_URI_MOST = 2048 };

struct log_pair {
	struct str key;
	const struct value *value;
	bool own; /* key and value are plain: a format need not look at them */
};

/* The second whose text is known. */
struct log_clock {
	uint64_t second;
	char text[20]; /* 2026-11-21T11:26:50 */
};

struct log_line {
	const struct log_record *record;
	const struct resource *resource;
	const struct log_profile *profile;
	bool access;
	const struct value *field[N_LOG_FIELDS]; /* NULL: it has none */
	size_t n;
	struct log_pair pair[LOG_PAIRS_MOST];
	/* what values above lie in */
	struct value own[N_LOG_FIELDS], seconds;
	char time[32], trace_id[32], span_id[16], flags[2], uri[LOG_URI_MOST], renamed[8][64];
	size_t n_renamed;
};

void log_line_take(struct log_line *l, const struct log_profile *profile,
		   const struct log_record *record, const struct resource *resource,
		   struct log_clock *clock);

/* The text of a field; empty if there is none, or it isn't text. */
struct str log_line_text(const struct log_line *l, enum log_field field);

/* "info" or "INFO"; none for no severity. */
struct str log_level_text(int severity, bool upper);

/* The scope and body by which a request's record is known, wherever it was made. */
#define LOG_ACCESS_SCOPE "oriel.access"
