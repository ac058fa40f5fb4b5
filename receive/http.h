/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTLP over HTTP, and Zipkin: POST /v1/traces, /v1/metrics, /v1/logs (protobuf or JSON), and
 * /api/v2/spans.
 *
 *     struct receive_http *h;
 *     r = receive_http_start(&h, &receiver, "127.0.0.1:4318", "an id of ours");
 *     receive_http_address(h) -> "127.0.0.1:4319"      where it really listens
 *     receive_http_sweep(h, now);                      now and then: cuts off who takes too long
 *     h = receive_http_stop(h);
 *
 * A path may begin with /run/ID, which says to which `oriel run` it belongs. There is no CORS, and a
 * Host or an Origin that isn't ours is refused: no web page has business here.
 */
#pragma once

#include "receive/receiver.h"

struct receive_http;

/* `sender` is what our own exporters call themselves (ORIEL_SENDER_HEADER): what they send is refused. */
int receive_http_start(struct receive_http **out, struct receiver *receiver, const char *listen,
		       const char *sender);
struct receive_http *receive_http_stop(struct receive_http *h);
const char *receive_http_address(const struct receive_http *h);
void receive_http_sweep(struct receive_http *h, uint64_t now_ns); /* CLOCK_MONOTONIC */
