/* SPDX-License-Identifier: Apache-2.0 */
#include "model/settings.h"

#include "base/boolean.h"
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

bool settings_lists(const struct settings *s, struct str name, struct str item)
{
	struct str rest = settings_get(s, name), each;

	while (str_next(&rest, ',', &each))
		if (str_eq_nocase(each, item))
			return true;
	return false;
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
