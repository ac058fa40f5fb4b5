/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/http.h"

#include "base/clock.h"
#include "export/http.h"
#include "export/otlp-response.h"
#include "model/stats.h"
#include "receive/test-receiving.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define PROTOBUF "application/x-protobuf"
#define JSON "application/json"

struct house {
	struct receiving in;
	struct receive_http *http;
	struct http *client;
	struct http_answer answer;
};

static int begin(void **state)
{
	struct house *h = calloc(1, sizeof(*h));

	receiving_begin(&h->in);
	h->client = http_new();
	*state = h;
	return receive_http_start(&h->http, &h->in.receiver, "127.0.0.1:0", "me");
}

static int end(void **state)
{
	struct house *h = *state;

	http_free(h->client);
	receive_http_stop(h->http);
	receiving_end(&h->in);
	free(h);
	return 0;
}

struct ask {
	const char *path, *type, *encoding, *line; /* one more header line */
	struct str body;
};

static int post(struct house *h, const struct ask *ask)
{
	const char *more[] = { ask->line, NULL };
	char url[256];
	struct http_request q = { .url = url,
				  .type = ask->type ? ask->type : PROTOBUF,
				  .encoding = ask->encoding,
				  .more = more,
				  .body = ask->body,
				  .timeout_ms = 20000 };

	snprintf(url, sizeof(url), "http://%s%s", receive_http_address(h->http),
		 ask->path ? ask->path : "/v1/traces");
	assert_int_equal(http_post(h->client, &q, &h->answer), 0);
	return h->answer.status;
}

static int post_spans(struct house *h, enum receive_form form, size_t n, size_t n_bad,
		      struct ask ask)
{
	struct out o = { 0 };
	int status;

	spans_request(&o, form, n, n_bad);
	ask.body = out_all(&o);
	ask.type = form == FORM_JSON ? JSON : PROTOBUF;
	status = post(h, &ask);
	out_fini(&o);
	return status;
}

static void spans_are_taken_in_protobuf(void **state)
{
	struct house *h = *state;

	assert_int_equal(post_spans(h, FORM_PROTOBUF, 3, 0, (struct ask){ 0 }), 200);
	assert_int_equal(h->in.n_items, 3);
	assert_string_equal(h->answer.type, PROTOBUF);
	assert_int_equal(h->answer.body.n, 0);
	assert_true(str_eq(h->in.last->resource->service, STR("shop")));
}

static void spans_are_taken_in_json(void **state)
{
	struct house *h = *state;

	assert_int_equal(post_spans(h, FORM_JSON, 3, 0, (struct ask){ 0 }), 200);
	assert_int_equal(h->in.n_items, 3);
	assert_string_equal(h->answer.type, JSON);
	assert_true(str_eq(h->answer.body, STR("{}")));
}

static void a_type_may_have_parameters(void **state)
{
	struct house *h = *state;

	assert_int_equal(post(h,
			      &(struct ask){ .type = JSON "; charset=utf-8", .body = STR("{}") }),
			 200);
}

static void logs_and_metrics_have_places_of_their_own(void **state)
{
	struct house *h = *state;

	assert_int_equal(post(h, &(struct ask){ .path = "/v1/logs" }), 200);
	assert_int_equal(post(h, &(struct ask){ .path = "/v1/metrics" }), 200);
	assert_int_equal(post(h, &(struct ask){ .path = "/v1/profiles" }), 404);
}

static void zipkin_has_a_place_too(void **state)
{
	struct house *h = *state;
	struct ask ask = { .path = "/api/v2/spans",
			   .type = JSON,
			   .body = STR("[{\"traceId\":\"1\",\"id\":\"2\"}]") };

	assert_int_equal(post(h, &ask), 202);
	assert_int_equal(h->in.n_items, 1);
	assert_int_equal(h->answer.body.n, 0);
	ask.body = STR("{}");
	assert_int_equal(post(h, &ask), 400);
	ask.type = PROTOBUF;
	assert_int_equal(post(h, &ask), 415);
}

static void the_path_may_name_a_run(void **state)
{
	struct house *h = *state;
	struct ask of_run = { .path = "/run/0123456789abcdef/v1/traces" };

	assert_int_equal(post_spans(h, FORM_PROTOBUF, 1, 0, of_run), 200);
	assert_true(str_eq(h->in.last->resource->run, STR("0123456789abcdef")));
	of_run.path = "/run/0123456789ABCDEF/v1/traces";
	assert_int_equal(post_spans(h, FORM_PROTOBUF, 1, 0, of_run), 404);
}

static void what_is_rejected_is_told_in_the_same_form(void **state)
{
	struct house *h = *state;
	struct otlp_response r;
	char text[128];

	assert_int_equal(post_spans(h, FORM_PROTOBUF, 3, 2, (struct ask){ 0 }), 200);
	assert_true(otlp_response_read(h->answer.body, &r));
	assert_int_equal(r.n_rejected, 2);
	assert_true(r.message.n > 0);
	assert_int_equal(post_spans(h, FORM_JSON, 3, 2, (struct ask){ 0 }), 200);
	assert_true(otlp_response_read_json(h->answer.body, &r, text));
	assert_int_equal(r.n_rejected, 2);
	assert_int_equal(h->in.n_items, 2);
}

static int post_packed(struct house *h, enum packing packing, struct str body)
{
	return post(h, &(struct ask){ .encoding = packing_name(packing), .body = body });
}

static void packed_bodies_are_unpacked(void **state)
{
	struct house *h = *state;
	struct out o = { 0 }, packed = { 0 };

	spans_request(&o, FORM_PROTOBUF, 1000, 0);
	for (enum packing p = PACKING_GZIP; p <= PACKING_ZSTD; p++) {
		out_clear(&packed);
		assert_int_equal(packing_pack(&packed, p, out_all(&o)), 0);
		assert_int_equal(post_packed(h, p, out_all(&packed)), 200);
		assert_int_equal(h->in.n_items, 1000 * p);
		packed.n /= 2;
		assert_int_equal(post_packed(h, p, out_all(&packed)), 400);
	}
	assert_int_equal(post(h, &(struct ask){ .encoding = "br", .body = out_all(&packed) }), 415);
	out_fini(&o);
	out_fini(&packed);
}

static void a_small_body_that_unpacks_to_much_is_refused(void **state)
{
	struct house *h = *state;
	struct out o = { 0 }, packed = { 0 };

	out_reserve(&o, BODY_MOST + 1);
	memset(o.p, 0, BODY_MOST + 1);
	o.n = BODY_MOST + 1;
	for (enum packing p = PACKING_GZIP; p <= PACKING_ZSTD; p++) {
		out_clear(&packed);
		assert_int_equal(packing_pack(&packed, p, out_all(&o)), 0);
		assert_true(packed.n < 1 << 20);
		assert_int_equal(post_packed(h, p, out_all(&packed)), 413);
	}
	out_fini(&packed);
	out_fini(&o);
}

static void a_body_that_is_too_large_is_refused_and_read_to_its_end(void **state)
{
	struct house *h = *state;
	struct out o = { 0 };

	out_reserve(&o, BODY_MOST + 1);
	memset(o.p, 0, BODY_MOST + 1);
	o.n = BODY_MOST + 1;
	assert_int_equal(post(h, &(struct ask){ .body = out_all(&o) }), 413);
	assert_int_equal(post(h, &(struct ask){ .body = out_all(&o),
						.line = "Transfer-Encoding: chunked" }),
			 413);
	assert_int_equal(atomic_load(&h->in.receiver.held), 0);
	out_fini(&o);
}

static void what_makes_no_sense_is_a_status_in_the_same_form(void **state)
{
	struct house *h = *state;

	assert_int_equal(post(h, &(struct ask){ .body = STR("nonsense") }), 400);
	assert_true(otlp_status_message(h->answer.body).n > 0);
	assert_int_equal(post(h, &(struct ask){ .type = JSON, .body = STR("nonsense") }), 400);
	assert_true(str_starts(h->answer.body, STR("{\"code\":3,\"message\":\"this is no such")));
	assert_int_equal(post(h, &(struct ask){ .type = "text/plain", .body = STR("{}") }), 415);
}

static void web_pages_and_strange_hosts_are_refused(void **state)
{
	struct house *h = *state;

	assert_int_equal(post(h, &(struct ask){ .line = "Origin: http://evil.example" }), 403);
	assert_int_equal(post(h, &(struct ask){ .line = "Host: evil.example:4318" }), 403);
}

static void what_we_sent_ourselves_is_refused(void **state)
{
	struct house *h = *state;

	assert_int_equal(post(h, &(struct ask){ .line = "oriel-collector: me" }), 400);
	assert_int_equal(post(h, &(struct ask){ .line = "oriel-collector: you" }), 200);
}

static void when_there_is_no_room_it_is_for_later(void **state)
{
	struct house *h = *state;

	h->in.full = true;
	assert_int_equal(post_spans(h, FORM_PROTOBUF, 3, 0, (struct ask){ 0 }), 503);
	assert_int_equal(h->answer.retry_after_ms, 1000);
	h->in.full = false;
	assert_int_equal(post_spans(h, FORM_PROTOBUF, 3, 0, (struct ask){ 0 }), 200);
}

static int dial(const struct house *h)
{
	const char *address = receive_http_address(h->http);
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)atoi(strchr(address, ':') + 1)),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* What a bare client sees. */
static void say(struct house *h, const char *text, char answer[512])
{
	int fd = dial(h);
	size_t n = 0;
	ssize_t got;

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	while (n < 511 && (got = read(fd, answer + n, 511 - n)) > 0)
		n += (size_t)got;
	answer[n] = '\0';
	close(fd);
}

static void only_post_is_understood(void **state)
{
	char answer[512];

	say(*state, "GET /v1/traces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
	    answer);
	assert_non_null(strstr(answer, "405"));
	assert_non_null(strstr(answer, "Allow: POST"));
	say(*state,
	    "OPTIONS /v1/traces HTTP/1.1\r\nHost: localhost\r\nOrigin: http://x\r\nConnection: "
	    "close\r\n\r\n",
	    answer);
	assert_non_null(strstr(answer, "403"));
	assert_null(strstr(answer, "Access-Control"));
}

static void who_is_too_slow_is_cut_off(void **state)
{
	static const char begun[] = "POST /v1/traces HTTP/1.1\r\nHost: loc";
	uint64_t slow = stats_get(receive_slow), begin = clock_mono_ns();
	struct house *h = *state;
	int fd = dial(h);
	char c;

	assert_int_equal(write(fd, begun, sizeof(begun) - 1), sizeof(begun) - 1);
	/* Until the server has seen it come. */
	while (stats_get(receive_slow) == slow)
		receive_http_sweep(h->http, begin + 120000000000ull);
	assert_int_equal(read(fd, &c, 1), 0);
	close(fd);
}

static void who_asks_before_it_writes_is_answered_at_once(void **state)
{
	char answer[512];

	say(*state,
	    "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n"
	    "Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n",
	    answer);
	assert_non_null(strstr(answer, "413"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define FACT(name) cmocka_unit_test_setup_teardown(name, begin, end)
		FACT(spans_are_taken_in_protobuf),
		FACT(spans_are_taken_in_json),
		FACT(a_type_may_have_parameters),
		FACT(logs_and_metrics_have_places_of_their_own),
		FACT(zipkin_has_a_place_too),
		FACT(the_path_may_name_a_run),
		FACT(what_is_rejected_is_told_in_the_same_form),
		FACT(packed_bodies_are_unpacked),
		FACT(a_small_body_that_unpacks_to_much_is_refused),
		FACT(a_body_that_is_too_large_is_refused_and_read_to_its_end),
		FACT(what_makes_no_sense_is_a_status_in_the_same_form),
		FACT(web_pages_and_strange_hosts_are_refused),
		FACT(what_we_sent_ourselves_is_refused),
		FACT(when_there_is_no_room_it_is_for_later),
		FACT(only_post_is_understood),
		FACT(who_is_too_slow_is_cut_off),
		FACT(who_asks_before_it_writes_is_answered_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
