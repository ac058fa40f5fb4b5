/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/plain.h"

#include "base/decimal.h"
#include "base/utf8.h"
#include "lib/row.h"

enum { NUMBER_ROOM = 40 };

void plain_open(struct plain *line, char *p, size_t size)
{
	*line = (struct plain){ p, 0, size - 1 };
}

static void put(struct plain *line, struct str text)
{
	if (text.n > line->room - line->n)
		text.n = utf8_first(text, line->room - line->n).n;
	if (text.n)
		memcpy(line->p + line->n, text.p, text.n);
	line->n += text.n;
}

/* Digits of `v`, at least `least` of them, before `end`. */
static struct str digits(char *end, uint64_t v, size_t least)
{
	char *p = end;

	do
		*--p = (char)('0' + v % 10);
	while ((v /= 10) || (size_t)(end - p) < least);
	return (struct str){ p, (size_t)(end - p) };
}

static void number(struct plain *line, uint64_t v, size_t least)
{
	char room[NUMBER_ROOM];

	put(line, digits(room + sizeof(room), v, least));
}

/* Days since 1970 as a date of the Gregorian calendar: eras of 400 years that begin in March. */
static void date(struct plain *line, int64_t days)
{
	int64_t era, of_era, year, of_year, month;

	days += 719468;
	era = days / 146097;
	of_era = days % 146097;
	year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	of_year = of_era - (365 * year + year / 4 - year / 100);
	month = (5 * of_year + 2) / 153;
	number(line, (uint64_t)(year + era * 400 + (month >= 10)), 4);
	put(line, STR("-"));
	number(line, (uint64_t)(month < 10 ? month + 3 : month - 9), 2);
	put(line, STR("-"));
	number(line, (uint64_t)(of_year - (153 * month + 2) / 5 + 1), 2);
}

void plain_time(struct plain *line, struct timespec now)
{
	int64_t s = now.tv_sec > 0 ? now.tv_sec : 0;

	date(line, s / 86400);
	put(line, STR("T"));
	number(line, (uint64_t)(s % 86400 / 3600), 2);
	put(line, STR(":"));
	number(line, (uint64_t)(s % 3600 / 60), 2);
	put(line, STR(":"));
	number(line, (uint64_t)(s % 60), 2);
	put(line, STR("."));
	number(line, (uint64_t)now.tv_nsec / 1000, 6);
	put(line, STR("Z "));
}

/* One character, or what stands for it; bytes taken. */
static size_t character(struct plain *line, struct str text, bool quoted)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char c = (unsigned char)text.p[0];
	size_t n = utf8_length(text);

	if (!n) {
		put(line, STR(UTF8_REPLACEMENT));
		return 1;
	}
	if (c == '\n')
		put(line, STR("\\n"));
	else if (c == '\t')
		put(line, STR("\\t"));
	else if (c < ' ' || c == 127)
		put(line, (struct str){ (char[]){ '\\', 'x', hex[c >> 4], hex[c & 15] }, 4 });
	else if (quoted && (c == '"' || c == '\\'))
		put(line, (struct str){ (char[]){ '\\', (char)c }, 2 });
	else
		put(line, str_first(text, n));
	return n;
}

static void characters(struct plain *line, struct str text, bool quoted)
{
	while (text.n && line->n < line->room)
		text = str_from(text, character(line, text, quoted));
}

void plain_text(struct plain *line, struct str text)
{
	characters(line, text, false);
}

static bool is_bare(struct str value)
{
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c >= 127)
			return false;
	}
	return value.n > 0;
}

void plain_field(struct plain *line, struct str key, struct str value)
{
	put(line, STR(" "));
	plain_text(line, key);
	put(line, STR("="));
	if (is_bare(value)) {
		put(line, value);
		return;
	}
	put(line, STR("\""));
	characters(line, value, true);
	put(line, STR("\""));
}

static struct str integer_text(char room[NUMBER_ROOM], int64_t v)
{
	uint64_t size = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	struct str text = digits(room + NUMBER_ROOM, size, 1);

	if (v >= 0)
		return text;
	room[NUMBER_ROOM - text.n - 1] = '-';
	return (struct str){ text.p - 1, text.n + 1 };
}

/* What would need an exponent, and what is no number, is told as a power of two, or by its name. */
static struct str double_text(char room[NUMBER_ROOM], double v)
{
	struct decimal d;
	struct str text;
	char *point;

	if (v == 0)
		return STR("0");
	if (!(v == v))
		return STR("nan");
	if (!decimal_of(v < 0 ? -v : v, &d))
		return v < 0 ? STR("-huge") : v < 1 ? STR("tiny") : STR("huge");
	text = digits(room + NUMBER_ROOM, d.digits, d.scale + 1);
	if (d.scale) {
		memmove((char *)text.p - 1, text.p, text.n - d.scale);
		point = (char *)text.p + text.n - d.scale - 1;
		*point = '.';
		text = (struct str){ text.p - 1, text.n + 1 };
	}
	if (v >= 0)
		return text;
	((char *)text.p)[-1] = '-';
	return (struct str){ text.p - 1, text.n + 1 };
}

static struct str value_text(char room[NUMBER_ROOM], const struct row_item *a)
{
	int64_t integer = 0;
	double real = 0;

	switch (a->type) {
	case WIRE_STRING:
		return a->value;
	case WIRE_BOOL:
		return a->value.n && a->value.p[0] ? STR("true") : STR("false");
	case WIRE_INT:
		memcpy(&integer, a->value.p, a->value.n < 8 ? a->value.n : 8);
		return integer_text(room, integer);
	case WIRE_DOUBLE:
		memcpy(&real, a->value.p, a->value.n < 8 ? a->value.n : 8);
		return double_text(room, real);
	default:
		return STR("[...]");
	}
}

void plain_row(struct plain *line, struct str row)
{
	char room[NUMBER_ROOM];
	struct row_item a;

	while (row_next(&row, &a))
		plain_field(line, a.key, value_text(room, &a));
}

size_t plain_close(struct plain *line)
{
	line->p[line->n++] = '\n';
	return line->n;
}
