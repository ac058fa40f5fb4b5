/* SPDX-License-Identifier: Apache-2.0 */
#include "export/prometheus-options.h"

#include "base/boolean.h"

#include <stdio.h>

enum { PORT = 9464, NAMES_MOST = 8 };

enum {
	NO_TARGET_INFO = 1,
	NO_SCOPE_INFO = 2,
	NO_CREATED = 4,
	JOB = 8,
	NO_EXEMPLARS = 16,
	NO_SUFFIXES = 32
};

static const char *const host_names[NAMES_MOST] = {
	"OTEL_PYTHON_TOMODACHI_PROMETHEUS_ADDRESS",
	"OTEL_TOMODACHI_PROMETHEUS_METER_PROVIDER_ADDRESS",
	"OTEL_TOMODACHI_PROMETHEUS_ADDRESS",
	"OTEL_PYTHON_EXPORTER_PROMETHEUS_HOST",
	"OTEL_EXPORTER_PROMETHEUS_HOST",
};

static const char *const port_names[NAMES_MOST] = {
	"OTEL_PYTHON_TOMODACHI_PROMETHEUS_PORT", "OTEL_TOMODACHI_PROMETHEUS_METER_PROVIDER_PORT",
	"OTEL_TOMODACHI_PROMETHEUS_PORT",	 "OTEL_PYTHON_EXPORTER_PROMETHEUS_PORT",
	"OTEL_EXPORTER_PROMETHEUS_PORT",
};

static const char *const scope_names[NAMES_MOST] = {
	"ORIEL_PROMETHEUS_SCOPE_INFO",
	"OTEL_PYTHON_TOMODACHI_PROMETHEUS_INCLUDE_SCOPE_INFO",
	"OTEL_TOMODACHI_PROMETHEUS_INCLUDE_SCOPE_INFO",
	"OTEL_PYTHON_EXPORTER_PROMETHEUS_INCLUDE_OTEL_SCOPE_INFO",
	"OTEL_EXPORTER_PROMETHEUS_INCLUDE_OTEL_SCOPE_INFO",
	"OTEL_PYTHON_EXPORTER_PROMETHEUS_INCLUDE_SCOPE_INFO",
	"OTEL_EXPORTER_PROMETHEUS_INCLUDE_SCOPE_INFO",
};

static const char *const target_names[NAMES_MOST] = {
	"ORIEL_PROMETHEUS_TARGET_INFO",
	"OTEL_PYTHON_TOMODACHI_PROMETHEUS_INCLUDE_TARGET_INFO",
	"OTEL_TOMODACHI_PROMETHEUS_INCLUDE_TARGET_INFO",
	"OTEL_PYTHON_EXPORTER_PROMETHEUS_INCLUDE_TARGET_INFO",
	"OTEL_EXPORTER_PROMETHEUS_INCLUDE_TARGET_INFO",
};

static const char *const space_names[NAMES_MOST] = {
	"ORIEL_PROMETHEUS_NAMESPACE_PREFIX",
	"OTEL_PYTHON_TOMODACHI_PROMETHEUS_NAMESPACE_PREFIX",
	"OTEL_TOMODACHI_PROMETHEUS_NAMESPACE_PREFIX",
	"OTEL_PYTHON_EXPORTER_PROMETHEUS_NAMESPACE_PREFIX",
	"OTEL_EXPORTER_PROMETHEUS_NAMESPACE_PREFIX",
};

static const char *const exemplar_names[NAMES_MOST] = {
	"ORIEL_PROMETHEUS_EXEMPLARS",
	"OTEL_PYTHON_TOMODACHI_PROMETHEUS_EXEMPLARS_ENABLED",
	"OTEL_TOMODACHI_PROMETHEUS_EXEMPLARS_ENABLED",
	"OTEL_PYTHON_EXPORTER_PROMETHEUS_EXEMPLARS_ENABLED",
	"OTEL_EXPORTER_PROMETHEUS_EXEMPLARS_ENABLED",
	"IS_TOMODACHI_PROMETHEUS_EXEMPLARS_ENABLED",
	"TOMODACHI_PROMETHEUS_EXEMPLARS_ENABLED",
};

static const char *const suffix_names[NAMES_MOST] = { "ORIEL_PROMETHEUS_SUFFIXES" };
static const char *const job_names[NAMES_MOST] = { "ORIEL_PROMETHEUS_JOB" };
static const char *const created_names[NAMES_MOST] = { "ORIEL_PROMETHEUS_CREATED" };
static const char *const no_created_names[NAMES_MOST] = { "PROMETHEUS_DISABLE_CREATED_SERIES" };

static struct str first_of(const struct settings *s, const char *const *names)
{
	struct str value = { 0 };

	for (size_t i = 0; i < NAMES_MOST && names[i] && !value.n; i++)
		value = str_trim(settings_get(s, str_of(names[i])));
	return value;
}

/* Ours have many words for yes and no; of the others, as where they come from, only "1" and "true" are true. */
static bool is_true(const struct settings *s, const char *const *names, bool otherwise)
{
	for (size_t i = 0; i < NAMES_MOST && names[i]; i++) {
		struct str name = str_of(names[i]), value = str_trim(settings_get(s, name));

		if (value.n && str_starts(name, STR("ORIEL_")))
			return boolean_of(name, value) == BOOLEAN_BAD ? otherwise
								      : boolean_is_yes(value);
		if (value.n)
			return str_eq(value, STR("1")) || str_eq_nocase(value, STR("true"));
	}
	return otherwise;
}

/* Without what would end a word. */
static void copy_text(char *to, size_t room, struct str from)
{
	size_t n = 0;

	for (size_t i = 0; i < from.n && n + 1 < room; i++)
		if ((unsigned char)from.p[i] > ' ' && from.p[i] != 0x7f)
			to[n++] = from.p[i];
	to[n] = '\0';
}

static void read_address(struct prometheus_place *p, const struct settings *s)
{
	struct str host = first_of(s, host_names), port = first_of(s, port_names);
	uint64_t number = PORT;

	if (!str_to_u64(port, &number) || number > UINT16_MAX)
		number = PORT;
	p->port = (uint16_t)number;
	copy_text(p->host, sizeof(p->host), host.n ? host : STR("localhost"));
}

/* A profile whose dashboards know no labels but its own (collect/profile.h). */
static bool has_exact_names(const struct settings *s)
{
	return str_eq_nocase(str_trim(settings_get(s, STR("ORIEL_METRIC_PROFILE"))),
			     STR("fastapi"));
}

bool prometheus_is_asked(const struct settings *s)
{
	return settings_lists(s, STR("OTEL_METRICS_EXPORTER"), STR("prometheus")) ||
	       settings_name_prometheus(s);
}

bool prometheus_options_read(struct prometheus_place *p, const struct settings *settings)
{
	struct prometheus_options *o = &p->options;

	*p = (struct prometheus_place){ .port = 0 };
	read_address(p, settings);
	o->no_scope_info = !is_true(settings, scope_names, !has_exact_names(settings));
	o->no_target_info = !is_true(settings, target_names, true);
	o->no_created = is_true(settings, no_created_names, false) ||
			!is_true(settings, created_names, true);
	o->no_exemplars = !is_true(settings, exemplar_names, true);
	o->no_suffixes = !is_true(settings, suffix_names, true);
	o->job = is_true(settings, job_names, false);
	copy_text(o->space, sizeof(o->space), first_of(settings, space_names));
	return prometheus_is_asked(settings) &&
	       !settings_bool(settings, STR("OTEL_SDK_DISABLED"), NULL);
}

void prometheus_options_write(const struct prometheus_place *p, char words[PROMETHEUS_WORDS])
{
	const struct prometheus_options *o = &p->options;
	unsigned flags = (o->no_target_info ? NO_TARGET_INFO : 0u) |
			 (o->no_scope_info ? NO_SCOPE_INFO : 0u) |
			 (o->no_created ? NO_CREATED : 0u) | (o->job ? JOB : 0u) |
			 (o->no_exemplars ? NO_EXEMPLARS : 0u) |
			 (o->no_suffixes ? NO_SUFFIXES : 0u);

	snprintf(words, PROMETHEUS_WORDS, "%s\t%u\t%u\t%s", p->host, p->port, flags, o->space);
}

bool prometheus_options_parse(struct prometheus_place *p, const char *words)
{
	struct cut host = str_cut(str_of(words), '\t'), port = str_cut(host.tail, '\t'),
		   flags = str_cut(port.tail, '\t');
	uint64_t number = 0, bits = 0;

	if (!flags.found || !str_to_u64(port.head, &number) || number > UINT16_MAX ||
	    !str_to_u64(flags.head, &bits))
		return false;
	*p = (struct prometheus_place){ .port = (uint16_t)number };
	copy_text(p->host, sizeof(p->host), host.head);
	copy_text(p->options.space, sizeof(p->options.space), flags.tail);
	p->options.no_target_info = bits & NO_TARGET_INFO;
	p->options.no_scope_info = bits & NO_SCOPE_INFO;
	p->options.no_created = bits & NO_CREATED;
	p->options.no_exemplars = bits & NO_EXEMPLARS;
	p->options.no_suffixes = bits & NO_SUFFIXES;
	p->options.job = bits & JOB;
	return true;
}
