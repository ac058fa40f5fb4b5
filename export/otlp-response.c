/* SPDX-License-Identifier: Apache-2.0 */
#include "export/otlp-response.h"

#include "export/protobuf-read.h"

enum { RESPONSE_PARTIAL_SUCCESS = 1 };
enum { PARTIAL_REJECTED = 1, PARTIAL_MESSAGE = 2 };
enum { STATUS_MESSAGE = 2 };

static bool read_partial_success(struct str body, struct otlp_response *out)
{
	struct proto_reader r = { .rest = body };
	struct proto_field f;

	while (proto_read(&r, &f)) {
		if (f.number == PARTIAL_REJECTED && f.wire == PROTO_VARINT)
			out->n_rejected = f.value > INT64_MAX ? 0 : f.value;
		else if (f.number == PARTIAL_MESSAGE && f.wire == PROTO_BYTES)
			out->message = f.bytes;
	}
	return !r.bad;
}

bool otlp_response_read(struct str body, struct otlp_response *out)
{
	struct proto_reader r = { .rest = body };
	struct otlp_response found = { 0 };
	struct proto_field f;

	while (proto_read(&r, &f))
		if (f.number == RESPONSE_PARTIAL_SUCCESS && f.wire == PROTO_BYTES &&
		    !read_partial_success(f.bytes, &found))
			return false;
	if (r.bad)
		return false;
	*out = found;
	return true;
}

struct str otlp_status_message(struct str body)
{
	struct proto_reader r = { .rest = body };
	struct str message = { "", 0 };
	struct proto_field f;

	while (proto_read(&r, &f))
		if (f.number == STATUS_MESSAGE && f.wire == PROTO_BYTES)
			message = f.bytes;
	return r.bad ? STR("") : message;
}
