/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings: the OTEL_* and ORIEL_* variables of one service, as its segment carried them.
 *
 * A block of NAME=VALUE strings, each ended by NUL. Borrowed; the text is foreign, so a block whose
 * last string has no NUL loses that string. An empty value counts as unset, as the OpenTelemetry
 * specification says (Environment Variable Specification, "Parsing empty value").
 */
#pragma once

#include "base/out.h"

struct settings {
	struct str block;
};

/* The value of `name`, or the empty slice. */
struct str settings_get(const struct settings *s, struct str name);

/* As base/boolean.h has it; unset is false, and what is neither is false, too, with *bad set. */
bool settings_bool(const struct settings *s, struct str name, bool *bad);

/* A non-negative decimal integer, or `otherwise`, with *bad set if it was there and not one. */
uint64_t settings_u64(const struct settings *s, struct str name, uint64_t otherwise, bool *bad);

/* Milliseconds; what is above INT32_MAX is as if nothing were said (launch/check-values.h tells of that). */
uint64_t settings_ms(const struct settings *s, struct str name, uint64_t otherwise);

/* Is `item` in the comma-separated list that `name` holds (blanks trimmed, in any case)? */
bool settings_lists(const struct settings *s, struct str name, struct str item);

/*
 * An exporter with a name (base/named.h): what says where and how exporters send counts only if it is said of this one, since
 * one's endpoint and headers are none of another's; all else is common, unless it is said so.
 *
 * What is said of the one with this name alone, and its whole block; both go behind what is in `to`.
 */
void settings_own(struct out *to, const struct settings *s, struct str name);
void settings_of(struct out *to, const struct settings *s, struct str name);

enum { METRICS_EVERY_MS = 60000 /* the specification's default */ };

/*
 * How often metrics are to be exported: the shortest interval of all that export them. `otherwise`: of those of whom none
 * is said.
 */
uint64_t settings_metrics_every_ms(const struct settings *s, uint64_t otherwise);

/* Is tomodachi's Prometheus named as meter provider or as a metric reader (base/provider.h)? */
bool settings_name_prometheus(const struct settings *s);
