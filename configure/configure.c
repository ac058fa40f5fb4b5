/* SPDX-License-Identifier: Apache-2.0 */
#include "configure/maker.h"

#include "base/err.h"

#include <errno.h>
#include <stdio.h>

/* ---- resource -------------------------------------------------------------------------------------- */

static void take_attributes(struct maker *m, yaml_node_t *list)
{
	static const char reserved[] = ",;=%\"\\";

	for (size_t i = 0; i < node_n(list); i++) {
		yaml_node_t *pair = node_value(&m->d, list, i);
		yaml_node_t *value = document_get(&m->d, pair, "value");
		struct str name = document_text(&m->d, document_get(&m->d, pair, "name"));
		struct str type = document_text(&m->d, document_get(&m->d, pair, "type"));
		struct out o = { 0 };

		make_known(m, pair, "name value type");
		if (type.n && !str_eq(type, STR("string")))
			make_warn(m, pair, "type: attributes of the resource are text");
		if (!name.n || node_is_list(value) || node_is_map(value)) {
			make_warn(m, pair ? pair : list, "an attribute has a name and one value");
			continue;
		}
		make_encoded(&o, name, reserved);
		out_char(&o, '=');
		make_encoded(&o, document_text(&m->d, value), reserved);
		if (!o.error)
			make_add(m, pair, "OTEL_RESOURCE_ATTRIBUTES", ',', out_all(&o));
		out_fini(&o);
	}
}

/* Goes behind: of two with one key the first counts, and `attributes` goes before the list. */
static void take_attributes_list(struct maker *m, yaml_node_t *n)
{
	(void)m, (void)n;
}

/* service is always there, and so is what the environment says. */
static void take_detectors(struct maker *m, yaml_node_t *list)
{
	for (size_t i = 0; i < node_n(list); i++) {
		yaml_node_t *item = node_value(&m->d, list, i);
		struct str name = STR("");

		if (make_only(m, item, &name))
			make_add(m, item, "ORIEL_RESOURCE_DETECTORS", ',', name);
	}
}

static const struct key detection[] = {
	{ .name = "detectors", .take = take_detectors },
	{ .name = "attributes", .cannot = "detectors are taken or left whole" },
	{ .name = NULL },
};

static void take_detection(struct maker *m, yaml_node_t *n)
{
	make_map(m, n, detection);
}

static const struct key resource[] = {
	{ .name = "attributes", .take = take_attributes },
	{ .name = "attributes_list", .take = take_attributes_list },
	{ .name = "schema_url" },
	{ .name = "detection/development", .take = take_detection },
	{ .name = NULL },
};

static bool has_key(const char *list, struct str key)
{
	struct str rest = str_of(list), item;

	while (str_next(&rest, ',', &item))
		if (str_eq(str_trim(str_cut(item, '=').head), key))
			return true;
	return false;
}

static void take_resource(struct maker *m, yaml_node_t *n)
{
	yaml_node_t *list = document_get(&m->d, n, "attributes_list");
	struct str rest;

	make_map(m, n, resource);
	rest = document_text(&m->d, list);
	while (rest.n) {
		struct cut item = str_cut(rest, ',');

		rest = item.tail;
		if (!has_key(configured_get(m->out, "OTEL_RESOURCE_ATTRIBUTES"),
			     str_trim(str_cut(item.head, '=').head)))
			make_add(m, list, "OTEL_RESOURCE_ATTRIBUTES", ',', str_trim(item.head));
	}
}

/* ---- propagators ----------------------------------------------------------------------------------- */

static void take_composite(struct maker *m, yaml_node_t *list)
{
	for (size_t i = 0; i < node_n(list); i++) {
		yaml_node_t *item = node_value(&m->d, list, i);
		struct str name = STR("");

		if (make_only(m, item, &name))
			make_add(m, item, "OTEL_PROPAGATORS", ',', name);
	}
}

static void take_composite_list(struct maker *m, yaml_node_t *n)
{
	make_add(m, n, "OTEL_PROPAGATORS", ',', document_text(&m->d, n));
}

static const struct key propagator[] = {
	{ .name = "composite", .take = take_composite },
	{ .name = "composite_list", .take = take_composite_list },
	{ .name = NULL },
};

static void take_propagator(struct maker *m, yaml_node_t *n)
{
	make_map(m, n, propagator);
}

/* ---- our own part ---------------------------------------------------------------------------------- */

static void take_own(struct maker *m, yaml_node_t *key, yaml_node_t *value)
{
	struct str name = document_text(&m->d, key);
	const bool rules = str_ends(name, STR("rules")) || str_eq(name, STR("views"));
	char variable[96] = "ORIEL_";
	size_t n = strlen(variable);

	for (size_t i = 0; i < name.n && n + 1 < sizeof(variable); i++)
		variable[n++] = name.p[i] >= 'a' && name.p[i] <= 'z' ? (char)(name.p[i] - 32)
				: name.p[i] == '-'		     ? '_'
								     : name.p[i];
	variable[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if (!memchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", variable[i], 37)) {
			make_warn(m, key, "no name of a variable");
			return;
		}
	if (!node_is_list(value)) {
		if (str_eq(name, STR("redact"))) /* other parts of the file add to it */
			make_add(m, value, variable, ',', document_text(&m->d, value));
		else
			make_set(m, value, variable, document_text(&m->d, value));
		return;
	}
	for (size_t i = 0; i < node_n(value); i++)
		make_add(m, value, variable, rules ? ';' : ',',
			 document_text(&m->d, node_value(&m->d, value, i)));
}

static void take_oriel(struct maker *m, yaml_node_t *n)
{
	for (size_t i = 0; i < node_n(n); i++) {
		yaml_node_t *key = node_key(&m->d, n, i), *value = node_value(&m->d, n, i);

		if (key && value)
			take_own(m, key, value);
	}
}

static void take_distribution(struct maker *m, yaml_node_t *n)
{
	yaml_node_t *own = document_get(&m->d, n, "oriel");

	if (own)
		take_oriel(m, own);
}

/* ---- the file -------------------------------------------------------------------------------------- */

static const struct key limits[] = {
	{ .name = "attribute_value_length_limit", .setting = "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT" },
	{ .name = "attribute_value_depth_limit" }, /* values are lists at most, so it is kept */
	{ .name = "attribute_count_limit", .setting = "OTEL_ATTRIBUTE_COUNT_LIMIT" },
	{ .name = NULL },
};

static void take_limits(struct maker *m, yaml_node_t *n)
{
	make_map(m, n, limits);
}

/* warn2 is warn to us. */
static void take_level(struct maker *m, yaml_node_t *n)
{
	struct str level = document_text(&m->d, n);

	while (level.n && level.p[level.n - 1] >= '0' && level.p[level.n - 1] <= '9')
		level.n--;
	make_set(m, n, "OTEL_LOG_LEVEL", level);
}

static const struct key file[] = {
	{ .name = "file_format" },
	{ .name = "disabled", .setting = "OTEL_SDK_DISABLED" },
	{ .name = "log_level", .take = take_level },
	{ .name = "resource", .take = take_resource },
	{ .name = "attribute_limits", .take = take_limits },
	{ .name = "propagator", .take = take_propagator },
	{ .name = "tracer_provider", .take = make_tracer_provider },
	{ .name = "meter_provider", .take = make_meter_provider },
	{ .name = "logger_provider", .take = make_logger_provider },
	{ .name = "instrumentation/development", .take = make_instrumentation },
	{ .name = "distribution", .take = take_distribution },
	{ .name = NULL },
};

static int check_format(struct maker *m, yaml_node_t *root)
{
	struct str format = document_text(&m->d, document_get(&m->d, root, "file_format"));
	const bool known = str_eq(format, STR("0.4")) || str_eq(format, STR("1")) ||
			   str_starts(format, STR("1."));

	if (node_is_map(root) && known)
		return 0;
	snprintf(m->out->why, sizeof(m->out->why),
		 "%u: file_format is to be \"1.0\" or another of 1",
		 node_line(root) ? node_line(root) : 1);
	return ERR(-EINVAL);
}

/* What is not in the file isn't there: "a noop provider". */
static void set_silence(struct maker *m)
{
	static const char *const lists[] = { "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER",
					     "OTEL_LOGS_EXPORTER", "OTEL_PROPAGATORS" };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (!configured_get(m->out, lists[i]))
			make_set(m, NULL, lists[i], STR("none"));
}

int configure(struct configured *out, struct str text)
{
	struct maker m = { .out = out, .signal = "" };
	int r;

	*out = (struct configured){ .n = 0 };
	r = document_read(&m.d, text);
	if (r)
		memcpy(out->why, m.d.why, sizeof(out->why));
	if (!r)
		r = check_format(&m, document_root(&m.d));
	if (!r) {
		make_map(&m, document_root(&m.d), file);
		set_silence(&m);
		if (m.d.steps >= DOCUMENT_STEPS)
			make_warn(&m, NULL, "it never ends: what comes after %d steps is left out",
				  DOCUMENT_STEPS);
	}
	document_free(&m.d);
	return TRACE(r);
}

void configured_free(struct configured *c)
{
	arena_fini(&c->arena);
	c->n = c->n_warnings = 0;
}
