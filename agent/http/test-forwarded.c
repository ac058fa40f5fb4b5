/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a request is from: what trusted proxies say, and what nobody can make up. */
#include "agent/http/forwarded.h"
#include "agent/http/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct forwarded_rules rules;

static int set_up(void **state)
{
	(void)state;
	forwarded_rules_read(&rules, STR("10.0.0.0/8, 192.0.2.1, fd00::/8"), STR(""));
	return 0;
}

/* Who it is from, as text; NULL header: there is none. */
static const char *client(const char *peer, const char *x, const char *standard)
{
	static char text[PROXIES_ADDRESS_TEXT];
	uint8_t from[16], out[16];
	struct forwarded_seen seen = { from, str_of(x), str_of(standard) };

	assert_true(proxies_address(str_of(peer), from));
	http_address_text(forwarded_client(&rules, &seen, out) ? out : from, text);
	return text;
}

static void a_peer_that_is_no_proxy_is_the_client(void **state)
{
	(void)state;
	assert_string_equal(client("203.0.113.9", "1.2.3.4", NULL), "203.0.113.9");
	assert_string_equal(client("203.0.113.9", NULL, "for=1.2.3.4"), "203.0.113.9");
	assert_string_equal(client("10.1.2.3", NULL, NULL), "10.1.2.3");
}

static void the_rightmost_that_is_not_trusted_is_the_client(void **state)
{
	(void)state;
	assert_string_equal(client("10.0.0.1", "1.2.3.4", NULL), "1.2.3.4");
	assert_string_equal(client("10.0.0.1", "6.6.6.6, 1.2.3.4", NULL), "1.2.3.4");
	assert_string_equal(client("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.7.7.7,192.0.2.1", NULL),
			    "1.2.3.4");
	assert_string_equal(client("fd00::1", "2001:db8::7, fd12::1", NULL), "2001:db8::7");
	assert_string_equal(client("192.0.2.1", "1.2.3.4:5678", NULL), "1.2.3.4");
	assert_string_equal(client("192.0.2.1", "[2001:db8::7]:5678", NULL), "2001:db8::7");
	assert_string_equal(client("::ffff:10.0.0.1", "::ffff:1.2.3.4", NULL), "1.2.3.4");
	assert_string_equal(client("192.0.2.2", "1.2.3.4", NULL), "192.0.2.2");
}

static void where_all_are_trusted_it_is_the_peer(void **state)
{
	(void)state;
	assert_string_equal(client("10.0.0.1", "10.0.0.9, 10.0.0.2", NULL), "10.0.0.1");
}

static void what_can_not_be_read_is_not_believed(void **state)
{
	static const char *const nonsense[] = {
		"unknown",
		"",
		",",
		" , ",
		"1.2.3",
		"1.2.3.4.5",
		"1.2.3.4, evil",
		"_hidden",
		"1.2.3.4%eth0",
		"[1.2.3.4]",
		"1.2.3.4 5.6.7.8",
		"::1::",
		"[::1",
		"1.2.3.4,]",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++)
		if (strcmp(client("10.0.0.1", nonsense[i], NULL), "10.0.0.1") != 0)
			fail_msg("%s", nonsense[i]);
}

static void the_standard_field_is_read_as_well(void **state)
{
	(void)state;
	assert_string_equal(client("10.0.0.1", NULL, "for=1.2.3.4"), "1.2.3.4");
	assert_string_equal(client("10.0.0.1", NULL, "For=\"[2001:db8::7]:4711\";proto=https"),
			    "2001:db8::7");
	assert_string_equal(
		client("10.0.0.1", NULL,
		       "for=6.6.6.6, for=1.2.3.4;by=10.0.0.2 , proto=http;for=10.0.0.2"),
		"1.2.3.4");
	assert_string_equal(client("10.0.0.1", NULL, "for=unknown, for=10.0.0.2"), "10.0.0.1");
	assert_string_equal(client("10.0.0.1", NULL, "for=1.2.3.4, by=10.0.0.2"), "10.0.0.1");
}

/* What a client sends stands left of what the proxy adds, and must not swallow it. */
static void quotes_do_not_hide_what_a_proxy_adds(void **state)
{
	(void)state;
	assert_string_equal(client("10.0.0.1", NULL, "for=6.6.6.6;by=\", for=1.2.3.4"), "10.0.0.1");
	assert_string_equal(client("10.0.0.1", NULL, "for=\", for=\"[2001:db8::7]:1\""),
			    "10.0.0.1");
	assert_string_equal(client("10.0.0.1", NULL, "x=\"a,b;for=6.6.6.6\", for=1.2.3.4"),
			    "1.2.3.4");
	assert_string_equal(client("10.0.0.1", NULL, "for=\"6.6.6.6\\\", for=1.2.3.4"), "10.0.0.1");
}

static void two_fields_that_disagree_do_not_count(void **state)
{
	(void)state;
	assert_string_equal(client("10.0.0.1", "1.2.3.4", "for=1.2.3.4"), "1.2.3.4");
	assert_string_equal(client("10.0.0.1", "1.2.3.4", "for=6.6.6.6"), "10.0.0.1");
	forwarded_rules_read(&rules, STR("10.0.0.0/8"), STR("X-Forwarded-For"));
	assert_string_equal(client("10.0.0.1", "1.2.3.4", "for=6.6.6.6"), "1.2.3.4");
	forwarded_rules_read(&rules, STR("10.0.0.0/8"), STR("Forwarded"));
	assert_string_equal(client("10.0.0.1", "6.6.6.6", "for=1.2.3.4"), "1.2.3.4");
	set_up(NULL);
}

static void a_peer_without_an_address_is_believed_if_asked_for(void **state)
{
	struct forwarded_seen seen = { NULL, STR("1.2.3.4"), STR("") };
	uint8_t out[16];

	(void)state;
	assert_false(forwarded_client(&rules, &seen, out));
	forwarded_rules_read(&rules, STR("unix"), STR(""));
	assert_true(forwarded_client(&rules, &seen, out));
	set_up(NULL);
}

static void blocks_end_where_their_bits_do(void **state)
{
	struct proxies p = { .n = 0 };
	uint8_t a[16];

	(void)state;
	assert_true(proxies_read(&p, STR("172.16.0.0/12, 2001:db8::/33, 0.0.0.0/0"), NULL));
	assert_true(proxies_address(STR("2001:db8:7fff::1"), a) && proxies_have(&p, a));
	assert_true(proxies_address(STR("2001:db8:8000::1"), a) && !proxies_have(&p, a));
	p.n = 1;
	assert_true(proxies_address(STR("172.31.255.255"), a) && proxies_have(&p, a));
	assert_true(proxies_address(STR("172.32.0.0"), a) && !proxies_have(&p, a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peer_that_is_no_proxy_is_the_client),
		cmocka_unit_test(the_rightmost_that_is_not_trusted_is_the_client),
		cmocka_unit_test(where_all_are_trusted_it_is_the_peer),
		cmocka_unit_test(what_can_not_be_read_is_not_believed),
		cmocka_unit_test(the_standard_field_is_read_as_well),
		cmocka_unit_test(quotes_do_not_hide_what_a_proxy_adds),
		cmocka_unit_test(two_fields_that_disagree_do_not_count),
		cmocka_unit_test(a_peer_without_an_address_is_believed_if_asked_for),
		cmocka_unit_test(blocks_end_where_their_bits_do),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
