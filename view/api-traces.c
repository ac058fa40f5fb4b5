/* SPDX-License-Identifier: Apache-2.0 */
/* /api/traces, /api/traces/ID, /api/logs, /api/in-flight */
#include "view/reply.h"

#include "base/clock.h"
#include "base/hex.h"
#include "view/span-json.h"

struct listing {
	struct json *json;
	uint64_t last;
	size_t n;
};

static int trace_json(const struct trace_summary *t, void *you)
{
	struct listing *l = you;
	struct json *j = l->json;

	json_open(j, '{');
	json_key(j, STR("trace_id"));
	json_hex(j, t->trace_id.b, sizeof(t->trace_id.b));
	json_put_str(j, STR("service"), t->service);
	json_put_str(j, STR("name"), t->name);
	json_put_str(j, STR("kind"), str_of(kind_name(t->kind)));
	json_some_str(j, STR("method"), t->method);
	json_some_str(j, STR("route"), t->route);
	json_some_str(j, STR("path"), t->path);
	if (t->http_status) {
		json_key(j, STR("http_status"));
		json_i64(j, t->http_status);
	}
	json_put_str(j, STR("status"), str_of(status_name(t->status)));
	json_key(j, STR("start_ns"));
	json_u64_text(j, t->start_ns);
	json_key(j, STR("duration_ns"));
	json_u64(j, t->duration_ns);
	json_key(j, STR("spans"));
	json_u64(j, t->n_spans);
	json_key(j, STR("errors"));
	json_u64(j, t->n_errors);
	json_key(j, STR("logs"));
	json_u64(j, t->n_logs);
	json_key(j, STR("services"));
	json_open(j, '[');
	for (size_t i = 0; i < t->n_services; i++)
		json_str(j, t->services[i]);
	json_close(j, ']');
	json_key(j, STR("root"));
	json_bool(j, t->has_root);
	json_some_str(j, STR("run"), t->run);
	json_close(j, '}');
	l->last = t->cursor;
	l->n++;
	return 0;
}

/*
 * Where to follow from: what was newest before the query, so that nothing falls between; a full page
 * of changes ends with its last row.
 */
static void cursor_json(struct json *j, const struct listing *l, uint64_t newest, uint64_t after,
			size_t limit)
{
	uint64_t cursor = after && l->n == limit ? l->last : newest > after ? newest : after;

	json_key(j, STR("cursor"));
	json_u64_text(j, cursor);
}

void answer_traces(const struct view_facts *v, struct query *q, struct str argument,
		   struct reply *r)
{
	struct listing l = { .json = &r->json };
	struct store_cursors newest = { 0 };
	struct trace_filter f;
	int error = 0;

	(void)argument;
	if (query_traces(q, &f) == QUERY_BAD) {
		reply_error(r, 400, q->why);
		return;
	}
	json_open(&r->json, '{');
	json_key(&r->json, STR("traces"));
	json_open(&r->json, '[');
	if (v->store)
		error = store_cursors(v->store, &newest);
	if (v->store && !error)
		error = store_traces(v->store, &f, trace_json, &l);
	json_close(&r->json, ']');
	cursor_json(&r->json, &l, newest.trace, f.after, f.limit);
	json_close(&r->json, '}');
	if (error)
		reply_error(r, 503, store_why());
}

struct trace_page {
	struct json *json;
	struct view_extent extent;
};

static int span_of_trace(const struct span *s, const struct resource *from, void *you)
{
	struct trace_page *t = you;

	view_extent_add(&t->extent, s);
	view_span_json(t->json, s, from);
	return 0;
}

static int log_of_trace(const struct log_record *l, const struct resource *from, uint64_t cursor,
			void *you)
{
	struct listing *list = you;

	log_json(list->json, l, from);
	list->last = cursor;
	list->n++;
	return 0;
}

static void trace_times(struct json *j, const struct view_extent *e)
{
	if (!e->n_spans)
		return;
	json_key(j, STR("start_ns"));
	json_u64_text(j, e->start_ns);
	json_key(j, STR("duration_ns"));
	json_u64(j, e->end_ns > e->start_ns ? e->end_ns - e->start_ns : 0);
}

void answer_trace(const struct view_facts *v, struct query *q, struct str argument, struct reply *r)
{
	struct json *j = &r->json;
	struct trace_page t = { .json = j };
	struct listing logs = { .json = j };
	struct log_filter f = { .limit = 10000 };
	struct trace_id id;
	int error = 0;

	(void)q;
	if (!hex_read(id.b, sizeof(id.b), argument, false) || !trace_id_is_set(id)) {
		reply_error(r, 400, "a trace id is 32 lower-case hex digits, not all zero");
		return;
	}
	f.trace_id = id;
	json_open(j, '{');
	json_key(j, STR("trace_id"));
	json_hex(j, id.b, sizeof(id.b));
	json_key(j, STR("spans"));
	json_open(j, '[');
	if (v->store)
		error = store_trace_spans(v->store, id, span_of_trace, &t);
	if (v->sources && v->sources->trace_open)
		v->sources->trace_open(j, id, &t.extent, v->you);
	json_close(j, ']');
	json_key(j, STR("logs"));
	json_open(j, '[');
	if (v->store && !error)
		error = store_logs(v->store, &f, log_of_trace, &logs);
	json_close(j, ']');
	trace_times(j, &t.extent);
	json_close(j, '}');
	if (error)
		reply_error(r, 503, store_why());
	else if (!t.extent.n_spans && !logs.n)
		reply_error(r, 404, "nothing is known of this trace");
}

void answer_logs(const struct view_facts *v, struct query *q, struct str argument, struct reply *r)
{
	struct listing l = { .json = &r->json };
	struct store_cursors newest = { 0 };
	struct log_filter f;
	int error = 0;

	(void)argument;
	if (query_logs(q, &f) == QUERY_BAD) {
		reply_error(r, 400, q->why);
		return;
	}
	json_open(&r->json, '{');
	json_key(&r->json, STR("logs"));
	json_open(&r->json, '[');
	if (v->store)
		error = store_cursors(v->store, &newest);
	if (v->store && !error)
		error = store_logs(v->store, &f, log_of_trace, &l);
	json_close(&r->json, ']');
	cursor_json(&r->json, &l, newest.log, f.after, f.limit);
	json_close(&r->json, '}');
	if (error)
		reply_error(r, 503, store_why());
}

void answer_in_flight(const struct view_facts *v, struct query *q, struct str argument,
		      struct reply *r)
{
	(void)q;
	(void)argument;
	json_open(&r->json, '{');
	json_key(&r->json, STR("now_ns"));
	json_u64_text(&r->json, clock_real_ns());
	json_key(&r->json, STR("spans"));
	json_open(&r->json, '[');
	if (v->sources && v->sources->in_flight)
		v->sources->in_flight(&r->json, v->you);
	json_close(&r->json, ']');
	json_close(&r->json, '}');
}
