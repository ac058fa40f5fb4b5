/* SPDX-License-Identifier: Apache-2.0 */
#include "export/sentry-dsn.h"

#include "export/http-url.h"

/* What goes into a header and into an address: nothing that means something there. */
static bool is_word(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = str_lower(s.p[i]);

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return s.n > 0;
}

const char *sentry_dsn_read(struct sentry_dsn *out, struct str text)
{
	struct str after = http_url_after_scheme(text);
	struct sentry_dsn dsn = { .scheme = str_first(text, text.n - after.n) };
	struct cut user = str_cut(str_from(after, 3), '@'), host = str_cut(user.tail, '/');
	const char *slash;

	if (!user.found || !is_word(str_cut(user.head, ':').head))
		return " has no key (https://KEY@HOST/PROJECT)";
	dsn.key = str_cut(user.head, ':').head;
	dsn.host = host.head;
	slash = host.tail.n ? memrchr(host.tail.p, '/', host.tail.n) : NULL;
	dsn.project = slash ? str_from(host.tail, (size_t)(slash + 1 - host.tail.p)) : host.tail;
	if (slash)
		dsn.path = (struct str){ host.tail.p - 1, (size_t)(slash + 1 - host.tail.p) };
	if (!is_word(dsn.project))
		return " has no project (https://KEY@HOST/PROJECT)";
	if (!dsn.host.n || memchr(dsn.host.p, '%', dsn.host.n) ||
	    memchr(dsn.host.p, '@', dsn.host.n))
		return " has no host (https://KEY@HOST/PROJECT)";
	if (!str_eq_nocase(dsn.scheme, STR("http")) && !str_eq_nocase(dsn.scheme, STR("https")))
		return ": the scheme is neither http nor https";
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7f)
			return " has a blank in it";
	*out = dsn;
	return NULL;
}
