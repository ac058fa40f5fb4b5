/* SPDX-License-Identifier: Apache-2.0 */
#include "export/grpc.h"

#include "base/base64.h"
#include "base/hex.h"
#include "export/protobuf-read.h"

#include <endian.h>

enum { DETAILS_MOST = 8192, RETRY_AFTER_MOST_S = 600 };
enum { STATUS_DETAILS = 3, ANY_TYPE = 1, ANY_VALUE = 2, RETRY_DELAY = 1 };
enum { DURATION_SECONDS = 1, DURATION_NANOS = 2 };

void grpc_prefix(char to[GRPC_PREFIX], size_t n, bool packed)
{
	uint32_t length = htobe32((uint32_t)n);

	to[0] = packed;
	memcpy(to + 1, &length, sizeof(length));
}

/* The message of a body that is one frame. */
static struct str unframe(struct str body)
{
	uint32_t n;

	if (body.n < GRPC_PREFIX || body.p[0])
		return STR("");
	memcpy(&n, body.p + 1, sizeof(n));
	n = be32toh(n);
	return n <= body.n - GRPC_PREFIX ? (struct str){ body.p + GRPC_PREFIX, n } : STR("");
}

/* "A%20b": percent-encoded as grpc-message is. */
static void decode_text(char to[GRPC_TEXT_ROOM], struct str s)
{
	size_t n = 0;

	while (s.n && n < GRPC_TEXT_ROOM - 1) {
		char c = s.p[0];
		size_t used = 1;

		if (c == '%' && s.n >= 3 && hex_read(&c, 1, (struct str){ s.p + 1, 2 }, true))
			used = 3;
		to[n++] = c ? c : '?';
		s = str_from(s, used);
	}
	to[n] = '\0';
}

static void read_delay(struct grpc_answer *out, struct str duration)
{
	struct proto_reader r = { .rest = duration };
	uint64_t seconds = 0, nanos = 0;
	struct proto_field f;

	while (proto_read(&r, &f)) {
		if (f.number == DURATION_SECONDS && f.wire == PROTO_VARINT)
			seconds = f.value;
		else if (f.number == DURATION_NANOS && f.wire == PROTO_VARINT)
			nanos = f.value;
	}
	if (r.bad || seconds > INT64_MAX || nanos > 999999999)
		return;
	if (seconds >= RETRY_AFTER_MOST_S)
		out->retry_after_ms = RETRY_AFTER_MOST_S * 1000;
	else
		out->retry_after_ms = (uint32_t)(seconds * 1000 + (nanos + 999999) / 1000000);
}

static void read_retry_info(struct grpc_answer *out, struct str info)
{
	struct proto_reader r = { .rest = info };
	struct proto_field f;

	out->has_retry_info = true;
	while (proto_read(&r, &f))
		if (f.number == RETRY_DELAY && f.wire == PROTO_BYTES)
			read_delay(out, f.bytes);
}

/* A google.protobuf.Any, "type.googleapis.com/google.rpc.RetryInfo" if it is of interest. */
static void read_detail(struct grpc_answer *out, struct str any)
{
	static const struct str wanted = { "/google.rpc.RetryInfo", 21 };
	struct proto_reader r = { .rest = any };
	struct str type = { "", 0 }, value = { "", 0 };
	struct proto_field f;

	while (proto_read(&r, &f)) {
		if (f.number == ANY_TYPE && f.wire == PROTO_BYTES)
			type = f.bytes;
		else if (f.number == ANY_VALUE && f.wire == PROTO_BYTES)
			value = f.bytes;
	}
	if (!r.bad && type.n >= wanted.n && str_eq(str_from(type, type.n - wanted.n), wanted))
		read_retry_info(out, value);
}

static void read_details(struct grpc_answer *out, struct str text)
{
	char details[DETAILS_MOST];
	struct proto_reader r = { .rest = { details, 0 } };
	struct proto_field f;

	if (!base64_read(details, sizeof(details), text, &r.rest.n))
		return;
	while (proto_read(&r, &f))
		if (f.number == STATUS_DETAILS && f.wire == PROTO_BYTES)
			read_detail(out, f.bytes);
}

/* For an answer without a status of gRPC's own: most likely a proxy's. */
static enum grpc_status status_of_http(int status)
{
	switch (status) {
	case 400:
		return GRPC_INTERNAL;
	case 401:
		return GRPC_UNAUTHENTICATED;
	case 403:
		return GRPC_PERMISSION_DENIED;
	case 404:
		return GRPC_UNIMPLEMENTED;
	case 429:
	case 502:
	case 503:
	case 504:
		return GRPC_UNAVAILABLE;
	default:
		return GRPC_UNKNOWN;
	}
}

void grpc_read(struct grpc_answer *out, int http_status, struct str headers, struct str body)
{
	struct str status = http_header(headers, STR("grpc-status"));
	uint64_t code;

	*out = (struct grpc_answer){ .status = status_of_http(http_status), .message = { "", 0 } };
	if (!str_to_u64(status, &code))
		return;
	out->status = code > UINT32_MAX ? GRPC_UNKNOWN : (uint32_t)code;
	decode_text(out->text, http_header(headers, STR("grpc-message")));
	if (out->status == GRPC_OK)
		out->message = unframe(body);
	else
		read_details(out, http_header(headers, STR("grpc-status-details-bin")));
}

bool grpc_is_retryable(const struct grpc_answer *a)
{
	switch (a->status) {
	case GRPC_CANCELLED:
	case GRPC_DEADLINE_EXCEEDED:
	case GRPC_ABORTED:
	case GRPC_OUT_OF_RANGE:
	case GRPC_UNAVAILABLE:
	case GRPC_DATA_LOSS:
		return true;
	case GRPC_RESOURCE_EXHAUSTED:
		return a->has_retry_info;
	default:
		return false;
	}
}

/* There is no code for it; these are the words of the common servers. */
bool grpc_is_too_big(const struct grpc_answer *a)
{
	return a->status == GRPC_RESOURCE_EXHAUSTED && !a->has_retry_info &&
	       (strstr(a->text, "larger than max") || strstr(a->text, "exceeds maximum size"));
}
