/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jaeger remote: the sampler whose strategy somebody else says, as OTEL_TRACES_SAMPLER and its ARG have it:
 *
 *     endpoint=http://localhost:14250,pollingIntervalMs=5000,initialSamplingRate=0.25
 *
 *     if (jaeger_remote_is(name) && (bad = jaeger_remote_read(&j, arg)))
 *             *bad: what makes no sense; the rest holds
 *
 * An endpoint without a path speaks gRPC (SamplingManager), one with a path is asked for JSON. The service
 * takes the initial share; all else is the collector's. Borrows; guests and home alike use it.
 */
#pragma once

#include "base/ratio.h"
#include "base/sampler-name.h"

enum { JAEGER_REMOTE_MS = 60000, JAEGER_REMOTE_LEAST_MS = 100 };

#define JAEGER_REMOTE_ENDPOINT "http://localhost:14250"
#define JAEGER_REMOTE_RATE "0.001"

struct jaeger_remote {
	struct str endpoint;
	uint64_t every_ms;
	uint64_t threshold; /* of the initial share */
};

/* OTEL_TRACES_SAMPLER's value. */
static inline bool jaeger_remote_is(struct str sampler)
{
	struct sampler_name name;

	return sampler_name_read(sampler, &name) && name.kind == SAMPLER_NAME_JAEGER_REMOTE;
}

static inline bool jaeger_remote_part(struct jaeger_remote *out, struct str key, struct str value)
{
	uint64_t ms;

	if (str_eq(key, STR("endpoint"))) {
		out->endpoint = value;
		return value.n > 0;
	}
	if (str_eq(key, STR("initialSamplingRate")))
		return ratio_read(value, &out->threshold);
	if (!str_eq(key, STR("pollingIntervalMs")) || !str_to_u64(value, &ms) || !ms)
		return false;
	out->every_ms = ms < JAEGER_REMOTE_LEAST_MS ? JAEGER_REMOTE_LEAST_MS
			: ms < UINT32_MAX	    ? ms
						    : UINT32_MAX;
	return true;
}

/* The part that makes no sense, the last of them; empty: all do. */
static inline struct str jaeger_remote_read(struct jaeger_remote *out, struct str arg)
{
	struct str bad = STR("");

	*out = (struct jaeger_remote){ STR(JAEGER_REMOTE_ENDPOINT), JAEGER_REMOTE_MS, 0 };
	ratio_read(STR(JAEGER_REMOTE_RATE), &out->threshold);
	while (arg.n) {
		struct cut part = str_cut(arg, ','), pair = str_cut(part.head, '=');

		arg = part.tail;
		if (str_trim(part.head).n &&
		    !jaeger_remote_part(out, str_trim(pair.head), str_trim(pair.tail)))
			bad = str_trim(part.head);
	}
	if (!out->endpoint.n)
		out->endpoint = STR(JAEGER_REMOTE_ENDPOINT);
	return bad;
}
