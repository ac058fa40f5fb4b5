/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/reply.h"

#include "base/json.h"
#include "export/protobuf.h"

enum { RESPONSE_PARTIAL_SUCCESS = 1 };
enum { PARTIAL_REJECTED = 1, PARTIAL_MESSAGE = 2 };
enum { STATUS_CODE = 1, STATUS_MESSAGE = 2, STATUS_DETAILS = 3 };
enum { ANY_TYPE = 1, ANY_BYTES = 2 };
enum { RETRY_INFO_DELAY = 1, DURATION_SECONDS = 1 };

static struct str rejected_name(enum signal kind)
{
	return kind == SIGNAL_SPAN  ? STR("rejectedSpans")
	       : kind == SIGNAL_LOG ? STR("rejectedLogRecords")
				    : STR("rejectedDataPoints");
}

static void success_json(struct out *o, enum signal kind, const struct receive_answer *answer)
{
	struct json j = { .out = o };

	json_open(&j, '{');
	if (answer->n_rejected) {
		json_key(&j, STR("partialSuccess"));
		json_open(&j, '{');
		json_key(&j, rejected_name(kind));
		json_u64_text(&j, answer->n_rejected);
		json_key(&j, STR("errorMessage"));
		json_str(&j, str_of(answer->why));
		json_close(&j, '}');
	}
	json_close(&j, '}');
}

void reply_success(struct out *o, enum receive_form form, enum signal kind,
		   const struct receive_answer *answer)
{
	struct proto_message partial;

	if (form == FORM_JSON) {
		success_json(o, kind, answer);
		return;
	}
	if (!answer->n_rejected)
		return;
	partial = proto_open(o, RESPONSE_PARTIAL_SUCCESS, PROTO_ABOUT_100);
	proto_u64(o, PARTIAL_REJECTED, answer->n_rejected);
	proto_string(o, PARTIAL_MESSAGE, str_of(answer->why));
	proto_close(o, partial);
}

void reply_status(struct out *o, enum receive_form form, uint32_t code, struct str why)
{
	struct json j = { .out = o };

	if (form == FORM_PROTOBUF) {
		proto_u64(o, STATUS_CODE, code);
		proto_string(o, STATUS_MESSAGE, why);
		return;
	}
	json_open(&j, '{');
	json_key(&j, STR("code"));
	json_u64(&j, code);
	json_key(&j, STR("message"));
	json_str(&j, why);
	json_close(&j, '}');
}

void reply_come_again(struct out *o, uint32_t code, struct str why, uint32_t seconds)
{
	struct proto_message any, info, delay;

	reply_status(o, FORM_PROTOBUF, code, why);
	any = proto_open(o, STATUS_DETAILS, PROTO_ABOUT_100);
	proto_string(o, ANY_TYPE, STR("type.googleapis.com/google.rpc.RetryInfo"));
	info = proto_open(o, ANY_BYTES, PROTO_ABOUT_100);
	delay = proto_open(o, RETRY_INFO_DELAY, PROTO_ABOUT_100);
	proto_u64(o, DURATION_SECONDS, seconds);
	proto_close(o, delay);
	proto_close(o, info);
	proto_close(o, any);
}
