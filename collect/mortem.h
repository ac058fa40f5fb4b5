/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Post-mortem: a process that died of a fault becomes an error that says where.
 *
 *     struct mortem *m;
 *     r = mortem_of(&m, in);                  m NULL: nothing was noted
 *     if (mortem_explains(m, wait_status, gone_real_ns))
 *             mortem_examine(m);              may take seconds; then m->attributes and so on are there
 *     mortem_log(m, batch, time, &crumbs);    the error, as a log record of severity FATAL
 *     m = mortem_free(m);
 *
 * The record is OpenTelemetry's exception (`exception.type`, `.message`, `.stacktrace`) and has
 * beside it what a debugger would ask for: `signal.*`, `thread.*`, `oriel.frames`, `oriel.registers`,
 * `oriel.modules`, `oriel.breadcrumbs`; `oriel.crash` is true.
 */
#pragma once

#include "collect/crumbs.h"
#include "collect/wreck.h"
#include "model/batch.h"

struct mortem {
	struct wreck wreck;
	struct arena arena; /* of what follows */
	struct str type, message, stacktrace;
	struct str where; /* "take (shop.c:33)"; may be empty */
	struct value frames, registers, modules;
	bool examined;
};

int mortem_of(struct mortem **out, struct intake *in);
struct mortem *mortem_free(struct mortem *m);

/*
 * Is what was noted what the process died of? A fault that it survived isn't, nor one that its own
 * handler turned into an orderly exit. wait_status -1: not known; then what was noted is believed,
 * unless the program's own handler was called for it and had long returned to its work.
 * gone_real_ns 0: not known.
 */
bool mortem_explains(const struct mortem *m, int wait_status, uint64_t gone_real_ns);

void mortem_examine(struct mortem *m);

/*
 * The time of death; 0: not known. It was taken from a clock that ticks every few milliseconds, so
 * the process's newest record, if it seems to have come just after it, came just before it.
 */
uint64_t mortem_time(const struct mortem *m, uint64_t newest_ns);

enum { MORTEM_EVENT = 4 };

/* The `exception` event for the span that it happened in; borrows from m and `room`. */
struct span_event mortem_event(const struct mortem *m, uint64_t time_ns,
			       struct attribute room[MORTEM_EVENT]);

void mortem_log(const struct mortem *m, struct batch *b, uint64_t time_ns,
		const struct crumbs *crumbs);

/* The same for a death by signal of which the process could leave no word. */
void mortem_log_unseen(struct batch *b, int signal, struct str why, uint64_t time_ns,
		       const struct crumbs *crumbs);

/* "SIGSEGV", or "signal 99". */
struct str mortem_signal(uint32_t signal, char room[24]);
