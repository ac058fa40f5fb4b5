/* SPDX-License-Identifier: Apache-2.0 */
#include "view/accept.h"

enum { WEIGHT_ONE = 1000, WEIGHT_DIGITS = 3 };

/* "0.75" in thousandths; what makes no sense weighs nothing. */
static int weight_read(struct str text)
{
	struct cut cut = str_cut(text, '.');
	uint64_t whole, part = 0;

	if (!str_to_u64(cut.head, &whole) || whole > 1 || cut.tail.n > WEIGHT_DIGITS ||
	    (cut.tail.n && !str_to_u64(cut.tail, &part)))
		return 0;
	for (size_t i = cut.tail.n; i < WEIGHT_DIGITS; i++)
		part *= 10;
	return whole ? WEIGHT_ONE : (int)part;
}

struct choice {
	struct str name, version;
	int weight;
};

static struct choice choice_read(struct str item)
{
	struct cut cut = str_cut(item, ';');
	struct choice c = { .name = str_trim(cut.head), .weight = WEIGHT_ONE };

	while (cut.tail.n) {
		struct cut rest = str_cut(cut.tail, ';'), pair = str_cut(rest.head, '=');
		struct str key = str_trim(pair.head), value = str_trim(pair.tail);

		if (str_eq_nocase(key, STR("q")))
			c.weight = weight_read(value);
		else if (str_eq_nocase(key, STR("version")))
			c.version = value;
		cut.tail = rest.tail;
	}
	return c;
}

static bool is_version(const struct choice *c, struct str version)
{
	return !c->version.n || str_eq(c->version, version);
}

static bool is_openmetrics(const struct choice *c)
{
	return (str_eq_nocase(c->name, STR("application/openmetrics-text")) &&
		is_version(c, STR("1.0.0"))) ||
	       str_eq_nocase(c->name, STR("application/*"));
}

static bool is_text(const struct choice *c)
{
	return (str_eq_nocase(c->name, STR("text/plain")) && is_version(c, STR("0.0.4"))) ||
	       str_eq_nocase(c->name, STR("text/*")) || str_eq(c->name, STR("*/*"));
}

bool accept_openmetrics(struct str header)
{
	bool openmetrics = false;
	int best = 0;

	while (header.n) {
		struct cut item = str_cut(header, ',');
		struct choice c = choice_read(item.head);

		if (c.weight > best && (is_openmetrics(&c) || is_text(&c))) {
			openmetrics = is_openmetrics(&c);
			best = c.weight;
		}
		header = item.tail;
	}
	return openmetrics;
}

bool accept_gzip(struct str header)
{
	bool any = false;

	while (header.n) {
		struct cut item = str_cut(header, ',');
		struct choice c = choice_read(item.head);

		if (str_eq_nocase(c.name, STR("gzip")))
			return c.weight > 0;
		if (str_eq(c.name, STR("*")))
			any = c.weight > 0;
		header = item.tail;
	}
	return any;
}
