/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/gauge-mode.h"

#include "model/stats.h"

static struct str list_of(const struct settings *s)
{
	return settings_get(s, STR("ORIEL_GAUGE_MODES"));
}

enum gauge_mode gauge_mode_of(const struct settings *s, enum metric_kind kind, struct str name)
{
	enum gauge_mode mode = kind == METRIC_GAUGE ? GAUGE_LIVEALL : GAUGE_LIVESUM, said;
	struct str list = list_of(s), item;

	while (str_next(&list, ',', &item)) {
		struct cut pair = str_cut(item, '=');
		struct str who = str_trim(pair.head);

		if (!gauge_mode_read(str_trim(pair.tail), &said))
			continue;
		if (str_eq(who, name))
			return said;
		if (str_eq(who, STR("*")) && kind == METRIC_GAUGE)
			mode = said;
	}
	return mode;
}

void gauge_modes_check(const struct settings *s)
{
	struct str list = list_of(s), item;
	enum gauge_mode mode;

	while (str_next(&list, ',', &item))
		if (!gauge_mode_read(str_trim(str_cut(item, '=').tail), &mode))
			stats_add(settings_bad, 1);
}
