/* SPDX-License-Identifier: Apache-2.0 */
#include "export/otlp-headers.h"

#include "base/hex.h"

static bool is_token_char(char c)
{
	return (c >= '0' && c <= '9') || (str_lower(c) >= 'a' && str_lower(c) <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_token_char(s.p[i]))
			return false;
	return s.n > 0;
}

/* These say what the body is and how long; a second one would contradict ours. */
static bool is_ours(struct str name)
{
	static const char *const ours[] = { "content-type",
					    "content-length",
					    "content-encoding",
					    "transfer-encoding",
					    "expect",
					    "connection",
					    "te",
					    "grpc-encoding",
					    "grpc-timeout",
					    "grpc-accept-encoding" };

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (str_eq_nocase(name, str_of(ours[i])))
			return true;
	return false;
}

/* Into `to`, which has room for s.n + 1; false for a control character. A stray % stands for
 * itself. */
static bool percent_decode(char *to, struct str s)
{
	while (s.n) {
		unsigned char c = (unsigned char)s.p[0];
		size_t used = 1;

		if (c == '%' && s.n >= 3 && hex_read(&c, 1, (struct str){ s.p + 1, 2 }, true))
			used = 3;
		if (c < 0x20 || c == 0x7f)
			return false;
		*to++ = (char)c;
		s = str_from(s, used);
	}
	*to = '\0';
	return true;
}

static const char *copy_text(struct arena *a, struct str s)
{
	char *p = arena_take(a, s.n + 1);

	if (p) {
		memcpy(p, s.p, s.n);
		p[s.n] = '\0';
	}
	return p;
}

static bool headers_add(struct otlp_headers *h, struct arena *a, struct str name, struct str value)
{
	char *decoded = arena_take(a, value.n + 1);
	const char *copy = copy_text(a, name);
	size_t i = 0;

	if (!decoded || !copy || !percent_decode(decoded, value))
		return false;
	while (i < h->n && !str_eq_nocase(str_of(h->item[i].name), name))
		i++;
	if (i == OTLP_HEADERS_MOST)
		return false;
	h->item[i].name = copy;
	h->item[i].value = decoded;
	h->n += i == h->n;
	return true;
}

size_t otlp_headers_read(struct otlp_headers *out, struct arena *a, struct str text)
{
	size_t bad = 0;

	while (text.n) {
		struct cut item = str_cut(text, ',');
		struct str one = str_trim(item.head);
		struct cut pair = str_cut(one, '=');
		struct str name = str_trim(pair.head);

		if (one.n && (!pair.found || !is_token(name) || is_ours(name) ||
			      !headers_add(out, a, name, str_trim(pair.tail))))
			bad++;
		text = item.tail;
	}
	return bad;
}
