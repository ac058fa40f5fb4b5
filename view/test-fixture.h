/* SPDX-License-Identifier: Apache-2.0 */
/* A server with a store that holds two traces, an open span and a page. Tests only. */
#pragma once

#include "view/page.h"
#include "view/test-support.h"

#define T1 "00000000000000000000000000000001"

struct fixture {
	struct store *store;
	struct view *view;
	struct batch *open;
	bool live;
};

static inline void give_status(struct json *j, void *you)
{
	(void)you;
	json_key(j, STR("run_dir"));
	json_str(j, STR("/dev/shm/oriel-0"));
}

static inline void give_in_flight(struct json *j, void *you)
{
	struct fixture *f = you;

	view_open_span_json(j, &f->open->span[0], f->open->resource);
}

static inline void give_open(struct json *j, struct trace_id id, struct view_extent *extent,
			     void *you)
{
	struct fixture *f = you;

	if (memcmp(&id, &f->open->span[0].trace_id, sizeof(id)) != 0)
		return;
	view_extent_add(extent, &f->open->span[0]);
	view_open_span_json(j, &f->open->span[0], f->open->resource);
}

static inline void give_metric(struct json *j, void *you)
{
	(void)you;
	json_open(j, '{');
	json_key(j, STR("name"));
	json_str(j, STR("orders"));
	json_close(j, '}');
}

static inline const char *give_prometheus(const struct scrape_request *q, struct out *o, void *you)
{
	(void)you;
	for (size_t i = 0; i < q->n_names; i++)
		out_fmt(o, "asked " STR_FMT "\n", STR_ARG(q->name[i]));
	for (int i = 0; i < 100; i++)
		out_fmt(o, "extra{n=\"%d\"} 1\n", i);
	return q->openmetrics ? "application/openmetrics-text" : "text/plain; version=0.0.4";
}

static inline bool give_live(void *you)
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

static inline void make_assets(void)
{
	struct out o = { 0 };

	assert_int_equal(page_gzip(&o, STR("<!doctype html><title>Oriel</title>")), 0);
	assert_true(o.n < sizeof(page_gz));
	memcpy(page_gz, o.p, o.n);
	assets[0].size = assets[1].size = o.n;
	out_fini(&o);
}

static inline void write_orders(struct store *st)
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
	s->attributes = attributes_of(b, 4, text_of("http.route", "/orders"),
				      text_of("url.path", "/orders/"),
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

static inline int begin(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct view_options options = {
		.listen = "127.0.0.1:0", .sources = &sources, .you = f, .assets = assets
	};

	open_on_disk((void **)&f->store);
	write_orders(f->store);
	make_assets();
	f->live = true;
	f->open = batch_of("shop", "00000000000000aa", 4720);
	add_span(f->open, 1, 7, 1, "hangs")->end_ns = 9000000;
	options.store = f->store;
	assert_int_equal(view_start(&f->view, &options), 0);
	*state = f;
	return 0;
}

static inline int end(void **state)
{
	struct fixture *f = *state;

	assert_null(view_stop(f->view));
	close_on_disk((void **)&f->store);
	batch_free(f->open);
	free(f);
	return 0;
}

static inline const char *address(void **state)
{
	return view_address(((struct fixture *)*state)->view);
}

static inline const char *text_in(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	assert_non_null(text);
	return text;
}

#define WITH_VIEW(fact) cmocka_unit_test_setup_teardown(fact, begin, end)
