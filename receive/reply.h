/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reply: OTLP's answers, in the form that was asked in: an Export...ServiceResponse, which tells what
 * was rejected, or a google.rpc.Status.
 */
#pragma once

#include "receive/receiver.h"

void reply_success(struct out *o, enum receive_form form, enum signal kind,
		   const struct receive_answer *answer);

/* `code` is gRPC's. */
void reply_status(struct out *o, enum receive_form form, uint32_t code, struct str why);

/* The same with a RetryInfo of some seconds; protobuf alone. */
void reply_come_again(struct out *o, uint32_t code, struct str why, uint32_t seconds);
