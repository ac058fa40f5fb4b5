/* SPDX-License-Identifier: Apache-2.0 */
#include "export/sentry-event.h"

#include "base/fnv.h"
#include "base/hex.h"
#include "export/sentry-stack.h"
#include "model/value-json.h"

enum { TAG_MOST = 200, SERVER_ERROR = 500 };
enum { SEVERITY_ERROR = 17, SEVERITY_FATAL = 21 };

#define NAME(j, literal) json_name(j, STR(literal))

/* ---- what is an error ------------------------------------------------------------------------------ */

static int64_t status_of(const struct span *s)
{
	return attributes_int(s->attributes, STR("http.response.status_code"), 0);
}

bool sentry_is_request(const struct span *s)
{
	return s->kind == SPAN_SERVER && (status_of(s) || s->end == SPAN_ORPHANED);
}

bool sentry_is_failed(const struct span *s)
{
	return status_of(s) >= SERVER_ERROR || s->status == STATUS_ERROR;
}

/* A crash says so in a log record of its own. */
static bool is_exception(const struct span_event *e)
{
	return str_eq(e->name, STR("exception")) &&
	       !attributes_find(e->attributes, STR("oriel.crash"));
}

static bool has_exception(const struct span *s)
{
	for (size_t i = 0; i < s->n_events; i++)
		if (is_exception(&s->event[i]))
			return true;
	return false;
}

bool sentry_error_of_span(struct sentry_error *out, const struct span *s, size_t *at)
{
	for (; *at < s->n_events; ++*at)
		if (is_exception(&s->event[*at])) {
			out->span = s;
			out->exception = &s->event[(*at)++];
			return true;
		}
	if (*at > s->n_events || has_exception(s) || s->kind != SPAN_SERVER ||
	    status_of(s) < SERVER_ERROR)
		return false;
	*at = s->n_events + 1;
	out->span = s;
	out->exception = NULL;
	return true;
}

bool sentry_error_of_log(struct sentry_error *out, const struct log_record *l)
{
	if (l->severity < SEVERITY_ERROR && !attributes_find(l->attributes, STR("exception.type")))
		return false;
	out->log = l;
	return true;
}

/* ---- its parts ------------------------------------------------------------------------------------- */

static struct attributes attributes_of(const struct sentry_error *e)
{
	return e->log	      ? e->log->attributes
	       : e->exception ? e->exception->attributes
			      : e->span->attributes;
}

static uint64_t time_of(const struct sentry_error *e)
{
	return e->log ? e->log->time_ns : e->exception ? e->exception->time_ns : e->span->end_ns;
}

static struct trace_id trace_of(const struct sentry_error *e)
{
	return e->log ? e->log->trace_id : e->span->trace_id;
}

static struct span_id span_of(const struct sentry_error *e)
{
	return e->log ? e->log->span_id : e->span->span_id;
}

/* The same when a batch comes again. */
void sentry_event_id(char out[SENTRY_ID], const struct sentry_error *e)
{
	struct str type = attributes_text(attributes_of(e), STR("exception.type"));
	struct trace_id trace_id = trace_of(e);
	struct span_id span_id = span_of(e);
	uint64_t time = time_of(e), half[2] = { FNV_START, 0x84222325cbf29ce4 };

	for (size_t i = 0; i < 2; i++) {
		half[i] = fnv_add(half[i], &trace_id, sizeof(trace_id));
		half[i] = fnv_add(half[i], &span_id, sizeof(span_id));
		half[i] = fnv_add(half[i], &time, sizeof(time));
		half[i] = fnv_add(half[i], type.p, type.n);
		half[i] = fnv_add(half[i], e->resource->instance.p, e->resource->instance.n);
	}
	hex_write(out, half, sizeof(half));
}

static void put_seconds(struct json *j, struct str name, uint64_t ns)
{
	json_name(j, name);
	json_f64(j, (double)(ns / 1000) / 1e6);
}

static void put_trace(struct json *j, const struct sentry_error *e)
{
	struct trace_id trace_id = trace_of(e);
	struct span_id span_id = span_of(e);

	if (!trace_id_is_set(trace_id))
		return;
	NAME(j, "trace");
	json_open(j, '{');
	NAME(j, "trace_id");
	json_hex(j, trace_id.b, sizeof(trace_id.b));
	NAME(j, "span_id");
	json_hex(j, span_id.b, sizeof(span_id.b));
	if (e->span && span_id_is_set(e->span->parent_id)) {
		NAME(j, "parent_span_id");
		json_hex(j, e->span->parent_id.b, sizeof(e->span->parent_id.b));
	}
	if (e->span)
		json_some_str(j, STR("op"),
			      e->span->kind == SPAN_SERVER ? STR("http.server") : STR("default"));
	json_close(j, '}');
}

static void put_contexts(struct json *j, const struct sentry_error *e)
{
	struct attributes who = e->resource->attributes;

	NAME(j, "contexts");
	json_open(j, '{');
	put_trace(j, e);
	NAME(j, "os");
	json_open(j, '{');
	json_some_str(j, STR("name"), attributes_text(who, STR("os.name")));
	json_some_str(j, STR("version"), attributes_text(who, STR("os.version")));
	json_close(j, '}');
	NAME(j, "device");
	json_open(j, '{');
	json_some_str(j, STR("arch"), attributes_text(who, STR("host.arch")));
	json_close(j, '}');
	json_close(j, '}');
}

static void put_tag(struct json *j, struct str name, const struct value *v)
{
	if (!v)
		return;
	if (v->type == VALUE_STRING) {
		json_some_str(j, name, str_first(v->text, TAG_MOST));
	} else if (v->type == VALUE_INT) {
		json_name(j, name);
		json_i64_text(j, v->integer);
	}
}

/* What one searches by; a record's own attributes come before its span's. */
static void put_tags(struct json *j, const struct sentry_error *e)
{
	static const struct {
		const char *tag, *key;
	} tags[] = {
		{ "request_id", "request_id" },
		{ "request_id", "oriel.request.id" },
		{ "http.route", "http.route" },
		{ "http.request.method", "http.request.method" },
		{ "http.response.status_code", "http.response.status_code" },
		{ "error.type", "error.type" },
	};
	const char *last = "";

	NAME(j, "tags");
	json_open(j, '{');
	json_some_str(j, STR("service.name"), e->resource->service);
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		const struct value *v = attributes_find(attributes_of(e), str_of(tags[i].key));

		if (!v && e->span)
			v = attributes_find(e->span->attributes, str_of(tags[i].key));
		if (!v || !strcmp(last, tags[i].tag))
			continue;
		put_tag(j, str_of(tags[i].tag), v);
		last = tags[i].tag;
	}
	json_close(j, '}');
}

static void put_url(struct json *j, struct attributes a)
{
	struct str host = attributes_text(a, STR("server.address")),
		   scheme = attributes_text(a, STR("url.scheme")),
		   path = attributes_text(a, STR("url.path"));
	struct out url = { 0 };

	if (!path.n)
		return;
	if (host.n)
		out_fmt(&url, STR_FMT "://" STR_FMT, STR_ARG(scheme.n ? scheme : STR("http")),
			STR_ARG(host));
	out_str(&url, path);
	NAME(j, "url");
	json_str(j, out_all(&url));
	out_fini(&url);
}

static void put_request(struct json *j, const struct sentry_error *e, const struct sentry_who *who)
{
	struct attributes a;

	if (!e->span || e->span->kind != SPAN_SERVER)
		return;
	a = e->span->attributes;
	NAME(j, "request");
	json_open(j, '{');
	json_some_str(j, STR("method"), attributes_text(a, STR("http.request.method")));
	put_url(j, a);
	if (who->pii)
		json_some_str(j, STR("query_string"), attributes_text(a, STR("url.query")));
	json_close(j, '}');
	if (!who->pii || !attributes_text(a, STR("client.address")).n)
		return;
	NAME(j, "user");
	json_open(j, '{');
	json_some_str(j, STR("ip_address"), attributes_text(a, STR("client.address")));
	json_close(j, '}');
}

static void put_exception(struct json *j, const struct sentry_error *e)
{
	struct attributes a = attributes_of(e);

	NAME(j, "exception");
	json_open(j, '{');
	NAME(j, "values");
	json_open(j, '[');
	json_open(j, '{');
	json_some_str(j, STR("type"), attributes_text(a, STR("exception.type")));
	json_some_str(j, STR("value"), attributes_text(a, STR("exception.message")));
	sentry_stack_json(j, a);
	json_close(j, '}');
	json_close(j, ']');
	json_close(j, '}');
}

static void put_message(struct json *j, const struct sentry_error *e)
{
	struct out text = { 0 };

	if (e->log && e->log->body.type == VALUE_STRING)
		out_str(&text, e->log->body.text);
	else if (e->log)
		out_str(&text, e->log->event_name);
	else
		out_fmt(&text, STR_FMT " answered %lld", STR_ARG(e->span->name),
			(long long)status_of(e->span));
	NAME(j, "logentry");
	json_open(j, '{');
	NAME(j, "formatted");
	json_str(j, out_all(&text));
	json_close(j, '}');
	if (text.error)
		j->out->error = text.error;
	out_fini(&text);
}

/* What else is known of it. */
static void put_extra(struct json *j, const struct sentry_error *e)
{
	struct attributes a = attributes_of(e);

	NAME(j, "extra");
	json_open(j, '{');
	for (size_t i = 0; i < a.n; i++) {
		if (str_starts(a.item[i].key, STR("exception.")) ||
		    str_starts(a.item[i].key, STR("client.")) ||
		    str_starts(a.item[i].key, STR("user_agent.")) ||
		    str_starts(a.item[i].key, STR("url.")) || sentry_stack_has(a.item[i].key))
			continue;
		json_key(j, a.item[i].key);
		value_json(j, &a.item[i].value);
	}
	json_close(j, '}');
}

static struct str level_of(const struct sentry_error *e)
{
	if (e->span && e->span->end == SPAN_ORPHANED)
		return STR("fatal");
	return sentry_level(e->log ? e->log->severity : SEVERITY_ERROR);
}

void sentry_event_json(struct out *o, const struct sentry_error *e, const char id[SENTRY_ID],
		       const struct sentry_who *who)
{
	struct json j = { .out = o };

	json_open(&j, '{');
	NAME(&j, "event_id");
	json_str(&j, (struct str){ id, SENTRY_ID });
	put_seconds(&j, STR("timestamp"), time_of(e));
	NAME(&j, "platform");
	json_str(&j, STR("native"));
	NAME(&j, "level");
	json_str(&j, level_of(e));
	NAME(&j, "environment");
	json_str(&j, who->environment);
	json_some_str(&j, STR("release"), who->release);
	json_some_str(&j, STR("server_name"),
		      attributes_text(e->resource->attributes, STR("host.name")));
	json_some_str(&j, STR("logger"), e->log && e->log->scope ? e->log->scope->name : STR(""));
	json_some_str(&j, STR("transaction"), e->span ? e->span->name : STR(""));
	if (attributes_text(attributes_of(e), STR("exception.type")).n)
		put_exception(&j, e);
	else
		put_message(&j, e);
	sentry_threads_json(&j, attributes_of(e));
	put_tags(&j, e);
	put_contexts(&j, e);
	put_request(&j, e, who);
	put_extra(&j, e);
	NAME(&j, "breadcrumbs");
	json_open(&j, '{');
	NAME(&j, "values");
	sentry_crumbs_json(&j, who->crumbs, trace_of(e), e->resource, time_of(e));
	json_close(&j, '}');
	NAME(&j, "sdk");
	json_raw(&j, STR("{\"name\":\"oriel.native\",\"version\":\"" ORIEL_VERSION "\"}"));
	json_close(&j, '}');
}
