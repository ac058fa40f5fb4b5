/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crumbs: a process's newest log records, kept for the case that it dies of a fault. Newest by their
 * own time: a process's chunks are read one after the other, not in order.
 *
 *     crumbs_drop(&c, log);                   each, as it passes; a copy of its beginning stays
 *     value = crumbs_value(&c, arena);        an array of maps, oldest first
 */
#pragma once

#include "base/arena.h"
#include "model/telemetry.h"

enum { CRUMBS = 24, CRUMB_TEXT = 160 };

struct crumb {
	uint64_t time_ns;
	int severity;
	uint32_t thread_id;
	struct trace_id trace_id;
	uint16_t n;
	char text[CRUMB_TEXT];
};

struct crumbs {
	struct crumb *crumb; /* NULL until there is one */
	size_t n, oldest;
};

void crumbs_drop(struct crumbs *c, const struct log_record *l);
struct value crumbs_value(const struct crumbs *c, struct arena *arena);
uint64_t crumbs_newest_ns(const struct crumbs *c); /* 0: none */
void crumbs_fini(struct crumbs *c);
