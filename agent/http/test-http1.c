/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "agent/http/http1-known.h"

/* What was told of a text, in letters: H(status or target) E(body bytes) R N. */
struct told {
	struct http1 m;
	struct http1_head head;
	enum http1_to to;
	bool not_kept;
	char text[2048];
	size_t n;
};

static void tell(struct told *t, const char *format, const char *s, unsigned long n)
{
	int more = snprintf(t->text + t->n, sizeof(t->text) - t->n, format, s, n);

	t->n += (size_t)more;
	assert_true(t->n < sizeof(t->text));
}

static enum http1_event feed(struct told *t, const char *p, size_t n)
{
	/* Of the exact size, so that a read beyond it is seen. */
	char *copy = malloc(n ? n : 1);
	struct str in = { copy, n };
	enum http1_event e;

	memcpy(copy, p, n);
	do {
		e = http1_next(&t->m, t->not_kept ? NULL : &t->head, &in);
		t->m.to = (uint8_t)t->to;
		if (e == HTTP1_HEAD && t->m.kind == HTTP1_RESPONSE)
			tell(t, "H%s%lu ", "", t->m.status);
		else if (e == HTTP1_HEAD)
			tell(t, "H%.60s,%lu ", t->not_kept ? "?" : http1_target(&t->head).p,
			     t->m.minor);
		else if (e == HTTP1_END)
			tell(t, "E%s%lu ", "", t->m.body_n);
	} while (http1_goes_on(e));
	if (e == HTTP1_RAW)
		tell(t, "R%s ", "", 0);
	if (e == HTTP1_NOT)
		tell(t, "N%s ", "", 0);
	free(copy);
	return e;
}

static void begin(struct told *t, enum http1_kind kind, enum http1_to to)
{
	memset(t, 0, sizeof(*t));
	http1_init(&t->m, kind);
	t->to = to;
}

static enum http1_event whole(struct told *t, const char *text)
{
	return feed(t, text, strlen(text));
}

/* The same must be told however the bytes are cut. */
static void check_of(enum http1_kind kind, enum http1_to to, const char *text, size_t n,
		     const char *expected)
{
	static struct told t;

	begin(&t, kind, to);
	feed(&t, text, n);
	assert_string_equal(t.text, expected);
	for (size_t i = 1; i < n; i++) {
		begin(&t, kind, to);
		if (feed(&t, text, i) == HTTP1_MORE)
			feed(&t, text + i, n - i);
		assert_string_equal(t.text, expected);
	}
	for (size_t step = 1; step < 4; step++) {
		begin(&t, kind, to);
		for (size_t i = 0; i < n; i += step)
			if (feed(&t, text + i, n - i < step ? n - i : step) != HTTP1_MORE)
				break;
		assert_string_equal(t.text, expected);
	}
}

#define check(kind, text, expected) check_of(kind, HTTP1_TO_OTHER, text, sizeof(text) - 1, expected)

static void a_request_without_a_body_ends_with_its_head(void **state)
{
	(void)state;
	check(HTTP1_REQUEST, "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n", "H/a?b=c,1 E0 ");
	check(HTTP1_REQUEST, "GET / HTTP/1.0\n\n", "H/,0 E0 ");
	check(HTTP1_REQUEST, "\r\n\r\nGET / HTTP/1.1\r\n\r\n", "H/,1 E0 ");
}

static void messages_follow_each_other(void **state)
{
	(void)state;
	check(HTTP1_REQUEST,
	      "GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 5\r\n\r\nhelloGET /3 "
	      "HTTP/1.1\r\n\r\n",
	      "H/1,1 E0 H/2,1 E5 H/3,1 E0 ");
	check(HTTP1_RESPONSE,
	      "HTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\nokHTTP/1.1 404\r\nContent-Length: 0\r\n\r\n",
	      "H200 E2 H404 E0 ");
}

static void chunks_have_extensions_and_trailers(void **state)
{
	(void)state;
	check(HTTP1_REQUEST,
	      "PUT /c HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n"
	      "5;a=\"b\"\r\nhello\r\n00A \r\n0123456789\r\n0\r\nX: y\r\nZ: GET / HTTP/1.1\r\n\r\n"
	      "GET /n HTTP/1.1\r\n\r\n",
	      "H/c,1 E15 H/n,1 E0 ");
	check(HTTP1_RESPONSE,
	      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
	      "H200 E3 ");
}

static void responses_without_a_body_are_known(void **state)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n";

	(void)state;
	check(HTTP1_RESPONSE,
	      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"
	      "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 200 OK\r\n"
	      "Content-Length: 1\r\n\r\nx",
	      "H100 E0 H304 E0 H204 E0 H200 E1 ");
	check_of(HTTP1_RESPONSE, HTTP1_TO_HEAD, text, sizeof(text) - 1, "H200 E0 ");
}

static void after_an_upgrade_nothing_is_followed(void **state)
{
	static const char connect[] = "HTTP/1.1 200 Connected\r\n\r\n\026\003";

	(void)state;
	check(HTTP1_RESPONSE, "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n", "H101 R ");
	check_of(HTTP1_RESPONSE, HTTP1_TO_CONNECT, connect, sizeof(connect) - 3, "H200 R ");
}

static void a_response_without_length_ends_with_its_connection(void **state)
{
	struct told t;

	(void)state;
	check(HTTP1_RESPONSE, "HTTP/1.0 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "H200 ");
	begin(&t, HTTP1_RESPONSE, HTTP1_TO_OTHER);
	whole(&t, "HTTP/1.0 200 OK\r\n\r\nabc");
	assert_true(t.m.until_close);
	assert_int_equal(t.m.body_n, 3);
}

static void what_is_not_http_is_known_by_its_first_bytes(void **state)
{
	static const struct str others[] = {
		STR("*1\r\n$4\r\nPING\r\n"),
		STR("\0\0\0\x08\x04\xd2\x16\x2f"),
		STR("\026\003\001\002"),
		STR("SSH-2.0-OpenSSH_9.2\r\n"),
		STR("PING\r\n"),
		STR("{\"id\":1}"),
		STR("averyveryverylongwordthatnomethodhas"),
		STR(" GET / HTTP/1.1\r\n"),
		STR("G\xff"),
	};
	struct told t;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		begin(&t, HTTP1_REQUEST, HTTP1_TO_OTHER);
		assert_int_equal(feed(&t, others[i].p, others[i].n), HTTP1_NOT);
		assert_int_equal(whole(&t, "GET / HTTP/1.1\r\n\r\n"), HTTP1_NOT);
	}
	check(HTTP1_REQUEST, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "N ");
	check(HTTP1_REQUEST, "GET key\r\n", "N ");
	check(HTTP1_REQUEST, "GET / RTSP/1.0\r\n", "N ");
	check(HTTP1_RESPONSE, "+OK\r\n", "N ");
	check(HTTP1_RESPONSE, "HTTP/2 200\r\n", "N ");
	check(HTTP1_RESPONSE, "HTTP/1.1 2xx\r\n", "N ");
}

static void a_body_in_no_framing_is_not_followed(void **state)
{
	(void)state;
	check(HTTP1_REQUEST, "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	      "H/c,1 N ");
	check(HTTP1_REQUEST, "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
	      "H/c,1 N ");
	check(HTTP1_REQUEST,
	      "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1111111111111111111\r\n",
	      "H/c,1 N ");
}

static bool is_unsure(const char *text)
{
	struct told t;

	begin(&t, HTTP1_REQUEST, HTTP1_TO_OTHER);
	whole(&t, text);
	return t.m.unsure;
}

static void framing_that_can_be_read_in_two_ways_is_marked(void **state)
{
	(void)state;
	assert_true(is_unsure("GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"));
	assert_true(is_unsure("GET / HTTP/1.1\r\nContent-Length: +5\r\n\r\n"));
	assert_true(is_unsure(
		"GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"));
	assert_true(is_unsure("GET / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n"));
	assert_true(is_unsure("GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"));
	assert_false(is_unsure("GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"));
}

static void fields_are_found_by_name_and_secrets_are_not_kept(void **state)
{
	static const char text[] =
		"GET / HTTP/1.1\r\nHost:  a b \r\nTRACESTATE: a=1\r\nCookie: s=secret\r\n"
		"Authorization: Basic secret\r\nX:\r\ntracestate: b=2\r\nno colon\r\n folded: x\r\n\r\n";
	struct told t;
	char list[64];

	(void)state;
	for (size_t i = 1; i < sizeof(text) - 1; i++) {
		begin(&t, HTTP1_REQUEST, HTTP1_TO_OTHER);
		feed(&t, text, i);
		feed(&t, text + i, sizeof(text) - 1 - i);
		assert_string_equal(http1_value(&t.head, "host"), "a b");
		assert_string_equal(http1_value(&t.head, "x"), "");
		assert_null(http1_value(&t.head, "cookie"));
		assert_null(http1_value(&t.head, "authorization"));
		assert_null(memmem(t.head.text, t.head.used, "secret", 6));
		assert_int_equal(http1_count(&t.head, "tracestate"), 2);
		assert_string_equal(http1_list(&t.head, "tracestate", list, sizeof(list)),
				    "a=1,b=2");
		assert_string_equal(http1_list(&t.head, "host", list, sizeof(list)), "a b");
		assert_int_equal(t.head.n_fields, 4);
	}
}

static void a_giant_head_is_followed_and_kept_in_part(void **state)
{
	static char text[1 << 20];
	struct told t;
	size_t n;

	(void)state;
	n = (size_t)sprintf(text, "GET /");
	memset(text + n, 'x', 5000);
	n += 5000;
	n += (size_t)sprintf(text + n, " HTTP/1.1\r\nBig: ");
	memset(text + n, 'y', 900000);
	n += 900000;
	n += (size_t)sprintf(text + n, "\r\nContent-Length: 3\r\nHost: h\r\n");
	for (int i = 0; i < 1000; i++)
		n += (size_t)sprintf(text + n, "F%d: v\r\n", i);
	n += (size_t)sprintf(text + n, "\r\nabc");
	for (size_t step = 1000; step < n; step += 100001) {
		begin(&t, HTTP1_REQUEST, HTTP1_TO_OTHER);
		for (size_t i = 0; i < n; i += step)
			feed(&t, text + i, n - i < step ? n - i : step);
		assert_int_equal(t.m.body_n, 3);
		assert_true(http1_is_idle(&t.m));
		assert_int_equal(t.head.target_n, HTTP1_TARGET);
		assert_string_equal(http1_value(&t.head, "host"), "h");
		assert_true(t.head.cut);
	}
}

static void bytes_that_were_not_shown_may_be_of_a_body_only(void **state)
{
	struct told t;

	(void)state;
	begin(&t, HTTP1_RESPONSE, HTTP1_TO_OTHER);
	whole(&t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
	assert_int_equal(http1_skip(&t.m, 4), HTTP1_MORE);
	assert_int_equal(http1_skip(&t.m, 6), HTTP1_MORE);
	whole(&t, "");
	assert_string_equal(t.text, "H200 E10 ");
	assert_int_equal(http1_skip(&t.m, 1), HTTP1_NOT);
}

static void without_a_place_for_the_head_messages_are_followed_too(void **state)
{
	struct told t;

	(void)state;
	begin(&t, HTTP1_REQUEST, HTTP1_TO_OTHER);
	t.not_kept = true;
	whole(&t, "PUT / HTTP/1.1\r\nContent-Length: 1\r\n\r\nxGET / HTTP/1.0\r\n\r\n");
	assert_string_equal(t.text, "H?,1 E1 H?,0 E0 ");
}

static void a_load_balancers_line_before_the_first_request_is_passed_over(void **state)
{
	(void)state;
	check(HTTP1_REQUEST, "PROXY TCP4 192.0.2.1 192.0.2.2 4711 80\r\nGET /p HTTP/1.1\r\n\r\n",
	      "H/p,1 E0 ");
	check(HTTP1_REQUEST, "PROXY UNKNOWN\r\nGET /p HTTP/1.1\r\n\r\n", "H/p,1 E0 ");
	check(HTTP1_REQUEST, "PROXY TCP4 a b 1 2\r\nPROXY TCP4 a b 1 2\r\n", "N ");
	check(HTTP1_REQUEST, "PROXY /x HTTP/1.1\r\n\r\n", "H/x,1 E0 ");
}

static void requests_that_may_change_the_protocol_are_marked(void **state)
{
	struct told t;

	(void)state;
	begin(&t, HTTP1_REQUEST, HTTP1_TO_OTHER);
	whole(&t, "CONNECT a:1 HTTP/1.1\r\n\r\n");
	assert_true(t.m.upgrade);
	whole(&t, "GET / HTTP/1.1\r\nUpgrade-Insecure-Requests: 1\r\n\r\n");
	assert_false(t.m.upgrade);
	whole(&t, "GET / HTTP/1.1\r\nUpgrade: websocket\r\nExpect: 100-Continue\r\n\r\n");
	assert_true(t.m.upgrade && t.m.expects);
}

/* What http1_next makes of the end of a head, with nothing behind it; a body that is awaited, at once. */
static void a_body_that_is_awaited_is_what_would_be_awaited(void **state)
{
	static const struct {
		const char *head;
		unsigned awaited; /* a bit for each enum http1_to */
	} answer[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 1 << HTTP1_TO_OTHER },
		{ "HTTP/1.0 404 No\r\nContent-Length: 5\r\n\r\n",
		  1 << HTTP1_TO_OTHER | 1 << HTTP1_TO_CONNECT },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0 },
		{ "HTTP/1.1 200 OK\r\n\r\n", 0 },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 0 },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 0 },
		{ "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", 0 },
		{ "HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", 0 },
		{ "HTTP/1.1 100 Go\r\nContent-Length: 5\r\n\r\n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answer) / sizeof(*answer); i++)
		for (int to = HTTP1_TO_OTHER; to <= HTTP1_TO_CONNECT; to++) {
			struct str in = str_of(answer[i].head);
			struct http1 m, quick;
			bool awaited;

			http1_init(&m, HTTP1_RESPONSE);
			assert_int_equal(http1_next(&m, NULL, &in), HTTP1_HEAD);
			m.to = (uint8_t)to;
			quick = m;
			awaited = http1_awaits_body(&quick);
			assert_int_equal(awaited, answer[i].awaited >> to & 1);
			assert_int_equal(http1_next(&quick, NULL, &in), http1_next(&m, NULL, &in));
			assert_memory_equal(&quick, &m, sizeof(m));
			if (awaited)
				assert_true(http1_rest(&quick, 5) && http1_is_idle(&quick));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_without_a_body_ends_with_its_head),
		cmocka_unit_test(messages_follow_each_other),
		cmocka_unit_test(chunks_have_extensions_and_trailers),
		cmocka_unit_test(responses_without_a_body_are_known),
		cmocka_unit_test(after_an_upgrade_nothing_is_followed),
		cmocka_unit_test(a_response_without_length_ends_with_its_connection),
		cmocka_unit_test(what_is_not_http_is_known_by_its_first_bytes),
		cmocka_unit_test(a_body_in_no_framing_is_not_followed),
		cmocka_unit_test(framing_that_can_be_read_in_two_ways_is_marked),
		cmocka_unit_test(fields_are_found_by_name_and_secrets_are_not_kept),
		cmocka_unit_test(a_giant_head_is_followed_and_kept_in_part),
		cmocka_unit_test(bytes_that_were_not_shown_may_be_of_a_body_only),
		cmocka_unit_test(without_a_place_for_the_head_messages_are_followed_too),
		cmocka_unit_test(a_load_balancers_line_before_the_first_request_is_passed_over),
		cmocka_unit_test(requests_that_may_change_the_protocol_are_marked),
		cmocka_unit_test(a_body_that_is_awaited_is_what_would_be_awaited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
