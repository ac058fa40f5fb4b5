/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/gauge-mode.h"

#include "model/stats.h"

static bool mode_read(struct str text, enum gauge_mode *out)
{
	static const struct str names[] = {
#define X(id, text) [GAUGE_##id] = { text, sizeof(text) - 1 },
		GAUGE_MODES(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq_nocase(text, names[i])) {
			*out = (enum gauge_mode)i;
			return true;
		}
	return false;
}

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
		if (!mode_read(str_trim(pair.tail), &said))
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
		if (str_trim(item.head).n && !mode_read(str_trim(pair.tail), &mode))
			stats_add(settings_bad, 1);
	}
}
