/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTLP over gRPC: a small HTTP/2 server (nghttp2) for unary calls without TLS.
 *
 *     struct receive_grpc *g;
 *     r = receive_grpc_open(&g, &receiver, "127.0.0.1:4317", "an id of ours");
 *     receive_grpc_address(g) -> "127.0.0.1:4317"
 *     for (;;) {                                       one thread does all of it:
 *             poll receive_grpc_fd(g) for reading
 *             receive_grpc_turn(g);                    what can be done without waiting
 *     }
 *     g = receive_grpc_close(g);                       says goodbye (GOAWAY)
 *
 * receive_grpc_turn is to be called some times a minute in any case: it cuts off who takes too long.
 */
#pragma once

#include "receive/receiver.h"

struct receive_grpc;

int receive_grpc_open(struct receive_grpc **out, struct receiver *receiver, const char *listen,
		      const char *sender);
struct receive_grpc *receive_grpc_close(struct receive_grpc *g);
const char *receive_grpc_address(const struct receive_grpc *g);
int receive_grpc_fd(const struct receive_grpc *g);
void receive_grpc_turn(struct receive_grpc *g);
