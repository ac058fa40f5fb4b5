/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/config.h"

#include "base/boolean.h"
#include "base/jaeger-remote.h"
#include "base/setting.h"
#include "lib/sampler.h"
#include "base/severity.h"
#include "wire/segment.h"

#include <stdlib.h>

enum { SERIES_USUAL = 2000 };

static struct str config_get(const char *name)
{
	return str_trim(str_of(getenv(name)));
}

static bool config_is(const char *name)
{
	return boolean_of(str_of(name), config_get(name)) == BOOLEAN_YES;
}

/* "64KiB"-like suffixes are not understood: the specification's numbers are plain decimals. */
static size_t config_size(struct str text)
{
	uint64_t v;

	if (!str_to_u64(text, &v))
		return SEGMENT_USUAL;
	if (v < SEGMENT_LEAST)
		return SEGMENT_LEAST;
	return v > SEGMENT_MOST ? SEGMENT_MOST : (size_t)v;
}

static uint32_t config_series(struct str text)
{
	uint64_t v;

	return str_to_u64(text, &v) && v ? (v < UINT32_MAX ? (uint32_t)v : UINT32_MAX)
					 : SERIES_USUAL;
}

static unsigned config_ms(struct str text, unsigned otherwise)
{
	uint64_t v;

	return str_to_u64(text, &v) && v <= 60000 ? (unsigned)v : otherwise;
}

static void config_sampler(struct config *c)
{
	struct str said = config_get("OTEL_TRACES_SAMPLER");
	struct jaeger_remote j;
	struct sampler_name name;

	sampler_name_read(said, &name);
	c->sampler_said = said.n > 0;
	c->parent_based = name.parent_based;
	c->sampler = name.kind == SAMPLER_NAME_OFF ? SAMPLER_OFF : SAMPLER_ON;
	c->threshold = UINT64_MAX;
	if (name.kind == SAMPLER_NAME_RATIO) {
		ratio_read(config_get("OTEL_TRACES_SAMPLER_ARG"), &c->threshold);
	} else if (name.kind == SAMPLER_NAME_JAEGER_REMOTE) {
		jaeger_remote_read(&j, config_get("OTEL_TRACES_SAMPLER_ARG"));
		c->threshold = j.threshold;
	}
	if (c->threshold != UINT64_MAX)
		c->sampler = SAMPLER_RATIO;
}

static void config_propagator(struct config *c, struct str name)
{
	unsigned i = propagator_find(name);

	if (i < N_PROPAGATORS && !memchr(c->propagator, (int)i, c->n_propagators))
		c->propagator[c->n_propagators++] = (uint8_t)i;
}

/* None of them, such as by "none", is a choice as well. */
static void config_propagators(struct config *c)
{
	struct str rest = config_get("OTEL_PROPAGATORS"), name;

	if (!rest.n)
		rest = STR("tracecontext,baggage");
	while (str_next(&rest, ',', &name))
		config_propagator(c, name);
}

static enum exemplar_filter config_exemplars(struct str name)
{
	return str_eq_nocase(name, STR("always_on"))	? EXEMPLARS_ALL
	       : str_eq_nocase(name, STR("always_off")) ? EXEMPLARS_NONE
							: EXEMPLARS_SAMPLED;
}

/* An unknown level is INFO, as in no setting at all. */
static void config_levels(struct config *c)
{
	struct str levels = config_get("ORIEL_LOG_LEVELS");
	int severity = severity_of(config_get("LOG_LEVEL"));

	c->severity = severity ? severity : SEVERITY_INFO;
	if (levels.n < sizeof(c->log_levels))
		memcpy(c->log_levels, levels.n ? levels.p : "", levels.n);
}

void config_read(struct config *c)
{
	*c = (struct config){
		.disabled = config_is("OTEL_SDK_DISABLED"),
		.no_collector = str_eq_nocase(config_get("ORIEL_COLLECTOR"), STR("none")),
		.audit_flush_ms = config_ms(config_get("ORIEL_AUDIT_FLUSH_MS"), 1000),
		.no_fallback = str_eq_nocase(config_get("ORIEL_FALLBACK"), STR("none")),
		.no_fault_handler = str_eq_nocase(config_get("ORIEL_CRASH_HANDLER"), STR("off")),
		.segment_size = config_size(config_get("ORIEL_SEGMENT_SIZE")),
		.series_most = config_series(config_get("ORIEL_CARDINALITY_LIMIT")),
		.exemplars = config_exemplars(config_get("OTEL_METRICS_EXEMPLAR_FILTER")),
	};
	config_sampler(c);
	c->sampling_asks = sampler_use(config_get("ORIEL_SAMPLING_RULES"),
				       config_get("ORIEL_SAMPLING_LIMIT")) ||
			   jaeger_remote_is(config_get("OTEL_TRACES_SAMPLER"));
	c->records_all = config_is("ORIEL_SPAN_METRICS_ALL");
	c->sampling_asks |= c->records_all;
	config_propagators(c);
	config_levels(c);
}

bool config_travels(const char *variable)
{
	return setting_is(str_of(variable)) && strchr(variable, '=') != NULL;
}
