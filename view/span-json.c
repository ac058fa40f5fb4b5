/* SPDX-License-Identifier: Apache-2.0 */
#include "view/span-json.h"

#include "model/value-json.h"
#include "view/view.h"

const char *kind_name(enum span_kind kind)
{
	static const char *const name[] = { "internal", "internal", "server",
					    "client",	"producer", "consumer" };

	return (unsigned)kind < sizeof(name) / sizeof(name[0]) ? name[kind] : "internal";
}

const char *status_name(enum span_status status)
{
	static const char *const name[] = { "unset", "ok", "error" };

	return (unsigned)status < sizeof(name) / sizeof(name[0]) ? name[status] : "unset";
}

static void member_attributes(struct json *j, struct attributes a)
{
	if (!a.n)
		return;
	json_key(j, STR("attributes"));
	attributes_json_exact(j, a);
}

void scope_json(struct json *j, const struct scope *s)
{
	if (!s)
		return;
	json_some_str(j, STR("scope"), s->name);
	json_some_str(j, STR("scope_version"), s->version);
	json_some_str(j, STR("scope_schema_url"), s->schema_url);
	if (!s->attributes.n)
		return;
	json_key(j, STR("scope_attributes"));
	attributes_json_exact(j, s->attributes);
}

static void member_trace(struct json *j, struct trace_id id)
{
	if (!trace_id_is_set(id))
		return;
	json_key(j, STR("trace_id"));
	json_hex(j, id.b, sizeof(id.b));
}

static void member_span(struct json *j, struct str key, struct span_id id)
{
	if (!span_id_is_set(id))
		return;
	json_key(j, key);
	json_hex(j, id.b, sizeof(id.b));
}

static void member_from(struct json *j, const struct resource *r)
{
	json_key(j, STR("service"));
	json_str(j, r->service);
	json_some_u64(j, STR("pid"), r->pid > 0 ? (uint64_t)r->pid : 0);
}

static void events_json(struct json *j, const struct span *s)
{
	if (!s->n_events)
		return;
	json_key(j, STR("events"));
	json_open(j, '[');
	for (size_t i = 0; i < s->n_events; i++) {
		json_open(j, '{');
		json_put_u64_text(j, STR("time_ns"), s->event[i].time_ns);
		json_key(j, STR("name"));
		json_str(j, s->event[i].name);
		member_attributes(j, s->event[i].attributes);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void links_json(struct json *j, const struct span *s)
{
	if (!s->n_links)
		return;
	json_key(j, STR("links"));
	json_open(j, '[');
	for (size_t i = 0; i < s->n_links; i++) {
		json_open(j, '{');
		member_trace(j, s->link[i].trace_id);
		member_span(j, STR("span_id"), s->link[i].span_id);
		json_some_str(j, STR("trace_state"), s->link[i].trace_state);
		member_attributes(j, s->link[i].attributes);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void dropped_json(struct json *j, const struct span *s)
{
	if (!s->attributes.dropped && !s->dropped_events && !s->dropped_links)
		return;
	json_key(j, STR("dropped"));
	json_open(j, '{');
	json_key(j, STR("attributes"));
	json_u64(j, s->attributes.dropped);
	json_key(j, STR("events"));
	json_u64(j, s->dropped_events);
	json_key(j, STR("links"));
	json_u64(j, s->dropped_links);
	json_close(j, '}');
}

static void span_json(struct json *j, const struct span *s, const struct resource *r, bool open)
{
	json_open(j, '{');
	json_key(j, STR("span_id"));
	json_hex(j, s->span_id.b, sizeof(s->span_id.b));
	member_span(j, STR("parent_id"), s->parent_id);
	json_key(j, STR("trace_id"));
	json_hex(j, s->trace_id.b, sizeof(s->trace_id.b));
	member_from(j, r);
	json_some_str(j, STR("instance"), r->instance);
	json_key(j, STR("name"));
	json_str(j, s->name);
	json_key(j, STR("kind"));
	json_str(j, str_of(kind_name(s->kind)));
	json_key(j, STR("status"));
	json_str(j, str_of(status_name(s->status)));
	json_some_str(j, STR("status_message"), s->status_message);
	json_put_u64_text(j, STR("start_ns"), s->start_ns);
	json_key(j, STR("duration_ns"));
	json_u64(j, s->end_ns > s->start_ns ? s->end_ns - s->start_ns : 0);
	if (open) {
		json_key(j, STR("open"));
		json_bool(j, true);
	}
	if (s->end != SPAN_ENDED)
		json_some_str(j, STR("end"),
			      s->end == SPAN_ABANDONED ? STR("abandoned") : STR("orphaned"));
	scope_json(j, s->scope);
	json_some_u64(j, STR("thread_id"), s->thread_id);
	json_some_str(j, STR("trace_state"), s->trace_state);
	member_attributes(j, s->attributes);
	events_json(j, s);
	links_json(j, s);
	dropped_json(j, s);
	json_some_str(j, STR("run"), r->run);
	json_close(j, '}');
}

void view_span_json(struct json *j, const struct span *s, const struct resource *r)
{
	span_json(j, s, r, false);
}

void view_open_span_json(struct json *j, const struct span *s, const struct resource *r)
{
	span_json(j, s, r, true);
}

void log_json(struct json *j, const struct log_record *l, const struct resource *r)
{
	json_open(j, '{');
	json_put_u64_text(j, STR("time_ns"), l->time_ns);
	json_key(j, STR("severity"));
	json_i64(j, l->severity);
	json_some_str(j, STR("severity_text"), l->severity_text);
	if (l->body.type != VALUE_EMPTY) {
		json_key(j, STR("body"));
		value_json_exact(j, &l->body);
	}
	json_some_str(j, STR("event_name"), l->event_name);
	member_from(j, r);
	member_trace(j, l->trace_id);
	member_span(j, STR("span_id"), l->span_id);
	scope_json(j, l->scope);
	json_some_u64(j, STR("thread_id"), l->thread_id);
	member_attributes(j, l->attributes);
	json_some_str(j, STR("run"), r->run);
	json_close(j, '}');
}

void view_extent_add(struct view_extent *e, const struct span *s)
{
	if (!e->n_spans || s->start_ns < e->start_ns)
		e->start_ns = s->start_ns;
	if (!e->n_spans || s->end_ns > e->end_ns)
		e->end_ns = s->end_ns;
	e->n_spans++;
}
