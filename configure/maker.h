/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maker: what walks a document and makes settings of it. Each part of the file is a table of its keys.
 *
 *     static const struct key limits[] = {
 *             { "event_count_limit", .setting = "OTEL_SPAN_EVENT_COUNT_LIMIT" },
 *             { "sampler", .take = take_sampler },
 *             { .name = "schema_url" },                          known, and nothing follows from it
 *             { "jaeger", .cannot = "..." },             a warning
 *             { .name = NULL },
 *     };
 *     make_map(m, node, limits);
 */
#pragma once

#include "configure/configure.h"
#include "configure/document.h"

struct maker {
	struct document d;
	struct configured *out;
	const char *signal; /* TRACES, METRICS, LOGS: whose exporter is read */
	unsigned
		number; /* what is set is of an exporter with this number for a name; 0: with none */
	unsigned depth;
};

struct key {
	const char *name;
	const char *setting; /* the variable; %s in it stands for the signal */
	void (*take)(struct maker *m, yaml_node_t *value);
	const char *cannot;
};

void make_map(struct maker *m, yaml_node_t *map, const struct key *keys);

/* The only pair of `map`, as exporters and samplers are named; NULL with a warning if it has not just one. */
yaml_node_t *make_only(struct maker *m, yaml_node_t *map, struct str *name);

void make_warn(struct maker *m, const yaml_node_t *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Warns of a name that nothing has: "there is no sampler guess". */
enum { NAME_SHOWN = 60 };
void make_unknown(struct maker *m, const yaml_node_t *at, const char *what, struct str name);

/* Warns of each key of `map` that isn't among these, of what is read without a table: "name value". */
void make_known(struct maker *m, yaml_node_t *map, const char *keys);

/* Sets it, unless value is empty; one that is set already and means another is a warning. */
void make_set(struct maker *m, const yaml_node_t *at, const char *setting, struct str value);

/* The same for what is one for all exporters, and so the first one's: another's that differs is a warning. */
void make_set_once(struct maker *m, const yaml_node_t *at, const char *setting, struct str value,
		   const char *what);

/* Adds to a list that `separator` parts. */
void make_add(struct maker *m, const yaml_node_t *at, const char *setting, char separator,
	      struct str value);

/* Percent-encoded, as some variables want values: what isn't visible ASCII, and what is in `reserved`. */
void make_encoded(struct out *o, struct str text, const char *reserved);

/* The parts of the file. */
void make_tracer_provider(struct maker *m, yaml_node_t *n);
void make_meter_provider(struct maker *m, yaml_node_t *n);
void make_logger_provider(struct maker *m, yaml_node_t *n);

/*
 * What belongs to the exporter of a processor or a reader, with it: a signal's first one has the plain variables, each
 * other one its number for a name ("otlp/2", model/settings.h). False, with a warning: there is none.
 */
bool make_with_exporter(struct maker *m, yaml_node_t *what, const struct key *keys);
void make_sampler(struct maker *m, yaml_node_t *n);
void make_views(struct maker *m, yaml_node_t *n);
void make_instrumentation(struct maker *m, yaml_node_t *n);
