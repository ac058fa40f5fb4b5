/* SPDX-License-Identifier: Apache-2.0 */
#include "base/view.h"

#include "base/glob.h"
#include <string.h>

static const struct str member_names[N_VIEW_MEMBERS] = {
#define X(name, says) STR(#name),
	VIEW_MEMBERS(X)
#undef X
};

static const struct str aggregation_names[N_VIEW_AGGREGATIONS] = {
#define X(id, name) STR(name),
	VIEW_AGGREGATIONS(X)
#undef X
};

static size_t name_find(const struct str *name, size_t n, struct str text)
{
	size_t i = 0;

	while (i < n && !str_eq(name[i], text))
		i++;
	return i;
}

/* ---- numbers --------------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits and a point as a whole number and a power of ten; what is beyond 19 digits is cut. */
static bool mantissa_read(struct str *s, uint64_t *digits, int *exponent)
{
	bool point = false, any = false;

	*digits = 0;
	*exponent = 0;
	for (; s->n && (is_digit(*s->p) || (*s->p == '.' && !point)); *s = str_from(*s, 1)) {
		if (*s->p == '.') {
			point = true;
			continue;
		}
		any = true;
		if (*digits < 1000000000000000000u) {
			*digits = *digits * 10 + (uint64_t)(*s->p - '0');
			*exponent -= point;
		} else {
			*exponent += !point;
		}
	}
	return any;
}

static bool exponent_read(struct str s, int *exponent)
{
	bool minus = s.n > 1 && s.p[1] == '-';
	uint64_t v;

	if (!s.n)
		return true;
	if (*s.p != 'e' && *s.p != 'E')
		return false;
	s = str_from(s, 1 + (minus || (s.n > 1 && s.p[1] == '+')));
	if (!str_to_u64(s, &v) || v > 400)
		return false;
	*exponent += minus ? -(int)v : (int)v;
	return true;
}

/* Correctly rounded up to 15 digits and 22 powers of ten, which is more than bounds have. */
static bool number_read(struct str s, double *out)
{
	bool minus = s.n && *s.p == '-';
	uint64_t digits;
	double v, power = 1;
	int exponent;

	s = str_from(s, minus);
	if (!mantissa_read(&s, &digits, &exponent) || !exponent_read(s, &exponent))
		return false;
	v = (double)digits;
	for (int i = exponent < 0 ? -exponent : exponent; i; i--) {
		power *= 10;
		if (power >= 1e22) {
			v = exponent < 0 ? v / power : v * power;
			power = 1;
		}
	}
	v = exponent < 0 ? v / power : v * power;
	*out = minus ? -v : v;
	return v <= 1.7976931348623157e308;
}

/* SIZE_MAX: not numbers that rise, or too many. */
static size_t numbers_read(struct str list, double out[VIEW_NUMBERS_MOST])
{
	size_t n = 0;

	while (list.n) {
		struct cut item = str_cut(list, '|');

		list = item.tail;
		if (n == VIEW_NUMBERS_MOST || !number_read(str_trim(item.head), &out[n]) ||
		    (n && !(out[n - 1] < out[n])))
			return SIZE_MAX;
		n++;
	}
	return n;
}

size_t view_numbers(const struct view *v, enum view_member m, double out[VIEW_NUMBERS_MOST])
{
	size_t n = view_says(v, m) ? numbers_read(v->member[m], out) : 0;

	return n == SIZE_MAX ? 0 : n;
}

/* ---- reading --------------------------------------------------------------------------------------- */

static const char *numbers_fault(struct str list, double least, double most)
{
	double number[VIEW_NUMBERS_MOST];
	size_t n = numbers_read(list, number);

	if (n == SIZE_MAX || (n && (number[0] < least || number[n - 1] > most)))
		return "not numbers that rise, or out of range, or more than 64";
	return n ? NULL : "no numbers";
}

static const char *member_fault(struct view *v, enum view_member m, struct str value)
{
	if (m == VIEW_aggregation) {
		v->aggregation = (enum view_aggregation)name_find(aggregation_names,
								  N_VIEW_AGGREGATIONS, value);
		return v->aggregation == N_VIEW_AGGREGATIONS ? "no such aggregation" : NULL;
	}
	if (m == VIEW_limit)
		return str_to_u64(value, &v->limit) && v->limit ? NULL : "not a number above 0";
	if (m == VIEW_buckets)
		return numbers_fault(value, -1.7976931348623157e308, 1.7976931348623157e308);
	if (m == VIEW_quantiles)
		return numbers_fault(value, 0, 1);
	return value.n || m == VIEW_attributes || m == VIEW_description ? NULL : "no value";
}

static const char *member_read(struct view *v, struct str text)
{
	struct cut pair = str_cut(text, '=');
	size_t m = name_find(member_names, N_VIEW_MEMBERS, str_trim(pair.head));

	if (m == N_VIEW_MEMBERS || !pair.found)
		return "no view has such a member";
	if (v->member[m].p)
		return "said twice";
	v->member[m] = str_trim(pair.tail);
	if (!v->member[m].p)
		v->member[m] = STR("");
	return member_fault(v, (enum view_member)m, v->member[m]);
}

static bool has_wildcard(struct str s)
{
	return memchr(s.p, '*', s.n) || memchr(s.p, '?', s.n);
}

static bool selects_anything(const struct view *v)
{
	for (int m = VIEW_instrument; m <= VIEW_meter_schema_url; m++)
		if (view_says(v, (enum view_member)m))
			return true;
	return false;
}

/* One name for several instruments would make one of them all ("View", its name). */
static const char *view_fault(const struct view *v)
{
	if (!selects_anything(v))
		return "it selects nothing";
	if (view_says(v, VIEW_name) &&
	    (!view_says(v, VIEW_instrument) || has_wildcard(v->member[VIEW_instrument])))
		return "a name for more than one instrument";
	return NULL;
}

static enum view_outcome view_read(struct view *v, struct str text, struct view_error *error)
{
	struct str rest = text, member;

	*v = (struct view){ .limit = 0 };
	while (str_next(&rest, ',', &member)) {
		error->what = member;
		error->says = member_read(v, member);
		if (error->says)
			return VIEW_BAD;
	}
	error->what = text;
	error->says = view_fault(v);
	return error->says ? VIEW_BAD : VIEW_FOUND;
}

static struct cut view_cut(struct str text)
{
	struct cut a = str_cut(text, ';'), b = str_cut(a.head, '\n');

	if (!b.found)
		return a;
	return (struct cut){ b.head, str_from(text, b.head.n + 1), true };
}

enum view_outcome view_next(struct str *text, struct view *out, struct view_error *error)
{
	while (text->n) {
		struct cut one = view_cut(*text);
		struct str view = str_trim(one.head);

		*text = one.tail;
		if (view.n)
			return view_read(out, view, error);
	}
	return VIEW_END;
}

/* ---- asking ---------------------------------------------------------------------------------------- */

static bool holds(const struct view *v, enum view_member m, struct str text)
{
	return !view_says(v, m) || str_eq(v->member[m], text);
}

/* Instruments' names are the same in any case ("Instrument name"). */
bool view_selects(const struct view *v, const struct view_subject *s)
{
	return (!view_says(v, VIEW_instrument) ||
		glob(v->member[VIEW_instrument], s->instrument)) &&
	       holds(v, VIEW_kind, s->kind) && holds(v, VIEW_unit, s->unit) &&
	       holds(v, VIEW_meter_name, s->meter_name) &&
	       holds(v, VIEW_meter_version, s->meter_version) &&
	       holds(v, VIEW_meter_schema_url, s->meter_schema_url);
}

static bool lists(struct str list, struct str key)
{
	while (list.n) {
		struct cut item = str_cut(list, '|');

		if (str_eq(str_trim(item.head), key))
			return true;
		list = item.tail;
	}
	return false;
}

bool view_keeps(const struct view *v, struct str key)
{
	if (view_says(v, VIEW_attributes) && !lists(v->member[VIEW_attributes], key))
		return false;
	return !view_says(v, VIEW_without) || !lists(v->member[VIEW_without], key);
}
