/* SPDX-License-Identifier: Apache-2.0 */
/*
 * View: what becomes of some instruments' measurements (Metrics SDK, "View"), as ORIEL_VIEWS has it:
 *
 *     instrument=http.*,attributes=http.route|http.request.method,buckets=0.1|1|10;
 *     instrument=cache.size,aggregation=drop
 *
 * Views are parted by ';' or ends of lines, their members by ','; blanks around names and values
 * don't count. Instrument, kind, unit and the meter's three select: each view that holds in all that it says
 * of them makes a metric of the instrument; of several that come to one name the first does.
 *
 *     while ((r = view_next(&text, &view, &error)) != VIEW_END)
 *             r is VIEW_BAD: the whole view is left out
 *
 * Everything borrows from the text. Guests and home alike use it: no allocation, no locale.
 */
#pragma once

#include "base/str.h"

#define VIEW_MEMBERS(X) \
	X(instrument, "its name; * stands for any characters, ? for one") \
	X(kind, "counter, up_down, gauge, histogram, exponential or summary") \
	X(unit, "its unit") \
	X(meter_name, "its scope's name") \
	X(meter_version, "its scope's version") \
	X(meter_schema_url, "its scope's schema URL") \
	X(name, "another name") \
	X(description, "another description") \
	X(attributes, "the keys that are kept, by |; none: all are left out") \
	X(without, "keys that are left out, by |") \
	X(buckets, "bounds, rising, by |") \
	X(quantiles, "of a summary, rising, 0 to 1, by |") \
	X(aggregation, "default, sum, last_value, histogram, exponential, summary or drop") \
	X(limit, "how many sets of attributes, the overflow included")

enum view_member {
#define X(name, says) VIEW_##name,
	VIEW_MEMBERS(X)
#undef X
		N_VIEW_MEMBERS
};

#define VIEW_AGGREGATIONS(X) \
	X(DEFAULT, "default") \
	X(SUM, "sum") \
	X(LAST_VALUE, "last_value") \
	X(HISTOGRAM, "histogram") \
	X(EXPONENTIAL, "exponential") \
	X(SUMMARY, "summary") \
	X(DROP, "drop")

enum view_aggregation {
#define X(id, name) VIEW_AGGREGATE_##id,
	VIEW_AGGREGATIONS(X)
#undef X
		N_VIEW_AGGREGATIONS
};

enum { VIEW_NUMBERS_MOST = 64 };

struct view {
	struct str member[N_VIEW_MEMBERS]; /* p NULL: not said */
	enum view_aggregation aggregation;
	uint64_t limit; /* 0: not said */
};

enum view_outcome {
	VIEW_END,
	VIEW_FOUND,
	VIEW_BAD,
};

struct view_error {
	struct str what; /* the member, or the view */
	const char *says;
};

enum view_outcome view_next(struct str *text, struct view *out, struct view_error *error);

static inline bool view_says(const struct view *v, enum view_member m)
{
	return v->member[m].p != NULL;
}

/* An instrument as views see it: empty slices are what isn't known. */
struct view_subject {
	struct str instrument, kind, unit;
	struct str meter_name, meter_version, meter_schema_url;
};

/* Is this view the instrument's? */
bool view_selects(const struct view *v, const struct view_subject *s);

/* Does an attribute with this key stay? */
bool view_keeps(const struct view *v, struct str key);

/* The numbers of buckets or quantiles; how many there are. */
size_t view_numbers(const struct view *v, enum view_member m, double out[VIEW_NUMBERS_MOST]);
