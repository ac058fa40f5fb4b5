/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/instruments.h"

#include "model/stats.h"

#include <stdio.h>

enum { NAME_MOST = 255, UNIT_MOST = 63, SHOWN = 80 };

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool instrument_name_is_good(struct str name)
{
	if (!name.n || name.n > NAME_MOST || !is_letter(name.p[0]))
		return false;
	for (size_t i = 1; i < name.n; i++)
		if (!is_letter(name.p[i]) && !(name.p[i] >= '0' && name.p[i] <= '9') &&
		    !memchr("_.-/", name.p[i], 4))
			return false;
	return true;
}

bool instrument_unit_is_good(struct str unit)
{
	for (size_t i = 0; i < unit.n; i++)
		if ((unsigned char)unit.p[i] >= 0x80)
			return false;
	return unit.n <= UNIT_MOST;
}

static bool is_first(const struct batch *b, size_t i)
{
	return !i || b->point[i].name.p != b->point[i - 1].name.p;
}

static bool is_like(const struct metric_point *a, const struct metric_point *b)
{
	return str_eq_nocase(a->name, b->name) && scope_same(a->scope, b->scope);
}

/* An earlier one has its name. */
static bool is_twice(const struct batch *b, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (is_first(b, i) && is_like(&b->point[i], &b->point[at]))
			return true;
	return false;
}

static uint32_t hash_of(const struct metric_point *p)
{
	uint32_t h = 0x811c9dc5u ^ (uint32_t)p->kind;

	for (size_t i = 0; i < p->name.n; i++)
		h = (h ^ (unsigned char)p->name.p[i]) * 0x01000193u;
	return h;
}

static bool is_news(struct instruments *known, const struct metric_point *p)
{
	uint32_t h = hash_of(p);

	for (size_t i = 0; i < known->n_told; i++)
		if (known->told[i] == h)
			return false;
	if (known->n_told == INSTRUMENTS_TOLD)
		return false;
	known->told[known->n_told++] = h;
	return true;
}

static void tell(struct str service, const struct metric_point *p, const char *what)
{
	char name[SHOWN];
	int n = snprintf(name, sizeof(name), STR_FMT, STR_ARG(p->name));

	for (int i = 0; i < n && name[i]; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
			name[i] = '?';
	fprintf(stderr, "oriel: instrument %s of " STR_FMT ": %s; it works all the same\n", name,
		STR_ARG(str_first(service, SHOWN)), what);
	stats_add(instruments_odd, 1);
}

static const char *trouble(const struct batch *b, size_t at)
{
	const struct metric_point *p = &b->point[at];

	if (!instrument_name_is_good(p->name))
		return "its name hasn't OpenTelemetry's syntax";
	if (!instrument_unit_is_good(p->unit))
		return "its unit isn't at most 63 characters of ASCII";
	return is_twice(b, at) ? "another one with this name is of another kind or unit" : NULL;
}

size_t instruments_check(struct instruments *known, const struct batch *b, struct str service)
{
	size_t n = 0, n_told = 0;

	for (size_t i = 0; i < b->n_points; i++)
		n += is_first(b, i);
	if (n == known->n)
		return 0;
	known->n = n;
	for (size_t i = 0; i < b->n_points; i++) {
		const char *what = is_first(b, i) ? trouble(b, i) : NULL;

		if (!what || !is_news(known, &b->point[i]))
			continue;
		tell(service, &b->point[i], what);
		n_told++;
	}
	return n_told;
}
