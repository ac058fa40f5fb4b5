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
	struct str list = list_of(s);

	while (list.n) {
		struct cut item = str_cut(list, ','), pair = str_cut(item.head, '=');
		struct str who = str_trim(pair.head);

		list = item.tail;
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
	struct str list = list_of(s);

	while (list.n) {
		struct cut item = str_cut(list, ','), pair = str_cut(item.head, '=');
		enum gauge_mode mode;

		list = item.tail;
		if (str_trim(item.head).n && !gauge_mode_read(str_trim(pair.tail), &mode))
			stats_add(settings_bad, 1);
	}
}
