/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Family: the points of one name, of all instruments and services that have it.
 *
 *     r = families_of(&all, target, n_targets, &arena);
 *
 * Runs of points of one instrument are named, sorted by name, type, service and scope, and cut into
 * families; so who wins a conflict doesn't depend on which process came first.
 */
#pragma once

#include "base/arena.h"
#include "export/prometheus.h"

enum family_type { FAMILY_COUNTER, FAMILY_GAUGE, FAMILY_HISTOGRAM, FAMILY_SUMMARY, FAMILY_INFO };

/* Points of one instrument of one service. */
struct run {
	const struct prometheus_target *target;
	const struct metric_point *point;
	size_t n;
	struct str name; /* the family's */
	enum family_type type;
};

struct family {
	struct str name; /* without "_total" */
	struct str unit; /* as the name has it, or empty */
	struct str help;
	enum family_type type;
	bool no_total; /* of a counter, in plain text */
	const struct run *run;
	size_t n_runs, n_points;
};

struct families {
	struct family *item;
	size_t n;
};

/* `arena` holds it all. -ENOMEM. */
int families_of(struct families *out, const struct prometheus_target *target, size_t n_targets,
		struct arena *arena);

/* What is written behind the family's name in a sample's: "_total", "_bucket"; ended by NULL. */
const char *const *family_suffixes(enum family_type type);
