/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/grpc-call.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/json.h"
#include "export/http.h"
#include "model/stats.h"
#include "receive/reply.h"

#include <stdio.h>
#include <stdlib.h>

enum { BUSY_S = 1 };

struct grpc_call *grpc_call_new(struct receiver *receiver, const char *sender)
{
	struct grpc_call *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	stats_add(receive_requests, 1);
	c->receiver = receiver;
	c->sender = sender;
	c->start_ns = clock_mono_ns();
	return c;
}

static void drop_body(struct grpc_call *c)
{
	out_fini(&c->body);
	receiver_let_go(c->receiver, c->held);
	c->held = 0;
}

struct grpc_call *grpc_call_free(struct grpc_call *c)
{
	if (!c)
		return NULL;
	drop_body(c);
	out_fini(&c->reply);
	out_fini(&c->details);
	free(c);
	return NULL;
}

static void refuse(struct grpc_call *c, uint32_t status, const char *why)
{
	if (c->ended)
		return;
	c->ended = true;
	c->status = status;
	snprintf(c->message, sizeof(c->message), "%s", why);
	drop_body(c);
	if (status == GRPC_UNAVAILABLE)
		stats_add(receive_busy, 1);
	else
		stats_add(receive_refused, 1);
}

/* ---- the head ----------------------------------------------------------------------------------- */

static void take_path(struct grpc_call *c, struct str path)
{
	static const struct {
		struct str path;
		enum signal kind;
	} methods[] = {
		{ STR("/opentelemetry.proto.collector.trace.v1.TraceService/Export"), SIGNAL_SPAN },
		{ STR("/opentelemetry.proto.collector.logs.v1.LogsService/Export"), SIGNAL_LOG },
		{ STR("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"),
		  SIGNAL_METRIC },
	};

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (str_eq(path, methods[i].path)) {
			c->delivery.kind = methods[i].kind;
			c->has_path = true;
		}
}

static void take_run(struct grpc_call *c, struct str run)
{
	uint8_t id[RUN_ID_DIGITS / 2];

	if (!hex_read(id, sizeof(id), run, false))
		return;
	memcpy(c->run, run.p, RUN_ID_DIGITS);
	c->delivery.run = (struct str){ c->run, RUN_ID_DIGITS };
}

/* "application/grpc", or with a suffix that says protobuf. */
static bool is_grpc(struct str type)
{
	type = str_cut(type, ';').head;
	return str_eq(type, STR("application/grpc")) || str_eq(type, STR("application/grpc+proto"));
}

void grpc_call_field(struct grpc_call *c, struct str name, struct str value)
{
	if (str_eq(name, STR(":method")))
		c->is_post = str_eq(value, STR("POST"));
	else if (str_eq(name, STR(":path")))
		take_path(c, value);
	else if (str_eq(name, STR("content-type")))
		c->is_grpc = is_grpc(value);
	else if (str_eq(name, STR("grpc-encoding")))
		c->delivery.packing = packing_of(value);
	else if (str_eq(name, STR("oriel-run")))
		take_run(c, value);
	else if (str_eq(name, STR(ORIEL_SENDER_HEADER)))
		c->is_ours = value.n && str_eq(value, str_of(c->sender));
}

static void judge_head(struct grpc_call *c)
{
	if (!c->is_post || !c->is_grpc)
		refuse(c, GRPC_INTERNAL, "this is no gRPC: POST, and application/grpc");
	else if (!c->has_path)
		refuse(c, GRPC_UNIMPLEMENTED, "there are OTLP's three services here");
	else if (c->is_ours)
		refuse(c, GRPC_FAILED_PRECONDITION,
		       "this is Oriel's own intake: name the endpoint of somebody else");
}

/* ---- the message -------------------------------------------------------------------------------- */

static void judge_prefix(struct grpc_call *c)
{
	const unsigned char *p = (const unsigned char *)c->prefix;

	c->length = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4];
	if (p[0] > 1)
		refuse(c, GRPC_INTERNAL, "a message's first byte is 0 or 1");
	else if (p[0] == 1 && c->delivery.packing == PACKING_UNKNOWN)
		refuse(c, GRPC_UNIMPLEMENTED,
		       "of grpc-encoding, gzip, zstd and deflate are understood");
	else if (p[0] == 1 && c->delivery.packing == PACKING_NONE)
		refuse(c, GRPC_INTERNAL, "a packed message, and no grpc-encoding");
	else if (c->length > BODY_MOST)
		refuse(c, GRPC_RESOURCE_EXHAUSTED, "more than 64 MiB in one request");
	if (!p[0])
		c->delivery.packing = PACKING_NONE;
}

/* Memory is asked for as the bytes come: a length is only a promise. */
static void add_body(struct grpc_call *c, const char *p, size_t n)
{
	size_t room = c->body.room;

	out_bytes(&c->body, p, n);
	if (c->body.error) {
		refuse(c, GRPC_UNAVAILABLE, "there is no memory just now");
	} else if (c->body.room != room) {
		if (receiver_hold(c->receiver, c->body.room - room))
			c->held += c->body.room - room;
		else
			refuse(c, GRPC_UNAVAILABLE, "there is no room just now");
	}
}

bool grpc_call_data(struct grpc_call *c, const char *p, size_t n)
{
	judge_head(c);
	for (; n && c->n_prefix < GRPC_PREFIX && !c->ended; n--) {
		c->prefix[c->n_prefix++] = *p++;
		if (c->n_prefix == GRPC_PREFIX)
			judge_prefix(c);
	}
	if (n && !c->ended) {
		if (n > c->length - c->body.n)
			refuse(c, GRPC_INTERNAL, "more than one message, or a wrong length");
		else
			add_body(c, p, n);
	}
	return !c->ended;
}

/* ---- the answer --------------------------------------------------------------------------------- */

static void say_again(struct grpc_call *c)
{
	struct json j = { .out = &c->details };
	struct out o = { 0 };

	reply_come_again(&o, GRPC_UNAVAILABLE, str_of(c->message), BUSY_S);
	json_base64(&j, out_all(&o));
	out_fini(&o);
}

static void judge(struct grpc_call *c, enum receive_outcome how, const struct receive_answer *a)
{
	char prefix[GRPC_PREFIX] = { 0 };

	switch (how) {
	case RECEIVE_OK:
		c->ended = true;
		drop_body(c);
		out_bytes(&c->reply, prefix, GRPC_PREFIX);
		reply_success(&c->reply, FORM_PROTOBUF, c->delivery.kind, a);
		if (!c->reply.error)
			grpc_prefix(c->reply.p, c->reply.n - GRPC_PREFIX, false);
		break;
	case RECEIVE_BAD:
		refuse(c, GRPC_INVALID_ARGUMENT, a->why);
		break;
	case RECEIVE_TOO_BIG:
		refuse(c, GRPC_RESOURCE_EXHAUSTED, a->why);
		break;
	case RECEIVE_UNKNOWN:
		refuse(c, GRPC_UNIMPLEMENTED, a->why);
		break;
	case RECEIVE_BUSY:
		refuse(c, GRPC_UNAVAILABLE, a->why);
		break;
	}
}

void grpc_call_end(struct grpc_call *c)
{
	struct receive_answer a;

	judge_head(c);
	if (!c->ended && (c->n_prefix < GRPC_PREFIX || c->body.n < c->length))
		refuse(c, GRPC_INTERNAL, "the message is cut short");
	if (!c->ended) {
		c->delivery.body = out_all(&c->body);
		judge(c, receiver_take(c->receiver, &c->delivery, &a), &a);
	}
	if (c->status == GRPC_UNAVAILABLE && !c->details.n)
		say_again(c);
}
