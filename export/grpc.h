/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gRPC: what a unary call is beside the HTTP/2 that carries it, written and read.
 *
 *     out_bytes(&body, prefix, GRPC_PREFIX);           room for it, filled in by grpc_prefix
 *     ...
 *     grpc_read(&answer, &http_answer);
 *     if (answer.status == GRPC_OK) ...answer.message  the answer's only message, without its prefix
 *
 * What is read is foreign bytes: headers, trailers, and the status details (google.rpc.Status in
 * base64), of which the wait that a server asks for (RetryInfo) is taken.
 */
#pragma once

#include "export/http.h"

enum { GRPC_PREFIX = 5, GRPC_TEXT_ROOM = 128 };

enum grpc_status {
	GRPC_OK = 0,
	GRPC_CANCELLED = 1,
	GRPC_UNKNOWN = 2,
	GRPC_DEADLINE_EXCEEDED = 4,
	GRPC_PERMISSION_DENIED = 7,
	GRPC_RESOURCE_EXHAUSTED = 8,
	GRPC_ABORTED = 10,
	GRPC_OUT_OF_RANGE = 11,
	GRPC_UNIMPLEMENTED = 12,
	GRPC_INTERNAL = 13,
	GRPC_UNAVAILABLE = 14,
	GRPC_DATA_LOSS = 15,
	GRPC_UNAUTHENTICATED = 16,
};

struct grpc_answer {
	uint32_t status;	   /* what the server says, or what its HTTP status means */
	char text[GRPC_TEXT_ROOM]; /* its reason, decoded; any bytes */
	bool has_retry_info;
	uint32_t retry_after_ms; /* 0: it doesn't say */
	struct str message; /* borrowed from the body; empty if there is none, or it is packed */
};

/* Before a message of `n` bytes; `packed`: as grpc-encoding says. */
void grpc_prefix(char to[GRPC_PREFIX], size_t n, bool packed);

void grpc_read(struct grpc_answer *out, int http_status, struct str headers, struct str body);

/* May the same be sent again? As OTLP's specification lists them. */
bool grpc_is_retryable(const struct grpc_answer *a);

/* Did it say that the request was larger than it takes? */
bool grpc_is_too_big(const struct grpc_answer *a);
