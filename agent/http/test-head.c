/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <string.h>

#include "agent/http/head.h"

static char out[2048];
static struct head h;

/* What is written when `text` is, in pieces of `size`, with our field put in. */
static const char *written(enum head_kind kind, const char *text, size_t size)
{
	size_t n = strlen(text), used = 0;

	head_begin(&h, kind, "X-Id");
	for (size_t at = 0; at < n; at += size) {
		size_t piece = n - at < size ? n - at : size;
		size_t k = head_follow(&h, text + at, piece);

		if (k <= piece) {
			memcpy(out + used, text + at, k);
			used += k;
			memcpy(out + used, "X-Id: 1\r\n", 9);
			used += 9;
		} else {
			k = 0;
		}
		memcpy(out + used, text + at + k, piece - k);
		used += piece - k;
	}
	out[used] = '\0';
	return out;
}

static void our_field_goes_before_the_empty_line(void **state)
{
	(void)state;
	assert_string_equal(written(HEAD_HTTP, "HTTP/1.1 404 No\r\nA: b\r\n\r\nbody\r\n\r\n", 99),
			    "HTTP/1.1 404 No\r\nA: b\r\nX-Id: 1\r\n\r\nbody\r\n\r\n");
	assert_int_equal(h.status, 404);
	assert_true(h.done);
}

static void it_goes_in_once_at_most_however_the_bytes_are_cut(void **state)
{
	const char *text = "HTTP/1.0 200 OK\r\nA: b\r\n\r\nbody\r\n\r\n";

	(void)state;
	for (size_t size = 1; size < 40; size++) {
		const char *all = written(HEAD_HTTP, text, size);

		assert_int_equal(h.status, 200);
		if (strcmp(all, text) != 0)
			assert_string_equal(all, "HTTP/1.0 200 OK\r\nA: b\r\nX-Id: 1\r\n\r\n"
						 "body\r\n\r\n");
		else /* the return of the empty line was written already */
			assert_int_equal(24 % size, 0);
	}
}

static void the_program_s_own_field_wins(void **state)
{
	const char *text = "HTTP/1.1 200 OK\r\nx-ID : mine\r\n\r\n";

	(void)state;
	assert_string_equal(written(HEAD_HTTP, text, 99), text);
	assert_string_equal(written(HEAD_HTTP, text, 3), text);
}

static void interim_responses_are_passed_over(void **state)
{
	(void)state;
	assert_string_equal(written(HEAD_HTTP,
				    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 99),
			    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-Id: 1\r\n\r\n");
	written(HEAD_HTTP, "HTTP/1.1 101 Now\r\n\r\n", 99);
	assert_int_equal(h.status, 101);
}

static void what_is_no_response_is_let_be(void **state)
{
	static const char *const texts[] = { "hello\r\n\r\n", "\r\n\r\n", "HTTP/1.1\r\n\r\n",
					     "HTTP/1.1 9\r\n\r\n", "HTTP/1.1 999 x\r\n\r\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_string_equal(written(HEAD_HTTP, texts[i], 99), texts[i]);
		assert_true(h.done);
		assert_int_equal(h.status, 0);
	}
}

static void a_cgi_says_its_status_in_a_field(void **state)
{
	(void)state;
	assert_string_equal(written(HEAD_CGI, "Status: 503 Busy\nA: b\n\nbody", 5),
			    "Status: 503 Busy\nA: b\nX-Id: 1\r\n\nbody");
	assert_int_equal(h.status, 503);
	written(HEAD_CGI, "Location: /a\r\n\r\n", 99);
	assert_int_equal(h.status, 302);
	written(HEAD_CGI, "Content-Type: text/plain\r\n\r\n", 99);
	assert_int_equal(h.status, 200);
}

static void a_line_may_be_of_any_length(void **state)
{
	char text[1024] = "HTTP/1.1 200 OK\r\nX-Id-";
	size_t n = strlen(text);

	(void)state;
	memset(text + n, 'a', 600);
	strcpy(text + n + 600, ": b\r\n\r\n");
	assert_non_null(strstr(written(HEAD_HTTP, text, 7), "X-Id: 1\r\n\r\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_field_goes_before_the_empty_line),
		cmocka_unit_test(it_goes_in_once_at_most_however_the_bytes_are_cut),
		cmocka_unit_test(the_program_s_own_field_wins),
		cmocka_unit_test(interim_responses_are_passed_over),
		cmocka_unit_test(what_is_no_response_is_let_be),
		cmocka_unit_test(a_cgi_says_its_status_in_a_field),
		cmocka_unit_test(a_line_may_be_of_any_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
