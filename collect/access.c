/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/access.h"

#include "base/access-log.h"
#include "base/clock.h"
#include "base/severity.h"
#include "model/stats.h"

#define LOGGER "oriel.access"

static const struct scope scope = { .name = STR(LOGGER), .version = STR(ORIEL_VERSION) };

static struct str get(const struct settings *s, const char *ours, const char *theirs)
{
	struct str value = str_trim(settings_get(s, str_of(ours)));

	return value.n || !theirs ? value : str_trim(settings_get(s, str_of(theirs)));
}

/* LOG_LEVEL, unless ORIEL_LOG_LEVELS has a word for our logger. */
static int severity(const struct settings *s)
{
	struct str rest = get(s, "ORIEL_LOG_LEVELS", NULL), item;
	int level = severity_of(get(s, "LOG_LEVEL", NULL));

	while (str_next(&rest, ',', &item)) {
		struct cut pair = str_cut(item, '=');

		if (str_eq(str_trim(pair.head), STR(LOGGER)) && severity_of(str_trim(pair.tail)))
			level = severity_of(str_trim(pair.tail));
	}
	return level ? level : SEVERITY_INFO;
}

void access_read(struct access *a, const struct settings *s)
{
	*a = (struct access){
		.on = access_log_is_on(get(s, "ORIEL_ACCESS_LOG", NULL),
				       get(s, "ORIEL_LOG_FORMAT", "LOG_FORMAT"),
				       get(s, "ORIEL_LOG_PROFILE", NULL)),
		.severity = severity(s),
		.ignore = get(s, "ORIEL_ACCESS_LOG_IGNORE", NULL),
	};
}

/* Of a span's attributes, in this order; the first that is there of two for the same. */
static const struct {
	struct str from, to;
} names[] = {
	{ STR("http.request.method_original"), STR("method") },
	{ STR("http.request.method"), STR("method") },
	{ STR("url.path"), STR("path") },
	{ STR("url.query"), STR("query") },
	{ STR("http.route"), STR("route") },
	{ STR("http.response.status_code"), STR("status_code") },
	{ STR("http.request.body.size"), STR("request_bytes") },
	{ STR("http.response.body.size"), STR("response_bytes") },
	{ STR("client.address"), STR("client_address") },
	{ STR("user_agent.original"), STR("user_agent") },
	{ STR("network.protocol.version"), STR("http_version") },
	{ STR("error.type"), STR("error") },
	{ STR("request_id"), STR("request_id") },
};

enum { N_NAMES = sizeof(names) / sizeof(names[0]), N_ATTRIBUTES = N_NAMES + 1 };

static struct attributes attributes_of(struct arena *arena, const struct span *s)
{
	struct attribute *to = arena_take_n(arena, struct attribute, N_ATTRIBUTES);
	size_t n = 0;

	if (!to)
		return (struct attributes){ .n = 0 };
	for (size_t i = 0; i < N_NAMES; i++) {
		const struct value *v = attributes_find(s->attributes, names[i].from);

		if (v && !(n && str_eq(to[n - 1].key, names[i].to)))
			to[n++] = (struct attribute){ names[i].to, *v };
	}
	to[n++] = (struct attribute){
		STR("duration_ms"),
		{ VALUE_DOUBLE, .number = (double)(s->end_ns - s->start_ns) / 1e6 },
	};
	return (struct attributes){ to, n, 0 };
}

static int severity_of_status(int64_t status)
{
	return status >= 500 || status < 100 ? SEVERITY_ERROR
	       : status >= 400		     ? SEVERITY_WARN
					     : SEVERITY_INFO;
}

static bool is_wanted(const struct access *a, const struct span *s, int64_t status)
{
	const struct value *said = attributes_find(s->attributes, STR("oriel.access_log"));
	struct str route = attributes_text(s->attributes, STR("http.route"));
	struct str path = attributes_text(s->attributes, STR("url.path"));

	return severity_of_status(status) >= a->severity &&
	       !(said && said->type == VALUE_BOOL && !said->boolean) &&
	       !access_log_ignores(a->ignore, route, path, status > 0 ? (unsigned)status : 0);
}

static void add(struct batch *b, const struct span *s, int64_t status)
{
	struct log_record *l = batch_add_log(b);

	if (!l) {
		stats_add(memory_dropped, 1);
		return;
	}
	*l = (struct log_record){
		.time_ns = s->end_ns,
		.observed_ns = clock_real_ns(),
		.trace_id = s->trace_id,
		.span_id = s->span_id,
		.flags = s->flags & 0xff,
		.severity = severity_of_status(status),
		.severity_text = status >= 500 || status < 100 ? STR("ERROR")
				 : status >= 400	       ? STR("WARN")
							       : STR("INFO"),
		.body = { VALUE_STRING, .text = STR("request_completed") },
		.scope = &scope,
		.attributes = attributes_of(&b->arena, s),
		.thread_id = s->thread_id,
	};
}

void access_add(const struct access *a, struct batch *b)
{
	if (!a->on)
		return;
	for (size_t i = 0; i < b->n_spans; i++) {
		const struct span *s = &b->span[i];
		int64_t status;

		if (s->kind != SPAN_SERVER || !span_is_sampled(s) ||
		    !attributes_find(s->attributes, STR("http.request.method")))
			continue;
		status = attributes_int(s->attributes, STR("http.response.status_code"), 0);
		if (is_wanted(a, s, status))
			add(b, s, status);
	}
}
