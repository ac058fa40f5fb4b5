/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/plan.h"
#include "export/sentry-dsn.h"
#include "export/sentry-limits.h"
#include "export/test-server.h"

#include <jansson.h>

#define ANSWER(status, more) "HTTP/1.1 " status "\r\n" more "Content-Length: 0\r\n\r\n"

/* ---- the DSN --------------------------------------------------------------------------------------- */

static void a_dsn_has_a_key_a_host_and_a_project(void **state)
{
	struct sentry_dsn d;

	(void)state;
	assert_null(sentry_dsn_read(&d, STR("https://ab12@o1.ingest.sentry.io/42")));
	assert_true(str_eq(d.key, STR("ab12")) && str_eq(d.host, STR("o1.ingest.sentry.io")));
	assert_true(str_eq(d.project, STR("42")) && !d.path.n);
	assert_null(sentry_dsn_read(&d, STR("http://a:secret@[::1]:9000/under/here/7")));
	assert_true(str_eq(d.key, STR("a")) && str_eq(d.host, STR("[::1]:9000")));
	assert_true(str_eq(d.path, STR("/under/here")) && str_eq(d.project, STR("7")));
}

static void what_is_none_is_told_with_a_reason(void **state)
{
	static const char *const bad[] = {
		"",
		"https://host/1",
		"https://@host/1",
		"https://key@host",
		"https://key@host/",
		"https://key@/1",
		"ftp://key@host/1",
		"https://key@ho st/1",
		"https://k\r\ney@host/1",
		"https://key@host/1?x=y",
	};
	struct sentry_dsn d;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(sentry_dsn_read(&d, str_of(bad[i])));
}

/* ---- limits ---------------------------------------------------------------------------------------- */

static unsigned limited_by(int status, uint32_t retry_after_ms, const char *header, uint64_t at_s)
{
	struct http_answer a = { .status = status, .retry_after_ms = retry_after_ms };
	struct sentry_limits l = { { 0 } };
	unsigned mask = 0;
	char text[128];

	snprintf(text, sizeof(text), "x-sentry-rate-limits: %s\n", header ? header : "");
	a.headers = header ? str_of(text) : STR("");
	sentry_limits_learn(&l, &a, 0);
	for (unsigned c = 0; c < N_SENTRY_CATEGORIES; c++)
		mask |= (unsigned)sentry_limited(&l, (enum sentry_category)c, at_s * 1000000000)
			<< c;
	return mask;
}

static void limits_are_by_category_and_end(void **state)
{
	enum { ALL = (1 << N_SENTRY_CATEGORIES) - 1, ERROR = 1 << SENTRY_error };

	(void)state;
	assert_int_equal(limited_by(200, 0, NULL, 0), 0);
	assert_int_equal(limited_by(429, 0, NULL, 59), ALL);
	assert_int_equal(limited_by(429, 5000, NULL, 6), 0);
	assert_int_equal(limited_by(429, 5000, "60:error:key", 10), ERROR);
	assert_int_equal(limited_by(200, 0, "60:transaction;error:key, 9:session:org", 10),
			 ERROR | 1 << SENTRY_transaction);
	assert_int_equal(limited_by(200, 0, "60::organization", 10), ALL);
	assert_int_equal(limited_by(200, 0, "60:default;security:key", 10), 0);
	assert_int_equal(limited_by(200, 0, "junk", 10), 0);
	assert_int_equal(limited_by(200, 0, "99999999999999999999:error:key", 10), ERROR);
}

/* ---- sending --------------------------------------------------------------------------------------- */

/* The exporter with these settings, and a batch with a span that failed and a log record before. */
struct scene {
	struct server server;
	void *sentry;
	struct attribute who[3], span_attributes[4], error[2];
	struct span_event event;
	struct resource *resource;
	struct batch *batch;
	struct span *span;
	struct export_result result;
	char why[160];
};

static struct attribute text(const char *key, const char *value)
{
	return (struct attribute){ str_of(key), { VALUE_STRING, .text = str_of(value) } };
}

static void batch_open(struct scene *x)
{
	struct log_record *l;

	x->who[0] = text("service.name", "shop");
	x->who[1] = text("service.version", "1.4.2");
	x->who[2] = text("host.name", "h1");
	x->resource = resource_new((struct attributes){ x->who, 3, 0 }, STR(""), 1);
	x->batch = batch_new(x->resource);
	x->span = batch_add_span(x->batch);
	memset(x->span->trace_id.b, 0xab, 16);
	memset(x->span->span_id.b, 0xcd, 8);
	x->span->name = STR("GET /cart/{id}");
	x->span->kind = SPAN_SERVER;
	x->span->status = STATUS_ERROR;
	x->span->start_ns = 1700000000000000000;
	x->span->end_ns = x->span->start_ns + 2500000;
	x->span_attributes[0] = (struct attribute){ STR("http.response.status_code"),
						    { VALUE_INT, .integer = 500 } };
	x->span_attributes[1] = text("request_id", "r-1");
	x->span_attributes[2] = text("client.address", "203.0.113.9");
	x->span_attributes[3] = text("url.path", "/cart/7");
	x->span->attributes = (struct attributes){ x->span_attributes, 4, 0 };
	l = batch_add_log(x->batch);
	l->time_ns = x->span->start_ns + 1000;
	l->trace_id = x->span->trace_id;
	l->severity = 9;
	l->body = (struct value){ VALUE_STRING, .text = STR("cart is opened") };
}

static void has_exception(struct scene *x)
{
	x->error[0] = text("exception.type", "OutOfStock");
	x->error[1] = text("exception.message", "no books left");
	x->event = (struct span_event){ x->span->end_ns - 1, STR("exception"), { x->error, 2, 0 } };
	x->span->event = &x->event;
	x->span->n_events = 1;
}

#define scene_open(x, script, more) scene_begin((x), (script), (struct str){ more, sizeof(more) })

static void scene_begin(struct scene *x, const struct reply *script, struct str more)
{
	char block[256];
	struct settings s;
	int n;

	memset(x, 0, sizeof(*x));
	batch_open(x);
	x->server.script = script;
	server_start(&x->server);
	n = snprintf(block, sizeof(block), "SENTRY_DSN=http://key1@127.0.0.1:%u/42",
		     x->server.port);
	memcpy(block + n + 1, more.p, more.n);
	s = (struct settings){ { block, (size_t)n + 1 + more.n } };
	assert_int_equal(exporter_find(STR("sentry"))
				 ->open(&x->sentry, &s,
					&(struct export_place){ .signals = SIGNAL_SPAN | SIGNAL_LOG,
								.out_fd = -1 },
					x->why),
			 0);
}

static int scene_write(struct scene *x)
{
	return exporter_find(STR("sentry"))->write(x->sentry, &x->batch, 1, &x->result);
}

static void scene_leave(struct scene *x)
{
	if (x->sentry)
		assert_null(exporter_find(STR("sentry"))->close(x->sentry));
	x->sentry = NULL;
	server_stop(&x->server);
}

static void scene_close(struct scene *x)
{
	server_forget(&x->server);
	batch_free(x->batch);
	resource_free(x->resource);
}

#define NO_TRACES "SENTRY_TRACES_SAMPLE_RATE=0"

static const struct reply well[] = { { ANSWER("200 OK", ""), 0 }, { NULL, 0 } };

/* The nth line of what came with request i; 0 is the envelope's own. */
static json_t *line_of(const struct scene *x, size_t i, unsigned n)
{
	struct str rest = out_all(&x->server.request[i].body);
	struct cut line = str_cut(rest, '\n');

	while (n--)
		line = str_cut(line.tail, '\n');
	return json_loadb(line.head.p, line.head.n, 0, NULL);
}

static const char *get(json_t *j, const char *path)
{
	static char number[32];
	struct str rest = str_of(path);

	while (j && rest.n) {
		struct cut key = str_cut(rest, '/');
		char name[64];

		snprintf(name, sizeof(name), STR_FMT, STR_ARG(key.head));
		j = json_is_array(j) ? json_array_get(j, (size_t)atoi(name))
				     : json_object_get(j, name);
		rest = key.tail;
	}
	if (json_is_number(j))
		snprintf(number, sizeof(number), "%.3f", json_number_value(j));
	return json_is_string(j) ? json_string_value(j) : json_is_number(j) ? number : "";
}

static void an_exception_is_an_event_in_its_trace(void **state)
{
	struct scene x;
	json_t *head, *item, *event;

	(void)state;
	scene_open(&x, well, NO_TRACES);
	has_exception(&x);
	assert_int_equal(scene_write(&x), 0);
	scene_leave(&x);
	assert_true(server_saw(&x.server, 0, "POST /api/42/envelope/ HTTP/1.1"));
	assert_true(server_saw(&x.server, 0, "Content-Type: application/x-sentry-envelope"));
	assert_true(server_saw(&x.server, 0, "sentry_version=7") &&
		    server_saw(&x.server, 0, "sentry_key=key1"));
	head = line_of(&x, 0, 0);
	item = line_of(&x, 0, 1);
	event = line_of(&x, 0, 2);
	assert_string_equal(get(item, "type"), "event");
	assert_string_equal(get(head, "event_id"), get(event, "event_id"));
	assert_int_equal(strlen(get(event, "event_id")), 32);
	assert_string_equal(get(event, "exception/values/0/type"), "OutOfStock");
	assert_string_equal(get(event, "exception/values/0/value"), "no books left");
	assert_string_equal(get(event, "contexts/trace/trace_id"),
			    "abababababababababababababababab");
	assert_string_equal(get(event, "contexts/trace/span_id"), "cdcdcdcdcdcdcdcd");
	assert_string_equal(get(event, "tags/request_id"), "r-1");
	assert_string_equal(get(event, "release"), "shop@1.4.2");
	assert_string_equal(get(event, "environment"), "development");
	assert_string_equal(get(event, "server_name"), "h1");
	assert_string_equal(get(event, "level"), "error");
	assert_string_equal(get(event, "transaction"), "GET /cart/{id}");
	assert_string_equal(get(event, "breadcrumbs/values/0/message"), "cart is opened");
	assert_string_equal(get(event, "timestamp"), "1700000000.002");
	assert_string_equal(get(event, "user/ip_address"), "");
	json_decref(head);
	json_decref(item);
	json_decref(event);
	scene_close(&x);
}

static void an_answer_of_5xx_without_an_exception_is_a_message(void **state)
{
	struct scene x;
	json_t *event;

	(void)state;
	scene_open(&x, well, NO_TRACES "\0SENTRY_SEND_DEFAULT_PII=true");
	assert_int_equal(scene_write(&x), 0);
	scene_leave(&x);
	event = line_of(&x, 0, 2);
	assert_string_equal(get(event, "logentry/formatted"), "GET /cart/{id} answered 500");
	json_decref(event);
	scene_close(&x);
}

static void what_went_well_is_no_event(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x, well, NO_TRACES);
	x.span_attributes[0].value.integer = 404;
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.server.n_requests, 0);
	scene_leave(&x);
	scene_close(&x);
}

static void the_same_error_is_sent_once(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x, well, NO_TRACES);
	has_exception(&x);
	assert_int_equal(scene_write(&x), 0);
	memset(&x.result, 0, sizeof(x.result));
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.server.n_requests, 1);
	assert_int_equal(x.result.n_done[0], 1);
	scene_leave(&x);
	scene_close(&x);
}

static void what_is_limited_is_dropped_and_told_later(void **state)
{
	static const struct reply script[] = {
		{ ANSWER("429 Too Many", "X-Sentry-Rate-Limits: 60:error:key\r\n"), 0 },
		{ ANSWER("200 OK", ""), 0 },
		{ NULL, 0 },
	};
	struct scene x;
	json_t *item, *report;

	(void)state;
	scene_open(&x, script, NO_TRACES);
	has_exception(&x);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 1);
	memset(&x.result, 0, sizeof(x.result));
	x.event.time_ns++;
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 1);
	assert_int_equal(x.server.n_requests, 1);
	scene_leave(&x); /* sends the sessions */
	assert_int_equal(x.server.n_requests, 2);
	item = line_of(&x, 1, 3);
	report = line_of(&x, 1, 4);
	assert_string_equal(get(item, "type"), "client_report");
	assert_string_equal(get(report, "discarded_events/0/reason"), "ratelimit_backoff");
	assert_string_equal(get(report, "discarded_events/0/category"), "error");
	assert_string_equal(get(report, "discarded_events/0/quantity"), "1.000");
	json_decref(item);
	json_decref(report);
	scene_close(&x);
}

static void trouble_is_tried_again_and_nothing_comes_twice(void **state)
{
	static const struct reply script[] = {
		{ ANSWER("503 Away", "Retry-After: 2\r\n"), 0 },
		{ ANSWER("200 OK", ""), 0 },
		{ NULL, 0 },
	};
	struct scene x;

	(void)state;
	scene_open(&x, script, NO_TRACES);
	has_exception(&x);
	assert_int_equal(scene_write(&x), EXPORT_RETRY);
	assert_int_equal(x.result.retry_after_ms, 2000);
	assert_int_equal(x.result.n_done[1], 1);
	assert_int_equal(x.result.n_done[0], 0);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_done[0], 1);
	assert_int_equal(x.result.n_rejected, 0);
	assert_int_equal(x.server.n_requests, 2);
	scene_leave(&x);
	scene_close(&x);
}

static void a_share_of_the_traces_goes_as_otlp(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x, well, "SENTRY_TRACES_RATE=0.67"); /* 0xab... of 2^64 is 0.67 */
	x.span_attributes[0].value.integer = 200;
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.server.n_requests, 0);
	memset(x.span->trace_id.b + 8, 0xaa, 8);
	memset(&x.result, 0, sizeof(x.result));
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.server.n_requests, 1);
	assert_true(server_saw(&x.server, 0, "POST /api/42/integration/otlp/v1/traces/ HTTP/1.1"));
	assert_true(server_saw(&x.server, 0, "application/x-protobuf"));
	scene_leave(&x);
	scene_close(&x);
}

static void requests_are_sessions_of_a_release(void **state)
{
	struct scene x;
	json_t *item, *sessions;

	(void)state;
	scene_open(&x, well, NO_TRACES "\0SENTRY_ENV=prod\0RELEASE_SHA=abc");
	x.span_attributes[0].value.integer = 200;
	x.span->status = STATUS_UNSET;
	assert_int_equal(scene_write(&x), 0);
	scene_leave(&x);
	item = line_of(&x, 0, 1);
	sessions = line_of(&x, 0, 2);
	assert_string_equal(get(item, "type"), "sessions");
	assert_string_equal(get(sessions, "aggregates/0/started"), "2023-11-14T22:13:00Z");
	assert_string_equal(get(sessions, "aggregates/0/exited"), "1.000");
	json_decref(item);
	json_decref(sessions);
	scene_close(&x);
}

static void only_a_dsn_asks_for_it(void **state)
{
	static const char with[] = "SENTRY_DSN=http://key1@127.0.0.1:1/42";
	struct settings none = { { "", 0 } }, some = { { with, sizeof(with) } };
	struct export_plan plan;

	(void)state;
	export_plan(&plan, &none);
	assert_int_equal(plan.n, 0);
	export_plan(&plan, &some);
	assert_int_equal(plan.n, 1);
	assert_string_equal(plan.item[0].kind->name, "sentry");
	assert_int_equal(plan.item[0].signals, SIGNAL_SPAN | SIGNAL_LOG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dsn_has_a_key_a_host_and_a_project),
		cmocka_unit_test(what_is_none_is_told_with_a_reason),
		cmocka_unit_test(limits_are_by_category_and_end),
		cmocka_unit_test(an_exception_is_an_event_in_its_trace),
		cmocka_unit_test(an_answer_of_5xx_without_an_exception_is_a_message),
		cmocka_unit_test(what_went_well_is_no_event),
		cmocka_unit_test(the_same_error_is_sent_once),
		cmocka_unit_test(what_is_limited_is_dropped_and_told_later),
		cmocka_unit_test(trouble_is_tried_again_and_nothing_comes_twice),
		cmocka_unit_test(a_share_of_the_traces_goes_as_otlp),
		cmocka_unit_test(requests_are_sessions_of_a_release),
		cmocka_unit_test(only_a_dsn_asks_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
