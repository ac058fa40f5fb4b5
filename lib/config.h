/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Config: what the library itself must know of the OTEL_* and ORIEL_* variables. Everything else
 * travels in the segment, to the collector. Read once, at the first start; a value that makes no
 * sense keeps the default (the collector warns of it: a guest has no voice).
 */
#pragma once

#include "base/propagator.h"
#include "wire/control.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum exemplar_filter {
	EXEMPLARS_SAMPLED, /* of measurements in a sampled span */
	EXEMPLARS_ALL,
	EXEMPLARS_NONE,
};

struct config {
	bool disabled;	       /* OTEL_SDK_DISABLED */
	bool no_collector;     /* ORIEL_COLLECTOR=none: don't start one */
	bool no_fallback;      /* ORIEL_FALLBACK=none: no lines on standard error */
	bool no_fault_handler; /* ORIEL_CRASH_HANDLER=off */
	bool parent_based;     /* OTEL_TRACES_SAMPLER */
	enum sampler sampler;  /* both as the control block begins with them */
	uint64_t threshold;
	bool sampler_said; /* there is an OTEL_TRACES_SAMPLER */
	bool sampling_asks; /* rules, a limit, or may be a strategy (lib/sampler.h); or records_all */
	bool records_all; /* ORIEL_SPAN_METRICS_ALL: those that no sampler takes, too, to be counted */
	uint8_t propagator[N_PROPAGATORS], n_propagators; /* OTEL_PROPAGATORS, in its order */
	unsigned audit_flush_ms;			  /* ORIEL_AUDIT_FLUSH_MS */
	size_t segment_size;				  /* ORIEL_SEGMENT_SIZE, bytes */
	enum exemplar_filter exemplars;			  /* OTEL_METRICS_EXEMPLAR_FILTER */
	uint32_t series_most; /* of an instrument: ORIEL_CARDINALITY_LIMIT */
	int severity;	      /* LOG_LEVEL */
	char log_levels[512]; /* ORIEL_LOG_LEVELS: db=debug,http=warn */
};

void config_read(struct config *c);

/* Is this variable one that the collector needs? ("OTEL_..", "ORIEL_..", ...) */
bool config_travels(const char *variable);
