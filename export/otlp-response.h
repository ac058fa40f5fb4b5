/* SPDX-License-Identifier: Apache-2.0 */
/* What an OTLP server answers: how much it did not take, and why. Foreign bytes. */
#pragma once

#include "base/str.h"

struct otlp_response {
	uint64_t n_rejected;
	struct str message; /* borrowed from the body; any bytes */
};

/* An Export{Trace,Logs,Metrics}ServiceResponse, which all look alike. False: it is none. */
bool otlp_response_read(struct str body, struct otlp_response *out);

/* The same in JSON. The message is in `text`, any bytes, cut off at its end. */
bool otlp_response_read_json(struct str body, struct otlp_response *out, char text[128]);

/* The message of a google.rpc.Status, the body of an error; the empty slice if it is none. */
struct str otlp_status_message(struct str body);
