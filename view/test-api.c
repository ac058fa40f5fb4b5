/* SPDX-License-Identifier: Apache-2.0 */
/* What each endpoint answers (doc/api.md). */
#include "view/test-fixture.h"

#include <unistd.h>

static void traces_are_listed(void **state)
{
	scoped_json j = client_json(address(state), "/api/traces", 200);
	json_t *list = json_object_get(j, "traces"), *t = json_array_get(list, 1);

	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(text_in(t, "trace_id"), T1);
	assert_string_equal(text_in(t, "service"), "shop");
	assert_string_equal(text_in(t, "name"), "GET /orders");
	assert_string_equal(text_in(t, "kind"), "server");
	assert_string_equal(text_in(t, "method"), "GET");
	assert_string_equal(text_in(t, "route"), "/orders");
	assert_string_equal(text_in(t, "path"), "/orders/");
	assert_string_equal(text_in(t, "status"), "error");
	assert_string_equal(text_in(t, "start_ns"), "1000");
	assert_string_equal(text_in(t, "run"), "00000000000000aa");
	assert_string_equal(json_string_value(json_array_get(json_object_get(t, "services"), 0)),
			    "shop");
	assert_int_equal(json_integer_value(json_object_get(t, "duration_ns")), 1834000);
	assert_int_equal(json_integer_value(json_object_get(t, "http_status")), 503);
	assert_int_equal(json_integer_value(json_object_get(t, "spans")), 2);
	assert_int_equal(json_integer_value(json_object_get(t, "errors")), 1);
	assert_int_equal(json_integer_value(json_object_get(t, "logs")), 1);
	assert_true(json_is_true(json_object_get(t, "root")));
}

static size_t count_in(void **state, const char *target, const char *list)
{
	scoped_json j = client_json(address(state), target, 200);

	return json_array_size(json_object_get(j, list));
}

static void each_filter_of_traces_filters(void **state)
{
	static const struct {
		const char *target;
		size_t n;
	} ask[] = {
		{ "/api/traces?service=shop", 2 },
		{ "/api/traces?service=none", 0 },
		{ "/api/traces?route=%2Forders", 1 },
		{ "/api/traces?name=GET+/orders", 1 },
		{ "/api/traces?name=later&unknown=1", 1 },
		{ "/api/traces?q=ORDERS", 1 },
		{ "/api/traces?errors=1", 1 },
		{ "/api/traces?errors=0", 2 },
		{ "/api/traces?status=503", 1 },
		{ "/api/traces?status=200", 0 },
		{ "/api/traces?min_ms=1.834", 1 },
		{ "/api/traces?min_ms=1.834001", 0 },
		{ "/api/traces?max_ms=1", 1 },
		{ "/api/traces?since_ns=5000", 1 },
		{ "/api/traces?until_ns=5000", 1 },
		{ "/api/traces?limit=1", 1 },
		{ "/api/traces?after=1048576", 1 },
		{ "/api/traces?run=00000000000000aa", 2 },
		{ "/api/traces?run=00000000000000ab", 0 },
		{ "/api/logs?q=failed&service=shop", 1 },
		{ "/api/logs?trace_id=" T1, 1 },
		{ "/api/logs?min_severity=18", 0 },
		{ "/api/logs?after=1", 0 },
		{ "/api/logs?after=0", 1 },
	};

	for (size_t i = 0; i < sizeof(ask) / sizeof(ask[0]); i++)
		assert_int_equal(count_in(state, ask[i].target,
					  strstr(ask[i].target, "logs") ? "logs" : "traces"),
				 ask[i].n);
}

static void who_follows_with_the_cursor_sees_what_is_new(void **state)
{
	scoped_json j = client_json(address(state), "/api/traces", 200);
	char target[64];

	snprintf(target, sizeof(target), "/api/traces?after=%s", text_in(j, "cursor"));
	assert_int_equal(count_in(state, target, "traces"), 0);
}

static void a_parameter_without_sense_is_a_400(void **state)
{
	static const char *const target[] = {
		"/api/traces?limit=0",
		"/api/traces?limit=many",
		"/api/traces?run=xyz",
		"/api/traces?min_ms=1e3",
		"/api/traces?errors=maybe",
		"/api/traces?status=99",
		"/api/traces?since_ns=-1",
		"/api/traces?q=%",
		"/api/traces?q=%00",
		"/api/traces?q=%zz",
		"/api/logs?trace_id=1",
		"/api/logs?min_severity=25",
		"/api/services?since_ns=now",
		"/api/routes?since_ns=9&until_ns=8",
		"/api/runs?limit=-1",
		"/api/traces/xyz",
		"/api/traces/" T1 "0",
		"/api/traces/00000000000000000000000000000000",
		"/api/traces?min_ms=99999999999999999999",
		"/api/traces?since_ns=99999999999999999999999",
	};

	for (size_t i = 0; i < sizeof(target) / sizeof(target[0]); i++) {
		scoped_json j = client_json(address(state), target[i], 400);

		assert_true(strlen(text_in(j, "error")) > 5);
	}
}

static json_t *span_named(json_t *spans, const char *name)
{
	size_t i;
	json_t *s;

	json_array_foreach(spans, i, s) if (strcmp(text_in(s, "name"), name) == 0) return s;
	fail_msg("no span %s", name);
	return NULL;
}

static void a_trace_has_its_spans_logs_and_what_is_open(void **state)
{
	scoped_json j = client_json(address(state), "/api/traces/" T1, 200);
	json_t *spans = json_object_get(j, "spans"), *logs = json_object_get(j, "logs");
	json_t *s = span_named(spans, "GET /orders"), *open = span_named(spans, "hangs");

	assert_int_equal(json_array_size(spans), 3);
	assert_string_equal(text_in(j, "trace_id"), T1);
	assert_string_equal(text_in(j, "start_ns"), "1000");
	assert_int_equal(json_integer_value(json_object_get(j, "duration_ns")), 9000000 - 1000);
	assert_string_equal(text_in(s, "span_id"), "0000000000000001");
	assert_string_equal(text_in(s, "trace_id"), T1);
	assert_string_equal(text_in(s, "service"), "shop");
	assert_string_equal(text_in(s, "instance"), "one");
	assert_int_equal(json_integer_value(json_object_get(s, "pid")), 4720);
	assert_int_equal(json_integer_value(json_object_get(s, "thread_id")), 4721);
	assert_null(json_object_get(s, "parent_id"));
	assert_null(json_object_get(s, "open"));
	assert_null(json_object_get(s, "end"));
	assert_null(json_object_get(s, "dropped"));
	assert_null(json_object_get(s, "links"));
	assert_string_equal(text_in(json_object_get(s, "attributes"), "http.route"), "/orders");
	assert_string_equal(text_in(json_array_get(json_object_get(s, "events"), 0), "time_ns"),
			    "1500");
	assert_non_null(span_named(spans, "na\"me\xef\xbf\xbd"));
	assert_true(json_is_true(json_object_get(open, "open")));
	assert_string_equal(text_in(open, "parent_id"), "0000000000000001");
	assert_string_equal(text_in(open, "run"), "00000000000000aa");
	assert_int_equal(json_array_size(logs), 1);
	s = json_array_get(logs, 0);
	assert_string_equal(text_in(s, "body"), "it failed");
	assert_string_equal(text_in(s, "time_ns"), "1600");
	assert_string_equal(text_in(s, "trace_id"), T1);
	assert_string_equal(text_in(s, "span_id"), "0000000000000001");
	assert_int_equal(json_integer_value(json_object_get(s, "severity")), 17);
	assert_string_equal(text_in(s, "run"), "00000000000000aa");
}

static void an_unknown_trace_is_a_404(void **state)
{
	scoped_json j =
		client_json(address(state), "/api/traces/000000000000000000000000000000ff", 404);

	assert_non_null(text_in(j, "error"));
}

static void services_and_routes_have_their_numbers(void **state)
{
	scoped_json services = client_json(address(state), "/api/services?since_ns=0", 200);
	scoped_json routes =
		client_json(address(state), "/api/routes?since_ns=0&service=shop", 200);
	json_t *s = json_array_get(json_object_get(services, "services"), 0);
	json_t *r = json_array_get(json_object_get(routes, "routes"), 0);

	assert_string_equal(text_in(s, "service"), "shop");
	assert_int_equal(json_integer_value(json_object_get(s, "count")), 1);
	assert_int_equal(json_integer_value(json_object_get(s, "errors")), 1);
	assert_int_equal(json_integer_value(json_object_get(s, "processes")), 1);
	assert_int_equal(json_integer_value(json_object_get(s, "p99_ns")), 1834000);
	assert_string_equal(text_in(s, "last_ns"), "1000");
	assert_string_equal(text_in(r, "route"), "/orders");
	assert_string_equal(text_in(r, "method"), "GET");
	assert_int_equal(json_integer_value(json_object_get(r, "max_ns")), 1834000);
	assert_int_equal(count_in(state, "/api/services", "services"), 0); /* the last 15 minutes */
}

static void runs_say_how_they_ended(void **state)
{
	scoped_json j = client_json(address(state), "/api/runs", 200);
	json_t *run = json_array_get(json_object_get(j, "runs"), 0);

	assert_string_equal(text_in(run, "id"), "00000000000000aa");
	assert_string_equal(text_in(run, "command"), "./shop");
	assert_string_equal(text_in(run, "ended_ns"), "99");
	assert_string_equal(text_in(run, "status"), "signal SIGKILL");
}

static void what_is_live_comes_from_the_sources(void **state)
{
	scoped_json status = client_json(address(state), "/api/status", 200);
	scoped_json flight = client_json(address(state), "/api/in-flight", 200);
	scoped_json metrics = client_json(address(state), "/api/metrics", 200);

	assert_string_equal(text_in(status, "version"), ORIEL_VERSION);
	assert_string_equal(text_in(status, "address"), address(state));
	assert_string_equal(text_in(status, "run_dir"), "/dev/shm/oriel-0");
	assert_int_equal(json_integer_value(json_object_get(status, "pid")), getpid());
	assert_true(json_array_size(json_object_get(status, "counters")) > 10);
	assert_string_equal(text_in(json_array_get(json_object_get(flight, "spans"), 0), "name"),
			    "hangs");
	assert_non_null(text_in(flight, "now_ns"));
	assert_string_equal(text_in(json_array_get(json_object_get(metrics, "metrics"), 0), "name"),
			    "orders");
}

static void metrics_are_what_prometheus_asks_for(void **state)
{
	scoped_answer a = client_ask(address(state), "GET", "/metrics", "");
	scoped_answer open =
		client_ask(address(state), "GET", "/metrics?name[]=a&name%5B%5D=b%20c",
			   "Accept: text/plain;q=0.5, application/openmetrics-text\r\n");

	assert_int_equal(a.status, 200);
	assert_non_null(strstr(a.head, "text/plain; version=0.0.4"));
	assert_non_null(strstr(open.head, "application/openmetrics-text"));
	assert_non_null(strstr(open.body, "asked a\nasked b c\nextra"));
	assert_non_null(strstr(a.body, "\nextra{n=\"99\"} 1\n"));
	assert_int_equal(a.body[a.n_body - 1], '\n');
}

static void health_follows_the_collector(void **state)
{
	struct fixture *f = *state;
	scoped_json live = client_json(address(state), "/health/live", 200);
	scoped_json ready = client_json(address(state), "/health/ready", 200);

	assert_true(json_is_true(json_object_get(live, "ok")));
	assert_true(json_is_true(json_object_get(ready, "ok")));
	f->live = false;

	scoped_json dead = client_json(address(state), "/health/live", 503);

	assert_non_null(text_in(dead, "error"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_VIEW(traces_are_listed),
		WITH_VIEW(each_filter_of_traces_filters),
		WITH_VIEW(who_follows_with_the_cursor_sees_what_is_new),
		WITH_VIEW(a_parameter_without_sense_is_a_400),
		WITH_VIEW(a_trace_has_its_spans_logs_and_what_is_open),
		WITH_VIEW(an_unknown_trace_is_a_404),
		WITH_VIEW(services_and_routes_have_their_numbers),
		WITH_VIEW(runs_say_how_they_ended),
		WITH_VIEW(what_is_live_comes_from_the_sources),
		WITH_VIEW(metrics_are_what_prometheus_asks_for),
		WITH_VIEW(health_follows_the_collector),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
