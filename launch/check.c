/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/check.h"

#include "base/access-log.h"
#include "base/entity.h"
#include "base/exclusion.h"
#include "base/gauge-mode.h"
#include "base/hook.h"
#include "base/jaeger-remote.h"
#include "base/pair.h"
#include "base/pattern.h"
#include "base/propagator.h"
#include "base/provider.h"
#include "base/proxies.h"
#include "base/redact.h"
#include "base/sampling.h"
#include "base/severity.h"
#include "base/view.h"
#include "launch/check-names.h"
#include "launch/check-values.h"
#include "launch/complaint.h"

#include <stdio.h>
#include <stdlib.h>

enum { WORDS_ROOM = 160 };

static void check_excluded(struct complaints *c)
{
	struct exclusion_list list[EXCLUSION_LISTS_MOST];
	size_t n = exclusion_lists(getenv, list);
	struct pattern_error error;
	char quoted[QUOTE_ROOM];
	struct pattern compiled;
	struct str pattern;

	for (size_t i = 0; i < n; i++)
		while (exclusion_next(&list[i].text, &pattern))
			if (pattern_compile(&compiled, pattern, &error) != 0)
				complain(c, "%s: ignoring '%s': %s (at character %zu)",
					 list[i].variable, quote(pattern, quoted), error.says,
					 error.at + 1);
}

static void check_attributes(struct complaints *c)
{
	struct str rest = str_of(getenv("OTEL_RESOURCE_ATTRIBUTES"));
	char quoted[QUOTE_ROOM];
	enum pair_kind kind;
	struct pair pair;

	while ((kind = pair_next(&rest, &pair)) != PAIR_END)
		if (kind == PAIR_BAD)
			complain(
				c,
				"OTEL_RESOURCE_ATTRIBUTES: ignoring '%s': not an encoded KEY=VALUE",
				quote(pair.whole, quoted));
}

static void check_entities(struct complaints *c)
{
	struct str all = str_of(getenv("OTEL_ENTITIES")), rest = all;
	char quoted[QUOTE_ROOM];
	enum entity_kind kind;
	struct entity e;

	while ((kind = entity_last(&rest, &e)) != ENTITY_END)
		if (kind == ENTITY_BAD)
			complain(
				c,
				"OTEL_ENTITIES: ignoring '%s': not TYPE{KEY=VALUE,...}[KEY=VALUE,...]",
				quote(e.whole, quoted));
		else if (entity_is_told_again(all, &e))
			complain(c, "OTEL_ENTITIES: ignoring '%s': a later one has its type",
				 quote(e.whole, quoted));
}

static void check_propagators(struct complaints *c)
{
	struct str rest = str_of(getenv("OTEL_PROPAGATORS")), name;
	char quoted[QUOTE_ROOM];

	while (str_next(&rest, ',', &name))
		if (!str_eq_nocase(name, STR("none")) && propagator_find(name) == N_PROPAGATORS)
			complain(c, "OTEL_PROPAGATORS: ignoring '%s': no propagator is called so",
				 quote(name, quoted));
}

static void check_sampler(struct complaints *c)
{
	struct str name = str_trim(str_of(getenv("OTEL_TRACES_SAMPLER"))), bad = STR("");
	struct str arg = str_trim(str_of(getenv("OTEL_TRACES_SAMPLER_ARG")));
	char quoted[QUOTE_ROOM];
	struct sampler_name said;
	struct jaeger_remote j;
	uint64_t threshold;

	if (!sampler_name_read(name, &said) && name.n)
		complain(c, "OTEL_TRACES_SAMPLER: ignoring '%s': no sampler is called so",
			 quote(name, quoted));
	if (said.kind == SAMPLER_NAME_RATIO && arg.n && !ratio_read(arg, &threshold))
		complain(c, "OTEL_TRACES_SAMPLER_ARG: ignoring '%s': no share from 0 to 1",
			 quote(arg, quoted));
	if (said.kind == SAMPLER_NAME_JAEGER_REMOTE)
		bad = jaeger_remote_read(&j, arg);
	if (bad.n)
		complain(
			c,
			"OTEL_TRACES_SAMPLER_ARG: ignoring '%s': not endpoint=URL, pollingIntervalMs=NUMBER or "
			"initialSamplingRate=0..1",
			quote(bad, quoted));
}

/* The first that is set: Python's name of it, or the one without. */
static void check_provider(struct complaints *c, const char *kind, const char *const names[2])
{
	const char *name = str_of(getenv(names[0])).n ? names[0] : names[1];
	struct str rest = str_of(getenv(name)), word;
	char quoted[QUOTE_ROOM];

	while (str_next(&rest, ',', &word))
		if (!str_eq(word, STR("none")) &&
		    provider_find(word, str_of(kind)) == PROVIDER_UNKNOWN)
			complain(c, "%s: ignoring '%s': no %s provider is called so", name,
				 quote(word, quoted), kind);
}

static void check_providers(struct complaints *c)
{
	static const char *const tracer[] = { "OTEL_PYTHON_TRACER_PROVIDER",
					      "OTEL_TRACER_PROVIDER" };
	static const char *const meter[] = { "OTEL_PYTHON_METER_PROVIDER", "OTEL_METER_PROVIDER" };
	static const char *const logger[] = { "_OTEL_PYTHON_LOGGER_PROVIDER",
					      "OTEL_LOGGER_PROVIDER" };
	static const char *const reader[] = { "OTEL_PYTHON_METRIC_READER", "OTEL_METRIC_READER" };

	check_provider(c, "tracer", tracer);
	check_provider(c, "meter", meter);
	check_provider(c, "logger", logger);
	check_provider(c, "meter", reader);
}

static void check_sampling(struct complaints *c)
{
	struct str rules = str_of(getenv("ORIEL_SAMPLING_RULES")),
		   limit = str_trim(str_of(getenv("ORIEL_SAMPLING_LIMIT")));
	char quoted[QUOTE_ROOM];
	struct sampling_error error;
	enum sampling_outcome r;
	struct sampling_rule rule;
	uint64_t v;

	while ((r = sampling_next(&rules, &rule, &error)) != SAMPLING_END)
		if (r == SAMPLING_BAD)
			complain(c, "ORIEL_SAMPLING_RULES: ignoring the rule with '%s': %s",
				 quote(error.what, quoted), error.says);
	if (str_to_u64(limit, &v) && v > UINT32_MAX)
		complain(c, "ORIEL_SAMPLING_LIMIT: ignoring '%s': no number of traces a second",
			 quote(limit, quoted));
}

static void check_timeout(struct complaints *c)
{
	struct str value = str_of(getenv(HOOK_TIMEOUT_VARIABLE));
	char quoted[QUOTE_ROOM];
	bool bad = false;

	hook_timeout_ms(value, &bad);
	if (bad)
		complain(c,
			 HOOK_TIMEOUT_VARIABLE
			 ": ignoring '%s': not seconds, or a number with ms, s or m",
			 quote(value, quoted));
}

/* One of the words, in any case. */
static void check_word(struct complaints *c, const char *name, const char *const *words)
{
	struct str value = str_trim(str_of(getenv(name)));
	char quoted[QUOTE_ROOM], all[WORDS_ROOM] = "";
	size_t n = 0;

	if (!value.n)
		return;
	for (; *words; words++) {
		if (str_eq_nocase(value, str_of(*words)))
			return;
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", n ? ", " : "", *words);
	}
	complain(c, "%s: ignoring '%s': it is one of %s", name, quote(value, quoted), all);
}

static void check_metrics(struct complaints *c)
{
	static const char *const preference[] = { "cumulative", "delta", "lowmemory", NULL };
	static const char *const aggregation[] = { "explicit_bucket_histogram",
						   "base2_exponential_bucket_histogram", NULL };
	static const char *const filter[] = { "trace_based", "always_on", "always_off", NULL };
	static const char *const profile[] = { "none", "fastapi", "tomodachi", NULL };

	check_word(c, "OTEL_METRICS_EXEMPLAR_FILTER", filter);
	check_word(c, "ORIEL_METRIC_PROFILE", profile);
	check_word(c, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", preference);
	check_word(c, "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", aggregation);
}

static void check_gauge_modes(struct complaints *c)
{
	struct str rest = str_of(getenv("ORIEL_GAUGE_MODES")), item;
	char quoted[QUOTE_ROOM];
	enum gauge_mode mode;

	while (str_next(&rest, ',', &item))
		if (!gauge_mode_read(str_trim(str_cut(item, '=').tail), &mode))
			complain(c, "ORIEL_GAUGE_MODES: ignoring '%s': not METRIC=MODE",
				 quote(item, quoted));
}

static void check_levels(struct complaints *c)
{
	struct str level = str_trim(str_of(getenv("LOG_LEVEL"))),
		   own = str_trim(str_of(getenv("OTEL_LOG_LEVEL"))),
		   rest = str_of(getenv("ORIEL_LOG_LEVELS")), item;
	char quoted[QUOTE_ROOM];

	if (level.n && !severity_of(level))
		complain(c, "LOG_LEVEL: ignoring '%s': no level, so it is INFO",
			 quote(level, quoted));
	if (own.n && !severity_of(own))
		complain(c, "OTEL_LOG_LEVEL: ignoring '%s': no level, so it is INFO",
			 quote(own, quoted));
	while (str_next(&rest, ',', &item)) {
		struct cut pair = str_cut(item, '=');

		if (!str_trim(pair.head).n || !severity_of(str_trim(pair.tail)))
			complain(c, "ORIEL_LOG_LEVELS: ignoring '%s': not LOGGER=LEVEL",
				 quote(item, quoted));
	}
}

static void check_views(struct complaints *c)
{
	struct str rest = str_of(getenv("ORIEL_VIEWS"));
	char quoted[QUOTE_ROOM];
	struct view_error error;
	enum view_outcome r;
	struct view view;

	while ((r = view_next(&rest, &view, &error)) != VIEW_END)
		if (r == VIEW_BAD)
			complain(c, "ORIEL_VIEWS: ignoring the view with '%s': %s",
				 quote(error.what, quoted), error.says);
}

static void check_proxies(struct complaints *c)
{
	struct str header = str_trim(str_of(getenv("ORIEL_FORWARDED_HEADER"))), wrong;
	char quoted[QUOTE_ROOM];
	struct proxies p = { .n = 0 };

	if (!proxies_read(&p, str_of(getenv("ORIEL_TRUSTED_PROXIES")), &wrong))
		complain(
			c,
			"ORIEL_TRUSTED_PROXIES: ignoring '%s': no address, no block, or one too many",
			quote(wrong, quoted));
	if (header.n && !str_eq_nocase(header, STR("x-forwarded-for")) &&
	    !str_eq_nocase(header, STR("forwarded")))
		complain(c,
			 "ORIEL_FORWARDED_HEADER: ignoring '%s': not X-Forwarded-For or Forwarded",
			 quote(header, quoted));
}

static void check_redact(struct complaints *c)
{
	char quoted[QUOTE_ROOM];
	struct redact rules;
	struct str wrong;

	if (!redact_of_environment(&rules, STR(""), &wrong))
		complain(c, "ORIEL_REDACT: ignoring '%s': not NAME, NAME=mask, drop, hash or keep",
			 quote(wrong, quoted));
}

static void check_capture(struct complaints *c)
{
	struct str rest = str_of(getenv("ORIEL_CAPTURE")), name;
	char quoted[QUOTE_ROOM];

	while (str_next(&rest, ',', &name))
		if (!str_eq_nocase(name, STR("stdout")) && !str_eq_nocase(name, STR("stderr")) &&
		    !str_eq_nocase(name, STR("none")))
			complain(c, "ORIEL_CAPTURE: ignoring '%s': neither stdout nor stderr",
				 quote(name, quoted));
}

static void check_detectors(struct complaints *c)
{
	static const struct str known[] = { STR("*"),	      STR("none"), STR("process"),
					    STR("host"),      STR("os"),   STR("env"),
					    STR("container"), STR("otel"), STR("all"),
					    STR("service") };
	const char *name = str_of(getenv("ORIEL_RESOURCE_DETECTORS")).n
				   ? "ORIEL_RESOURCE_DETECTORS"
				   : "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS";
	struct str rest = str_of(getenv(name)), word;
	char quoted[QUOTE_ROOM];

	while (str_next(&rest, ',', &word)) {
		size_t i = 0;

		while (i < sizeof(known) / sizeof(known[0]) && !str_eq_nocase(word, known[i]))
			i++;
		if (i == sizeof(known) / sizeof(known[0]))
			complain(c, "%s: ignoring '%s': not process, host, os, container or none",
				 name, quote(word, quoted));
	}
}

static struct str from_environment(const void *nothing, struct str name)
{
	(void)nothing;
	return str_of(getenv(name.p)); /* whole names of the list, ended by NUL */
}

size_t check_settings(void (*tell)(void *you, const char *text), void *you)
{
	struct complaints c = { tell, you, 0 };

	check_excluded(&c);
	check_names(&c);
	check_attributes(&c);
	check_entities(&c);
	check_propagators(&c);
	check_sampler(&c);
	check_providers(&c);
	check_sampling(&c);
	check_timeout(&c);
	check_gauge_modes(&c);
	check_metrics(&c);
	check_levels(&c);
	check_capture(&c);
	check_views(&c);
	check_redact(&c);
	check_proxies(&c);
	check_detectors(&c);
	return c.n + check_values(from_environment, NULL, tell, you);
}
