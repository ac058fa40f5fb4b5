/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/log-form.h"

#include <jansson.h>
#include <stdlib.h>
#include <time.h>

#define AT_NS (UINT64_C(1700000000) * 1000000000 + 42001999)

static const struct scope cart = { .name = { "shop.cart", 9 }, .version = { "", 0 } };
static const struct scope access_scope = {
	.name = { LOG_ACCESS_SCOPE, sizeof(LOG_ACCESS_SCOPE) - 1 }, .version = { "", 0 }
};

static struct attribute text(const char *key, const char *v)
{
	return (struct attribute){ str_of(key), { VALUE_STRING, .text = str_of(v) } };
}

static struct attribute number(const char *key, int64_t v)
{
	return (struct attribute){ str_of(key), { VALUE_INT, .integer = v } };
}

static struct log_record record(const struct attribute *a, size_t n)
{
	struct log_record r = {
		.time_ns = AT_NS,
		.severity = 13,
		.flags = 1,
		.body = { VALUE_STRING, .text = STR("stock is low") },
		.scope = &cart,
		.attributes = { a, n, 0 },
	};

	r.trace_id.b[15] = 7;
	r.span_id.b[0] = 0;
	r.span_id.b[7] = 9;
	return r;
}

/* A line of `settings` (NAME=VALUE, each ended by NUL), without its end. */
static char *line(struct str settings, const struct log_record *r)
{
	struct attribute who = text("service.name", "shop");
	struct resource *from = resource_new((struct attributes){ &who, 1, 0 }, STR(""), 1);
	struct log_form *form = malloc(sizeof(*form));
	struct settings s = { settings };
	char wrong[LOG_WRONG_ROOM];
	struct out o = { 0 };

	assert_non_null(form);
	log_form_read(form, &s, false, false, wrong);
	assert_string_equal(wrong, "");
	log_form_write(form, &o, r, from);
	assert_int_equal(o.p[o.n - 1], '\n');
	assert_null(memchr(o.p, '\n', o.n - 1));
	o.p[o.n - 1] = '\0';
	resource_free(from);
	free(form);
	return o.p;
}

static void looks_like(struct str settings, const struct log_record *r, const char *expected)
{
	char *got = line(settings, r);

	assert_string_equal(got, expected);
	free(got);
}

#define BLOCK(text) ((struct str){ text, sizeof(text) })

static void json_has_its_keys_in_one_order(void **state)
{
	struct attribute a[] = { text("product", "book"),
				 text("request_id", "abc-123"),
				 number("left", 2),
				 text("path", "/cart"),
				 text("method", "GET"),
				 text("code.file.path", "cart.c"),
				 number("code.line.number", 42) };
	struct log_record r = record(a, 7);

	(void)state;
	looks_like(BLOCK("LOG_FORMAT=json"), &r,
		   "{\"timestamp\":\"2023-11-14T22:13:20.042001Z\",\"level\":\"warning\","
		   "\"logger\":\"shop.cart\",\"message\":\"stock is low\",\"service\":\"shop\","
		   "\"trace_id\":\"00000000000000000000000000000007\","
		   "\"span_id\":\"0000000000000009\",\"request_id\":\"abc-123\","
		   "\"method\":\"GET\",\"path\":\"/cart\",\"product\":\"book\",\"left\":2,"
		   "\"file\":\"cart.c\",\"line\":42}");
}

static void nori_has_its_keys(void **state)
{
	struct attribute a[] = { text("request_id", "abc-123"),
				 text("exception.stacktrace", "main") };
	struct log_record r = record(a, 2);

	(void)state;
	r.trace_id = (struct trace_id){ { 0 } };
	looks_like(BLOCK("LOG_FORMAT=json\0ORIEL_LOG_PROFILE=nori"), &r,
		   "{\"timestamp\":\"2023-11-14T22:13:20.042001Z\",\"level\":\"WARNING\","
		   "\"logger\":\"shop.cart\",\"message\":\"stock is low\",\"exception\":\"main\","
		   "\"request_id\":\"abc-123\",\"service\":\"shop\"}");
}

static void tomodachi_says_time_logger_level_message_first(void **state)
{
	struct log_record r = record(NULL, 0);

	(void)state;
	looks_like(BLOCK("ORIEL_LOG_PROFILE=tomodachi"), &r,
		   "{\"timestamp\":\"2023-11-14T22:13:20.042001Z\",\"logger\":\"shop.cart\","
		   "\"level\":\"warning\",\"message\":\"stock is low\","
		   "\"span_id\":\"0000000000000009\","
		   "\"trace_id\":\"00000000000000000000000000000007\",\"service\":\"shop\"}");
}

static void structlog_says_event_level_timestamp_last(void **state)
{
	struct attribute a = number("left", 2);
	struct log_record r = record(&a, 1);

	(void)state;
	looks_like(BLOCK("ORIEL_LOG_PROFILE=boilerplate"), &r,
		   "{\"left\":2,\"service\":\"shop\","
		   "\"trace_id\":\"00000000000000000000000000000007\","
		   "\"span_id\":\"0000000000000009\",\"trace_flags\":\"01\","
		   "\"logger\":\"shop.cart\",\"event\":\"stock is low\",\"level\":\"warning\","
		   "\"timestamp\":\"2023-11-14T22:13:20.042001Z\"}");
}

static void access_lines_have_the_names_of_the_system(void **state)
{
	struct attribute a[] = {
		text("method", "GET"),
		text("path", "/cart"),
		text("query", "id=7"),
		number("status_code", 200),
		{ STR("duration_ms"), { VALUE_DOUBLE, .number = 12.5 } },
		text("client_address", "10.0.0.7"),
		text("user_agent", "curl/7.88.1"),
		text("request_id", "r1"),
	};
	struct log_record r = record(a, 8);

	(void)state;
	r.trace_id = (struct trace_id){ { 0 } };
	r.severity = 9;
	r.scope = &access_scope;
	r.body.text = STR("request_completed");
	looks_like(BLOCK("ORIEL_LOG_PROFILE=tomodachi"), &r,
		   "{\"timestamp\":\"2023-11-14T22:13:20.042001Z\","
		   "\"logger\":\"tomodachi.http.response\",\"level\":\"info\","
		   "\"message\":\"request_completed\",\"request_query_string\":\"id=7\","
		   "\"status_code\":200,\"request_time\":0.0125,\"remote_ip\":\"10.0.0.7\","
		   "\"user_agent\":\"curl/7.88.1\",\"request_method\":\"GET\","
		   "\"request_path\":\"/cart\",\"request_id\":\"r1\",\"service\":\"shop\"}");
	looks_like(BLOCK("ORIEL_LOG_PROFILE=divak"), &r,
		   "{\"timestamp\":\"2023-11-14T22:13:20.042001Z\",\"level\":\"INFO\","
		   "\"logger\":\"tornado.access\",\"message\":\"request_completed\","
		   "\"divak_request_id\":\"r1\",\"service\":\"shop\",\"method\":\"GET\","
		   "\"uri\":\"/cart?id=7\",\"status\":200,\"elapsed\":0.0125,"
		   "\"remoteip\":\"10.0.0.7\",\"useragent\":\"curl/7.88.1\"}");
	looks_like(BLOCK("ORIEL_LOG_PROFILE=divak\0LOG_FORMAT=text"), &r,
		   "I - tornado.access: 10.0.0.7 \"GET /cart?id=7\" 200 \"curl/7.88.1\" 0.012500 "
		   "{r1}");
}

static void text_is_what_the_seeds_write(void **state)
{
	struct attribute id = text("request_id", "abc-123456");
	struct log_record r = record(&id, 1);

	(void)state;
	r.trace_id = (struct trace_id){ { 0 } };
	looks_like(BLOCK("LOG_FORMAT=text\0ORIEL_LOG_PROFILE=nori"), &r,
		   "[2023-11-14 22:13:20] WARNING - shop.cart: stock is low [req=abc-1234]");
	looks_like(BLOCK("LOG_FORMAT=TEXT\0ORIEL_LOG_PROFILE=divak"), &r,
		   "W - shop.cart: stock is low {abc-123456}");
	looks_like(BLOCK("LOG_FORMAT=text"), &r,
		   "[2023-11-14 22:13:20.042] WARNING - shop.cart: stock is low [req=abc-123456]");
}

static void logfmt_quotes_what_needs_it(void **state)
{
	struct attribute a[] = { text("a key", "x=y"), text("empty", ""), text("ok", "yes") };
	struct log_record r = record(a, 3);

	(void)state;
	r.trace_id = (struct trace_id){ { 0 } };
	looks_like(BLOCK("ORIEL_LOG_FORMAT=logfmt\0LOG_FORMAT=json"), &r,
		   "timestamp=2023-11-14T22:13:20.042001Z level=warning logger=shop.cart "
		   "message=\"stock is low\" service=shop a_key=\"x=y\" empty=\"\" ok=yes");
}

static void the_console_is_for_people(void **state)
{
	struct attribute a[] = { number("left", 2), text("code.file.path", "src/cart.c"),
				 number("code.line.number", 42) };
	struct log_record r = record(a, 3);

	(void)state;
	r.trace_id = (struct trace_id){ { 0 } };
	looks_like(BLOCK("LOG_FORMAT=console"), &r,
		   "22:13:20.042 shop       WARN      stock is low  left=2  (cart.c:42)");
}

static void an_own_key_stays_the_only_one_of_its_name(void **state)
{
	struct attribute a[] = { text("level", "high"), text("timestamp", "never") };
	struct log_record r = record(a, 2);
	char *got = line(BLOCK("LOG_FORMAT=json"), &r);

	(void)state;
	assert_non_null(strstr(got, "\"level_\":\"high\",\"timestamp_\":\"never\""));
	free(got);
}

/* Everything that ends a line somewhere, or isn't text. */
static void no_byte_ends_a_line(void **state)
{
	static const char foul[] =
		"a\xff\x00 \x1b[2J\r\n\xe2\x80\xa8\xe2\x80\xa9\xc2\x85\x0b\x0c\x1c"
		"\x7f\xed\xa0\x80\xc0\x80z";
	struct str all = { foul, sizeof(foul) - 1 };
	struct attribute a[] = { { str_from(all, 3), { VALUE_STRING, .text = all } },
				 { STR("request_id"), { VALUE_STRING, .text = all } } };
	static const char *const form[] = { "LOG_FORMAT=json", "LOG_FORMAT=logfmt",
					    "LOG_FORMAT=text", "LOG_FORMAT=console" };
	struct log_record r = record(a, 2);

	(void)state;
	r.body.text = all;
	for (size_t i = 0; i < 4; i++) {
		char *got = line((struct str){ form[i], strlen(form[i]) + 1 }, &r);

		for (const char *c = got; *c; c++)
			assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
		assert_null(strstr(got, "\xe2\x80\xa8"));
		assert_null(strstr(got, "\xe2\x80\xa9"));
		assert_null(strstr(got, "\xc2\x85"));
		if (i == 0) {
			json_t *j = json_loads(got, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);

			assert_non_null(j);
			json_decref(j);
		}
		free(got);
	}
}

static void a_body_that_is_no_text_has_a_form(void **state)
{
	struct attribute pair = { STR("n"), { VALUE_INT, .integer = 1 } };
	struct log_record r = record(NULL, 0);
	char *got;

	(void)state;
	r.body = (struct value){ VALUE_MAP, .map = { &pair, 1 } };
	got = line(BLOCK("LOG_FORMAT=json"), &r);
	assert_non_null(strstr(got, "\"message\":{\"n\":1}"));
	free(got);
}

static void many_attributes_stay_valid(void **state)
{
	struct attribute a[400];
	struct log_record r = record(a, 400);
	char *got;

	(void)state;
	for (size_t i = 0; i < 400; i++)
		a[i] = i % 2 ? text("level", "x") : text("message", "x");
	got = line(BLOCK("LOG_FORMAT=json"), &r);

	json_t *j = json_loads(got, 0, NULL);

	assert_non_null(j);
	json_decref(j);
	free(got);
}

static void what_makes_no_sense_is_said_and_ignored(void **state)
{
	struct log_form *form = malloc(sizeof(*form));
	struct settings s = { BLOCK("LOG_FORMAT=xml") };
	char wrong[LOG_WRONG_ROOM];

	(void)state;
	assert_non_null(form);
	log_form_read(form, &s, false, false, wrong);
	assert_int_equal(form->format, LOG_JSON);
	assert_string_equal(wrong, "LOG_FORMAT=xml is not one of json, logfmt, console, text, "
				   "none; it is taken as json");
	s.block = BLOCK("ORIEL_LOG_PROFILE=norm");
	log_form_read(form, &s, true, false, wrong);
	assert_int_equal(form->format, LOG_CONSOLE);
	assert_non_null(strstr(wrong, "ORIEL_LOG_PROFILE=norm is not one of"));
	free(form);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_has_its_keys_in_one_order),
		cmocka_unit_test(nori_has_its_keys),
		cmocka_unit_test(tomodachi_says_time_logger_level_message_first),
		cmocka_unit_test(structlog_says_event_level_timestamp_last),
		cmocka_unit_test(access_lines_have_the_names_of_the_system),
		cmocka_unit_test(text_is_what_the_seeds_write),
		cmocka_unit_test(logfmt_quotes_what_needs_it),
		cmocka_unit_test(the_console_is_for_people),
		cmocka_unit_test(an_own_key_stays_the_only_one_of_its_name),
		cmocka_unit_test(no_byte_ends_a_line),
		cmocka_unit_test(a_body_that_is_no_text_has_a_form),
		cmocka_unit_test(many_attributes_stay_valid),
		cmocka_unit_test(what_makes_no_sense_is_said_and_ignored),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
