/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/http/forwarded.h"

void forwarded_rules_read(struct forwarded_rules *r, struct str proxies, struct str header)
{
	bool x = str_eq_nocase(header, STR("x-forwarded-for"));
	bool standard = str_eq_nocase(header, STR("forwarded"));

	memset(r, 0, sizeof(*r));
	proxies_read(&r->trusted, proxies, NULL);
	r->x_forwarded_for = x || !standard;
	r->forwarded = standard || !x;
}

/* Along a list, from the right. */
struct walk {
	const struct forwarded_rules *rules;
	uint8_t client[16];
	bool found;
};

/* "192.0.2.7:4711", "[2001:db8::1]:4711", and both without ports or brackets. */
static bool node_address(struct str node, uint8_t out[16])
{
	struct cut cut;

	if (str_starts(node, STR("["))) {
		cut = str_cut(str_from(node, 1), ']');
		return cut.found && (!cut.tail.n || cut.tail.p[0] == ':') &&
		       memchr(cut.head.p, ':', cut.head.n) && proxies_address(cut.head, out);
	}
	cut = str_cut(node, ':');
	if (cut.found && !memchr(cut.tail.p, ':', cut.tail.n))
		node = cut.head;
	return proxies_address(node, out);
}

/* False: the walk is over. */
static bool step(struct walk *w, struct str node)
{
	uint8_t address[16];

	if (!node_address(node, address))
		return false;
	w->found = !proxies_have(&w->rules->trusted, address);
	if (w->found)
		memcpy(w->client, address, 16);
	return !w->found;
}

static bool last_comma(struct str list, size_t *at)
{
	for (size_t i = list.n; i--;) {
		if (list.p[i] == ',') {
			*at = i;
			return true;
		}
	}
	return false;
}

static void walk_plain(struct walk *w, struct str list)
{
	size_t at;

	while (last_comma(list, &at)) {
		struct str node = str_trim(str_from(list, at + 1));

		list.n = at;
		if (node.n && !step(w, node))
			return;
	}
	list = str_trim(list);
	if (list.n)
		step(w, list);
}

/* ---- RFC 7239 -------------------------------------------------------------------------------------- */

enum { ELEMENTS_MOST = 32 };

/* An element's `for`, without its quotes; found: there is one. */
struct element {
	struct str node;
	bool found;
};

/* Up to one of `ends` that isn't within quotes. False: quotes that don't close. */
static bool take(struct str *rest, const char *ends, struct str *out)
{
	bool quoted = false;
	size_t i = 0;

	for (; i < rest->n && (quoted || !strchr(ends, rest->p[i]) || !rest->p[i]); i++) {
		if (rest->p[i] == '"')
			quoted = !quoted;
		else if (quoted && rest->p[i] == '\\')
			i++;
	}
	if (quoted || i > rest->n)
		return false;
	*out = str_trim(str_first(*rest, i));
	*rest = str_from(*rest, i);
	return true;
}

static bool read_pair(struct str text, struct element *e)
{
	struct cut pair = str_cut(text, '=');
	struct str value = str_trim(pair.tail);

	if (!text.n || !pair.found || !str_eq_nocase(str_trim(pair.head), STR("for")))
		return !text.n || pair.found;
	if (e->found)
		return false;
	if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
		value = (struct str){ value.p + 1, value.n - 2 };
	e->node = value;
	e->found = true;
	return true;
}

static bool read_element(struct str text, struct element *e)
{
	struct str pair;

	*e = (struct element){ .found = false };
	while (text.n) {
		if (!take(&text, ";", &pair) || !read_pair(pair, e))
			return false;
		text = str_from(text, 1);
	}
	return true;
}

/* Quotes can only be read from the left: the last elements are kept on the way. */
static bool walk_standard(struct walk *w, struct str list)
{
	struct element ring[ELEMENTS_MOST];
	struct str text;
	size_t n = 0;

	while (list.n) {
		if (!take(&list, ",", &text) || !read_element(text, &ring[n % ELEMENTS_MOST]))
			return false;
		n += text.n != 0;
		list = str_from(list, 1);
	}
	for (size_t i = 0; i < n && i < ELEMENTS_MOST; i++) {
		const struct element *e = &ring[(n - 1 - i) % ELEMENTS_MOST];

		if (!e->found || !step(w, e->node))
			break;
	}
	return true;
}

bool forwarded_client(const struct forwarded_rules *r, const struct forwarded_seen *seen,
		      uint8_t out[16])
{
	bool trusted = seen->peer ? proxies_have(&r->trusted, seen->peer) : r->trusted.local;
	bool x = r->x_forwarded_for && seen->x_forwarded_for.n;
	bool standard = r->forwarded && seen->forwarded.n;
	struct walk by_x = { .rules = r }, by_standard = { .rules = r };

	if (!trusted || (!x && !standard))
		return false;
	if (x)
		walk_plain(&by_x, seen->x_forwarded_for);
	if (standard && !walk_standard(&by_standard, seen->forwarded))
		return false;
	if (x && standard && memcmp(by_x.client, by_standard.client, 16) != 0)
		return false;
	memcpy(out, x ? by_x.client : by_standard.client, 16);
	return x ? by_x.found : by_standard.found;
}
