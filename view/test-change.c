/* SPDX-License-Identifier: Apache-2.0 */
#include "view/test-support.h"

#include <errno.h>

static struct {
	char target[64], changes[256];
	int result;
	unsigned calls;
} asked;

static int change(const char *target, char *const *changes, uint32_t *n, void *you)
{
	(void)you;
	asked.calls++;
	snprintf(asked.target, sizeof(asked.target), "%s", target);
	asked.changes[0] = '\0';
	for (; *changes; changes++) {
		strcat(asked.changes, *changes);
		strcat(asked.changes, ";");
	}
	*n = 2;
	return asked.result;
}

static int setup(void **state)
{
	static const struct view_sources sources = { .change = change };
	struct view *v;

	memset(&asked, 0, sizeof(asked));
	assert_int_equal(view_start(&v, &(struct view_options){ .listen = "127.0.0.1:0",
								.sources = &sources }),
			 0);
	*state = v;
	return 0;
}

static int teardown(void **state)
{
	view_stop(*state);
	return 0;
}

#define JSON "Content-Type: application/json\r\n"

static struct answer post(void **state, const char *headers, const char *body)
{
	const char *address = view_address(*state);
	struct out o = { 0 };
	struct answer a;

	out_fmt(&o,
		"POST /api/control HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s"
		"Content-Length: %zu\r\n\r\n%s",
		address, headers, strlen(body), body);
	a = client_send(address, o.p, o.n);
	out_fini(&o);
	return a;
}

static int status(void **state, const char *headers, const char *body)
{
	scoped_answer a = post(state, headers, body);

	return a.status;
}

static void what_is_asked_is_done(void **state)
{
	scoped_answer a =
		post(state, JSON, "{\"target\":\"shop\",\"set\":[\"level=debug\",\"sampling=\"]}");

	assert_int_equal(a.status, 200);
	assert_non_null(strstr(a.body, "\"processes\":2"));
	assert_string_equal(asked.target, "shop");
	assert_string_equal(asked.changes, "level=debug;sampling=;");
}

static void our_own_page_may_ask(void **state)
{
	char headers[256];

	snprintf(headers, sizeof(headers),
		 JSON "Origin: http://%s\r\nSec-Fetch-Site: same-origin\r\n", view_address(*state));
	assert_int_equal(status(state, headers, "{\"target\":\"*\",\"set\":[\"level=off\"]}"), 200);
}

static void nobody_elses_page_may(void **state)
{
	static const char *const headers[] = {
		JSON "Origin: http://evil.example\r\n", JSON "Origin: null\r\n",
		JSON "Sec-Fetch-Site: cross-site\r\n",	JSON "Sec-Fetch-Site: same-site\r\n",
		"Content-Type: text/plain\r\n",		"",
	};

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		assert_int_equal(status(state, headers[i],
					"{\"target\":\"shop\",\"set\":[\"level=off\"]}"),
				 403);
	assert_int_equal(asked.calls, 0);
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const char *const body[] = {
		"",
		"{",
		"[]",
		"{\"target\":\"shop\"}",
		"{\"target\":\"shop\",\"set\":[]}",
		"{\"target\":\"\",\"set\":[\"level=off\"]}",
		"{\"target\":\"a\\nb\",\"set\":[\"level=off\"]}",
		"{\"target\":\"shop\",\"set\":[\"level=loud\"]}",
		"{\"target\":\"shop\",\"set\":[7]}",
		"{\"target\":\"shop\",\"set\":[\"level=off\\nlevel=on\"]}",
	};
	char much[6000];

	for (size_t i = 0; i < sizeof(body) / sizeof(body[0]); i++)
		assert_int_equal(status(state, JSON, body[i]), 400);
	memset(much, ' ', sizeof(much) - 1);
	much[sizeof(much) - 1] = '\0';
	assert_int_equal(status(state, JSON, much), 413);
	assert_int_equal(asked.calls, 0);
}

static void a_service_that_is_not_there_is_404(void **state)
{
	asked.result = -ESRCH;
	assert_int_equal(status(state, JSON, "{\"target\":\"shop\",\"set\":[\"level=off\"]}"), 404);
	asked.result = -EIO;
	assert_int_equal(status(state, JSON, "{\"target\":\"shop\",\"set\":[\"level=off\"]}"), 503);
}

static void nothing_else_takes_a_post(void **state)
{
	scoped_answer a = client_ask(view_address(*state), "POST", "/api/status", "");
	scoped_answer b = client_ask(view_address(*state), "GET", "/api/control", "");

	assert_int_equal(a.status, 405);
	assert_int_equal(b.status, 404);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_asked_is_done),
		TEST(our_own_page_may_ask),
		TEST(nobody_elses_page_may),
		TEST(what_makes_no_sense_is_refused),
		TEST(a_service_that_is_not_there_is_404),
		TEST(nothing_else_takes_a_post),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
