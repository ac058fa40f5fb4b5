/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP/2 connection of gRPC calls, bytes in and bytes out; nghttp2 knows the frames.
 *
 *     struct grpc_session *s = grpc_session_new(&receiver, "an id of ours");
 *     grpc_session_read(s, bytes, n);        false: no HTTP/2, or too odd to go on with
 *     grpc_session_write(s, &out);           appends what is to be sent; false: no memory
 *     s = grpc_session_free(s);
 */
#pragma once

#include "receive/receiver.h"

struct grpc_session;

struct grpc_session *grpc_session_new(struct receiver *receiver, const char *sender);
struct grpc_session *grpc_session_free(struct grpc_session *s);

bool grpc_session_read(struct grpc_session *s, const char *p, size_t n);
bool grpc_session_write(struct grpc_session *s, struct out *to);

/* It has no more to say, nor to hear. */
bool grpc_session_is_over(const struct grpc_session *s);

/* Is there a call that began before that and isn't whole, or isn't there even a beginning? */
bool grpc_session_is_late(const struct grpc_session *s, uint64_t since_ns);

/* No more calls are taken. */
void grpc_session_goodbye(struct grpc_session *s);
