/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include "store/test-support.h"

#include <stdio.h>

/* A trace of two services: a server span in shop, its client child, a server span in stock. */
static void write_order(struct store *st, uint8_t trace, uint64_t start_ns)
{
	struct batch *b[2] = { batch_of("shop", "00000000000000aa", 100),
			       batch_of("stock", "00000000000000aa", 200) };
	struct span *s = add_span(b[0], trace, 1, 0, "GET /orders");

	s->kind = SPAN_SERVER;
	s->start_ns = start_ns;
	s->end_ns = start_ns + 2000000;
	s->attributes = attributes_of(b[0], 3, text_of("http.route", "/orders"),
				      text_of("http.request.method", "GET"),
				      int_of("http.response.status_code", 200));
	s = add_span(b[0], trace, 2, 1, "GET");
	s->kind = SPAN_CLIENT;
	s->start_ns = start_ns + 100;
	s->end_ns = start_ns + 1000000;
	s = add_span(b[1], trace, 3, 2, "GET /stock");
	s->kind = SPAN_SERVER;
	s->status = STATUS_ERROR;
	s->start_ns = start_ns + 200;
	s->end_ns = start_ns + 900000;
	s->attributes = attributes_of(b[1], 2, text_of("http.route", "/stock"),
				      text_of("db.query.text", "SELECT * FROM Parts"));
	add_log(b[1], trace, 3, 17, "out of parts")->time_ns = start_ns + 300;
	assert_int_equal(store_write(st, b, 2), 0);
	batch_free(b[0]);
	batch_free(b[1]);
}

static size_t count_traces(struct store *st, struct trace_filter f)
{
	struct seen_traces seen = { 0 };

	assert_int_equal(store_traces(st, &f, see_trace, &seen), 0);
	return seen.n;
}

static void what_was_written_is_found(void **state)
{
	struct store *st = *state;
	struct seen_traces seen = { 0 };

	write_order(st, 7, 5000);
	assert_int_equal(store_traces(st, &(struct trace_filter){ 0 }, see_trace, &seen), 0);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.at[0].name, "GET /orders");
	assert_string_equal(seen.at[0].service, "shop");
	assert_string_equal(seen.at[0].route, "/orders");
	assert_string_equal(seen.at[0].method, "GET");
	assert_string_equal(seen.at[0].services, "shop stock ");
	assert_int_equal(seen.at[0].http_status, 200);
	assert_int_equal(seen.at[0].n_spans, 3);
	assert_int_equal(seen.at[0].n_errors, 1);
	assert_int_equal(seen.at[0].n_logs, 1);
	assert_int_equal(seen.at[0].status, STATUS_UNSET);
	assert_int_equal(seen.at[0].start_ns, 5000);
	assert_int_equal(seen.at[0].duration_ns, 2000000);
	assert_true(seen.at[0].has_root);
}

static void a_span_given_again_is_kept_once(void **state)
{
	struct store *st = *state;
	struct batch *b = batch_of("shop", "", 1);
	struct seen_traces seen = { 0 };

	add_span(b, 7, 1, 0, "GET /orders");
	assert_int_equal(store_write(st, &b, 1), 0);
	add_span(b, 7, 2, 1, "SELECT");
	b->again = true;
	assert_int_equal(store_write(st, &b, 1), 0);
	batch_free(b);
	assert_int_equal(store_traces(st, &(struct trace_filter){ 0 }, see_trace, &seen), 0);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.at[0].n_spans, 2);
}

static void path_is(struct store *st, uint8_t trace, enum span_kind kind, const char *key,
		    const char *value, const char *path)
{
	struct batch *b = batch_of("shop", "", 1);
	struct span *s = add_span(b, trace, 1, 0, "GET");
	struct seen_traces seen = { 0 };

	s->kind = kind;
	s->start_ns = s->end_ns = trace * 1000u;
	s->attributes = attributes_of(b, 1, text_of(key, value));
	assert_int_equal(store_write(st, &b, 1), 0);
	batch_free(b);
	assert_int_equal(store_traces(st, &(struct trace_filter){ .limit = 1 }, see_trace, &seen),
			 0);
	assert_string_equal(seen.at[0].path, path);
}

static void a_trace_shows_what_was_asked_for(void **state)
{
	struct store *st = *state;

	path_is(st, 1, SPAN_SERVER, "url.path", "/carts/7", "/carts/7");
	path_is(st, 2, SPAN_SERVER, "http.target", "/carts/8?token=x", "/carts/8");
	path_is(st, 3, SPAN_CLIENT, "url.full", "http://a/b?c", "http://a/b");
	path_is(st, 4, SPAN_SERVER, "other", "/carts/9", "");
	assert_int_equal(count_traces(st, (struct trace_filter){ .text = STR("CARTS/7") }), 1);
}

/* The part of a trace that comes later doesn't change what its root said. */
static void the_path_is_that_of_the_root(void **state)
{
	struct store *st = *state;
	struct batch *b = batch_of("stock", "", 2);
	struct span *s = add_span(b, 1, 2, 1, "GET");
	struct seen_traces seen = { 0 };

	path_is(st, 1, SPAN_SERVER, "url.path", "/carts/7", "/carts/7");
	s->kind = SPAN_SERVER;
	s->start_ns = 500;
	s->attributes = attributes_of(b, 1, text_of("url.path", "/stock"));
	assert_int_equal(store_write(st, &b, 1), 0);
	batch_free(b);
	assert_int_equal(store_traces(st, &(struct trace_filter){ 0 }, see_trace, &seen), 0);
	assert_int_equal(seen.at[0].n_spans, 2);
	assert_string_equal(seen.at[0].path, "/carts/7");
}

static void a_path_without_end_is_cut(void **state)
{
	struct store *st = *state;
	struct batch *b = batch_of("shop", "", 1);
	struct span *s = add_span(b, 1, 1, 0, "GET");
	static char path[100000];
	struct seen_traces seen = { 0 };

	memset(path, 'a', sizeof(path) - 1);
	s->attributes = attributes_of(b, 1, text_of("url.path", path));
	assert_int_equal(store_write(st, &b, 1), 0);
	batch_free(b);
	assert_int_equal(store_traces(st, &(struct trace_filter){ 0 }, see_trace, &seen), 0);
	assert_int_equal(seen.at[0].n_path, 512);
}

static void a_trace_is_found_by_each_filter(void **state)
{
	struct store *st = *state;
	const struct {
		struct trace_filter hit, miss;
	} pair[] = {
		{ { .run = STR("00000000000000aa") }, { .run = STR("00000000000000ab") } },
		{ { .service = STR("stock") }, { .service = STR("sto") } },
		{ { .route = STR("/stock") }, { .route = STR("/orders/") } },
		{ { .name = STR("GET /orders") }, { .name = STR("GET") } },
		{ { .text = STR("from parts") }, { .text = STR("from cars") } },
		{ { .text = STR("/ORD") }, { .text = STR("orders ") } },
		{ { .since_ns = 5000 }, { .since_ns = 5001 } },
		{ { .until_ns = 5001 }, { .until_ns = 5000 } },
		{ { .min_ns = 2000000 }, { .min_ns = 2000001 } },
		{ { .max_ns = 2000000 }, { .max_ns = 1999999 } },
		{ { .http_status = 200 }, { .http_status = 500 } },
	};

	write_order(st, 7, 5000);
	for (size_t i = 0; i < sizeof(pair) / sizeof(pair[0]); i++) {
		assert_int_equal(count_traces(st, pair[i].hit), 1);
		assert_int_equal(count_traces(st, pair[i].miss), 0);
	}
}

static void errors_only_hides_traces_without_one(void **state)
{
	struct store *st = *state;
	struct batch *b = batch_of("shop", "", 1);

	add_span(b, 1, 1, 0, "well")->start_ns = 10;
	assert_int_equal(store_write(st, &b, 1), 0);
	batch_free(b);
	assert_int_equal(count_traces(st, (struct trace_filter){ .errors_only = true }), 0);
	write_order(st, 2, 5000);
	assert_int_equal(count_traces(st, (struct trace_filter){ .errors_only = true }), 1);
	assert_int_equal(count_traces(st, (struct trace_filter){ 0 }), 2);
}

static void the_newest_comes_first_and_the_limit_holds(void **state)
{
	struct store *st = *state;
	struct seen_traces seen = { 0 };

	for (uint8_t i = 1; i <= 5; i++)
		write_order(st, i, i == 3 ? 90000 : i * 1000u);
	assert_int_equal(store_traces(st, &(struct trace_filter){ .limit = 3 }, see_trace, &seen),
			 0);
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.at[0].start_ns, 90000);
	assert_int_equal(seen.at[1].start_ns, 5000);
	assert_int_equal(seen.at[2].start_ns, 4000);
}

static void after_a_cursor_only_changes_come_oldest_first(void **state)
{
	struct store *st = *state;
	struct store_cursors at;
	struct seen_traces seen = { 0 };
	struct batch *late = batch_of("mail", "", 3);

	write_order(st, 1, 1000);
	write_order(st, 2, 2000);
	assert_int_equal(store_cursors(st, &at), 0);
	write_order(st, 3, 3000);
	add_span(late, 1, 9, 1, "send")->start_ns = 1500;
	assert_int_equal(store_write(st, &late, 1), 0);
	batch_free(late);
	assert_int_equal(store_traces(st, &(struct trace_filter){ .after = at.trace }, see_trace,
				      &seen),
			 0);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.at[0].start_ns, 3000);
	assert_int_equal(seen.at[1].start_ns, 1000);
	assert_int_equal(seen.at[1].n_spans, 4);
	assert_string_equal(seen.at[1].services, "shop stock mail ");
}

static void a_late_root_replaces_the_stand_in(void **state)
{
	struct store *st = *state;
	struct seen_traces seen = { 0 };
	struct batch *b = batch_of("stock", "", 2), *root = batch_of("shop", "", 1);
	struct span *s = add_span(b, 1, 3, 2, "query");

	s->start_ns = 2000;
	s = add_span(b, 1, 2, 1, "earliest");
	s->start_ns = 1000;
	s->status = STATUS_ERROR;
	assert_int_equal(store_write(st, &b, 1), 0);
	assert_int_equal(store_traces(st, &(struct trace_filter){ 0 }, see_trace, &seen), 0);
	assert_string_equal(seen.at[0].name, "earliest");
	assert_int_equal(seen.at[0].status, STATUS_ERROR);
	assert_false(seen.at[0].has_root);

	s = add_span(root, 1, 1, 0, "root");
	s->start_ns = 1500; /* clocks of two machines: a root may seem to start after its child */
	s->end_ns = 9000;
	assert_int_equal(store_write(st, &root, 1), 0);
	seen.n = 0;
	assert_int_equal(store_traces(st, &(struct trace_filter){ 0 }, see_trace, &seen), 0);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.at[0].name, "root");
	assert_string_equal(seen.at[0].service, "shop");
	assert_int_equal(seen.at[0].status, STATUS_UNSET);
	assert_int_equal(seen.at[0].start_ns, 1000);
	assert_int_equal(seen.at[0].duration_ns, 8000);
	assert_true(seen.at[0].has_root);
	batch_free(b);
	batch_free(root);
}

static int whole_span(const struct span *s, const struct resource *r, void *you)
{
	struct batch *b = you;
	const struct span *want = &b->span[0];

	assert_true(str_eq(r->service, STR("shop")));
	assert_true(str_eq(r->instance, b->resource->instance));
	assert_int_equal(r->pid, 100);
	assert_true(str_eq(s->name, want->name));
	assert_true(str_eq(s->status_message, want->status_message));
	assert_true(str_eq(s->trace_state, want->trace_state));
	assert_true(str_eq(s->scope->name, STR("oriel.libcurl")));
	assert_true(str_eq(s->scope->version, STR("8.0")));
	assert_memory_equal(&s->span_id, &want->span_id, sizeof(s->span_id));
	assert_memory_equal(&s->parent_id, &want->parent_id, sizeof(s->parent_id));
	assert_int_equal(s->kind, SPAN_CLIENT);
	assert_int_equal(s->status, STATUS_ERROR);
	assert_int_equal(s->end, SPAN_ORPHANED);
	assert_int_equal(s->flags, 0x301);
	assert_int_equal(s->thread_id, 4721);
	assert_int_equal(s->end_ns - s->start_ns, 12345);
	assert_int_equal(attributes_int(s->attributes, STR("n"), 0), -42);
	assert_true(str_eq(attributes_text(s->attributes, STR("k")), STR("v")));
	assert_int_equal(s->attributes.dropped, 3);
	assert_int_equal(s->n_events, 1);
	assert_int_equal(s->event[0].time_ns, want->event[0].time_ns);
	assert_true(str_eq(s->event[0].name, STR("exception")));
	assert_int_equal(s->n_links, 1);
	assert_int_equal(s->link[0].trace_id.b[15], 9);
	assert_int_equal(s->dropped_links, 2);
	return 77;
}

static void a_span_comes_back_whole(void **state)
{
	static const struct scope scope = { .name = STR("oriel.libcurl"), .version = STR("8.0") };
	struct store *st = *state;
	struct batch *b = batch_of("shop", "", 100);
	struct span *s = add_span(b, 5, 2, 1, "GET");
	struct span_event event = { .time_ns = 999, .name = STR("exception") };
	struct span_link link = { .trace_id = { .b = { [15] = 9 } }, .trace_state = STR("a=b") };

	s->kind = SPAN_CLIENT;
	s->status = STATUS_ERROR;
	s->end = SPAN_ORPHANED;
	s->status_message = STR("killed by SIGKILL");
	s->trace_state = STR("x=y");
	s->scope = &scope;
	s->flags = 0x301;
	s->thread_id = 4721;
	s->start_ns = 1000; /* the event lies before it */
	s->end_ns = 13345;
	s->attributes = attributes_of(b, 2, int_of("n", -42), text_of("k", "v"));
	s->attributes.dropped = 3;
	event.attributes = attributes_of(b, 1, text_of("exception.type", "SIGKILL"));
	s->event = &event;
	s->n_events = 1;
	s->link = &link;
	s->n_links = 1;
	s->dropped_links = 2;
	assert_int_equal(store_write(st, &b, 1), 0);
	assert_int_equal(store_trace_spans(st, trace_of(5), whole_span, b), 77);
	assert_int_equal(store_trace_spans(st, trace_of(6), whole_span, b), 0);
	batch_free(b);
}

static void a_callback_ends_the_query_with_its_value(void **state)
{
	struct store *st = *state;
	struct seen_traces seen = { .stop_with = 5 };

	write_order(st, 1, 1000);
	write_order(st, 2, 2000);
	assert_int_equal(store_traces(st, &(struct trace_filter){ 0 }, see_trace, &seen), 5);
	assert_int_equal(seen.n, 1);
}

static size_t count_logs(struct store *st, struct log_filter f, struct seen_logs *seen)
{
	*seen = (struct seen_logs){ 0 };
	assert_int_equal(store_logs(st, &f, see_log, seen), 0);
	return seen->n;
}

static void logs_are_found_by_each_filter(void **state)
{
	struct store *st = *state;
	struct seen_logs seen;
	struct batch *b = batch_of("shop", "00000000000000bb", 1);

	write_order(st, 1, 1000);
	add_log(b, 0, 0, 9, "no trace at all")->time_ns = 5000;
	assert_int_equal(store_write(st, &b, 1), 0);
	batch_free(b);
	assert_int_equal(count_logs(st, (struct log_filter){ 0 }, &seen), 2);
	assert_string_equal(seen.body[0], "no trace at all");
	assert_int_equal(count_logs(st, (struct log_filter){ .trace_id = trace_of(1) }, &seen), 1);
	assert_string_equal(seen.body[0], "out of parts");
	assert_memory_equal(&seen.trace_id[0], &(struct trace_id){ .b = { [15] = 1 } }, 16);
	assert_int_equal(count_logs(st, (struct log_filter){ .min_severity = 10 }, &seen), 1);
	assert_int_equal(count_logs(st, (struct log_filter){ .service = STR("shop") }, &seen), 1);
	assert_int_equal(count_logs(st, (struct log_filter){ .run = STR("00000000000000bb") },
				    &seen),
			 1);
	assert_int_equal(count_logs(st, (struct log_filter){ .text = STR("PARTS") }, &seen), 1);
	assert_int_equal(count_logs(st, (struct log_filter){ .since_ns = 5000 }, &seen), 1);
	assert_int_equal(count_logs(st, (struct log_filter){ .until_ns = 5000 }, &seen), 1);
	assert_int_equal(count_logs(st, (struct log_filter){ .after = 1 }, &seen), 1);
	assert_int_equal(count_logs(st, (struct log_filter){ .service = STR("nobody") }, &seen), 0);
	assert_int_equal(count_logs(st, (struct log_filter){ .trace_id = trace_of(99) }, &seen), 0);
}

static void logs_that_come_before_their_spans_are_counted(void **state)
{
	struct store *st = *state;
	struct seen_traces seen = { 0 };
	struct batch *b = batch_of("stock", "", 1);

	add_log(b, 1, 3, 9, "early")->time_ns = 10;
	assert_int_equal(store_write(st, &b, 1), 0);
	batch_free(b);
	assert_int_equal(count_traces(st, (struct trace_filter){ 0 }), 0);
	write_order(st, 1, 1000);
	assert_int_equal(store_traces(st, &(struct trace_filter){ 0 }, see_trace, &seen), 0);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.at[0].n_logs, 2);
	assert_int_equal(seen.at[0].start_ns, 1000);
}

static int see_red(const struct store_red *red, void *you)
{
	struct seen_red *seen = you;

	assert_true(seen->n < 8);
	snprintf(seen->service[seen->n], 32, STR_FMT, STR_ARG(red->service));
	snprintf(seen->route[seen->n], 32, STR_FMT, STR_ARG(red->route));
	seen->at[seen->n++] = *red;
	return 0;
}

static void services_have_percentiles_of_their_server_spans(void **state)
{
	struct store *st = *state;
	struct seen_red seen = { 0 };
	struct batch *b = batch_of("shop", "", 1);

	for (uint8_t i = 1; i <= 100; i++) {
		struct span *s = add_span(b, i, i, 0, "GET");

		s->kind = i % 2 ? SPAN_SERVER : SPAN_CONSUMER;
		s->status = i > 97 ? STATUS_ERROR : STATUS_UNSET;
		s->start_ns = 1000 + i;
		s->end_ns = s->start_ns + i * 10u;
	}
	add_span(b, 200, 1, 0, "a root that is no server")->end_ns = 99999;
	assert_int_equal(store_write(st, &b, 1), 0);
	batch_free(b);
	assert_int_equal(store_services(st, (struct str){ 0 }, 0, 0, see_red, &seen), 0);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.at[0].n, 100);
	assert_int_equal(seen.at[0].n_errors, 3);
	assert_int_equal(seen.at[0].p50_ns, 500);
	assert_int_equal(seen.at[0].p95_ns, 950);
	assert_int_equal(seen.at[0].p99_ns, 990);
	assert_int_equal(seen.at[0].max_ns, 1000);
	assert_int_equal(seen.at[0].last_ns, 1100);
	assert_int_equal(seen.at[0].n_processes, 1);
}

static void a_service_without_server_spans_is_counted_by_its_roots(void **state)
{
	struct store *st = *state;
	struct seen_red seen = { 0 };
	struct batch *b = batch_of("cron", "", 1);

	add_span(b, 1, 1, 0, "nightly")->start_ns = 10;
	add_span(b, 1, 2, 1, "step")->start_ns = 11;
	assert_int_equal(store_write(st, &b, 1), 0);
	batch_free(b);
	assert_int_equal(store_services(st, (struct str){ 0 }, 0, 0, see_red, &seen), 0);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.at[0].n, 1);
	seen.n = 0;
	assert_int_equal(store_routes(st, (struct str){ 0 }, STR("cron"), 0, 0, see_red, &seen), 0);
	assert_int_equal(seen.n, 0);
}

static void routes_are_counted_within_the_window(void **state)
{
	struct store *st = *state;
	struct seen_red seen = { 0 };

	write_order(st, 1, 1000);
	write_order(st, 2, 50000);
	write_order(st, 3, 90000);
	assert_int_equal(store_routes(st, (struct str){ 0 }, STR("shop"), 2000, 90000, see_red,
				      &seen),
			 0);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.route[0], "/orders");
	assert_int_equal(seen.at[0].n, 1);
	seen.n = 0;
	assert_int_equal(store_routes(st, STR("00000000000000aa"), (struct str){ 0 }, 0, 0, see_red,
				      &seen),
			 0);
	assert_int_equal(seen.n, 2);
}

static int see_run(const struct store_run *run, void *you)
{
	struct store_run *to = you;

	*to = *run;
	to->id = to->command = (struct str){ 0 };
	return 1;
}

static void a_run_starts_and_ends(void **state)
{
	struct store *st = *state;
	struct store_run run = { .id = STR("00000000000000aa"),
				 .command = STR("./shop --port 80"),
				 .pid = 9,
				 .started_ns = 100 };
	struct store_run seen;

	assert_int_equal(store_run_started(st, &run), 0);
	assert_int_equal(store_runs(st, 5, see_run, &seen), 1);
	assert_int_equal(seen.ended_ns, 0);
	assert_int_equal(seen.pid, 9);
	assert_int_equal(store_run_ended(st, run.id, 200, 9), 0);
	assert_int_equal(store_runs(st, 5, see_run, &seen), 1);
	assert_int_equal(seen.ended_ns, 200);
	assert_int_equal(seen.wait_status, 9);
}

/* A collector that takes over from a dead one tells the runs that it finds. */
static int run_is_whole(const struct store_run *run, void *you)
{
	(void)you;
	return run->started_ns == 100 && str_eq(run->command, STR("./shop --port 80")) ? 1 : 2;
}

static void a_run_told_again_keeps_its_start(void **state)
{
	struct store *st = *state;
	struct store_run run = { .id = STR("00000000000000aa"),
				 .command = STR("./shop --port 80"),
				 .pid = 9,
				 .started_ns = 100 };

	assert_int_equal(store_run_started(st, &run), 0);
	run.started_ns = 5000;
	run.command = STR("/usr/bin/shop");
	assert_int_equal(store_run_started(st, &run), 0);
	assert_int_equal(store_runs(st, 5, run_is_whole, NULL), 1);
}

static void texts_that_are_not_utf8_are_kept_as_they_are(void **state)
{
	struct store *st = *state;
	struct batch *b = batch_of("sh\xffop", "", 1);

	add_span(b, 1, 1, 0, "na\xfe\0me")->name.n = 6;
	assert_int_equal(store_write(st, &b, 1), 0);
	batch_free(b);
	assert_int_equal(count_traces(st, (struct trace_filter){ .service = STR("sh\xffop") }), 1);
	assert_int_equal(count_traces(st, (struct trace_filter){ .name = STR("na\xfe\0me") }), 1);
}

static void times_beyond_what_sqlite_can_count_do_no_harm(void **state)
{
	struct store *st = *state;
	struct batch *b = batch_of("shop", "", 1);
	struct span *s = add_span(b, 1, 1, 0, "late");

	s->start_ns = UINT64_MAX - 5;
	s->end_ns = UINT64_MAX;
	s = add_span(b, 2, 1, 0, "backwards");
	s->start_ns = 500;
	s->end_ns = 400;
	assert_int_equal(store_write(st, &b, 1), 0);
	batch_free(b);
	assert_int_equal(count_traces(st, (struct trace_filter){ .until_ns = 1000 }), 1);
}

#define WITH_STORE(fact) cmocka_unit_test_setup_teardown(fact, open_on_disk, close_on_disk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(what_was_written_is_found),
		WITH_STORE(a_span_given_again_is_kept_once),
		WITH_STORE(a_trace_shows_what_was_asked_for),
		WITH_STORE(the_path_is_that_of_the_root),
		WITH_STORE(a_path_without_end_is_cut),
		WITH_STORE(a_trace_is_found_by_each_filter),
		WITH_STORE(errors_only_hides_traces_without_one),
		WITH_STORE(the_newest_comes_first_and_the_limit_holds),
		WITH_STORE(after_a_cursor_only_changes_come_oldest_first),
		WITH_STORE(a_late_root_replaces_the_stand_in),
		WITH_STORE(a_span_comes_back_whole),
		WITH_STORE(a_callback_ends_the_query_with_its_value),
		WITH_STORE(logs_are_found_by_each_filter),
		WITH_STORE(logs_that_come_before_their_spans_are_counted),
		WITH_STORE(services_have_percentiles_of_their_server_spans),
		WITH_STORE(a_service_without_server_spans_is_counted_by_its_roots),
		WITH_STORE(routes_are_counted_within_the_window),
		WITH_STORE(a_run_starts_and_ends),
		WITH_STORE(a_run_told_again_keeps_its_start),
		WITH_STORE(texts_that_are_not_utf8_are_kept_as_they_are),
		WITH_STORE(times_beyond_what_sqlite_can_count_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
