/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "agent/agent.h"
#include "agent/sockets/connection.h"
#include "agent/sockets/edit.h"

/* What the edits take from elsewhere, as the tests want it. */

static const char *parent, *baggage;

void client_inject(const struct client_request *c,
		   void (*set)(void *carrier, const char *name, const char *value), void *carrier)
{
	(void)c;
	set(carrier, "traceparent", parent);
	if (baggage)
		set(carrier, "baggage", baggage);
	set(carrier, "X-Request-ID", "id-1");
}

const char *server_id_header(void)
{
	return "X-Request-ID";
}

static int n_missed;

void agent_unedited(void)
{
	n_missed++;
}

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define OURS "00-" TRACE "-1111111111111111-01"
#define THEIRS "00-" TRACE "-2222222222222222-01"

static int setup(void **state)
{
	(void)state;
	parent = OURS;
	baggage = NULL;
	n_missed = 0;
	return edits_open() ? 0 : -1;
}

static size_t line_of(const char *p, size_t n)
{
	return str_cut((struct str){ p, n }, '\n').head.n + 1;
}

enum { BY_LINE = 0 };

/* The text in pieces of at most `piece` bytes, or of a line each, as writev has them. */
static int cut(struct iovec *v, const char *p, size_t n, size_t piece)
{
	int n_v = 0;

	while (n && n_v < 40) {
		size_t most = piece == BY_LINE ? line_of(p, n) : piece;
		size_t now = n_v == 39 || n < most ? n : most;

		v[n_v++] = (struct iovec){ (void *)p, now };
		p += now;
		n -= now;
	}
	return n_v;
}

static void passed(struct connection *c, struct str s)
{
	struct http1 *m = c->served ? &c->responses : &c->requests;
	enum http1_event e;

	do {
		e = http1_next(m, NULL, &s);
		if (e == HTTP1_HEAD) {
			edit_ends(c, true);
		}
	} while (http1_goes_on(e));
	assert_int_equal(e, HTTP1_MORE);
}

/*
 * The program writes all it has left, in pieces; the socket takes at most `most` bytes at a time.
 * What has passed on the wire must be `expected`.
 */
static void write_all(struct connection *c, const char *text, size_t piece, size_t most,
		      const char *expected)
{
	static char wire[4096];
	size_t n = strlen(text), done = 0, on_wire = 0;

	while (done < n) {
		struct outgoing o;
		struct iovec v[40];
		int n_v = cut(v, text + done, n - done, piece);
		size_t room = most, before = on_wire, shown;
		bool edited = outgoing_make(&o, c, v, n_v);
		const struct iovec *w = edited ? o.v : v;
		int n_w = edited ? o.n : n_v;

		for (int i = 0; i < n_w && room; i++) {
			size_t now = w[i].iov_len < room ? w[i].iov_len : room;

			memcpy(wire + on_wire, w[i].iov_base, now);
			on_wire += now;
			room -= now;
		}
		shown = edited ? outgoing_passed(&o, c, on_wire - before) : on_wire - before;
		passed(c, (struct str){ text + done, shown });
		done += shown;
	}
	wire[on_wire] = 0;
	assert_string_equal(wire, expected);
	assert_null(c->edit);
}

/* With every size of what the socket takes. */
static void check(const char *text, size_t piece, const char *expected)
{
	static struct exchange e;

	for (size_t most = 1; most <= strlen(expected); most++) {
		struct connection c = { 0 };
		struct iovec v[40];
		struct http1 probe;
		struct str in = { text, strlen(text) };

		http1_init(&c.requests, HTTP1_REQUEST);
		probe = c.requests;
		http1_next(&probe, NULL, &in);
		edit_request(&c, &e, v, cut(v, text, strlen(text), piece), probe.head_n);
		write_all(&c, text, piece, most, expected);
	}
}

static void fields_go_in_behind_the_first_line(void **state)
{
	(void)state;
	check("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 4096,
	      "GET / HTTP/1.1\r\ntraceparent: " OURS "\r\nX-Request-ID: id-1\r\nHost: x\r\n\r\n");
	check("PUT / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 37,
	      "PUT / HTTP/1.1\r\ntraceparent: " OURS
	      "\r\nX-Request-ID: id-1\r\nContent-Length: 3\r\n\r\nabc");
}

static void what_the_program_has_set_stays(void **state)
{
	(void)state;
	baggage = "a=1";
	check("GET / HTTP/1.1\r\nBaggage: b=2\r\nx-request-id: mine\r\n\r\n", 4096,
	      "GET / HTTP/1.1\r\ntraceparent: " OURS
	      "\r\nBaggage: b=2\r\nx-request-id: mine\r\n\r\n");
}

static void a_traceparent_that_is_passed_on_gets_our_span(void **state)
{
	(void)state;
	check("GET / HTTP/1.1\r\nA: b\r\nTraceParent:  " THEIRS "\r\nX-Request-ID: 7\r\n\r\n", 4096,
	      "GET / HTTP/1.1\r\nA: b\r\nTraceParent:  " OURS "\r\nX-Request-ID: 7\r\n\r\n");
}

static void the_id_goes_out_with_it(void **state)
{
	(void)state;
	check("GET / HTTP/1.1\r\ntraceparent: " THEIRS "\r\nC: d\r\n\r\n", 4096,
	      "GET / HTTP/1.1\r\nX-Request-ID: id-1\r\ntraceparent: " OURS "\r\nC: d\r\n\r\n");
}

static void a_head_may_be_in_pieces_of_whole_lines(void **state)
{
	(void)state;
	check("GET / HTTP/1.1\r\nA: b\r\nX-Request-ID: 7\r\n\r\n", BY_LINE,
	      "GET / HTTP/1.1\r\ntraceparent: " OURS "\r\nA: b\r\nX-Request-ID: 7\r\n\r\n");
	check("GET / HTTP/1.1\r\nA: b\r\ntraceparent: " THEIRS "\r\n\r\n", BY_LINE,
	      "GET / HTTP/1.1\r\nX-Request-ID: id-1\r\nA: b\r\ntraceparent: " OURS "\r\n\r\n");
	assert_int_equal(n_missed, 0);
}

static void another_trace_of_the_programs_own_is_left_alone(void **state)
{
	static const char text[] =
		"GET / HTTP/1.1\r\ntraceparent: "
		"00-11111111111111111111111111111111-2222222222222222-01\r\n\r\n";

	(void)state;
	check(text, 4096, text);
}

static void a_value_that_would_make_a_line_of_its_own_is_left_out(void **state)
{
	(void)state;
	parent = "00\r\nEvil: 1";
	check("GET / HTTP/1.1\r\n\r\n", 4096, "GET / HTTP/1.1\r\nX-Request-ID: id-1\r\n\r\n");
}

static void a_head_in_pieces_that_end_within_a_line_is_not_edited(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

	(void)state;
	check(text, 5, text);
	assert_true(n_missed > 0);
}

/* A head of a line in each piece; is it edited? */
static bool is_edited(int n_v)
{
	static struct exchange x;
	struct connection c = { 0 };
	struct iovec v[EDIT_TAKES + 1];
	struct outgoing o;
	size_t n = 0;
	bool is;

	for (int i = 0; i < n_v; i++) {
		const char *line = i == 0 ? "GET / HTTP/1.1\r\n" : "A: b\r\n";

		if (i == n_v - 2)
			line = "traceparent: " THEIRS "\r\n";
		else if (i == n_v - 1)
			line = "\r\n";
		v[i] = (struct iovec){ (void *)line, strlen(line) };
		n += strlen(line);
	}
	http1_init(&c.requests, HTTP1_REQUEST);
	edit_request(&c, &x, v, n_v, n);
	is = outgoing_make(&o, &c, v, n_v);
	edit_ends(&c, true);
	return is;
}

static void a_head_in_too_many_pieces_is_not_edited_and_counted(void **state)
{
	(void)state;
	assert_true(is_edited(EDIT_TAKES));
	assert_int_equal(n_missed, 0);
	assert_false(is_edited(EDIT_TAKES + 1));
	assert_int_equal(n_missed, 1);
}

/* One write of `text`, of which `most` bytes of what is made of it are taken: those, behind `wire`. */
static size_t written(struct connection *c, const char *text, size_t most, char *wire)
{
	struct iovec v = { (void *)text, strlen(text) };
	struct outgoing o;

	if (!outgoing_make(&o, c, &v, 1)) {
		strncat(wire, text, most);
		return most < v.iov_len ? most : v.iov_len;
	}
	for (int i = 0; i < o.n; i++)
		strncat(wire, o.v[i].iov_base,
			o.v[i].iov_len < most - strlen(wire) ? o.v[i].iov_len
							     : most - strlen(wire));
	return outgoing_passed(&o, c, strlen(wire));
}

/* Its requests are followed no longer once the first bytes have gone: those of this one are edited to its end. */
static void an_edit_that_has_begun_ends_where_it_should(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\n\r\n",
			  expected[] = "GET / HTTP/1.1\r\ntraceparent: " OURS
				       "\r\nX-Request-ID: id-1\r\n\r\n"
				       "more";
	static struct exchange e;

	(void)state;
	for (size_t most = 1; most < sizeof(expected) - 5; most++) {
		struct connection c = { .requests_over = 3 };
		struct iovec v = { (void *)text, sizeof(text) - 1 };
		char wire[400] = "";
		size_t n;

		http1_init(&c.requests, HTTP1_REQUEST);
		edit_request(&c, &e, &v, 1, sizeof(text) - 1);
		n = written(&c, text, most, wire);
		if (n < sizeof(text) - 1)
			written(&c, text + n, sizeof(wire), wire + strlen(wire));
		written(&c, "more", sizeof(wire), wire + strlen(wire));
		assert_string_equal(wire, expected);
		edit_drop(&c);
	}
}

static void a_connection_that_nobody_follows_any_more_has_no_edit(void **state)
{
	static struct exchange e;
	struct connection c = { 0 };
	struct iovec v = { (void *)"GET / HTTP/1.1\r\n\r\n", 18 };
	struct outgoing o;

	(void)state;
	edit_request(&c, &e, &v, 1, 18);
	assert_true(outgoing_make(&o, &c, &v, 1));
	assert_int_equal(outgoing_passed(&o, NULL, 40), 16);
	edit_drop(&c);
}

static void a_response_gets_its_requests_id_once(void **state)
{
	static struct exchange e = { .as.served.id = "id-7" };
	static const char *const text[][2] = {
		{ "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx",
		  "HTTP/1.1 404 Not Found\r\nX-Request-ID: id-7\r\nContent-Length: 1\r\n\r\nx" },
		{ "HTTP/1.1 200 OK\r\nx-request-id: own\r\nContent-Length: 0\r\n\r\n",
		  "HTTP/1.1 200 OK\r\nx-request-id: own\r\nContent-Length: 0\r\n\r\n" },
		{ "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		for (size_t most = 1; most <= strlen(text[i][1]); most++) {
			struct connection c = { .served = true };
			struct iovec v[1];

			http1_init(&c.responses, HTTP1_RESPONSE);
			edit_response(&c, &e, v, cut(v, text[i][0], strlen(text[i][0]), 4096));
			write_all(&c, text[i][0], 4096, most, text[i][1]);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(fields_go_in_behind_the_first_line, setup),
		cmocka_unit_test_setup(what_the_program_has_set_stays, setup),
		cmocka_unit_test_setup(a_traceparent_that_is_passed_on_gets_our_span, setup),
		cmocka_unit_test_setup(the_id_goes_out_with_it, setup),
		cmocka_unit_test_setup(a_head_may_be_in_pieces_of_whole_lines, setup),
		cmocka_unit_test_setup(another_trace_of_the_programs_own_is_left_alone, setup),
		cmocka_unit_test_setup(a_value_that_would_make_a_line_of_its_own_is_left_out,
				       setup),
		cmocka_unit_test_setup(a_head_in_pieces_that_end_within_a_line_is_not_edited,
				       setup),
		cmocka_unit_test_setup(a_head_in_too_many_pieces_is_not_edited_and_counted, setup),
		cmocka_unit_test_setup(an_edit_that_has_begun_ends_where_it_should, setup),
		cmocka_unit_test_setup(a_connection_that_nobody_follows_any_more_has_no_edit,
				       setup),
		cmocka_unit_test_setup(a_response_gets_its_requests_id_once, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
