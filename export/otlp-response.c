/* SPDX-License-Identifier: Apache-2.0 */
#include "export/otlp-response.h"

#include "export/protobuf-read.h"

#include <jansson.h>
#include <stdio.h>

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

/* Int64 is a string in JSON, and some write it as a number all the same. */
static uint64_t json_count(const json_t *v)
{
	uint64_t n;

	if (json_is_integer(v) && json_integer_value(v) > 0)
		return (uint64_t)json_integer_value(v);
	if (json_is_string(v) && str_to_u64(str_of(json_string_value(v)), &n) && n <= INT64_MAX)
		return n;
	return 0;
}

static void read_partial_json(const json_t *partial, struct otlp_response *out, char text[128])
{
	static const char *const rejected[] = { "rejectedSpans", "rejectedLogRecords",
						"rejectedDataPoints" };
	const char *message = json_string_value(json_object_get(partial, "errorMessage"));

	for (size_t i = 0; i < sizeof(rejected) / sizeof(*rejected); i++)
		if (json_object_get(partial, rejected[i]))
			out->n_rejected = json_count(json_object_get(partial, rejected[i]));
	snprintf(text, 128, "%s", message ? message : "");
	out->message = str_of(text);
}

bool otlp_response_read_json(struct str body, struct otlp_response *out, char text[128])
{
	json_t *root = body.n ? json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
	const json_t *partial = json_object_get(root, "partialSuccess");
	bool ok = !body.n || json_is_object(root);

	*out = (struct otlp_response){ 0, STR("") };
	if (json_is_object(partial))
		read_partial_json(partial, out, text);
	json_decref(root);
	return ok;
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
