/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "agent/http/http.h"

#define SAME(slice, text) same((slice), "" text, sizeof(text) - 1)

static void same(struct str is, const char *wanted, size_t n)
{
	assert_int_equal(is.n, n);
	assert_memory_equal(is.n ? is.p : "", wanted, n);
}

static void known_methods_are_those_of_the_conventions(void **state)
{
	(void)state;
	assert_string_equal(http_method(STR("QUERY")), "QUERY");
	assert_null(http_method(STR("get")));
	assert_null(http_method(STR("FOO")));
	assert_null(http_method(STR("")));
}

static void the_environment_replaces_the_methods(void **state)
{
	(void)state;
	http_methods_set("GET, PROPFIND ,,");
	assert_string_equal(http_method(STR("PROPFIND")), "PROPFIND");
	assert_null(http_method(STR("POST")));
	http_methods_set("");
	assert_non_null(http_method(STR("POST")));
}

static struct redact rules;

static int set_up(void **state)
{
	(void)state;
	redact_default(&rules);
	return 0;
}

static void a_target_is_path_and_query(void **state)
{
	(void)state;
	SAME(http_target_of(STR("/a%20b?c=d?e")).path, "/a%20b");
	SAME(http_target_of(STR("/a%20b?c=d?e")).query, "c=d?e");
	SAME(http_target_of(STR("http://host:80/a?b")).path, "/a");
	SAME(http_target_of(STR("http://host?b")).path, "/");
	SAME(http_target_of(STR("http://host?b")).query, "b");
	SAME(http_target_of(STR("*")).path, "*");
	SAME(http_target_of(STR("/x?u=http://a/b")).path, "/x");
	SAME(http_target_of(STR("")).path, "");
}

static void telemetry_to_our_own_intake_is_known(void **state)
{
	(void)state;
	assert_true(http_is_to_intake(STR("http://127.0.0.1:4318/run/0123456789abcdef/v1/traces")));
	assert_false(http_is_to_intake(STR("http://127.0.0.1:4318/v1/traces")));
	assert_false(http_is_to_intake(STR("http://h/run/0123456789abcde/v1/traces")));
	assert_false(http_is_to_intake(STR("http://h/run/0123456789abcdef/v2/x")));
	assert_false(http_is_to_intake(STR("http://h/run/0123456789abcdef")));
	assert_false(http_is_to_intake(STR("http:")));
	assert_false(http_is_to_intake(STR("")));
}

static void signatures_are_redacted(void **state)
{
	char out[100];
	size_t n;

	(void)state;
	n = http_query_redact(
		&rules, STR("a=1&sig=secret&Signature=s=t&AWSAccessKeyId=&X-Goog-Signature=z&b"),
		out, sizeof(out));
	SAME(((struct str){ out, n }),
	     "a=1&sig=REDACTED&Signature=REDACTED&AWSAccessKeyId=REDACTED&X-Goog-Signature=REDACTED&b");
}

static void other_secrets_in_a_query_are_redacted_too(void **state)
{
	char out[200];
	size_t n;

	(void)state;
	n = http_query_redact(
		&rules,
		STR("access_token=a&user[password]=b&q=4111111111111111&page=2&author=me&code=c"),
		out, sizeof(out));
	SAME(((struct str){ out, n }), "access_token=REDACTED&user[password]=REDACTED&q=[REDACTED]"
				       "&page=2&author=me&code=REDACTED");
}

static void a_token_in_a_path_is_redacted(void **state)
{
	struct http_url u;
	char out[200];

	(void)state;
	assert_true(http_url_of(&rules, STR("http://a/reset/eyJhbGciOiJIUzI1NiJ9.eyJ.x"), &u, out,
				sizeof(out)));
	SAME(((struct str){ out, u.n }), "http://a/reset/[REDACTED]");
}

static void a_redacted_query_never_outgrows_its_buffer(void **state)
{
	char out[8];

	(void)state;
	assert_int_equal(http_query_redact(&rules, STR("sig=s&sig=s&sig=s"), out, sizeof(out)), 8);
	assert_memory_equal(out, "sig=REDA", 8);
}

static void hosts_are_names_and_ports(void **state)
{
	struct http_host h;

	(void)state;
	assert_true(http_host_of(STR("example.org"), &h));
	SAME(h.name, "example.org");
	assert_int_equal(h.port, -1);
	assert_true(http_host_of(STR(" localhost:8080 "), &h));
	SAME(h.name, "localhost");
	assert_int_equal(h.port, 8080);
	assert_true(http_host_of(STR("[::1]:99"), &h));
	SAME(h.name, "::1");
	assert_int_equal(h.port, 99);
	assert_true(http_host_of(STR("[fe80::1%eth0]"), &h));
}

static void nonsense_is_no_host(void **state)
{
	static const char *const nonsense[] = { "",	  "a:b",    "a:b:c",   "::1",  "[::1",
						"[::1]x", "[zz]:1", "a:99999", "a b",  "a/b",
						"u@h",	  "[]",	    ":80",     "a:-1", "[::1]80" };
	struct http_host h;

	(void)state;
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++)
		if (http_host_of(str_of(nonsense[i]), &h))
			fail_msg("%s", nonsense[i]);
}

static void a_url_loses_its_credentials(void **state)
{
	struct http_url u;
	char out[200];

	(void)state;
	assert_true(http_url_of(&rules, STR("HTTPS://me:p@ss@example.org/a?sig=x#frag"), &u, out,
				sizeof(out)));
	SAME(((struct str){ out, u.n }), "https://REDACTED:REDACTED@example.org/a?sig=REDACTED");
	assert_true(u.https);
	SAME(u.host.name, "example.org");
	assert_int_equal(u.host.port, 443);
	assert_true(http_url_of(&rules, STR("http://me@[::1]:8080"), &u, out, sizeof(out)));
	SAME(((struct str){ out, u.n }), "http://REDACTED@[::1]:8080/");
	assert_int_equal(u.host.port, 8080);
}

static void a_url_without_scheme_is_http(void **state)
{
	struct http_url u;
	char out[200];

	(void)state;
	assert_true(http_url_of(&rules, STR("localhost:81/x"), &u, out, sizeof(out)));
	SAME(((struct str){ out, u.n }), "http://localhost:81/x");
}

static void other_schemes_are_not_http(void **state)
{
	struct http_url u;
	char out[200];

	(void)state;
	assert_false(http_url_of(&rules, STR("ftp://host/"), &u, out, sizeof(out)));
	assert_false(http_url_of(&rules, STR("file:///etc/passwd"), &u, out, sizeof(out)));
	assert_false(http_url_of(&rules, STR("ftp.example.org"), &u, out, sizeof(out)));
	assert_false(http_url_of(&rules, STR(""), &u, out, sizeof(out)));
	assert_false(http_url_of(&rules, STR("http://"), &u, out, sizeof(out)));
	assert_false(http_url_of(&rules, STR("http://host.too.long.for.the.buffer/"), &u, out, 20));
}

static void peers_are_addresses_and_ports(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(80) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(81) };
	struct sockaddr local = { .sa_family = AF_UNIX };
	char text[46];
	int port;

	(void)state;
	inet_pton(AF_INET, "192.0.2.107", &in.sin_addr);
	assert_true(http_peer_of((struct sockaddr *)&in, text, &port));
	assert_string_equal(text, "192.0.2.107");
	assert_int_equal(port, 80);
	inet_pton(AF_INET6, "::ffff:10.0.0.9", &in6.sin6_addr);
	assert_true(http_peer_of((struct sockaddr *)&in6, text, &port));
	assert_string_equal(text, "10.0.0.9");
	inet_pton(AF_INET6, "2001:db8::1", &in6.sin6_addr);
	assert_true(http_peer_of((struct sockaddr *)&in6, text, &port));
	assert_string_equal(text, "2001:db8::1");
	assert_int_equal(port, 81);
	assert_false(http_peer_of(&local, text, &port));
	assert_false(http_peer_of(NULL, text, &port));
}

static void only_real_versions_are_labels(void **state)
{
	(void)state;
	assert_string_equal(http_version(STR("HTTP/1.1")), "1.1");
	assert_null(http_version(STR("HTTP/1.7")));
	assert_null(http_version(STR("1.1")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_methods_are_those_of_the_conventions),
		cmocka_unit_test(the_environment_replaces_the_methods),
		cmocka_unit_test(a_target_is_path_and_query),
		cmocka_unit_test(telemetry_to_our_own_intake_is_known),
		cmocka_unit_test(signatures_are_redacted),
		cmocka_unit_test(other_secrets_in_a_query_are_redacted_too),
		cmocka_unit_test(a_token_in_a_path_is_redacted),
		cmocka_unit_test(a_redacted_query_never_outgrows_its_buffer),
		cmocka_unit_test(hosts_are_names_and_ports),
		cmocka_unit_test(nonsense_is_no_host),
		cmocka_unit_test(a_url_loses_its_credentials),
		cmocka_unit_test(a_url_without_scheme_is_http),
		cmocka_unit_test(other_schemes_are_not_http),
		cmocka_unit_test(peers_are_addresses_and_ports),
		cmocka_unit_test(only_real_versions_are_labels),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
