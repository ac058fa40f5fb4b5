/* SPDX-License-Identifier: Apache-2.0 */
/* Redact: keys by their words, texts by what looks like a secret, rules as they are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/redact.h"
#include "base/siphash.h"

static struct redact usual;

static int make(void **state)
{
	(void)state;
	redact_default(&usual);
	redact_hash_key(&usual, STR("a key"));
	return 0;
}

static void each(const char *const *key, size_t n, enum redact_action action)
{
	for (size_t i = 0; i < n; i++)
		if (redact_key(&usual, str_of(key[i])) != action)
			fail_msg("%s: %d", key[i], redact_key(&usual, str_of(key[i])));
}

#define ALL(action, ...) \
	each((const char *const[]){ __VA_ARGS__ }, \
	     sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *), action)

static void names_of_secrets_go_in_any_case_and_with_any_separator(void **state)
{
	(void)state;
	ALL(REDACT_MASK, "password", "PASSWORD", "Password", "user_password", "userPassword",
	    "user-password", "user.password", "user password", "passwd", "pwd", "db_pwd", "api_key",
	    "apikey", "apiKey", "APIKey", "API-KEY", "X-Api-Key", "x_api_keys", "token",
	    "access_token", "accessToken", "ACCESS_TOKEN", "id-token", "secret", "client_secret",
	    "clientSecret", "secrets", "authorization", "Authorization", "Proxy-Authorization",
	    "cookie", "Set-Cookie", "set_cookie", "cookies", "session_id", "sessionId",
	    "session.id", "SESSIONID", "credit_card", "creditCard", "credit_card_number",
	    "card-number", "ssn", "SSN", "user.ssn", "cvv", "private_key", "privateKey",
	    "aws_secret_access_key", "AWS_ACCESS_KEY_ID", "csrf_token", "otp", "jwt", "bearer",
	    "credentials", "passphrase");
}

static void names_go_wherever_they_stand_in_a_key(void **state)
{
	(void)state;
	ALL(REDACT_MASK, "user.password.value", "http.request.header.authorization",
	    "http.request.header.set-cookie", "config[db][password]", "a.b.c.apiKey.d",
	    "form%5Bpassword%5D", "password1", "password_2", "2nd_password");
}

static void names_that_are_grown_together_go_by_their_end(void **state)
{
	(void)state;
	ALL(REDACT_MASK, "dbpassword", "PGPASSWORD", "MYSQL_ROOTPASSWORD", "accesstoken",
	    "refreshtoken", "JSESSIONID", "PHPSESSID", "clientsecret", "xapikey");
}

static void words_that_only_contain_a_name_stay(void **state)
{
	(void)state;
	ALL(REDACT_KEEP, "shipping_cost", "author", "authority", "mapping", "opinion", "ping_ms",
	    "tokens_used", "gen_ai.usage.input_tokens", "tokenizer", "secretary", "passenger",
	    "compass", "bypass", "keyboard", "monkey", "api_version", "session.store",
	    "session.count", "test.pass", "card_type", "credit", "access_log", "private",
	    "public_key", "http.route", "url.path", "user.name", "user_agent.original",
	    "process.pid", "sql", "passwordless", "primary_key", "cache.key", "pin_count", "assn",
	    "x", "", "....", "123");
}

static void what_only_tells_about_a_secret_stays(void **state)
{
	(void)state;
	ALL(REDACT_KEEP, "password_length", "token.count", "token_type", "cookie.enabled",
	    "password.policy", "otp_attempts", "tokenExpires");
	ALL(REDACT_MASK, "length_of_password", "count.token");
}

/* ---- texts --------------------------------------------------------------------------------------- */

static void becomes(const char *text, const char *expected)
{
	char out[4096];
	size_t n = redact_text(&usual, str_of(text), out, sizeof(out));

	out[n] = '\0';
	assert_string_equal(out, expected);
	assert_int_equal(redact_text(&usual, str_of(text), NULL, sizeof(out)), n);
	if (strcmp(text, expected) != 0 && !redact_is_loud(text, strlen(text)))
		fail_msg("not loud: %s", text);
}

static void stays(const char *text)
{
	becomes(text, text);
}

static void a_card_goes_if_its_check_digit_is_right(void **state)
{
	(void)state;
	becomes("paid with 4111111111111111 today", "paid with [REDACTED] today");
	becomes("4111 1111 1111 1111", "[REDACTED]");
	becomes("5500-0000-0000-0004", "[REDACTED]");
	becomes("card:340000000000009.", "card:[REDACTED].");
	becomes("3782 822463 10005", "[REDACTED]");
	becomes("4222222222222", "[REDACTED]");
	becomes("12 4111111111111111 30", "12 [REDACTED] 30");
	becomes("a=4012888888881881&b=6011000000000004", "a=[REDACTED]&b=[REDACTED]");
	stays("4111111111111112");
	stays("5500 0000 0000 0005");
}

static void other_numbers_stay(void **state)
{
	(void)state;
	stays("1700000000000");
	stays("1700000000000000000 ns");
	stays("2026-11-21 03:08:33.123456");
	stays("10.0.0.1 192.168.100.200");
	stays("0.4111111111111111");
	stays("a4111111111111111f");
	stays("123e4567-e89b-12d3-a456-426614174000");
	stays("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
	stays("41111111111111111111111111111111");
}

static void credentials_of_http_go(void **state)
{
	(void)state;
	becomes("Bearer abcdef123456", "Bearer [REDACTED]");
	becomes("sent bearer tok.en-1234 to it", "sent bearer [REDACTED] to it");
	becomes("Basic dXNlcjpwYXNz", "Basic [REDACTED]");
	becomes("Authorization: Basic dXNlcjpwYXNz", "Authorization: [REDACTED]");
	becomes("Authorization: Digest username=\"bob\", response=\"abc\"",
		"Authorization: [REDACTED]\"bob\", response=\"abc\"");
	becomes("Cookie: a=b; sid=c\r\nHost: x", "Cookie: [REDACTED]\r\nHost: x");
	becomes("Bearer abcdefghijklmnopqrstuv", "Bearer [REDACTED]");
	stays("Basic authentication required");
	stays("the bearer of bad news");
	stays("a basic idea");
}

static void tokens_go_by_how_they_begin(void **state)
{
	(void)state;
	becomes("key AKIAIOSFODNN7EXAMPLE used", "key [REDACTED] used");
	becomes("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "[REDACTED]");
	becomes("(sk_live_4eC39HqLyjWDarjtT1zdp7dc)", "([REDACTED])");
	becomes("xoxb-123456789012-abcdefGHIJKL", "[REDACTED]");
	becomes("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1g rest",
		"[REDACTED] rest");
	becomes("/reset/eyJhbGciOiJIUzI1NiJ9.eyJz.x-/now", "/reset/[REDACTED]");
	becomes("AIzaSyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe", "[REDACTED]");
	stays("ask-me-anything-about-everything");
	stays("sk-learn-is-a-library-of-python");
	stays("AKIAshort");
}

static void private_keys_go_whole(void **state)
{
	(void)state;
	becomes("x -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- y",
		"x [REDACTED] y");
	becomes("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA", "[REDACTED]");
	stays("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----");
}

static void passwords_in_urls_go(void **state)
{
	(void)state;
	becomes("postgres://bob:hunter2@db/shop", "postgres://bob:[REDACTED]@db/shop");
	becomes("redis://:hunter2@cache:6379", "redis://:[REDACTED]@cache:6379");
	becomes("at https://bob:p@ss@host/x?y", "at https://bob:[REDACTED]@host/x?y");
	becomes("https://s3cr3t@host/", "https://[REDACTED]@host/");
	becomes("amqp://u:a/b@host", "amqp://u:[REDACTED]@host");
	stays("postgres://bob@db/shop");
	stays("https://example.org:8080/a@b");
	stays("see http://example.org/ or mail bob@example.org");
}

static void parameters_go_by_their_names(void **state)
{
	(void)state;
	becomes("/a?user=bob&token=abc&page=2", "/a?user=bob&token=[REDACTED]&page=2");
	becomes("https://s3/x?X-Amz-Signature=abc&X-Amz-Date=1",
		"https://s3/x?X-Amz-Signature=[REDACTED]&X-Amz-Date=1");
	becomes("/cb?code=4/abc&state=1", "/cb?code=[REDACTED]&state=1");
	becomes("/x?user[password]=abc", "/x?user[password]=[REDACTED]");
	stays("the code: 17, a key: x1");
	stays("code=17 key=x1");
	stays("/a?q=token&author=bob");
}

static void pairs_go_by_their_keys(void **state)
{
	(void)state;
	becomes("login user=bob password=hunter2 ok", "login user=bob password=[REDACTED] ok");
	becomes("password: hunter2, user: bob", "password: [REDACTED], user: bob");
	becomes("password = 'two words' x", "password = '[REDACTED]' x");
	becomes("{\"user\":\"bob\",\"password\":\"a\\\"b\",\"n\":1}",
		"{\"user\":\"bob\",\"password\":\"[REDACTED]\",\"n\":1}");
	becomes("{\"password\" : 1234, \"a\": 2}", "{\"password\" : \"[REDACTED]\", \"a\": 2}");
	becomes("{\\\"token\\\":\\\"abc\\\",\\\"a\\\":1}",
		"{\\\"token\\\":\\\"[REDACTED]\\\",\\\"a\\\":1}");
	becomes("{\"secrets\":[\"a\",\"b]\"],\"x\":1}", "{\"secrets\":\"[REDACTED]\",\"x\":1}");
	becomes("{\"API Key\":\"abc\"}", "{\"API Key\":\"[REDACTED]\"}");
	becomes("wrong api key: abc123", "wrong api key: [REDACTED]");
	becomes("host=db password=a\\ b", "host=db password=[REDACTED] b");
	becomes("<password>abc</password>", "<password>[REDACTED]</password>");
	becomes("run --password hunter2 --host db", "run --password [REDACTED] --host db");
	becomes("run --token=hunter2 -v", "run --token=[REDACTED] -v");
	becomes("PGPASSWORD=x psql", "PGPASSWORD=[REDACTED] psql");
	becomes("{:password=>\"abc\"}", "{:password=>\"[REDACTED]\"}");
	becomes("GET session:4f2a user:17:sess:9",
		"GET session:[REDACTED] user:17:sess:[REDACTED]");
	becomes("{\"user\":\"bob\",\"pass\":\"x\"}", "{\"user\":\"bob\",\"pass\":\"[REDACTED]\"}");
	stays("Access denied (using password: YES)");
	stays("password of user: bob");
	stays("token_count=17 shipping_cost=3 author=bob");
	stays("password=");
	stays("password=null token: ***");
	stays("SELECT a FROM b WHERE password = ? AND token = ?");
	stays("Foo::token::bar and a ? b : c");
}

static void what_is_redacted_stays_as_it_is(void **state)
{
	(void)state;
	stays("password=[REDACTED]");
	stays("\"password\":\"[REDACTED]\"");
	stays("https://bob:[REDACTED]@host/?token=REDACTED");
	stays("password=hash:0123456789abcdef");
}

static void a_secret_that_the_end_cuts_shows_no_part(void **state)
{
	const char *text = "user bob password=hunter2";
	char out[64];

	(void)state;
	for (size_t room = 0; room < 40; room++) {
		size_t n = redact_text(&usual, str_of(text), out, room);

		assert_true(n <= room);
		assert_null(memmem(out, n, "hu", 2));
	}
}

static void most_texts_are_quiet(void **state)
{
	static const char *const quiet[] = {
		"GET",
		"acme",
		"place order",
		"a value of 24 characters",
		"/api/v1/orders/17",
		"application/json",
		"the quick brown fox jumps over the lazy dog, and back",
		"books and bottles, by the dozen"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++)
		if (redact_is_loud(quiet[i], strlen(quiet[i])))
			fail_msg("%s", quiet[i]);
}

/* Wherever it stands in a text of whatever length. */
static void a_secret_is_loud_in_every_place(void **state)
{
	static const char *const secret[] = { "4111111111111111",    "bearer abc123",
					      "pw=hunter2",	     "AKIAIOSFODNN7EXAMPLE",
					      "4111 1111 1111 1111", "glpat-abcdefghijkl" };
	char text[200];

	(void)state;
	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
		size_t n = strlen(secret[i]);

		for (size_t at = 0; at + n < sizeof(text); at++) {
			memset(text, ' ', sizeof(text));
			memcpy(text + at, secret[i], n);
			for (size_t end = at + n; end <= sizeof(text); end += 7)
				if (!redact_is_loud(text, end))
					fail_msg("%s at %zu of %zu", secret[i], at, end);
		}
	}
}

/* ---- rules ------------------------------------------------------------------------------------------ */

static struct redact ruled(const char *rules)
{
	struct redact r = usual;
	struct str wrong;

	assert_true(redact_read(&r, str_of(rules), &wrong));
	return r;
}

static void rules_add_keys_with_their_actions(void **state)
{
	struct redact r = ruled("card=mask\npin=drop, user.email=hash;tenant");

	(void)state;
	assert_int_equal(redact_key(&r, STR("card")), REDACT_MASK);
	assert_int_equal(redact_key(&r, STR("the.pin")), REDACT_DROP);
	assert_int_equal(redact_key(&r, STR("card.pin")), REDACT_MASK);
	assert_int_equal(redact_key(&r, STR("userEmail")), REDACT_HASH);
	assert_int_equal(redact_key(&r, STR("email")), REDACT_KEEP);
	assert_int_equal(redact_key(&r, STR("tenant_id")), REDACT_MASK);
	assert_int_equal(redact_key(&r, STR("shipping")), REDACT_KEEP);
}

static void a_rule_can_be_an_exception(void **state)
{
	struct redact r = ruled("page.token=keep, token=drop");

	(void)state;
	assert_int_equal(redact_key(&r, STR("pageToken")), REDACT_KEEP);
	assert_int_equal(redact_key(&r, STR("token")), REDACT_DROP);
	assert_int_equal(redact_key(&r, STR("password")), REDACT_MASK);
}

static void the_built_in_rules_have_an_action_too(void **state)
{
	struct redact r = ruled("*=hash");
	char out[64];
	size_t n = redact_text(&r, STR("password=abc"), out, sizeof(out));

	(void)state;
	assert_int_equal(n, 9 + 21);
	assert_memory_equal(out, "password=hash:", 14);
	r = ruled("*=drop");
	n = redact_text(&r, STR("a Bearer abc123 b"), out, sizeof(out));
	assert_memory_equal(out, "a Bearer  b", n);
}

static void off_is_off(void **state)
{
	struct redact r = ruled("off");
	char out[64];

	(void)state;
	assert_int_equal(redact_key(&r, STR("password")), REDACT_KEEP);
	assert_int_equal(redact_text(&r, STR("password=abc"), out, sizeof(out)), 12);
	assert_memory_equal(out, "password=abc", 12);
}

static void parameters_have_rules_of_their_own(void **state)
{
	struct redact r = ruled("?promo=mask, ?code=keep");
	char out[64];
	size_t n = redact_text(&r, STR("/?promo=a&code=b&promos=c"), out, sizeof(out));

	(void)state;
	out[n] = '\0';
	assert_string_equal(out, "/?promo=[REDACTED]&code=b&promos=c");
	assert_int_equal(redact_key(&r, STR("promo")), REDACT_KEEP);
}

static void a_rule_that_makes_no_sense_is_told_and_left_out(void **state)
{
	struct redact r = usual;
	struct str wrong = { 0 };

	(void)state;
	assert_false(redact_read(&r, STR("card=mask, pin=burn, *, x=drop"), &wrong));
	assert_true(str_eq(wrong, STR("pin=burn")));
	assert_int_equal(redact_key(&r, STR("card")), REDACT_MASK);
	assert_int_equal(redact_key(&r, STR("pin")), REDACT_KEEP);
	assert_int_equal(redact_key(&r, STR("x")), REDACT_DROP);
}

static void equal_values_have_equal_hashes_with_one_key(void **state)
{
	struct redact other = usual;
	char a[REDACT_MARK_MOST], b[REDACT_MARK_MOST];

	(void)state;
	assert_int_equal(redact_mark(&usual, REDACT_HASH, STR("abc"), a), 21);
	redact_mark(&usual, REDACT_HASH, STR("abc"), b);
	assert_memory_equal(a, b, 21);
	redact_mark(&usual, REDACT_HASH, STR("abd"), b);
	assert_memory_not_equal(a, b, 21);
	redact_hash_key(&other, STR("another key"));
	redact_mark(&other, REDACT_HASH, STR("abc"), b);
	assert_memory_not_equal(a, b, 21);
}

/* The vector of its authors' paper, appendix A. */
static void the_hash_is_siphash(void **state)
{
	uint64_t key[2];
	uint8_t bytes[16];

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		bytes[i] = i;
	memcpy(key, bytes, sizeof(key));
	assert_true(siphash(key, bytes, 15) == 0xa129ca6149be45e5u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_secrets_go_in_any_case_and_with_any_separator),
		cmocka_unit_test(names_go_wherever_they_stand_in_a_key),
		cmocka_unit_test(names_that_are_grown_together_go_by_their_end),
		cmocka_unit_test(words_that_only_contain_a_name_stay),
		cmocka_unit_test(what_only_tells_about_a_secret_stays),
		cmocka_unit_test(a_card_goes_if_its_check_digit_is_right),
		cmocka_unit_test(other_numbers_stay),
		cmocka_unit_test(credentials_of_http_go),
		cmocka_unit_test(tokens_go_by_how_they_begin),
		cmocka_unit_test(private_keys_go_whole),
		cmocka_unit_test(passwords_in_urls_go),
		cmocka_unit_test(parameters_go_by_their_names),
		cmocka_unit_test(pairs_go_by_their_keys),
		cmocka_unit_test(what_is_redacted_stays_as_it_is),
		cmocka_unit_test(a_secret_that_the_end_cuts_shows_no_part),
		cmocka_unit_test(most_texts_are_quiet),
		cmocka_unit_test(a_secret_is_loud_in_every_place),
		cmocka_unit_test(rules_add_keys_with_their_actions),
		cmocka_unit_test(a_rule_can_be_an_exception),
		cmocka_unit_test(the_built_in_rules_have_an_action_too),
		cmocka_unit_test(off_is_off),
		cmocka_unit_test(parameters_have_rules_of_their_own),
		cmocka_unit_test(a_rule_that_makes_no_sense_is_told_and_left_out),
		cmocka_unit_test(equal_values_have_equal_hashes_with_one_key),
		cmocka_unit_test(the_hash_is_siphash),
	};

	return cmocka_run_group_tests(tests, make, NULL);
}
