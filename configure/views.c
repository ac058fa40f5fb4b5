/* SPDX-License-Identifier: Apache-2.0 */
/* Views: each becomes one of ORIEL_VIEWS (base/view.h), whose members mean the same. */
#include "configure/maker.h"

#include "base/view.h"

/* What would mean something there is not a name that anybody has. */
static bool is_member(struct str value)
{
	for (size_t i = 0; i < value.n; i++)
		if (memchr(",;|\n", value.p[i], 4))
			return false;
	return true;
}

static void member(struct maker *m, const yaml_node_t *at, struct out *o, const char *name,
		   struct str value)
{
	if (!value.n)
		return;
	if (!is_member(value)) {
		make_warn(m, at, "%s has a comma, a semicolon or a bar in it", name);
		return;
	}
	if (o->n)
		out_char(o, ',');
	out_fmt(o, "%s=", name);
	out_str(o, value);
}

static void text_member(struct maker *m, yaml_node_t *map, struct out *o, const char *key,
			const char *name)
{
	yaml_node_t *n = document_get(&m->d, map, key);

	member(m, n, o, name, document_text(&m->d, n));
}

static void list_member(struct maker *m, yaml_node_t *list, struct out *o, const char *name)
{
	struct out all = { 0 };

	for (size_t i = 0; i < node_n(list); i++) {
		yaml_node_t *n = node_value(&m->d, list, i);
		struct str text = document_text(&m->d, n);

		if (!text.n || !is_member(text)) {
			make_warn(m, n, "%s: this one is left out", name);
			continue;
		}
		if (all.n)
			out_char(&all, '|');
		out_str(&all, text);
	}
	if (all.n) {
		out_fmt(o, "%s%s=", o->n ? "," : "", name);
		out_str(o, out_all(&all));
	}
	out_fini(&all);
}

static void put_kind(struct maker *m, yaml_node_t *selector, struct out *o)
{
	static const char *const kinds[][2] = {
		{ "counter", "counter" },
		{ "gauge", "gauge" },
		{ "histogram", "histogram" },
		{ "up_down_counter", "up_down" },
		{ "observable_counter", "counter" },
		{ "observable_gauge", "gauge" },
		{ "observable_up_down_counter", "up_down" },
	};
	yaml_node_t *n = document_get(&m->d, selector, "instrument_type");
	struct str text = document_text(&m->d, n);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_eq(text, str_of(kinds[i][0]))) {
			member(m, n, o, "kind", str_of(kinds[i][1]));
			return;
		}
	if (text.n)
		make_unknown(m, n, "instrument_type", text);
}

/* These are what they are by default. */
static void check_fixed(struct maker *m, yaml_node_t *what, const char *key, const char *usual)
{
	yaml_node_t *n = document_get(&m->d, what, key);
	struct str text = document_text(&m->d, n);

	if (text.n && !str_eq_nocase(text, str_of(usual)))
		make_warn(m, n, "%s is always %s", key, usual);
}

static void put_aggregation(struct maker *m, yaml_node_t *n, struct out *o)
{
	static const char *const kinds[][2] = {
		{ "default", "default" },
		{ "drop", "drop" },
		{ "sum", "sum" },
		{ "last_value", "last_value" },
		{ "explicit_bucket_histogram", "histogram" },
		{ "base2_exponential_bucket_histogram", "exponential" },
	};
	struct str name = STR("");
	yaml_node_t *what = n ? make_only(m, n, &name) : NULL;
	size_t i = 0;

	if (!what)
		return;
	while (i < sizeof(kinds) / sizeof(kinds[0]) && !str_eq(name, str_of(kinds[i][0])))
		i++;
	if (i == sizeof(kinds) / sizeof(kinds[0])) {
		make_unknown(m, n, "aggregation", name);
		return;
	}
	member(m, n, o, "aggregation", str_of(kinds[i][1]));
	make_known(m, what, "boundaries record_min_max max_scale max_size");
	check_fixed(m, what, "record_min_max", "true");
	check_fixed(m, what, "max_scale", "20");
	check_fixed(m, what, "max_size", "160");
	list_member(m, document_get(&m->d, what, "boundaries"), o, "buckets");
}

static void put_attributes(struct maker *m, yaml_node_t *keys, struct out *o)
{
	list_member(m, document_get(&m->d, keys, "included"), o, "attributes");
	list_member(m, document_get(&m->d, keys, "excluded"), o, "without");
}

/* What the reader of ORIEL_VIEWS would leave out is left out here, with the line. */
static void check(struct maker *m, const yaml_node_t *at, struct str text)
{
	struct view_error error;
	struct str rest = text;
	struct view view;

	if (view_next(&rest, &view, &error) != VIEW_FOUND || rest.n)
		make_warn(m, at, "this view is left out: " STR_FMT ": %s", STR_ARG(error.what),
			  error.says);
	else
		make_add(m, at, "ORIEL_VIEWS", ';', text);
}

static void make_view(struct maker *m, yaml_node_t *view)
{
	yaml_node_t *selector = document_get(&m->d, view, "selector"),
		    *stream = document_get(&m->d, view, "stream");
	struct out o = { 0 };

	make_known(m, view, "selector stream");
	make_known(
		m, selector,
		"instrument_name instrument_type unit meter_name meter_version meter_schema_url");
	make_known(m, stream,
		   "name description aggregation aggregation_cardinality_limit attribute_keys");
	make_known(m, document_get(&m->d, stream, "attribute_keys"), "included excluded");
	text_member(m, selector, &o, "instrument_name", "instrument");
	put_kind(m, selector, &o);
	text_member(m, selector, &o, "unit", "unit");
	text_member(m, selector, &o, "meter_name", "meter_name");
	text_member(m, selector, &o, "meter_version", "meter_version");
	text_member(m, selector, &o, "meter_schema_url", "meter_schema_url");
	text_member(m, stream, &o, "name", "name");
	text_member(m, stream, &o, "description", "description");
	put_aggregation(m, document_get(&m->d, stream, "aggregation"), &o);
	put_attributes(m, document_get(&m->d, stream, "attribute_keys"), &o);
	text_member(m, stream, &o, "aggregation_cardinality_limit", "limit");
	if (!o.error && o.n)
		check(m, view, out_all(&o));
	out_fini(&o);
}

void make_views(struct maker *m, yaml_node_t *list)
{
	for (size_t i = 0; i < node_n(list); i++) {
		yaml_node_t *view = node_value(&m->d, list, i);

		if (view)
			make_view(m, view);
	}
}
