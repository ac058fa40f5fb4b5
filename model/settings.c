/* SPDX-License-Identifier: Apache-2.0 */
#include "model/settings.h"

#include "base/boolean.h"
#include "base/named.h"
#include "base/provider.h"

struct str settings_get(const struct settings *s, struct str name)
{
	struct str rest = s->block;

	while (rest.n) {
		struct cut line = str_cut(rest, '\0');
		struct cut pair = str_cut(line.head, '=');

		if (line.found && pair.found && str_eq(pair.head, name))
			return pair.tail;
		rest = line.tail;
	}
	return (struct str){ "", 0 };
}

bool settings_bool(const struct settings *s, struct str name, bool *bad)
{
	enum boolean v = boolean_of(name, str_trim(settings_get(s, name)));

	if (bad && v == BOOLEAN_BAD)
		*bad = true;
	return v == BOOLEAN_YES;
}

uint64_t settings_u64(const struct settings *s, struct str name, uint64_t otherwise, bool *bad)
{
	struct str text = str_trim(settings_get(s, name));
	uint64_t v = otherwise;

	if (text.n && !str_to_u64(text, &v) && bad)
		*bad = true;
	return v;
}

uint64_t settings_ms(const struct settings *s, struct str name, uint64_t otherwise)
{
	uint64_t ms = settings_u64(s, name, otherwise, NULL);

	return ms <= INT32_MAX ? ms : otherwise;
}

bool settings_lists(const struct settings *s, struct str name, struct str item)
{
	struct str rest = settings_get(s, name), each;

	while (str_next(&rest, ',', &each))
		if (str_eq_nocase(each, item))
			return true;
	return false;
}

/* ---- exporters with names --------------------------------------------------------------------------- */

/* Where and how an exporter sends. */
static bool is_of_one(struct str variable)
{
	static const struct str of_one[] = {
		STR("OTEL_EXPORTER_"),
		STR("OTEL_BSP_"),
		STR("OTEL_BLRP_"),
		STR("OTEL_METRIC_EXPORT_"),
		STR("ORIEL_METRIC_EXPORT_"),
		STR("ORIEL_CONSOLE_"),
		STR("ORIEL_OTLP_"),
		STR("ORIEL_ENDPOINT_IS_OURS"),
		STR("SENTRY_"),
		STR("DD_AGENT_"),
		STR("DD_TRACE_AGENT_"),
		STR(NAMED_OF),
	};

	for (size_t i = 0; i < sizeof(of_one) / sizeof(of_one[0]); i++)
		if (str_starts(variable, of_one[i]))
			return true;
	return false;
}

static void copy_variables(struct out *to, struct str block, struct str prefix)
{
	while (block.n) {
		struct cut line = str_cut(block, '\0');
		struct str variable = line.head;

		block = line.tail;
		if (!line.found || (prefix.n ? !str_starts(variable, prefix) : is_of_one(variable)))
			continue;
		out_str(to, str_from(variable, prefix.n));
		out_char(to, '\0');
	}
}

void settings_own(struct out *to, const struct settings *s, struct str name)
{
	char prefix[NAMED_PREFIX_ROOM];

	copy_variables(to, s->block, named_prefix(name, prefix));
}

/* The first of one name counts. */
void settings_of(struct out *to, const struct settings *s, struct str name)
{
	settings_own(to, s, name);
	copy_variables(to, s->block, STR(""));
}

uint64_t settings_metrics_every_ms(const struct settings *s, uint64_t otherwise)
{
	static const char interval[] = "OTEL_METRIC_EXPORT_INTERVAL";
	struct str list = settings_get(s, STR("OTEL_METRICS_EXPORTER")), item, kind, name;
	uint64_t ms = settings_ms(s, str_of(interval), otherwise), own;

	while (str_next(&list, ',', &item)) {
		char variable[NAMED_PREFIX_ROOM + sizeof(interval)];
		size_t n;

		if (!named_read(item, &kind, &name))
			continue;
		n = named_prefix(name, variable).n;
		memcpy(variable + n, interval, sizeof(interval));
		own = settings_ms(s, (struct str){ variable, n + sizeof(interval) - 1 }, otherwise);
		ms = own < ms ? own : ms;
	}
	return ms;
}

bool settings_name_prometheus(const struct settings *s)
{
	static const struct str names[][2] = {
		{ STR("OTEL_PYTHON_METER_PROVIDER"), STR("OTEL_METER_PROVIDER") },
		{ STR("OTEL_PYTHON_METRIC_READER"), STR("OTEL_METRIC_READER") },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct str list = str_trim(settings_get(s, names[i][0])), item;

		if (!list.n)
			list = settings_get(s, names[i][1]);
		while (str_next(&list, ',', &item))
			if (provider_find(item, STR("meter")) == PROVIDER_PROMETHEUS)
				return true;
	}
	return false;
}
