/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One gRPC call: what its header fields and data come to, and what is answered. It knows nothing of
 * HTTP/2's frames (receive/grpc.c) but the order in which they come.
 *
 *     struct grpc_call *c = grpc_call_new(&receiver, "an id of ours");
 *     grpc_call_field(c, name, value);                  each header field
 *     grpc_call_data(c, bytes, n);                      any pieces; false: it is refused already
 *     grpc_call_end(c);                                 then c->status, c->message, c->reply
 *     c = grpc_call_free(c);
 *
 * Unary: a prefix of five bytes, one message. One thread.
 */
#pragma once

#include "export/grpc.h"
#include "receive/receiver.h"

enum { GRPC_INVALID_ARGUMENT = 3, GRPC_FAILED_PRECONDITION = 9 };

struct grpc_call {
	struct receiver *receiver;
	const char *sender; /* our own id, which we don't take anything from */
	struct delivery delivery;
	char run[RUN_ID_DIGITS];
	bool is_post, is_grpc, is_ours, has_path;
	char prefix[GRPC_PREFIX];
	size_t n_prefix;
	uint32_t length; /* of the message */
	struct out body;
	size_t held;
	uint64_t start_ns; /* CLOCK_MONOTONIC */

	bool ended;
	uint32_t status; /* gRPC's */
	char message[RECEIPT_WHY];
	struct out reply;   /* the message with its prefix; empty unless the status is OK */
	struct out details; /* for grpc-status-details-bin, in base64; mostly empty */
	size_t n_sent;	    /* of the reply; the caller's */
};

struct grpc_call *grpc_call_new(struct receiver *receiver, const char *sender);
struct grpc_call *grpc_call_free(struct grpc_call *c);
void grpc_call_field(struct grpc_call *c, struct str name, struct str value);
bool grpc_call_data(struct grpc_call *c, const char *p, size_t n);
void grpc_call_end(struct grpc_call *c);
