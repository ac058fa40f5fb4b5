/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign: the newest metric points of who isn't watched but sent them to us, by resource and series, so
 * that they are told beside those of processes (/metrics, /api/metrics).
 *
 *     foreign_take(&f, batch, place, now);       whole batches, as they come
 *     foreign_lock(&f);
 *     n = foreign_batches(&f, each, you, now);   borrowed, until unlocked
 *     foreign_unlock(&f);
 *
 * Spans are counted (collect/span-metrics.h), if that is asked for. What comes as deltas is added up. A resource that has said nothing for FOREIGN_NS is forgotten. Bounded
 * in series and in bytes: points of what finds no room are counted (receive_series_dropped), and spans in
 * their overflow series. Any thread.
 */
#pragma once

#include "collect/span-metrics.h"

#include <pthread.h>

enum {
	FOREIGN_SOURCES = 256,
	FOREIGN_SERIES = 20000,
	FOREIGN_BYTES = 64 << 20,
	FOREIGN_PLACE = 224
};

#define FOREIGN_NS 300000000000ull

struct foreign_source;
struct foreign_scope;

struct foreign {
	pthread_mutex_t lock;
	struct arena arena; /* of the scopes */
	struct foreign_scope *scope;
	struct foreign_source *source;
	size_t n_sources, n_series, n_bytes, n_scopes;
};

void foreign_init(struct foreign *f);
void foreign_fini(struct foreign *f);

/* Is it known, so that its place need not be found again? */
bool foreign_knows(struct foreign *f, const struct resource *r);
void foreign_take(struct foreign *f, const struct batch *b, const char *place, uint64_t now_ns);

/* Its spans; of a resource the first rules count. */
void foreign_count(struct foreign *f, const struct batch *b, const struct span_metrics_rules *rules,
		   const char *place, uint64_t now_ns);

void foreign_lock(struct foreign *f);
bool foreign_try_lock(struct foreign *f);
void foreign_unlock(struct foreign *f);

/* For each source of which there is something: a batch (one reference, the callee's) and its place. */
void foreign_batches(struct foreign *f, void (*each)(struct batch *b, const char *place, void *you),
		     void *you, uint64_t now_ns);

/*
 * What was counted of spans, alone: of the sources of a run (empty: of any and none) whose turn it is at
 * `now_ns`, and each again when its rules say; UINT64_MAX: now, whoever's turn it is.
 */
void foreign_due(struct foreign *f, struct str run,
		 void (*each)(struct batch *b, const char *place, void *you), void *you,
		 uint64_t now_ns);
