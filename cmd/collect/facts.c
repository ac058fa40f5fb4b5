/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/collect/facts.h"
#include "base/clock.h"
#include "launch/collector.h"
#include "model/point.h"
#include "model/value-json.h"
#include "view/span-json.h"
#include "base/json.h"

#include <errno.h>

enum { IN_FLIGHT_MOST = 1000, LOOKING_S = 30 };

/* Where others send to; those that aren't there are left out. */
static void intake_json(const struct receive *r, struct json *j)
{
	static const struct str name[] = { [RECEIVE_HTTP] = STR("otlp_http"),
					   [RECEIVE_GRPC] = STR("otlp_grpc"),
					   [RECEIVE_ZIPKIN] = STR("zipkin") };

	json_key(j, STR("intake"));
	json_open(j, '{');
	for (int i = 0; i < N_RECEIVE_PORTS; i++) {
		const char *address = receive_address(r, (enum receive_port)i);

		if (!address[0])
			continue;
		json_key(j, name[i]);
		json_str(j, str_of(address));
	}
	json_close(j, '}');
}

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
	intake_json(f->receive, j);
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

static void numbers_json(struct json *j, struct str name, const uint64_t *n, size_t count)
{
	json_key(j, name);
	json_open(j, '[');
	for (size_t i = 0; i < count; i++)
		json_u64(j, n[i]);
	json_close(j, ']');
}

/* Whatever its kind, it is drawn from explicit bounds. */
static void bounds_json(const struct metric_point *p, struct json *j)
{
	double bounds[EXPLICIT_MOST];
	uint64_t buckets[EXPLICIT_MOST + 1];
	const double *bound = p->bounds;
	const uint64_t *count = p->buckets;
	size_t n = p->n_bounds;

	if (p->kind == METRIC_EXPONENTIAL) {
		n = exponential_explicit(p, bounds, buckets);
		bound = bounds;
		count = buckets;
	}
	json_key(j, STR("bounds"));
	json_open(j, '[');
	for (size_t i = 0; i < n; i++)
		json_f64(j, bound[i]);
	json_close(j, ']');
	numbers_json(j, STR("buckets"), count, n + 1);
}

static void quantiles_json(const struct metric_point *p, struct json *j)
{
	json_key(j, STR("quantiles"));
	json_open(j, '[');
	for (size_t i = 0; i < p->n_quantiles; i++) {
		json_open(j, '{');
		json_key(j, STR("quantile"));
		json_f64(j, p->quantile[i].quantile);
		json_key(j, STR("value"));
		json_f64(j, p->quantile[i].value);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void counted_json(const struct metric_point *p, struct json *j)
{
	json_key(j, STR("count"));
	json_u64(j, p->count);
	json_key(j, STR("sum"));
	json_f64(j, p->sum);
	if (p->kind == METRIC_SUMMARY) {
		quantiles_json(p, j);
		return;
	}
	if (point_has_extremes(p)) {
		json_key(j, STR("min"));
		json_f64(j, p->min);
		json_key(j, STR("max"));
		json_f64(j, p->max);
	}
	bounds_json(p, j);
}

static void exemplars_json(const struct metric_point *p, struct json *j)
{
	if (!p->n_exemplars)
		return;
	json_key(j, STR("exemplars"));
	json_open(j, '[');
	for (size_t i = 0; i < p->n_exemplars; i++) {
		const struct exemplar *e = &p->exemplar[i];

		json_open(j, '{');
		json_key(j, STR("time_ns"));
		json_u64_text(j, e->time_ns);
		if (trace_id_is_set(e->trace_id)) {
			json_key(j, STR("trace_id"));
			json_hex(j, e->trace_id.b, sizeof(e->trace_id.b));
			json_key(j, STR("span_id"));
			json_hex(j, e->span_id.b, sizeof(e->span_id.b));
		}
		json_key(j, STR("value"));
		json_f64(j, e->is_double ? e->number : (double)e->integer);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void point_json(const struct metric_point *p, const struct resource *r, struct json *j)
{
	static const char *const kind[] = {
		[METRIC_SUM] = "sum",
		[METRIC_UP_DOWN] = "up_down",
		[METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
		[METRIC_EXPONENTIAL] = "histogram",
		[METRIC_SUMMARY] = "summary",
	};

	json_open(j, '{');
	json_some_str(j, STR("service"), r->service);
	json_some_str(j, STR("instance"), r->instance);
	json_some_str(j, STR("run"), r->run);
	json_some_str(j, STR("name"), p->name);
	json_some_str(j, STR("unit"), p->unit);
	json_some_str(j, STR("description"), p->description);
	json_key(j, STR("kind"));
	json_str(j, str_of(kind[p->kind]));
	scope_json(j, p->scope);
	json_key(j, STR("attributes"));
	attributes_json_exact(j, p->attributes);
	json_key(j, STR("start_ns"));
	json_u64_text(j, p->start_ns);
	json_key(j, STR("time_ns"));
	json_u64_text(j, p->time_ns);
	exemplars_json(p, j);
	if (p->kind >= METRIC_HISTOGRAM) {
		counted_json(p, j);
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
	uint64_t last = f->view ? view_last_request_ns(f->view) : 0,
		 sent = receive_last_ns(f->receive);

	if (sent > last)
		last = sent;
	return last && clock_mono_ns() - last < LOOKING_S * 1000000000ull;
}

/* By the same way as a command; the loop answers within a round. */
static int facts_change(const char *target, char *const *changes, uint32_t *n, void *you)
{
	struct facts *f = you;
	int r = collector_set(f->run_dir, target, changes, n);

	return r > 0 ? -EAGAIN : r;
}

const struct view_sources facts_sources = {
	.status = facts_status,
	.in_flight = facts_in_flight,
	.metrics = facts_metrics,
	.trace_open = facts_trace_open,
	.prometheus = facts_prometheus,
	.change = facts_change,
};
