/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jaeger remote: asks for a service's sampling strategy, and reads the answer. Foreign bytes.
 *
 *     r = jaeger_remote_ask(&(struct jaeger_question){ endpoint, service, timeout_ms, &stop }, &strategy, why);
 *
 * An endpoint with a path is asked by GET, with the service in the query, and answers JSON. One without is
 * called by gRPC (jaeger.api_v2.SamplingManager), and if nobody there speaks that, asked at /sampling. An
 * answer is whole or nothing: a share that is none from 0 to 1 spoils it all.
 *
 * Operations beyond STRATEGY_OPERATIONS are counted and have the share of all others.
 */
#pragma once

#include "export/http.h"
#include "model/strategy.h"

enum { JAEGER_WHY = 256 };

struct jaeger_question {
	const char *endpoint, *service;
	uint32_t timeout_ms;
	const atomic_bool *stop;
};

/* 0, or negative: `why` is a sentence then, without the endpoint's password. */
int jaeger_remote_ask(const struct jaeger_question *q, struct strategy *out, char why[JAEGER_WHY]);

/* NULL, or what is wrong with it: a static sentence. */
const char *jaeger_strategy_json(struct strategy *out, struct str text);
const char *jaeger_strategy_protobuf(struct strategy *out, struct str message);
