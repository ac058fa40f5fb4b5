/* SPDX-License-Identifier: Apache-2.0 */
#include "export/http-url.h"

static bool has_odd_character(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			return true;
	return false;
}

/* After "scheme://": something that could be a host is there. */
static bool has_host(struct str after_scheme)
{
	return after_scheme.n && !memchr("/?#:@", after_scheme.p[0], 5);
}

struct str http_url_after_scheme(struct str url)
{
	const char *at = url.n ? memmem(url.p, url.n, "://", 3) : NULL;

	return at ? str_from(url, (size_t)(at - url.p)) : STR("");
}

const char *http_url_trouble(struct str url)
{
	struct str after = http_url_after_scheme(url);
	struct str scheme = str_first(url, url.n - after.n);

	if (!str_eq_nocase(scheme, STR("http")) && !str_eq_nocase(scheme, STR("https")))
		return ": the scheme is neither http nor https";
	if (!has_host(str_from(after, 3)) || has_odd_character(url))
		return " is no address: it has no host, or a blank in it";
	return NULL;
}
