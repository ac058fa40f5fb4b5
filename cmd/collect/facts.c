/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/collect/facts.h"
#include "base/clock.h"
#include "view/span-json.h"

enum { IN_FLIGHT_MOST = 1000, LOOKING_S = 30 };

static void facts_status(struct json *j, void *you)
{
	struct facts *f = you;

	json_key(j, STR("started_ns"));
	json_u64_text(j, f->started_ns);
	json_key(j, STR("run_dir"));
	json_str(j, str_of(f->run_dir));
	if (f->data_dir[0]) {
		json_key(j, STR("data_dir"));
		json_str(j, str_of(f->data_dir));
	}
	collector_status_json(f->collector, j);
	json_key(j, STR("destinations"));
	json_open(j, '[');
	routes_json(f->routes, j);
	json_close(j, ']');
}

static void each_open(const struct span *s, const struct resource *r, void *you)
{
	view_open_span_json(you, s, r);
}

static void facts_in_flight(struct json *j, void *you)
{
	struct facts *f = you;

	collector_in_flight(f->collector, IN_FLIGHT_MOST, each_open, j);
}

struct wanted_trace {
	struct trace_id id;
	struct json *json;
	struct view_extent *extent;
};

static void each_of_trace(const struct span *s, const struct resource *r, void *you)
{
	struct wanted_trace *w = you;

	if (memcmp(&s->trace_id, &w->id, sizeof(w->id)) != 0)
		return;
	view_open_span_json(w->json, s, r);
	view_extent_add(w->extent, s);
}

static void facts_trace_open(struct json *j, struct trace_id id, struct view_extent *extent,
			     void *you)
{
	struct facts *f = you;
	struct wanted_trace wanted = { id, j, extent };

	collector_in_flight(f->collector, SIZE_MAX, each_of_trace, &wanted);
}

static void histogram_json(const struct metric_point *p, struct json *j)
{
	json_key(j, STR("count"));
	json_u64(j, p->count);
	json_key(j, STR("sum"));
	json_f64(j, p->sum);
	if (p->count) {
		json_key(j, STR("min"));
		json_f64(j, p->min);
		json_key(j, STR("max"));
		json_f64(j, p->max);
	}
	json_key(j, STR("bounds"));
	json_open(j, '[');
	for (size_t i = 0; i < p->n_bounds; i++)
		json_f64(j, p->bounds[i]);
	json_close(j, ']');
	json_key(j, STR("buckets"));
	json_open(j, '[');
	for (size_t i = 0; i <= p->n_bounds; i++)
		json_u64(j, p->buckets[i]);
	json_close(j, ']');
}

static void point_json(const struct metric_point *p, const struct resource *r, struct json *j)
{
	static const char *const kind[] = {
		[METRIC_SUM] = "sum",
		[METRIC_UP_DOWN] = "up_down",
		[METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};

	json_open(j, '{');
	member_str(j, STR("service"), r->service);
	member_str(j, STR("instance"), r->instance);
	member_str(j, STR("run"), r->run);
	member_str(j, STR("name"), p->name);
	member_str(j, STR("unit"), p->unit);
	member_str(j, STR("description"), p->description);
	json_key(j, STR("kind"));
	json_str(j, str_of(kind[p->kind]));
	json_key(j, STR("attributes"));
	attributes_json(j, p->attributes);
	json_key(j, STR("start_ns"));
	json_u64_text(j, p->start_ns);
	json_key(j, STR("time_ns"));
	json_u64_text(j, p->time_ns);
	if (p->kind == METRIC_HISTOGRAM) {
		histogram_json(p, j);
	} else {
		json_key(j, STR("value"));
		if (p->is_double)
			json_f64(j, p->number);
		else
			json_i64(j, p->integer);
	}
	json_close(j, '}');
}

static void each_batch(const struct batch *b, void *you)
{
	for (size_t i = 0; i < b->n_points; i++)
		point_json(&b->point[i], b->resource, you);
}

static void facts_metrics(struct json *j, void *you)
{
	struct facts *f = you;

	collector_metrics(f->collector, each_batch, j);
}

static const char *facts_prometheus(const struct scrape_request *q, struct out *o, void *you)
{
	struct facts *f = you;

	return scrapes_write_all(routes_scrapes(f->routes), q, o);
}

bool facts_looking(void *you)
{
	struct facts *f = you;
	uint64_t last = f->view ? view_last_request_ns(f->view) : 0;

	return last && clock_mono_ns() - last < LOOKING_S * 1000000000ull;
}

const struct view_sources facts_sources = {
	.status = facts_status,
	.in_flight = facts_in_flight,
	.metrics = facts_metrics,
	.trace_open = facts_trace_open,
	.prometheus = facts_prometheus,
};
