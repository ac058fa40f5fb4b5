/* SPDX-License-Identifier: Apache-2.0 */
/* Exporters: a signal's first one is its variables, others have a number for a name. */
#include "configure/maker.h"

#include <stdio.h>

static const struct key tls[] = {
	{ .name = "ca_file", .setting = "OTEL_EXPORTER_OTLP_%s_CERTIFICATE" },
	{ .name = "key_file", .setting = "OTEL_EXPORTER_OTLP_%s_CLIENT_KEY" },
	{ .name = "cert_file", .setting = "OTEL_EXPORTER_OTLP_%s_CLIENT_CERTIFICATE" },
	{ .name = "insecure", .setting = "OTEL_EXPORTER_OTLP_%s_INSECURE" },
	{ .name = NULL },
};

static void take_tls(struct maker *m, yaml_node_t *n)
{
	make_map(m, n, tls);
}

static void take_headers(struct maker *m, yaml_node_t *list)
{
	for (size_t i = 0; i < node_n(list); i++) {
		yaml_node_t *pair = node_value(&m->d, list, i);
		struct str name = document_text(&m->d, document_get(&m->d, pair, "name"));
		struct str value = document_text(&m->d, document_get(&m->d, pair, "value"));
		struct out o = { 0 };

		make_known(m, pair, "name value");
		if (!name.n) {
			make_warn(m, pair ? pair : list, "a header without a name");
			continue;
		}
		out_str(&o, name);
		out_char(&o, '=');
		make_encoded(&o, value, ",;%\"\\");
		if (!o.error)
			make_add(m, pair, "OTEL_EXPORTER_OTLP_%s_HEADERS", ',', out_all(&o));
		out_fini(&o);
	}
}

static void take_headers_list(struct maker *m, yaml_node_t *n)
{
	make_add(m, n, "OTEL_EXPORTER_OTLP_%s_HEADERS", ',', document_text(&m->d, n));
}

static void take_temporality(struct maker *m, yaml_node_t *n)
{
	struct str text = document_text(&m->d, n);

	make_set(m, n, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
		 str_eq(text, STR("low_memory")) ? STR("lowmemory") : text);
}

static void take_console_temporality(struct maker *m, yaml_node_t *n)
{
	struct str text = document_text(&m->d, n);

	make_set(m, n, "ORIEL_CONSOLE_TEMPORALITY_PREFERENCE",
		 str_eq(text, STR("low_memory")) ? STR("lowmemory") : text);
}

/* Histograms are aggregated in the service, once: for all readers, and so of the first one's kind. */
static void take_aggregation(struct maker *m, yaml_node_t *n)
{
	make_set_once(m, n, "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
		      document_text(&m->d, n), "default_histogram_aggregation");
}

static void take_encoding(struct maker *m, yaml_node_t *n)
{
	struct str text = document_text(&m->d, n);

	if (text.n && !str_eq(text, STR("json")) && !str_eq(text, STR("protobuf")))
		make_unknown(m, n, "encoding", text);
	make_set(m, n, "OTEL_EXPORTER_OTLP_%s_PROTOCOL",
		 str_eq(text, STR("json")) ? STR("http/json") : STR("http/protobuf"));
}

#define OTLP_KEYS \
	{ .name = "endpoint", .setting = "OTEL_EXPORTER_OTLP_%s_ENDPOINT" }, \
		{ .name = "tls", .take = take_tls }, { .name = "headers", .take = take_headers }, \
		{ .name = "headers_list", .take = take_headers_list }, \
		{ .name = "compression", .setting = "OTEL_EXPORTER_OTLP_%s_COMPRESSION" }, \
		{ .name = "timeout", .setting = "OTEL_EXPORTER_OTLP_%s_TIMEOUT" }, \
		{ .name = "max_request_size", .setting = "ORIEL_OTLP_MAX_REQUEST_SIZE" }, \
		{ .name = "max_response_size", .setting = "ORIEL_OTLP_MAX_RESPONSE_SIZE" }, \
		{ .name = "temporality_preference", .take = take_temporality }, \
	{ \
		.name = "default_histogram_aggregation", .take = take_aggregation \
	}

static const struct key otlp_http[] = { OTLP_KEYS,
					{ .name = "encoding", .take = take_encoding },
					{ .name = NULL } };
static const struct key otlp_grpc[] = { OTLP_KEYS, { .name = NULL } };

static void take_stream(struct maker *m, yaml_node_t *n)
{
	struct str text = document_text(&m->d, n);

	if (str_starts(text, STR("file://")))
		make_set(m, n, "ORIEL_OTLP_FILE", str_from(text, 7));
	else if (text.n && !str_eq(text, STR("stdout")))
		make_warn(m, n, "output_stream is stdout, or file:// and an absolute path");
}

static const struct key otlp_file[] = {
	{ .name = "output_stream", .take = take_stream },
	{ .name = "temporality_preference", .take = take_temporality },
	{ .name = "default_histogram_aggregation", .take = take_aggregation },
	{ .name = NULL },
};

static const struct key console[] = {
	{ .name = "temporality_preference", .take = take_console_temporality },
	{ .name = "default_histogram_aggregation", .take = take_aggregation },
	{ .name = NULL },
};

static const struct key zipkin[] = {
	{ .name = "endpoint", .setting = "OTEL_EXPORTER_ZIPKIN_ENDPOINT" },
	{ .name = "timeout", .setting = "OTEL_EXPORTER_ZIPKIN_TIMEOUT" },
	{ .name = NULL },
};

static void take_negation(struct maker *m, yaml_node_t *n, const char *setting)
{
	make_set(m, n, setting,
		 str_eq(document_text(&m->d, n), STR("true")) ? STR("false") : STR("true"));
}

static void take_no_scope_info(struct maker *m, yaml_node_t *n)
{
	take_negation(m, n, "ORIEL_PROMETHEUS_SCOPE_INFO");
}

static void take_no_target_info(struct maker *m, yaml_node_t *n)
{
	take_negation(m, n, "ORIEL_PROMETHEUS_TARGET_INFO");
}

static void take_strategy(struct maker *m, yaml_node_t *n)
{
	struct str strategy = document_text(&m->d, n);

	if (str_starts(strategy, STR("underscore_escaping_without_suffixes")))
		make_set(m, n, "ORIEL_PROMETHEUS_SUFFIXES", STR("false"));
	else if (!str_starts(strategy, STR("underscore_escaping_with_suffixes")))
		make_warn(
			m, n,
			"names are translated by underscore_escaping_with_suffixes, or _without_suffixes");
}

static const struct key prometheus[] = {
	{ .name = "host", .setting = "OTEL_EXPORTER_PROMETHEUS_HOST" },
	{ .name = "port", .setting = "OTEL_EXPORTER_PROMETHEUS_PORT" },
	{ .name = "scope_info_enabled", .setting = "ORIEL_PROMETHEUS_SCOPE_INFO" },
	{ .name = "target_info_enabled/development", .setting = "ORIEL_PROMETHEUS_TARGET_INFO" },
	{ .name = "without_scope_info", .take = take_no_scope_info },
	{ .name = "without_target_info", .take = take_no_target_info },
	{ .name = "with_resource_constant_labels",
	  .cannot = "job and instance are there "
		    "(ORIEL_PROMETHEUS_JOB), other attributes aren't" },
	{ .name = "resource_constant_labels",
	  .cannot = "job and instance are there "
		    "(ORIEL_PROMETHEUS_JOB), other attributes aren't" },
	{ .name = "translation_strategy", .take = take_strategy },
	{ .name = NULL },
};

static const struct {
	const char *name, *exporter, *protocol;
	const struct key *keys;
} kinds[] = {
	{ "otlp_http", "otlp", "http/protobuf", otlp_http },
	{ "otlp_grpc", "otlp", "grpc", otlp_grpc },
	{ "otlp_file/development", "otlp_file", NULL, otlp_file },
	{ "otlp_file", "otlp_file", NULL, otlp_file },
	{ "console", "console", NULL, console },
	{ "zipkin", "zipkin", NULL, zipkin },
	{ "prometheus/development", "prometheus", NULL, prometheus },
	{ "prometheus", "prometheus", NULL, prometheus },
};

enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]), EXPORTERS_MOST = 16 };

static const char *list_of(const struct maker *m)
{
	return !strcmp(m->signal, "METRICS") ? "OTEL_METRICS_EXPORTER"
	       : !strcmp(m->signal, "LOGS")  ? "OTEL_LOGS_EXPORTER"
					     : "OTEL_TRACES_EXPORTER";
}

static bool lists(const struct maker *m, const char *list, const char *entry)
{
	struct str rest = str_of(configured_get(m->out, list)), item;

	while (str_next(&rest, ',', &item))
		if (str_eq(item, str_of(entry)))
			return true;
	return false;
}

/* "otlp/2" */
static void entry_of(unsigned number, const char *exporter, char room[48])
{
	if (number)
		snprintf(room, 48, "%s/%u", exporter, number);
	else
		snprintf(room, 48, "%s", exporter);
}

static struct str file_of(struct maker *m, yaml_node_t *what)
{
	struct str stream = document_text(&m->d, document_get(&m->d, what, "output_stream"));

	return str_starts(stream, STR("file://")) ? str_from(stream, 7) : STR("");
}

/* Files have one variable for all signals, so another file is another exporter. */
static bool is_elsewhere(struct maker *m, const char *entry, const char *exporter,
			 yaml_node_t *what)
{
	static const char *const all[] = { "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER",
					   "OTEL_LOGS_EXPORTER" };
	char variable[64] = "ORIEL_OTLP_FILE";
	bool there = false;

	if (strcmp(exporter, "otlp_file") != 0)
		return false;
	if (strchr(entry, '/'))
		snprintf(variable, sizeof(variable), "ORIEL_OF_%s_ORIEL_OTLP_FILE",
			 strchr(entry, '/') + 1);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		there |= lists(m, all[i], entry);
	return there && !str_eq(str_of(configured_get(m->out, variable)), file_of(m, what));
}

/* The first of a signal is plain; there is one prometheus, which is asked. False: there is no more room. */
static bool choose_number(struct maker *m, const char *exporter, yaml_node_t *what,
			  unsigned *number, char entry[48])
{
	struct str rest = str_of(configured_get(m->out, list_of(m))), item;
	unsigned n = 0;

	while (str_next(&rest, ',', &item))
		n += !str_starts(item, STR("prometheus"));
	n = n && strcmp(exporter, "prometheus") ? n + 1 : 0;
	for (; n <= EXPORTERS_MOST; n += n ? 1 : 2) {
		*number = n;
		entry_of(n, exporter, entry);
		if (!strcmp(exporter, "prometheus"))
			return !lists(m, list_of(m), entry);
		if (!lists(m, list_of(m), entry) && !is_elsewhere(m, entry, exporter, what))
			return true;
	}
	return false;
}

static void make_kind(struct maker *m, yaml_node_t *n, size_t kind, yaml_node_t *what)
{
	make_map(m, what, kinds[kind].keys);
	if (kinds[kind].protocol &&
	    !(kinds[kind].keys == otlp_http && document_get(&m->d, what, "encoding")))
		make_set(m, n, "OTEL_EXPORTER_OTLP_%s_PROTOCOL", str_of(kinds[kind].protocol));
}

/* Lists it, and says which it is of. */
static bool take_exporter(struct maker *m, yaml_node_t *n, size_t *kind, yaml_node_t **what)
{
	unsigned number;
	struct str name;
	char entry[48];

	*what = n ? make_only(m, n, &name) : NULL;
	if (!*what)
		return false;
	for (*kind = 0; *kind < N_KINDS && !str_eq(name, str_of(kinds[*kind].name));)
		++*kind;
	if (*kind == N_KINDS) {
		make_unknown(m, n, "exporter", name);
		return false;
	}
	if (!choose_number(m, kinds[*kind].exporter, *what, &number, entry)) {
		make_warn(m, n, "one %s too many for this signal", kinds[*kind].exporter);
		return false;
	}
	make_add(m, n, list_of(m), ',', str_of(entry));
	m->number = number;
	return true;
}

bool make_with_exporter(struct maker *m, yaml_node_t *what, const struct key *keys)
{
	yaml_node_t *exporter = document_get(&m->d, what, "exporter"), *inside;
	size_t kind;

	if (!exporter)
		make_warn(m, what, "an exporter is expected here");
	if (!exporter || !take_exporter(m, exporter, &kind, &inside))
		return false;
	make_kind(m, exporter, kind, inside);
	make_map(m, what, keys);
	return true;
}
