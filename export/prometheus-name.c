/* SPDX-License-Identifier: Apache-2.0 */
#include "export/prometheus-name.h"

struct word {
	struct str unit, name;
};

static const struct word units[] = {
	{ STR("d"), STR("days") },	    { STR("h"), STR("hours") },
	{ STR("min"), STR("minutes") },	    { STR("s"), STR("seconds") },
	{ STR("ms"), STR("milliseconds") }, { STR("us"), STR("microseconds") },
	{ STR("ns"), STR("nanoseconds") },  { STR("By"), STR("bytes") },
	{ STR("KiBy"), STR("kibibytes") },  { STR("MiBy"), STR("mebibytes") },
	{ STR("GiBy"), STR("gibibytes") },  { STR("TiBy"), STR("tebibytes") },
	{ STR("KBy"), STR("kilobytes") },   { STR("kBy"), STR("kilobytes") },
	{ STR("MBy"), STR("megabytes") },   { STR("GBy"), STR("gigabytes") },
	{ STR("TBy"), STR("terabytes") },   { STR("bit"), STR("bits") },
	{ STR("m"), STR("meters") },	    { STR("V"), STR("volts") },
	{ STR("A"), STR("amperes") },	    { STR("J"), STR("joules") },
	{ STR("W"), STR("watts") },	    { STR("g"), STR("grams") },
	{ STR("Cel"), STR("celsius") },	    { STR("Hz"), STR("hertz") },
	{ STR("%"), STR("percent") },	    { STR("1"), STR("") },
};

/* After the stroke, one of them. */
static const struct word per[] = {
	{ STR("s"), STR("second") }, { STR("m"), STR("minute") }, { STR("min"), STR("minute") },
	{ STR("h"), STR("hour") },   { STR("d"), STR("day") },	  { STR("w"), STR("week") },
	{ STR("mo"), STR("month") }, { STR("y"), STR("year") },
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* One '_' for any number of bytes that can't be in a name, those that begin one included. */
static void out_name(struct out *o, struct str from, bool colons)
{
	size_t begin = o->n;

	for (size_t i = 0; i < from.n; i++) {
		char c = from.p[i];
		bool digit = c >= '0' && c <= '9';

		if (digit && o->n == begin)
			out_char(o, '_');
		if (digit || is_letter(c) || (colons && c == ':'))
			out_char(o, c);
		else if (o->n == begin || (o->n && o->p[o->n - 1] != '_'))
			out_char(o, '_');
	}
	if (o->n == begin)
		out_char(o, '_');
}

void prometheus_label_name(struct out *o, struct str key)
{
	out_name(o, key, false);
}

static bool out_word(struct out *o, struct str unit, const struct word *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(words[i].unit, unit)) {
			out_str(o, words[i].name);
			return true;
		}
	return false;
}

/* Without what stands in braces; unbalanced ones end the unit. */
static struct str without_remarks(struct str unit, char *to, size_t room)
{
	size_t n = 0;
	bool inside = false;

	for (size_t i = 0; i < unit.n && n < room; i++) {
		if (unit.p[i] == '{')
			inside = true;
		else if (unit.p[i] == '}')
			inside = false;
		else if (!inside)
			to[n++] = unit.p[i];
	}
	return str_trim((struct str){ to, n });
}

/* Letters, digits and single '_' between them, of a unit that nobody listed. */
static void out_unit_as_is(struct out *o, struct str unit)
{
	size_t begin = o->n;

	for (size_t i = 0; i < unit.n; i++) {
		char c = unit.p[i];

		if (is_letter(c) || (c >= '0' && c <= '9'))
			out_char(o, c);
		else if (o->n > begin && o->p[o->n - 1] != '_')
			out_char(o, '_');
	}
	while (o->n > begin && o->p[o->n - 1] == '_')
		o->n--;
}

void prometheus_unit_name(struct out *o, struct str unit, enum metric_kind kind)
{
	char text[64];
	struct cut cut;
	size_t begin = o->n;

	unit = without_remarks(unit, text, sizeof(text));
	if (str_eq(unit, STR("1"))) {
		if (kind == METRIC_GAUGE)
			out_str(o, STR("ratio"));
		return;
	}
	cut = str_cut(unit, '/');
	if (!out_word(o, cut.head, units, sizeof(units) / sizeof(units[0])))
		out_unit_as_is(o, cut.head);
	if (!cut.tail.n)
		return;
	if (o->n > begin)
		out_char(o, '_');
	out_str(o, STR("per_"));
	if (!out_word(o, cut.tail, per, sizeof(per) / sizeof(per[0])))
		out_unit_as_is(o, cut.tail);
}

/* Is `end` the name's end, as a word of its own? */
static bool name_ends(struct str name, struct str end)
{
	return str_ends(name, end) && name.n > end.n && name.p[name.n - end.n - 1] == '_';
}

/*
 * Prometheus keeps "_count" for histograms, and promtool minds it elsewhere. The conventions' names that
 * we measure by ourselves (process.thread.count) become what they count: process_threads. Others are
 * their owners'.
 */
static bool is_reserved(const struct metric_point *p)
{
	return (p->kind == METRIC_GAUGE || p->kind == METRIC_UP_DOWN) && p->scope &&
	       str_starts(p->scope->name, STR("oriel.")) && str_ends(p->name, STR(".count"));
}

bool prometheus_ends_with_total(const struct metric_point *p)
{
	const struct str end = STR("total");

	if (p->kind != METRIC_SUM || !str_ends(p->name, end) || p->name.n == end.n)
		return false;
	char before = p->name.p[p->name.n - end.n - 1];

	return !is_letter(before) && !(before >= '0' && before <= '9');
}

void prometheus_metric_name(struct out *o, struct str space, const struct metric_point *p,
			    bool with_unit)
{
	char words[192];
	struct out unit = { words, 0, sizeof(words), sizeof(words), 0 };
	size_t begin = o->n;

	if (space.n) {
		out_name(o, space, true);
		if (o->n && o->p[o->n - 1] != '_')
			out_char(o, '_');
	}
	out_name(o, str_first(p->name, p->name.n - (is_reserved(p) ? sizeof(".count") - 1 : 0)),
		 true);
	if (is_reserved(p))
		out_char(o, 's');
	if (p->kind == METRIC_SUM &&
	    name_ends((struct str){ o->p + begin, o->n - begin }, STR("total")))
		o->n -= sizeof("_total") - 1;
	if (with_unit)
		prometheus_unit_name(&unit, p->unit, p->kind);
	if (unit.n && !unit.error && !o->error &&
	    !name_ends((struct str){ o->p + begin, o->n - begin }, out_all(&unit))) {
		if (o->n && o->p[o->n - 1] != '_')
			out_char(o, '_');
		out_str(o, out_all(&unit));
	}
}
