/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/grpc-session.h"

#include "base/clock.h"
#include "receive/grpc-call.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	STREAMS_MOST = 100,
	HEADERS_MOST = 16 * 1024,
	WINDOW = 1 << 20,
	CONNECTION_WINDOW = 4 << 20,
	RESETS_MOST = 1000, /* of calls that were never answered */
	WRITE_AT_ONCE = 256 * 1024,
};

struct open_call {
	struct open_call *next;
	struct grpc_call *call;
	int32_t stream;
};

struct grpc_session {
	nghttp2_session *http2;
	struct receiver *receiver;
	const char *sender;
	struct open_call *call;
	uint64_t start_ns;
	unsigned n_calls, n_resets;
};

/* ---- answers ------------------------------------------------------------------------------------- */

#define FIELD(name, value, n) \
	{ \
		(uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1, (n), NGHTTP2_NV_FLAG_NONE \
	}

static ssize_t give_reply(nghttp2_session *http2, int32_t stream, uint8_t *to, size_t room,
			  uint32_t *flags, nghttp2_data_source *source, void *you)
{
	static const nghttp2_nv trailers[] = { FIELD("grpc-status", "0", 1) };
	struct grpc_call *c = source->ptr;
	size_t n = c->reply.n - c->n_sent;

	(void)you;
	if (n > room)
		n = room;
	if (n)
		memcpy(to, c->reply.p + c->n_sent, n);
	c->n_sent += n;
	if (c->n_sent == c->reply.n) {
		*flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
		nghttp2_submit_trailer(http2, stream, trailers, 1);
	}
	return (ssize_t)n;
}

/* As gRPC wants it: '%' and what isn't printable ASCII as %XX. */
static void write_message(struct out *o, const char *text)
{
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e || *text == '%')
			out_fmt(o, "%%%02X", (unsigned char)*text);
		else
			out_char(o, *text);
}

/* json_base64 wrote it as a JSON string. */
static struct str unquoted(const struct out *o)
{
	return o->n > 2 ? (struct str){ o->p + 1, o->n - 2 } : (struct str){ "", 0 };
}

static int refuse(struct grpc_session *s, int32_t stream, struct grpc_call *c)
{
	struct str details = unquoted(&c->details);
	struct out message = { 0 };
	char status[12];
	int n = snprintf(status, sizeof(status), "%u", c->status), r;

	write_message(&message, c->message);
	nghttp2_nv fields[] = { FIELD(":status", c->is_grpc ? "200" : "415", 3),
				FIELD("content-type", "application/grpc", 16),
				FIELD("grpc-accept-encoding", "identity,deflate,gzip,zstd", 26),
				FIELD("grpc-status", status, (size_t)n),
				FIELD("grpc-message", message.p ? message.p : "", message.n),
				FIELD("grpc-status-details-bin", details.p, details.n) };

	r = nghttp2_submit_response(s->http2, stream, fields, details.n ? 6 : 5, NULL);
	out_fini(&message);
	return r;
}

static int answer(struct grpc_session *s, int32_t stream, struct grpc_call *c)
{
	static const nghttp2_nv fields[] = {
		FIELD(":status", "200", 3), FIELD("content-type", "application/grpc", 16),
		FIELD("grpc-accept-encoding", "identity,deflate,gzip,zstd", 26)
	};
	nghttp2_data_provider reply = { .source = { .ptr = c }, .read_callback = give_reply };

	if (c->status != GRPC_OK || c->reply.error)
		return refuse(s, stream, c);
	return nghttp2_submit_response(s->http2, stream, fields, 3, &reply);
}

/* ---- what nghttp2 tells -------------------------------------------------------------------------- */

static int stream_begins(nghttp2_session *http2, const nghttp2_frame *frame, void *you)
{
	struct grpc_session *s = you;
	struct open_call *open;

	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	open = calloc(1, sizeof(*open));
	if (open)
		open->call = grpc_call_new(s->receiver, s->sender);
	if (!open || !open->call) {
		free(open);
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	s->n_calls++;
	open->stream = frame->hd.stream_id;
	open->next = s->call;
	s->call = open;
	nghttp2_session_set_stream_user_data(http2, frame->hd.stream_id, open->call);
	return 0;
}

static int stream_field(nghttp2_session *http2, const nghttp2_frame *frame, const uint8_t *name,
			size_t n_name, const uint8_t *value, size_t n_value, uint8_t flags,
			void *you)
{
	struct grpc_call *c = nghttp2_session_get_stream_user_data(http2, frame->hd.stream_id);

	(void)flags;
	(void)you;
	if (c && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		grpc_call_field(c, (struct str){ (const char *)name, n_name },
				(struct str){ (const char *)value, n_value });
	return 0;
}

/*
 * What is refused is answered while it still comes, and the rest is thrown away. A reset would end it
 * sooner, and some clients would see that in the answer's place.
 */
static int stream_data(nghttp2_session *http2, uint8_t flags, int32_t stream, const uint8_t *p,
		       size_t n, void *you)
{
	struct grpc_call *c = nghttp2_session_get_stream_user_data(http2, stream);

	(void)flags;
	if (!c || c->ended || grpc_call_data(c, (const char *)p, n))
		return 0;
	grpc_call_end(c);
	answer(you, stream, c);
	return 0;
}

static int stream_frame(nghttp2_session *http2, const nghttp2_frame *frame, void *you)
{
	struct grpc_session *s = you;
	struct grpc_call *c;

	if (frame->hd.type == NGHTTP2_RST_STREAM && ++s->n_resets > RESETS_MOST)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if ((frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) ||
	    !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	c = nghttp2_session_get_stream_user_data(http2, frame->hd.stream_id);
	if (!c || c->ended)
		return 0;
	grpc_call_end(c);
	answer(s, frame->hd.stream_id, c);
	return 0;
}

static int stream_ends(nghttp2_session *http2, int32_t stream, uint32_t error, void *you)
{
	struct grpc_session *s = you;

	(void)http2;
	(void)error;
	for (struct open_call **at = &s->call; *at; at = &(*at)->next) {
		struct open_call *open = *at;

		if (open->stream != stream)
			continue;
		*at = open->next;
		grpc_call_free(open->call);
		free(open);
		break;
	}
	return 0;
}

/* ---- as a whole ---------------------------------------------------------------------------------- */

static int make_http2(struct grpc_session *s)
{
	static const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS_MOST },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADERS_MOST },
	};
	nghttp2_session_callbacks *all;
	int r;

	if (nghttp2_session_callbacks_new(&all) != 0)
		return -1;
	nghttp2_session_callbacks_set_on_begin_headers_callback(all, stream_begins);
	nghttp2_session_callbacks_set_on_header_callback(all, stream_field);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(all, stream_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(all, stream_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(all, stream_ends);
	r = nghttp2_session_server_new(&s->http2, all, s);
	nghttp2_session_callbacks_del(all);
	if (r == 0)
		r = nghttp2_submit_settings(s->http2, NGHTTP2_FLAG_NONE, settings,
					    sizeof(settings) / sizeof(*settings));
	if (r == 0)
		r = nghttp2_session_set_local_window_size(s->http2, NGHTTP2_FLAG_NONE, 0,
							  CONNECTION_WINDOW);
	return r;
}

struct grpc_session *grpc_session_new(struct receiver *receiver, const char *sender)
{
	struct grpc_session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->receiver = receiver;
	s->sender = sender;
	s->start_ns = clock_mono_ns();
	return make_http2(s) == 0 ? s : grpc_session_free(s);
}

struct grpc_session *grpc_session_free(struct grpc_session *s)
{
	if (!s)
		return NULL;
	nghttp2_session_del(s->http2);
	while (s->call) {
		struct open_call *open = s->call;

		s->call = open->next;
		grpc_call_free(open->call);
		free(open);
	}
	free(s);
	return NULL;
}

bool grpc_session_read(struct grpc_session *s, const char *p, size_t n)
{
	return nghttp2_session_mem_recv(s->http2, (const uint8_t *)p, n) == (ssize_t)n;
}

bool grpc_session_write(struct grpc_session *s, struct out *to)
{
	const uint8_t *p;
	ssize_t n;

	while (to->n < WRITE_AT_ONCE && (n = nghttp2_session_mem_send(s->http2, &p)) != 0) {
		if (n < 0)
			return false;
		out_bytes(to, p, (size_t)n);
	}
	return !to->error;
}

bool grpc_session_is_over(const struct grpc_session *s)
{
	return !nghttp2_session_want_read(s->http2) && !nghttp2_session_want_write(s->http2);
}

bool grpc_session_is_late(const struct grpc_session *s, uint64_t since_ns)
{
	for (const struct open_call *open = s->call; open; open = open->next)
		if (open->call->start_ns < since_ns)
			return true;
	return !s->n_calls && s->start_ns < since_ns;
}

void grpc_session_goodbye(struct grpc_session *s)
{
	nghttp2_session_terminate_session(s->http2, NGHTTP2_NO_ERROR);
}
