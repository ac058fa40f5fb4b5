/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/scoped.h"
#include "view/page.h"
#include "view/scrape.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "view/test-support.h"

static bool can_tell = true;

static const char *tell(const struct scrape_request *q, struct out *o, void *you)
{
	(void)you;
	for (size_t i = 0; i < q->n_names; i++)
		out_fmt(o, "[" STR_FMT "]", STR_ARG(q->name[i]));
	for (int i = 0; i < 200; i++)
		out_fmt(o, "metric{n=\"%d\"} 1\n", i);
	if (!can_tell)
		return NULL;
	return q->openmetrics ? "application/openmetrics-text" : "text/plain; version=0.0.4";
}

struct stand {
	struct scrape *scrape;
	char address[SCRAPE_TEXT];
};

static int setup(void **state)
{
	static struct stand s;

	can_tell = true;
	assert_int_equal(scrape_start(&s.scrape, &(struct scrape_options){ .host = "localhost",
									   .patience_ms = 1000,
									   .write = tell }),
			 0);
	scrape_address(s.scrape, s.address);
	*state = &s;
	return 0;
}

static int teardown(void **state)
{
	struct stand *s = *state;

	s->scrape = scrape_stop(s->scrape);
	return 0;
}

static const char *address(void **state)
{
	return ((struct stand *)*state)->address;
}

static void metrics_are_told(void **state)
{
	scoped_answer a = client_ask(address(state), "GET", "/metrics", "");

	assert_int_equal(a.status, 200);
	assert_non_null(strstr(a.head, "text/plain; version=0.0.4"));
	assert_non_null(strstr(a.body, "metric{n=\"199\"} 1\n"));
}

static void a_head_has_no_body(void **state)
{
	scoped_answer a = client_ask(address(state), "HEAD", "/metrics", "");

	assert_int_equal(a.status, 200);
	assert_int_equal(a.n_body, 0);
	assert_non_null(strstr(a.head, "Content-Length: "));
}

static void there_is_nothing_else(void **state)
{
	static const char *const target[] = { "/", "/favicon.ico", "/metrics/", "/api/status" };

	for (size_t i = 0; i < sizeof(target) / sizeof(target[0]); i++) {
		scoped_answer a = client_ask(address(state), "GET", target[i], "");

		assert_int_equal(a.status, 404);
	}
}

static void other_methods_are_a_405(void **state)
{
	scoped_answer a = client_ask(address(state), "POST", "/metrics", "Content-Length: 0\r\n");

	assert_int_equal(a.status, 405);
	assert_non_null(strstr(a.head, "Allow: GET, HEAD"));
}

static void names_and_format_reach_the_writer(void **state)
{
	scoped_answer a =
		client_ask(address(state), "GET", "/metrics?name[]=a&other=x&name%5B%5D=b%2Bc",
			   "Accept: application/openmetrics-text\r\n");

	assert_non_null(strstr(a.head, "application/openmetrics-text"));
	assert_non_null(strstr(a.body, "[a][b+c]metric"));
}

static void a_long_answer_is_packed_for_those_who_take_it(void **state)
{
	scoped_answer a =
		client_ask(address(state), "GET", "/metrics", "Accept-Encoding: gzip\r\n");
	struct out o = { 0 };

	assert_non_null(strstr(a.head, "Content-Encoding: gzip"));
	assert_int_equal(page_gunzip(&o, (struct str){ a.body, a.n_body }), 0);
	assert_true(str_starts(out_all(&o), STR("metric{n=\"0\"} 1\n")));
	out_fini(&o);
}

static size_t times(const char *in, const char *what)
{
	size_t n = 0;

	for (; (in = strstr(in, what)); in += strlen(what))
		n++;
	return n;
}

static void a_connection_is_kept_for_the_next_scrape(void **state)
{
	static const char requests[] =
		"HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
		"HEAD /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	int fd = client_connect(address(state));
	char text[4096];
	size_t n = 0;
	ssize_t r;

	assert_int_equal(send(fd, requests, sizeof(requests) - 1, MSG_NOSIGNAL),
			 sizeof(requests) - 1);
	while ((r = recv(fd, text + n, sizeof(text) - 1 - n, 0)) > 0)
		n += (size_t)r;
	close(fd);
	text[n] = '\0';
	assert_int_equal(times(text, "HTTP/1.1 200 OK"), 2);
}

static void what_makes_no_sense_is_a_400(void **state)
{
	scoped_answer a = client_ask(address(state), "GET", "/metrics?name[]=%zz", "");

	assert_int_equal(a.status, 400);
}

static void a_host_that_is_not_ours_is_a_403(void **state)
{
	static const char request[] =
		"GET /metrics HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
	scoped_answer a = client_send(address(state), request, sizeof(request) - 1);

	assert_int_equal(a.status, 403);
}

static void what_cannot_be_told_is_a_503(void **state)
{
	can_tell = false;

	scoped_answer a = client_ask(address(state), "GET", "/metrics", "");

	assert_int_equal(a.status, 503);
}

/* The naive form waits for as long as something comes now and then. */
static void a_client_that_dribbles_is_cut_off(void **state)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
	int fd = client_connect(address(state));
	uint64_t begun = clock_mono_ns();
	bool open = send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0;
	char end;

	while (open && clock_mono_ns() - begun < 20000000000ull) {
		struct timeval wait = { 0, 50000 };

		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
		open = send(fd, "a", 1, MSG_NOSIGNAL) == 1 && recv(fd, &end, 1, 0) != 0;
	}
	close(fd);
	assert_false(open);
}

static void a_port_that_is_taken_is_tried_until_it_is_free(void **state)
{
	struct stand *s = *state;
	struct scrape *second;
	char why[SCRAPE_TEXT], text[SCRAPE_TEXT];
	uint16_t port = (uint16_t)atoi(strrchr(s->address, ':') + 1);

	assert_false(scrape_why(s->scrape, why));
	assert_int_equal(scrape_start(&second, &(struct scrape_options){ .host = "127.0.0.1",
									 .port = port,
									 .write = tell }),
			 0);
	assert_true(scrape_why(second, why));
	s->scrape = scrape_stop(s->scrape);
	while (scrape_why(second, why))
		usleep(1000);
	scrape_address(second, text);

	scoped_answer a = client_ask(text, "GET", "/metrics", "");

	assert_int_equal(a.status, 200);
	scrape_stop(second);
}

static void an_address_without_sense_is_refused(void **state)
{
	struct scrape *s = NULL;

	(void)state;
	assert_int_equal(scrape_start(&s, &(struct scrape_options){ .host = "", .write = tell }),
			 -EINVAL);
	assert_null(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(metrics_are_told),
		TEST(a_head_has_no_body),
		TEST(there_is_nothing_else),
		TEST(other_methods_are_a_405),
		TEST(names_and_format_reach_the_writer),
		TEST(a_long_answer_is_packed_for_those_who_take_it),
		TEST(a_connection_is_kept_for_the_next_scrape),
		TEST(what_makes_no_sense_is_a_400),
		TEST(a_host_that_is_not_ours_is_a_403),
		TEST(what_cannot_be_told_is_a_503),
		TEST(a_client_that_dribbles_is_cut_off),
		TEST(a_port_that_is_taken_is_tried_until_it_is_free),
		cmocka_unit_test(an_address_without_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
