/* SPDX-License-Identifier: Apache-2.0 */
/* The three providers: where each signal goes, in what batches, within what limits. */
#include "configure/maker.h"

/* "exporter" is read before the others (make_with_exporter). */

/* ---- processors ------------------------------------------------------------------------------------ */

#define BATCH(variables) \
	{ .name = "schedule_delay", .setting = "OTEL_" variables "_SCHEDULE_DELAY" }, \
		{ .name = "export_timeout", .setting = "OTEL_" variables "_EXPORT_TIMEOUT" }, \
		{ .name = "max_queue_size", .setting = "OTEL_" variables "_MAX_QUEUE_SIZE" }, \
		{ .name = "max_export_batch_size", \
		  .setting = "OTEL_" variables "_MAX_EXPORT_BATCH_SIZE" }, \
		{ .name = "exporter" }, \
	{ \
		.name = NULL \
	}

static const struct key batch_spans[] = { BATCH("BSP") }, batch_logs[] = { BATCH("BLRP") };

static const struct key simple[] = { { .name = "exporter" }, { .name = NULL } };

static void take_processors(struct maker *m, yaml_node_t *list)
{
	const bool logs = !strcmp(m->signal, "LOGS");

	for (size_t i = 0; i < node_n(list); i++) {
		yaml_node_t *item = node_value(&m->d, list, i);
		struct str name = STR("");
		yaml_node_t *what = make_only(m, item, &name);

		if (!what)
			continue;
		if (str_eq(name, STR("batch"))) {
			make_with_exporter(m, what, logs ? batch_logs : batch_spans);
		} else if (str_eq(name, STR("simple"))) {
			if (!make_with_exporter(m, what, simple))
				continue;
			make_set(m, item,
				 logs ? "OTEL_BLRP_SCHEDULE_DELAY" : "OTEL_BSP_SCHEDULE_DELAY",
				 STR("0"));
			make_set(m, item,
				 logs ? "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE"
				      : "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
				 STR("1"));
		} else {
			make_unknown(m, item, "processor", name);
		}
		m->number = 0;
	}
}

/* ---- spans ----------------------------------------------------------------------------------------- */

/* Values are lists at most, so any limit of their depth is kept. */
#define ATTRIBUTE_LIMITS(of) \
	{ .name = "attribute_value_length_limit", \
	  .setting = "OTEL_" of "_ATTRIBUTE_VALUE_LENGTH_LIMIT" }, \
		{ .name = "attribute_value_depth_limit" }, \
	{ \
		.name = "attribute_count_limit", .setting = "OTEL_" of "_ATTRIBUTE_COUNT_LIMIT" \
	}

static const struct key span_limits[] = {
	ATTRIBUTE_LIMITS("SPAN"),
	{ .name = "event_count_limit", .setting = "OTEL_SPAN_EVENT_COUNT_LIMIT" },
	{ .name = "link_count_limit", .setting = "OTEL_SPAN_LINK_COUNT_LIMIT" },
	{ .name = "event_attribute_count_limit", .setting = "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT" },
	{ .name = "link_attribute_count_limit", .setting = "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT" },
	{ .name = NULL },
};

static void take_span_limits(struct maker *m, yaml_node_t *n)
{
	make_map(m, n, span_limits);
}

static void take_generator(struct maker *m, yaml_node_t *n)
{
	struct str name = STR("");

	if (node_is_map(n) && make_only(m, n, &name) && !str_eq(name, STR("random")))
		make_warn(m, n, "id_generator: ids are random");
}

static const struct key tracer[] = {
	{ .name = "processors", .take = take_processors },
	{ .name = "limits", .take = take_span_limits },
	{ .name = "sampler", .take = make_sampler },
	{ .name = "id_generator", .take = take_generator },
	{ .name = "tracer_configurator/development",
	  .cannot = "libraries are left out by ORIEL_DISABLED_INSTRUMENTATIONS" },
	{ .name = NULL },
};

void make_tracer_provider(struct maker *m, yaml_node_t *n)
{
	m->signal = "TRACES";
	make_map(m, n, tracer);
}

/* ---- log records ----------------------------------------------------------------------------------- */

static const struct key log_limits[] = {
	ATTRIBUTE_LIMITS("LOGRECORD"),
	{ .name = NULL },
};

static void take_log_limits(struct maker *m, yaml_node_t *n)
{
	make_map(m, n, log_limits);
}

static const struct key logger[] = {
	{ .name = "processors", .take = take_processors },
	{ .name = "limits", .take = take_log_limits },
	{ .name = "logger_configurator/development",
	  .cannot = "loggers' levels are ORIEL_LOG_LEVELS" },
	{ .name = NULL },
};

void make_logger_provider(struct maker *m, yaml_node_t *n)
{
	m->signal = "LOGS";
	make_map(m, n, logger);
}

/* ---- metrics --------------------------------------------------------------------------------------- */

#define CARDINALITY_OF_KIND "a view with instrument_type and aggregation_cardinality_limit says it"

/* Series are counted in the service, once: for all readers. */
static void take_cardinality(struct maker *m, yaml_node_t *n)
{
	make_set_once(m, n, "ORIEL_CARDINALITY_LIMIT", document_text(&m->d, n),
		      "the default of cardinality_limits");
}

/* What all kinds have; those of one kind are a view's. */
static const struct key cardinality_limits[] = {
	{ .name = "default", .take = take_cardinality },
	{ .name = "counter", .cannot = CARDINALITY_OF_KIND },
	{ .name = "gauge", .cannot = CARDINALITY_OF_KIND },
	{ .name = "histogram", .cannot = CARDINALITY_OF_KIND },
	{ .name = "observable_counter", .cannot = CARDINALITY_OF_KIND },
	{ .name = "observable_gauge", .cannot = CARDINALITY_OF_KIND },
	{ .name = "observable_up_down_counter", .cannot = CARDINALITY_OF_KIND },
	{ .name = "up_down_counter", .cannot = CARDINALITY_OF_KIND },
	{ .name = NULL },
};

static void take_cardinality_limits(struct maker *m, yaml_node_t *n)
{
	make_map(m, n, cardinality_limits);
}

static const struct key periodic[] = {
	{ .name = "interval", .setting = "OTEL_METRIC_EXPORT_INTERVAL" },
	{ .name = "timeout", .setting = "OTEL_METRIC_EXPORT_TIMEOUT" },
	{ .name = "max_export_batch_size/development",
	  .setting = "ORIEL_METRIC_EXPORT_MAX_BATCH_SIZE" },
	{ .name = "exporter" },
	{ .name = "producers", .cannot = "there is none" },
	{ .name = "cardinality_limits", .take = take_cardinality_limits },
	{ .name = NULL },
};

static const struct key pull[] = {
	{ .name = "exporter" },
	{ .name = "producers", .cannot = "there is none" },
	{ .name = "cardinality_limits", .take = take_cardinality_limits },
	{ .name = NULL },
};

static void take_readers(struct maker *m, yaml_node_t *list)
{
	for (size_t i = 0; i < node_n(list); i++) {
		yaml_node_t *item = node_value(&m->d, list, i);
		struct str name = STR("");
		yaml_node_t *what = make_only(m, item, &name);

		if (!what)
			continue;
		if (str_eq(name, STR("periodic")))
			make_with_exporter(m, what, periodic);
		else if (str_eq(name, STR("pull")))
			make_with_exporter(m, what, pull);
		else
			make_unknown(m, item, "reader", name);
		m->number = 0;
	}
}

static const struct key meter[] = {
	{ .name = "readers", .take = take_readers },
	{ .name = "views", .take = make_views },
	{ .name = "exemplar_filter", .setting = "OTEL_METRICS_EXEMPLAR_FILTER" },
	{ .name = "meter_configurator/development",
	  .cannot = "instruments are left out by a view with the aggregation drop" },
	{ .name = NULL },
};

void make_meter_provider(struct maker *m, yaml_node_t *n)
{
	m->signal = "METRICS";
	make_map(m, n, meter);
}
