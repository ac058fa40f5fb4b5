/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assemble: one process's records become spans and log records.
 *
 *     struct assembler a;
 *     assembler_init(&a, &timeline, INSTANT_TSC);
 *     assembler_set_resource(&a, resource);          whose the next batches are
 *     assemble_record(&a, record, tid);              for each record, as it is read
 *     assemble_round(&a);                            all chunks have been looked at once
 *     struct batch *b = assembler_take(&a);          what is finished; NULL: nothing
 *     assemble_gone(&a, STR("process killed by SIGKILL"), death_ns);
 *     assembler_fini(&a);
 *
 * Chunks carry no order among each other. A round looks at them one after the other, so a record
 * that lies in a chunk that was looked at earlier, and was written before an END that this round
 * saw, is seen in the next round at the latest. So a span is finished one round after its END, and
 * a record whose START is still unknown two rounds later is counted, not kept.
 */
#pragma once

#include "collect/crumbs.h"
#include "collect/decode.h"
#include "collect/names.h"
#include "collect/scopes.h"
#include "collect/open.h"
#include "collect/time.h"
#include "model/batch.h"
#include "wire/control.h"

struct assemble_limits {
	uint32_t attributes, event_attributes, link_attributes, log_attributes, events, links;
	uint32_t value_length, log_value_length; /* characters of a text, bytes; 0: any number */
};

#define ASSEMBLE_NO_TEXT UINT32_MAX /* as value_length: none at all */

enum { ASSEMBLE_LIMIT = 128, ASSEMBLE_LIMIT_MOST = 4096 };

struct span_list {
	struct open_span *first, **tail;
};

/* What the process died of, for the span that it happened in; borrowed until assemble_gone returns. */
struct assemble_crash {
	uint64_t span_id;
	const struct span_event *event;
};

/* Where a span's parent is. */
enum assemble_origin { ORIGIN_NONE, ORIGIN_LOCAL, ORIGIN_REMOTE, N_ORIGINS };

struct assembler {
	const struct timeline *timeline;
	enum instant_source clock;
	struct assemble_limits limits;
	struct resource *resource;
	struct batch *batch;
	struct open_table open;
	struct span_list ended, unstarted;
	size_t n_ended;	   /* on that list */
	size_t span_bytes; /* what one of the last ones took in its batch */
	uint32_t round;
	uint32_t again; /* so many rounds yet may give what was given before */
	bool seen; /* the record that is taken now had been looked at by a collector before us */
	uint64_t observed_ns;	       /* the wall clock when this round began */
	uint64_t last_tick, last_mono; /* the newest moment that a record told, by source */
	uint64_t n_records, n_bad;     /* since the process was taken up */
	uint64_t n_started[N_ORIGINS], n_logs;
	/* Room for as much as the limits allow; used while one record is taken or one span finished. */
	struct attribute *scratch, *detail_scratch;
	struct span_event *events;
	struct span_link *links;
	struct name_book names;	  /* its owner's to fill in; empty: log records have no names */
	struct scope_book scopes; /* of this batch, as are these */
	struct named_scope {
		const struct scope *scope;
		uint8_t number; /* whose all else is */
	} logger[CONTROL_LOGGERS];
	struct crumbs crumbs;
	struct assemble_crash crash;
};

int assembler_init(struct assembler *a, const struct timeline *timeline, enum instant_source clock,
		   const struct assemble_limits *limits);
void assembler_set_resource(struct assembler *a, struct resource *resource);
void assemble_record(struct assembler *a, const struct record_head *h, uint32_t tid);
void assemble_round(struct assembler *a);
struct batch *assembler_take(struct assembler *a);

/* The process is gone and every record was read: finish the rest, `why` being the error. */
void assemble_gone(struct assembler *a, struct str why, uint64_t death_real_ns);

/* A span in flight, as it looks now; borrows from `arena` and from the table. */
bool assemble_glimpse(struct assembler *a, const struct open_span *o, struct arena *arena,
		      uint64_t now_real_ns, struct span *out);
void assembler_fini(struct assembler *a);

/* The newest moment that a record told; 0: none. */
uint64_t assemble_last_ns(const struct assembler *a);
