/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Remote: services whose sampling somebody else says (OTEL_TRACES_SAMPLER=jaeger_remote), and when he is
 * asked next. The service itself never asks: it takes its initial share until the answer stands in its
 * control block (collect/wishes.h).
 *
 *     remote_join(c, p);           a process came, or has another name
 *     remote_leave(c, p);
 *     remote_ask_due(c, now);      each round: asks beside the loop, by jobs
 *
 * One for each pair of service and endpoint, while there are processes of it. An answer that makes no sense,
 * or none, is told once until there is a good one, and counted (strategies_failed); the strategy before
 * it stays.
 */
#pragma once

#include "collect/inside.h"
#include "model/strategy.h"

enum { REMOTE_MOST = 64, REMOTE_ASK_MS = 10000 };

struct remote {
	struct remote *next;
	char *endpoint, *service;
	uint64_t every_ns, next_ns; /* CLOCK_MONOTONIC */
	size_t n_processes;
	bool asking, failing;
	bool has; /* a strategy */
	struct strategy strategy;
};

void remote_join(struct collector *c, struct process *p);
void remote_leave(struct collector *c, struct process *p);
void remote_ask_due(struct collector *c, uint64_t now);
void remotes_free(struct collector *c);
