/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receive: what others send us, as a whole: OTLP over HTTP and gRPC, and Zipkin.
 *
 *     struct receive *r;
 *     receive_start(&r, &(struct receive_options){ .http = "127.0.0.1:4318", .grpc = "127.0.0.1:4317",
 *                                                  .sender = id, .sink = { give, you } });
 *     receive_address(r, RECEIVE_HTTP) -> "127.0.0.1:4318", or "" if it isn't there
 *     r = receive_stop(r);
 *
 * A port that is taken means the next free one. What can't be had has a reason (receive_why), and the rest
 * goes on. The sink is called from threads of its own.
 */
#pragma once

#include "receive/receiver.h"

struct receive;

enum receive_port { RECEIVE_HTTP, RECEIVE_GRPC, RECEIVE_ZIPKIN, N_RECEIVE_PORTS };

struct receive_options {
	const char *listen[N_RECEIVE_PORTS]; /* HOST:PORT; NULL: not there */
	const char *sender;		     /* what our own exporters call themselves */
	struct receive_sink sink;
};

int receive_start(struct receive **out, const struct receive_options *options);
struct receive *receive_stop(struct receive *r);

const char *receive_address(const struct receive *r, enum receive_port port);
int receive_why(const struct receive *r, enum receive_port port); /* 0, or a negative errno */
uint64_t receive_last_ns(const struct receive *r); /* CLOCK_MONOTONIC; 0: nothing came yet */
