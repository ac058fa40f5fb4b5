/* SPDX-License-Identifier: Apache-2.0 */
#include "export/sentry-crumbs.h"

#include "base/utf8.h"

#define NAME(j, literal) json_name(j, STR(literal))

struct str sentry_level(int severity)
{
	if (severity >= 21)
		return STR("fatal");
	if (severity >= 17)
		return STR("error");
	if (severity >= 13)
		return STR("warning");
	return severity >= 9 || !severity ? STR("info") : STR("debug");
}

static uint8_t keep(char *to, size_t room, struct str text)
{
	text = utf8_first(text, room);
	if (text.n)
		memcpy(to, text.p, text.n);
	return (uint8_t)text.n;
}

#define KEEP(to, text) keep((to), sizeof(to), (text))

void sentry_crumbs_add(struct sentry_crumbs *c, const struct log_record *l,
		       const struct resource *r)
{
	struct sentry_crumb *to = &c->ring[c->next++ % SENTRY_CRUMBS];
	bool says = l->body.type == VALUE_STRING && l->body.text.n;

	to->time_ns = l->time_ns;
	to->trace_id = l->trace_id;
	to->severity = l->severity;
	to->text_n = KEEP(to->text, says ? l->body.text : l->event_name);
	to->scope_n = KEEP(to->scope, l->scope ? l->scope->name : STR(""));
	to->instance_n = KEEP(to->instance, r->instance);
}

static bool belongs(const struct sentry_crumb *c, struct trace_id trace_id,
		    const struct resource *r, uint64_t until_ns)
{
	if (!c->time_ns || c->time_ns >= until_ns)
		return false;
	if (trace_id_is_set(trace_id))
		return !memcmp(&c->trace_id, &trace_id, sizeof(trace_id));
	return str_eq((struct str){ c->instance, c->instance_n },
		      utf8_first(r->instance, sizeof(c->instance)));
}

static void crumb_json(struct json *j, const struct sentry_crumb *c)
{
	json_open(j, '{');
	NAME(j, "timestamp");
	json_f64(j, (double)(c->time_ns / 1000) / 1e6);
	NAME(j, "level");
	json_str(j, sentry_level(c->severity));
	NAME(j, "category");
	json_str(j, c->scope_n ? (struct str){ c->scope, c->scope_n } : STR("log"));
	NAME(j, "message");
	json_str(j, (struct str){ c->text, c->text_n });
	json_close(j, '}');
}

void sentry_crumbs_json(struct json *j, const struct sentry_crumbs *c, struct trace_id trace_id,
			const struct resource *r, uint64_t until_ns)
{
	const struct sentry_crumb *found[SENTRY_CRUMBS_SENT];
	size_t n = 0;

	for (size_t i = 1; i <= SENTRY_CRUMBS && i <= c->next && n < SENTRY_CRUMBS_SENT; i++) {
		const struct sentry_crumb *crumb = &c->ring[(c->next - i) % SENTRY_CRUMBS];

		if (belongs(crumb, trace_id, r, until_ns))
			found[n++] = crumb;
	}
	json_open(j, '[');
	while (n)
		crumb_json(j, found[--n]);
	json_close(j, ']');
}
