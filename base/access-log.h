/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access log: is there one, and of which requests? Guests and home read the settings the same way.
 *
 *     on = access_log_is_on(ORIEL_ACCESS_LOG, LOG_FORMAT, ORIEL_LOG_PROFILE)
 *     access_log_ignores(ORIEL_ACCESS_LOG_IGNORE, route, path, status)
 *
 * Unset, it is on for those who have asked for log lines. Guest-safe.
 */
#pragma once

#include "base/boolean.h"

/* Has somebody said how log lines should look? Then they are for him. */
static inline bool log_lines_are_asked_for(struct str format, struct str profile)
{
	return profile.n || (format.n && !str_eq_nocase(format, STR("none")) &&
			     !str_eq_nocase(format, STR("disabled")));
}

static inline bool access_log_is_on(struct str set, struct str format, struct str profile)
{
	if (boolean_is_yes(set) || boolean_is_no(set))
		return boolean_is_yes(set);
	return log_lines_are_asked_for(format, profile);
}

/* "404" or "2xx". */
static inline bool access_log_is_status(struct str text)
{
	return text.n == 3 && text.p[0] >= '1' && text.p[0] <= '5' &&
	       ((text.p[1] >= '0' && text.p[1] <= '9' && text.p[2] >= '0' && text.p[2] <= '9') ||
		str_eq_nocase(str_from(text, 1), STR("xx")));
}

static inline bool access_log_status_is(struct str text, unsigned status)
{
	return (unsigned)(text.p[0] - '0') == status / 100 &&
	       (text.p[1] == 'x' || text.p[1] == 'X' ||
		((unsigned)(text.p[1] - '0') == status / 10 % 10 &&
		 (unsigned)(text.p[2] - '0') == status % 10));
}

static inline bool access_log_place_is(struct str wanted, struct str route, struct str path)
{
	struct str place = route.n ? route : path;

	if (str_ends(wanted, STR("*")))
		return str_starts(place, str_first(wanted, wanted.n - 1));
	return str_eq(place, wanted);
}

/* "/health", "/health:2xx", "404", "/static/" and a star: a route (a path where there is none), a status, or both. */
static inline bool access_log_item_is(struct str item, struct str route, struct str path,
				      unsigned status)
{
	struct str last = item.n > 3 ? str_from(item, item.n - 3) : item;
	bool has_status = access_log_is_status(last) && (item.n == 3 || item.p[item.n - 4] == ':');
	struct str place = item;

	if (has_status && !access_log_status_is(last, status))
		return false;
	if (has_status)
		place = item.n == 3 ? STR("") : str_first(item, item.n - 4);
	return (has_status && !place.n) || access_log_place_is(place, route, path);
}

static inline bool access_log_ignores(struct str list, struct str route, struct str path,
				      unsigned status)
{
	struct str item;

	while (str_next(&list, ',', &item))
		if (access_log_item_is(item, route, path, status))
			return true;
	return false;
}
