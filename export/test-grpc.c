/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/grpc.h"

#include <stdio.h>

static struct grpc_answer answer_of(int http_status, const char *headers, struct str body)
{
	struct grpc_answer a;

	grpc_read(&a, http_status, str_of(headers), body);
	return a;
}

static struct grpc_answer answer(const char *headers)
{
	return answer_of(200, headers, STR(""));
}

static bool retryable(const char *headers)
{
	struct grpc_answer a = answer(headers);

	return grpc_is_retryable(&a);
}

/* google.rpc.Status, code 8, with a RetryInfo of 7 s, and of 1.5 s. */
#define RETRY_7_S "CAgaMAoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIECgIIBw"
#define RETRY_1500_MS \
	"CAgaNgoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIKCggIARCAyrXuAQ=="

static void the_prefix_is_a_flag_and_a_length(void **state)
{
	char p[GRPC_PREFIX];

	(void)state;
	grpc_prefix(p, 0x01020304, true);
	assert_memory_equal(p, "\1\1\2\3\4", 5);
	grpc_prefix(p, 7, false);
	assert_memory_equal(p, "\0\0\0\0\7", 5);
}

static void the_status_comes_in_the_trailers(void **state)
{
	struct grpc_answer a = answer("content-type: application/grpc\r\n\r\ngrpc-status: 14\r\n"
				      "grpc-message: not%20now%0A 100%\r\n");

	(void)state;
	assert_int_equal(a.status, GRPC_UNAVAILABLE);
	assert_string_equal(a.text, "not now\n 100%");
	assert_false(a.has_retry_info);
}

static void the_message_is_the_frames_inside(void **state)
{
	struct grpc_answer a =
		answer_of(200, "grpc-status: 0\r\n", (struct str){ "\0\0\0\0\2hi", 7 });

	(void)state;
	assert_int_equal(a.status, GRPC_OK);
	assert_int_equal(a.message.n, 2);
	assert_memory_equal(a.message.p, "hi", 2);
}

static void a_frame_that_is_cut_short_or_packed_is_none(void **state)
{
	static const struct str bad[] = { { "\0\0\0\0\3hi", 7 },
					  { "\1\0\0\0\2hi", 7 },
					  { "\0\377\377\377\377hi", 7 },
					  { "\0\0\0", 3 } };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(answer_of(200, "grpc-status: 0\r\n", bad[i]).message.n, 0);
}

static void only_the_listed_ones_are_retryable(void **state)
{
	static const bool may[17] = {
		[1] = true, [4] = true, [10] = true, [11] = true, [14] = true, [15] = true
	};
	char headers[40];

	(void)state;
	for (unsigned i = 0; i < 17; i++) {
		snprintf(headers, sizeof(headers), "grpc-status: %u\r\n", i);
		assert_int_equal(retryable(headers), may[i]);
	}
}

static void exhausted_is_retryable_with_a_time_to_wait(void **state)
{
	struct grpc_answer a =
		answer("grpc-status: 8\r\ngrpc-status-details-bin: " RETRY_7_S "\r\n");

	(void)state;
	assert_true(a.has_retry_info);
	assert_int_equal(a.retry_after_ms, 7000);
	assert_true(grpc_is_retryable(&a));
	a = answer("grpc-status: 14\r\ngrpc-status-details-bin: " RETRY_1500_MS "\r\n");
	assert_int_equal(a.retry_after_ms, 1500);
}

static void details_that_are_none_are_passed_over(void **state)
{
	(void)state;
	assert_false(retryable("grpc-status: 8\r\ngrpc-status-details-bin: !!!\r\n"));
	assert_false(retryable("grpc-status: 8\r\ngrpc-status-details-bin: AAAA\r\n"));
	assert_false(retryable("grpc-status: 8\r\ngrpc-status-details-bin: CAgaMA\r\n"));
}

static void without_a_status_the_one_of_http_counts(void **state)
{
	(void)state;
	assert_int_equal(answer_of(503, "", STR("")).status, GRPC_UNAVAILABLE);
	assert_int_equal(answer_of(429, "", STR("")).status, GRPC_UNAVAILABLE);
	assert_int_equal(answer_of(404, "", STR("")).status, GRPC_UNIMPLEMENTED);
	assert_int_equal(answer_of(200, "", STR("")).status, GRPC_UNKNOWN);
	assert_int_equal(answer_of(200, "grpc-status: -1\r\n", STR("")).status, GRPC_UNKNOWN);
}

static void who_finds_it_too_large_says_so_in_words(void **state)
{
	struct grpc_answer a =
		answer("grpc-status: 8\r\ngrpc-message: Received message larger than "
		       "max (5 vs. 4)\r\n");

	(void)state;
	assert_true(grpc_is_too_big(&a));
	a = answer("grpc-status: 8\r\ngrpc-message: quota\r\n");
	assert_false(grpc_is_too_big(&a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_prefix_is_a_flag_and_a_length),
		cmocka_unit_test(the_status_comes_in_the_trailers),
		cmocka_unit_test(the_message_is_the_frames_inside),
		cmocka_unit_test(a_frame_that_is_cut_short_or_packed_is_none),
		cmocka_unit_test(only_the_listed_ones_are_retryable),
		cmocka_unit_test(exhausted_is_retryable_with_a_time_to_wait),
		cmocka_unit_test(details_that_are_none_are_passed_over),
		cmocka_unit_test(without_a_status_the_one_of_http_counts),
		cmocka_unit_test(who_finds_it_too_large_says_so_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
