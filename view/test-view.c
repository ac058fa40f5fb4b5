/* SPDX-License-Identifier: Apache-2.0 */
/* The server's manners, whatever is asked for. */
#include "view/test-fixture.h"

#include "model/stats.h"
#include "view/reply.h"

#include <errno.h>
#include <pthread.h>

static void head_has_no_body(void **state)
{
	scoped_answer a = client_ask(address(state), "HEAD", "/api/traces", "");

	assert_int_equal(a.status, 200);
	assert_int_equal(a.n_body, 0);
	assert_null(strstr(a.head, "Content-Length: 0\r"));
}

static void other_methods_are_a_405(void **state)
{
	static const char *const method[] = { "POST", "PUT", "DELETE", "OPTIONS", "TRACE" };

	for (size_t i = 0; i < sizeof(method) / sizeof(method[0]); i++) {
		scoped_answer a = client_ask(address(state), method[i], "/api/traces",
					     "Content-Length: 0\r\n");

		assert_int_equal(a.status, 405);
		assert_non_null(strstr(a.head, "Allow: GET, HEAD"));
	}
}

static void what_is_not_there_is_a_404_in_json(void **state)
{
	static const char *const target[] = {
		"/nothing",	"/api",		  "/api/trace", "/api/traces/",
		"/api/status/", "/../etc/passwd", "//"
	};

	for (size_t i = 0; i < sizeof(target) / sizeof(target[0]); i++) {
		scoped_json j = client_json(address(state), target[i], 404);

		assert_non_null(text_in(j, "error"));
	}
}

static struct answer ask_host(void **state, const char *host)
{
	struct out o = { 0 };

	out_fmt(&o, "GET /api/runs HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host);

	struct answer a = client_send(address(state), o.p, o.n);

	out_fini(&o);
	return a;
}

static void only_our_own_hosts_are_answered(void **state)
{
	static const char *const ours[] = { "localhost",      "localhost:1", "127.0.0.1",
					    "LOCALHOST:8321", "[::1]:8321",  "[::1]" };
	static const char *const theirs[] = { "evil.example",
					      "evil.example:8321",
					      "localhost.evil.example",
					      "127.0.0.1.evil.example",
					      "10.0.0.1:8321",
					      "[::2]",
					      "localhost:x",
					      "[::1",
					      "localhost:80:80" };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		scoped_answer a = ask_host(state, ours[i]);

		assert_int_equal(a.status, 200);
	}
	for (size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++) {
		uint64_t refused = stats_get(http_refused);
		scoped_answer a = ask_host(state, theirs[i]);

		assert_int_equal(a.status, 403);
		assert_int_equal(stats_get(http_refused), refused + 1);
	}
}

static void an_address_of_many_kilobytes_is_refused(void **state)
{
	struct out o = { 0 };

	out_str(&o, STR("GET /api/traces?q="));
	for (int i = 0; i < 5000; i++)
		out_char(&o, 'x');
	out_str(&o, STR(" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));

	scoped_answer a = client_send(address(state), o.p, o.n);

	out_fini(&o);
	assert_int_equal(a.status, 400);
}

static void big_answers_are_gzipped_for_those_who_take_it(void **state)
{
	scoped_answer plain = client_ask(address(state), "GET", "/metrics", "");
	scoped_answer gzip = client_ask(address(state), "GET", "/metrics",
					"Accept-Encoding: br, gzip;q=0.8\r\n");
	scoped_answer never =
		client_ask(address(state), "GET", "/metrics", "Accept-Encoding: gzip;q=0\r\n");
	struct out o = { 0 };

	assert_null(strstr(plain.head, "Content-Encoding"));
	assert_null(strstr(never.head, "Content-Encoding"));
	assert_non_null(strstr(gzip.head, "Content-Encoding: gzip"));
	assert_true(gzip.n_body < plain.n_body / 2);
	assert_int_equal(page_gunzip(&o, (struct str){ gzip.body, gzip.n_body }), 0);
	assert_true(o.n + 40 > plain.n_body && plain.n_body + 40 > o.n);
	out_fini(&o);
}

static void small_answers_are_not(void **state)
{
	scoped_answer a =
		client_ask(address(state), "GET", "/api/runs", "Accept-Encoding: gzip\r\n");

	assert_null(strstr(a.head, "Content-Encoding"));
	assert_non_null(strstr(a.head, "Cache-Control: no-store"));
}

static void the_page_comes_with_a_strict_policy(void **state)
{
	scoped_answer gzip = client_ask(address(state), "GET", "/", "Accept-Encoding: gzip\r\n");
	scoped_answer plain = client_ask(address(state), "GET", "/", "");
	scoped_answer script = client_ask(address(state), "GET", "/app.js", "");

	assert_int_equal(gzip.status, 200);
	assert_non_null(strstr(gzip.head, "Content-Type: text/html; charset=utf-8"));
	assert_non_null(strstr(gzip.head, "Content-Encoding: gzip"));
	assert_non_null(strstr(gzip.head,
			       "Content-Security-Policy: default-src 'none'; script-src 'self'"));
	assert_non_null(strstr(gzip.head, "X-Content-Type-Options: nosniff"));
	assert_memory_equal(gzip.body, page_gz, assets[0].size);
	assert_string_equal(plain.body, "<!doctype html><title>Oriel</title>");
	assert_non_null(strstr(script.head, "immutable"));
}

static void an_unchanged_page_is_a_304(void **state)
{
	scoped_answer same = client_ask(address(state), "GET", "/", "If-None-Match: \"e1\"\r\n");
	scoped_answer other = client_ask(address(state), "GET", "/", "If-None-Match: \"e0\"\r\n");

	assert_int_equal(same.status, 304);
	assert_int_equal(same.n_body, 0);
	assert_int_equal(other.status, 200);
}

static void a_taken_port_means_the_next(void **state)
{
	struct view *second;
	int first = atoi(strrchr(address(state), ':') + 1);
	struct view_options options = { .listen = address(state) };

	assert_int_equal(view_start(&second, &options), 0);
	assert_true(atoi(strrchr(view_address(second), ':') + 1) > first);
	assert_true(atoi(strrchr(view_address(second), ':') + 1) <= first + 20);
	view_stop(second);
}

static void an_address_without_sense_is_an_error(void **state)
{
	static const char *const listen[] = { "",	    "127.0.0.1",       ":8321",
					      "127.0.0.1:", "127.0.0.1:99999", "[::1:80",
					      "a:b:80" };

	(void)state;
	for (size_t i = 0; i < sizeof(listen) / sizeof(listen[0]); i++) {
		struct view *v;
		struct view_options options = { .listen = listen[i] };

		assert_int_equal(view_start(&v, &options), -EINVAL);
	}
}

static void files_of_a_folder_are_served_and_none_beside_it(void **state)
{
	static const char *const beside[] = { "/../data.db",	    "/%2e%2e/data.db", "/.hidden",
					      "/sub/../../data.db", "//etc/passwd",    "/sub",
					      "/missing.js" };
	char folder[260], script[1200];
	struct view *v;
	struct view_options options = { .listen = "127.0.0.1:0",
					.web_dir = folder,
					.assets = assets };

	(void)state;
	snprintf(folder, sizeof(folder), "%s/web", disk_folder);
	snprintf(
		script, sizeof(script),
		"mkdir -p %s/sub && cd %s && echo page >index.html && echo code >sub/a.js && echo no >.hidden",
		folder, folder);
	assert_int_equal(system(script), 0);
	assert_int_equal(view_start(&v, &options), 0);

	scoped_answer page = client_ask(view_address(v), "GET", "/", "");
	scoped_answer code = client_ask(view_address(v), "GET", "/sub/a.js", "");

	assert_string_equal(page.body, "page\n");
	assert_non_null(strstr(code.head, "text/javascript"));
	assert_string_equal(code.body, "code\n");
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		scoped_answer a = client_ask(view_address(v), "GET", beside[i], "");

		assert_int_equal(a.status, 404);
	}
	view_stop(v);
}

static void without_a_store_the_live_facts_are_there(void **state)
{
	struct view *v;
	struct view_options options = { .listen = "127.0.0.1:0",
					.sources = &sources,
					.you = *state };

	assert_int_equal(view_start(&v, &options), 0);

	scoped_json list = client_json(view_address(v), "/api/traces", 200);
	scoped_json trace = client_json(view_address(v), "/api/traces/" T1, 200);
	scoped_json services = client_json(view_address(v), "/api/services", 200);

	assert_int_equal(json_array_size(json_object_get(list, "traces")), 0);
	assert_int_equal(json_array_size(json_object_get(trace, "spans")), 1);
	assert_int_equal(json_array_size(json_object_get(services, "services")), 0);
	view_stop(v);
}

static void every_route_is_documented(void **state)
{
	char path[512], *slash;
	struct out doc = { 0 };

	(void)state;
	snprintf(path, sizeof(path), "%s", __FILE__);
	slash = strrchr(path, '/');
	assert_non_null(slash);
	snprintf(slash, sizeof(path) - (size_t)(slash - path), "/../doc/api.md");

	scoped_file FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_true(out_reserve(&doc, 1 << 16));
	doc.n = fread(doc.p, 1, (1 << 16) - 1, f);
	out_char(&doc, '\0');
	for (size_t i = 0; i < view_n_routes; i++)
		assert_non_null(strstr(doc.p, view_routes[i].path));
	out_fini(&doc);
}

static void the_last_request_is_remembered(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(view_last_request_ns(f->view), 0);

	json_decref(client_json(address(state), "/api/runs", 200));
	assert_true(view_last_request_ns(f->view) > 0);
}

static void *ask_on(void *you)
{
	static const char *const target[] = { "/api/traces", ("/api/traces/" T1),
					      "/api/services?since_ns=0", "/api/logs", "/metrics" };

	for (int i = 0; i < 50; i++) {
		scoped_answer a =
			client_ask(you, "GET", target[i % 5], "Accept-Encoding: gzip\r\n");

		if (a.status != 200)
			return you;
	}
	return NULL;
}

static void many_ask_while_the_store_is_written(void **state)
{
	struct fixture *f = *state;
	pthread_t thread[4];
	void *failed;

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, ask_on,
						(void *)view_address(f->view)),
				 0);
	for (int i = 0; i < 50; i++)
		write_orders(f->store);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(thread[i], &failed);
		assert_null(failed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_VIEW(head_has_no_body),
		WITH_VIEW(other_methods_are_a_405),
		WITH_VIEW(what_is_not_there_is_a_404_in_json),
		WITH_VIEW(only_our_own_hosts_are_answered),
		WITH_VIEW(an_address_of_many_kilobytes_is_refused),
		WITH_VIEW(big_answers_are_gzipped_for_those_who_take_it),
		WITH_VIEW(small_answers_are_not),
		WITH_VIEW(the_page_comes_with_a_strict_policy),
		WITH_VIEW(an_unchanged_page_is_a_304),
		WITH_VIEW(a_taken_port_means_the_next),
		WITH_VIEW(an_address_without_sense_is_an_error),
		WITH_VIEW(files_of_a_folder_are_served_and_none_beside_it),
		WITH_VIEW(without_a_store_the_live_facts_are_there),
		WITH_VIEW(every_route_is_documented),
		WITH_VIEW(the_last_request_is_remembered),
		WITH_VIEW(many_ask_while_the_store_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
