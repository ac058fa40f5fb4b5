/* SPDX-License-Identifier: Apache-2.0 */
/* Exporters: one for a signal and kind, since that is what variables can say. */
#include "configure/maker.h"

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

static void take_encoding(struct maker *m, yaml_node_t *n)
{
	struct str text = document_text(&m->d, n);

	make_set(m, n, "OTEL_EXPORTER_OTLP_%s_PROTOCOL",
		 str_eq(text, STR("json")) ? STR("http/json") : STR("http/protobuf"));
}

#define OTLP_KEYS \
	{ .name = "endpoint", .setting = "OTEL_EXPORTER_OTLP_%s_ENDPOINT" }, \
		{ .name = "tls", .take = take_tls }, { .name = "headers", .take = take_headers }, \
		{ .name = "headers_list", .take = take_headers_list }, \
		{ .name = "compression", .setting = "OTEL_EXPORTER_OTLP_%s_COMPRESSION" }, \
		{ .name = "timeout", .setting = "OTEL_EXPORTER_OTLP_%s_TIMEOUT" }, \
		{ .name = "max_request_size" }, { .name = "max_response_size" }, \
		{ .name = "temporality_preference", .take = take_temporality }, \
	{ \
		"default_histogram_aggregation", \
			.setting = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION" \
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
	{ .name = "default_histogram_aggregation",
	  .setting = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION" },
	{ .name = NULL },
};

static const struct key console[] = {
	{ .name = "temporality_preference" },
	{ .name = "default_histogram_aggregation" },
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
	if (!str_starts(document_text(&m->d, n), STR("underscore_escaping_with_suffixes")))
		make_warn(m, n, "names are translated by underscore_escaping_with_suffixes alone");
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

static bool is_listed(const struct maker *m, const char *setting, const char *exporter)
{
	struct str rest = str_of(configured_get(m->out, setting)), item;

	while (str_next(&rest, ',', &item))
		if (str_eq(item, str_of(exporter)))
			return true;
	return false;
}

void make_exporter(struct maker *m, yaml_node_t *n)
{
	const bool metrics = !strcmp(m->signal, "METRICS"), logs = !strcmp(m->signal, "LOGS");
	const char *list = metrics ? "OTEL_METRICS_EXPORTER"
			   : logs  ? "OTEL_LOGS_EXPORTER"
				   : "OTEL_TRACES_EXPORTER";
	struct str name;
	yaml_node_t *what = make_only(m, n, &name);
	size_t i = 0;

	if (!what)
		return;
	while (i < sizeof(kinds) / sizeof(kinds[0]) && !str_eq(name, str_of(kinds[i].name)))
		i++;
	if (i == sizeof(kinds) / sizeof(kinds[0])) {
		make_unknown(m, n, "exporter", name);
		return;
	}
	if (is_listed(m, list, kinds[i].exporter)) {
		make_warn(m, n, "a second %s for the same signal", kinds[i].exporter);
		return;
	}
	make_add(m, n, list, ',', str_of(kinds[i].exporter));
	make_map(m, what, kinds[i].keys);
	if (kinds[i].protocol &&
	    !(kinds[i].keys == otlp_http && document_get(&m->d, what, "encoding")))
		make_set(m, n, "OTEL_EXPORTER_OTLP_%s_PROTOCOL", str_of(kinds[i].protocol));
}
