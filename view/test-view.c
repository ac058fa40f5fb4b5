/* SPDX-License-Identifier: Apache-2.0 */
#include "view/test-support.h"

#include "model/stats.h"
#include "view/page.h"
#include "view/reply.h"

#include <errno.h>
#include <pthread.h>

#define T1 "00000000000000000000000000000001"

struct fixture {
	struct store *store;
	struct view *view;
	struct batch *open;
	bool live;
};

static void give_status(struct json *j, void *you)
{
	(void)you;
	json_key(j, STR("run_dir"));
	json_str(j, STR("/dev/shm/oriel-0"));
}

static void give_in_flight(struct json *j, void *you)
{
	struct fixture *f = you;

	view_open_span_json(j, &f->open->span[0], f->open->resource);
}

static void give_open(struct json *j, struct trace_id id, struct view_extent *extent, void *you)
{
	struct fixture *f = you;

	if (memcmp(&id, &f->open->span[0].trace_id, sizeof(id)) != 0)
		return;
	view_extent_add(extent, &f->open->span[0]);
	view_open_span_json(j, &f->open->span[0], f->open->resource);
}

static void give_metric(struct json *j, void *you)
{
	(void)you;
	json_open(j, '{');
	json_key(j, STR("name"));
	json_str(j, STR("orders"));
	json_close(j, '}');
}

static void give_prometheus(struct out *o, void *you)
{
	(void)you;
	out_str(o, STR("# TYPE extra gauge\nextra 1\n"));
}

static bool give_live(void *you)
{
	return ((struct fixture *)you)->live;
}

static const struct view_sources sources = {
	.status = give_status,
	.in_flight = give_in_flight,
	.metrics = give_metric,
	.trace_open = give_open,
	.prometheus = give_prometheus,
	.live = give_live,
};

static unsigned char page_gz[256];
static struct view_asset assets[] = {
	{ "/", "text/html; charset=utf-8", page_gz, 0, "\"e1\"", false },
	{ "/app.js", "text/javascript; charset=utf-8", page_gz, 0, "\"e2\"", true },
	{ 0 },
};

static void make_assets(void)
{
	struct out o = { 0 };

	assert_int_equal(page_gzip(&o, STR("<!doctype html><title>Oriel</title>")), 0);
	assert_true(o.n < sizeof(page_gz));
	memcpy(page_gz, o.p, o.n);
	assets[0].size = assets[1].size = o.n;
	out_fini(&o);
}

static void write_orders(struct store *st)
{
	struct batch *b = batch_of("shop", "00000000000000aa", 4720);
	struct span_event event = { .time_ns = 1500, .name = STR("exception") };
	struct span *s = add_span(b, 1, 1, 0, "GET /orders");
	struct store_run run = { .id = STR("00000000000000aa"),
				 .command = STR("./shop"),
				 .pid = 4720,
				 .started_ns = 10 };

	s->kind = SPAN_SERVER;
	s->end_ns = 1834000 + 1000;
	s->thread_id = 4721;
	s->attributes = attributes_of(b, 3, text_of("http.route", "/orders"),
				      text_of("http.request.method", "GET"),
				      int_of("http.response.status_code", 503));
	s->status = STATUS_ERROR;
	s->event = &event;
	s->n_events = 1;
	add_span(b, 1, 2, 1, "na\"me\xff");
	add_log(b, 1, 1, 17, "it failed")->time_ns = 1600;
	add_span(b, 2, 9, 0, "later")->start_ns = 5000;
	assert_int_equal(store_run_started(st, &run), 0);
	assert_int_equal(store_run_ended(st, run.id, 99, 9), 0);
	assert_int_equal(store_write(st, &b, 1), 0);
	batch_free(b);
}

static int begin(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct view_options options = {
		.listen = "127.0.0.1:0", .sources = &sources, .you = f, .assets = assets
	};

	open_on_disk((void **)&f->store);
	write_orders(f->store);
	make_assets();
	f->live = true;
	f->open = batch_of("shop", "", 4720);
	add_span(f->open, 1, 7, 1, "hangs")->end_ns = 9000000;
	options.store = f->store;
	assert_int_equal(view_start(&f->view, &options), 0);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	assert_null(view_stop(f->view));
	close_on_disk((void **)&f->store);
	batch_free(f->open);
	free(f);
	return 0;
}

static const char *address(void **state)
{
	return view_address(((struct fixture *)*state)->view);
}

static const char *text_in(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	assert_non_null(text);
	return text;
}

static void traces_are_listed(void **state)
{
	scoped_json j = client_json(address(state), "/api/traces", 200);
	json_t *list = json_object_get(j, "traces"), *t = json_array_get(list, 1);

	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(text_in(j, "cursor"), "2");
	assert_string_equal(text_in(t, "trace_id"), T1);
	assert_string_equal(text_in(t, "service"), "shop");
	assert_string_equal(text_in(t, "name"), "GET /orders");
	assert_string_equal(text_in(t, "kind"), "server");
	assert_string_equal(text_in(t, "method"), "GET");
	assert_string_equal(text_in(t, "route"), "/orders");
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
		{ "/api/traces?after=1", 1 },
		{ "/api/traces?after=2", 0 },
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

static void metrics_are_prometheus_text(void **state)
{
	scoped_answer a = client_ask(address(state), "GET", "/metrics", "");

	assert_int_equal(a.status, 200);
	assert_non_null(strstr(a.head, "text/plain; version=0.0.4"));
	assert_non_null(
		strstr(a.body,
		       "# TYPE oriel_http_requests_total counter\noriel_http_requests_total "));
	assert_non_null(strstr(a.body, "\nextra 1\n"));
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

#define WITH_VIEW(fact) cmocka_unit_test_setup_teardown(fact, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_VIEW(traces_are_listed),
		WITH_VIEW(each_filter_of_traces_filters),
		WITH_VIEW(a_parameter_without_sense_is_a_400),
		WITH_VIEW(a_trace_has_its_spans_logs_and_what_is_open),
		WITH_VIEW(an_unknown_trace_is_a_404),
		WITH_VIEW(services_and_routes_have_their_numbers),
		WITH_VIEW(runs_say_how_they_ended),
		WITH_VIEW(what_is_live_comes_from_the_sources),
		WITH_VIEW(metrics_are_prometheus_text),
		WITH_VIEW(health_follows_the_collector),
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
