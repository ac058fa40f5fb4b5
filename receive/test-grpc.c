/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/grpc.h"

#include "export/grpc.h"
#include "export/http.h"
#include "export/otlp-response.h"
#include "receive/grpc-call.h"
#include "receive/test-receiving.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define TRACES "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

struct house {
	struct receiving in;
	struct receive_grpc *grpc;
	struct http *client;
	struct http_answer http;
	struct grpc_answer answer;
	pthread_t thread;
	int stop[2];
};

static void *serve(void *you)
{
	struct house *h = you;
	struct pollfd p[] = { { .fd = receive_grpc_fd(h->grpc), .events = POLLIN },
			      { .fd = h->stop[0], .events = POLLIN } };

	while (!p[1].revents && poll(p, 2, -1) >= 0)
		receive_grpc_turn(h->grpc);
	return NULL;
}

static int begin(void **state)
{
	struct house *h = calloc(1, sizeof(*h));

	receiving_begin(&h->in);
	h->client = http_new();
	*state = h;
	return receive_grpc_open(&h->grpc, &h->in.receiver, "127.0.0.1:0", "me") || pipe(h->stop) ||
	       pthread_create(&h->thread, NULL, serve, h);
}

static int end(void **state)
{
	struct house *h = *state;

	close(h->stop[1]);
	pthread_join(h->thread, NULL);
	close(h->stop[0]);
	http_free(h->client);
	receive_grpc_close(h->grpc);
	receiving_end(&h->in);
	free(h);
	return 0;
}

struct ask {
	const char *path, *type, *line; /* one more header line */
	struct str body;		/* with its prefix */
};

static uint32_t call(struct house *h, const struct ask *ask)
{
	const char *more[] = { "te: trailers", ask->line, NULL };
	char url[256];
	struct http_request q = { .url = url,
				  .type = ask->type ? ask->type : "application/grpc",
				  .more = more,
				  .http2 = true,
				  .body = ask->body,
				  .timeout_ms = 20000 };

	snprintf(url, sizeof(url), "http://%s%s", receive_grpc_address(h->grpc),
		 ask->path ? ask->path : TRACES);
	if (http_post(h->client, &q, &h->http) != 0)
		fail_msg("%s", h->http.why);
	grpc_read(&h->answer, h->http.status, h->http.headers, h->http.body);
	return h->answer.status;
}

static void framed(struct out *o, struct str message, bool packed)
{
	char prefix[GRPC_PREFIX];

	grpc_prefix(prefix, message.n, packed);
	out_bytes(o, prefix, sizeof(prefix));
	out_str(o, message);
}

static uint32_t call_spans(struct house *h, size_t n, size_t n_bad, struct ask ask)
{
	struct out message = { 0 }, o = { 0 };
	uint32_t status;

	spans_request(&message, FORM_PROTOBUF, n, n_bad);
	framed(&o, out_all(&message), false);
	ask.body = out_all(&o);
	status = call(h, &ask);
	out_fini(&message);
	out_fini(&o);
	return status;
}

static void spans_are_taken(void **state)
{
	struct house *h = *state;

	assert_int_equal(call_spans(h, 3, 0, (struct ask){ 0 }), GRPC_OK);
	assert_int_equal(h->in.n_items, 3);
	assert_int_equal(h->http.status, 200);
	assert_int_equal(h->http.body.n, GRPC_PREFIX);
}

static void many_calls_take_turns(void **state)
{
	struct house *h = *state;

	for (int i = 0; i < 50; i++)
		assert_int_equal(call_spans(h, 1000, 0, (struct ask){ 0 }), GRPC_OK);
	assert_int_equal(h->in.n_items, 50000);
	assert_int_equal(atomic_load(&h->in.receiver.held), 0);
}

static void what_is_rejected_is_told(void **state)
{
	struct house *h = *state;
	struct otlp_response r;

	assert_int_equal(call_spans(h, 3, 2, (struct ask){ 0 }), GRPC_OK);
	assert_true(otlp_response_read(h->answer.message, &r));
	assert_int_equal(r.n_rejected, 2);
}

static void packed_messages_are_unpacked(void **state)
{
	struct house *h = *state;
	struct out message = { 0 }, packed = { 0 }, o = { 0 };
	char line[40];
	struct ask ask = { .line = line };

	spans_request(&message, FORM_PROTOBUF, 1000, 0);
	for (enum packing p = PACKING_GZIP; p <= PACKING_ZSTD; p++) {
		snprintf(line, sizeof(line), "grpc-encoding: %s", packing_name(p));
		out_clear(&packed);
		out_clear(&o);
		assert_int_equal(packing_pack(&packed, p, out_all(&message)), 0);
		framed(&o, out_all(&packed), true);
		ask.body = out_all(&o);
		assert_int_equal(call(h, &ask), GRPC_OK);
		assert_int_equal(h->in.n_items, 1000 * p);
	}
	ask.line = "grpc-encoding: snappy";
	assert_int_equal(call(h, &ask), GRPC_UNIMPLEMENTED);
	assert_true(str_eq(http_header(h->http.headers, STR("grpc-accept-encoding")),
			   STR("identity,deflate,gzip,zstd")));
	ask.line = NULL;
	assert_int_equal(call(h, &ask), GRPC_INTERNAL);
	out_fini(&message);
	out_fini(&packed);
	out_fini(&o);
}

static void the_metadata_may_name_a_run(void **state)
{
	struct house *h = *state;

	assert_int_equal(call_spans(h, 1, 0, (struct ask){ .line = "oriel-run: 0123456789abcdef" }),
			 GRPC_OK);
	assert_true(str_eq(h->in.last->resource->run, STR("0123456789abcdef")));
}

static void what_makes_no_sense_is_an_invalid_argument(void **state)
{
	struct house *h = *state;
	struct out o = { 0 };

	framed(&o, STR("nonsense"), false);
	assert_int_equal(call(h, &(struct ask){ .body = out_all(&o) }), GRPC_INVALID_ARGUMENT);
	assert_string_equal(h->answer.text, "this is no such message in protobuf");
	out_fini(&o);
}

static void a_message_that_is_too_long_is_refused_before_it_has_come(void **state)
{
	struct house *h = *state;
	struct out o = { 0 };
	char prefix[GRPC_PREFIX];

	out_reserve(&o, 4 << 20);
	memset(o.p, 0, 4 << 20);
	o.n = 4 << 20;
	grpc_prefix(prefix, BODY_MOST + 1, false);
	memcpy(o.p, prefix, sizeof(prefix));
	assert_int_equal(call(h, &(struct ask){ .body = out_all(&o) }), GRPC_RESOURCE_EXHAUSTED);
	out_fini(&o);
}

static void frames_that_do_not_fit_are_refused(void **state)
{
	struct house *h = *state;

	assert_int_equal(call(h, &(struct ask){ .body = { "\0\0\0", 3 } }), GRPC_INTERNAL);
	assert_int_equal(call(h, &(struct ask){ .body = { "\0\0\0\0\2a", 6 } }), GRPC_INTERNAL);
	assert_int_equal(call(h, &(struct ask){ .body = { "\0\0\0\0\1ab", 7 } }), GRPC_INTERNAL);
	assert_int_equal(call(h, &(struct ask){ .body = { "\7\0\0\0\0", 5 } }), GRPC_INTERNAL);
	assert_int_equal(call(h, &(struct ask){ .body = { "", 0 } }), GRPC_INTERNAL);
}

static void what_is_no_such_call_is_refused(void **state)
{
	struct house *h = *state;

	assert_int_equal(call_spans(h, 1, 0, (struct ask){ .path = "/x.Y/Export" }),
			 GRPC_UNIMPLEMENTED);
	assert_int_equal(call_spans(h, 1, 0, (struct ask){ .type = "text/plain" }), GRPC_INTERNAL);
	assert_int_equal(h->http.status, 415);
	assert_int_equal(call_spans(h, 1, 0, (struct ask){ .line = "oriel-collector: me" }),
			 GRPC_FAILED_PRECONDITION);
	assert_int_equal(h->in.n_items, 0);
}

static void when_there_is_no_room_it_is_for_later(void **state)
{
	struct house *h = *state;

	h->in.full = true;
	assert_int_equal(call_spans(h, 1, 0, (struct ask){ 0 }), GRPC_UNAVAILABLE);
	assert_true(h->answer.has_retry_info);
	assert_int_equal(h->answer.retry_after_ms, 1000);
	assert_true(grpc_is_retryable(&h->answer));
}

static void what_is_no_http2_is_cut_off(void **state)
{
	static const char hello[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct house *h = *state;
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)atoi(
					  strchr(receive_grpc_address(h->grpc), ':') + 1)),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char answer[512];

	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(write(fd, hello, sizeof(hello) - 1), sizeof(hello) - 1);
	while (read(fd, answer, sizeof(answer)) > 0)
		;
	close(fd);
	assert_int_equal(call_spans(h, 1, 0, (struct ask){ 0 }), GRPC_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define FACT(name) cmocka_unit_test_setup_teardown(name, begin, end)
		FACT(spans_are_taken),
		FACT(many_calls_take_turns),
		FACT(what_is_rejected_is_told),
		FACT(packed_messages_are_unpacked),
		FACT(the_metadata_may_name_a_run),
		FACT(what_makes_no_sense_is_an_invalid_argument),
		FACT(a_message_that_is_too_long_is_refused_before_it_has_come),
		FACT(frames_that_do_not_fit_are_refused),
		FACT(what_is_no_such_call_is_refused),
		FACT(when_there_is_no_room_it_is_for_later),
		FACT(what_is_no_http2_is_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
