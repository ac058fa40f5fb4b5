/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/http/http.h"
#include "base/hex.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum { METHODS_MOST = 32 };

static const struct str default_methods[] = { STR("GET"),    STR("POST"),    STR("HEAD"),
					      STR("PUT"),    STR("DELETE"),  STR("PATCH"),
					      STR("QUERY"),  STR("OPTIONS"), STR("TRACE"),
					      STR("CONNECT") };

static struct {
	size_t n;
	struct str item[METHODS_MOST];
	char text[512];
} chosen;

void http_methods_set(const char *list)
{
	struct str rest = str_of(list), method;
	size_t used = 0;

	chosen.n = 0;
	while (chosen.n < METHODS_MOST && str_next(&rest, ',', &method)) {
		if (method.n >= sizeof(chosen.text) - used)
			continue;
		memcpy(chosen.text + used, method.p, method.n);
		chosen.text[used + method.n] = 0;
		chosen.item[chosen.n++] = (struct str){ chosen.text + used, method.n };
		used += method.n + 1;
	}
}

const char *http_method(struct str method)
{
	const struct str *item = chosen.n ? chosen.item : default_methods;
	size_t n = chosen.n ? chosen.n : sizeof(default_methods) / sizeof(default_methods[0]);

	if (!chosen.n && method.n == 3 && memcmp(method.p, "GET", 3) == 0)
		return item[0].p;
	for (size_t i = 0; i < n; i++)
		if (str_eq(method, item[i]))
			return item[i].p;
	return NULL;
}

static size_t scheme_length(struct str url)
{
	for (size_t i = 0; i + 2 < url.n; i++) {
		char c = str_lower(url.p[i]);

		if (c == ':')
			return i && url.p[i + 1] == '/' && url.p[i + 2] == '/' ? i : 0;
		if (!(c >= 'a' && c <= 'z') &&
		    !(i && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')))
			return 0;
	}
	return 0;
}

struct http_target http_target_of(struct str target)
{
	size_t scheme = scheme_length(target);
	struct cut c;

	c = str_cut(target, '#');
	target = c.head;
	c = str_cut(target, '?');
	if (scheme && scheme < c.head.n) {
		struct str rest = str_from(c.head, scheme + 3);
		struct cut path = str_cut(rest, '/');

		if (path.found)
			c.head = str_from(rest, path.head.n);
		else
			c.head = STR("/");
	}
	return (struct http_target){ c.head, c.tail };
}

struct fill {
	char *p;
	size_t n, size;
};

static void fill_str(struct fill *f, struct str s)
{
	size_t n = s.n < f->size - f->n ? s.n : f->size - f->n;

	if (n)
		memcpy(f->p + f->n, s.p, n);
	f->n += n;
}

static void fill_text(struct fill *f, const struct redact *rules, struct str text)
{
	if (redact_is_loud(text.p, text.n))
		f->n += redact_text(rules, text, f->p + f->n, f->size - f->n);
	else
		fill_str(f, text);
}

/* What the semantic conventions have in place of a masked value is the word without brackets. */
static void fill_mark(struct fill *f, const struct redact *rules, enum redact_action action,
		      struct str value)
{
	char mark[REDACT_MARK_MOST];

	if (action == REDACT_MASK)
		fill_str(f, STR("REDACTED"));
	else
		fill_str(f, (struct str){ mark, redact_mark(rules, action, value, mark) });
}

static void query_fill(struct fill *f, const struct redact *rules, struct str query)
{
	while (query.n) {
		struct cut item = str_cut(query, '&');
		struct cut pair = str_cut(item.head, '=');
		enum redact_action action =
			pair.found ? redact_parameter(rules, pair.head) : REDACT_KEEP;

		if (action) {
			fill_str(f, pair.head);
			fill_str(f, STR("="));
			fill_mark(f, rules, action, pair.tail);
		} else {
			fill_text(f, rules, item.head);
		}
		if (item.found)
			fill_str(f, STR("&"));
		query = item.tail;
	}
}

size_t http_query_redact(const struct redact *rules, struct str query, char *out, size_t size)
{
	struct fill f = { out, 0, size };

	query_fill(&f, rules, query);
	return f.n;
}

static bool port_of(struct str text, int *port)
{
	uint64_t v;

	if (!str_to_u64(text, &v) || v > 65535)
		return false;
	*port = (int)v;
	return true;
}

/* What a registered name may hold: visible, and not a delimiter of URLs or lists. */
static bool is_host_character(unsigned char c)
{
	static const bool not [256] = {
		['/'] = 1, ['\\'] = 1, ['?'] = 1, ['#'] = 1,  ['@'] = 1, ['['] = 1, [']'] = 1,
		['<'] = 1, ['>'] = 1,  ['"'] = 1, ['\''] = 1, [':'] = 1, [','] = 1, [';'] = 1,
		['`'] = 1, ['{'] = 1,  ['}'] = 1, ['|'] = 1,  ['^'] = 1, [127] = 1,
	};

	return c > ' ' && !not [c];
}

static bool is_host_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!is_host_character((unsigned char)name.p[i]))
			return false;
	return name.n > 0 && name.n <= 255;
}

static bool is_ip6(struct str name)
{
	struct in6_addr address;
	char text[46];

	if (name.n >= sizeof(text))
		return false;
	memcpy(text, name.p, name.n);
	text[name.n] = 0;
	text[strcspn(text, "%")] = 0;
	return inet_pton(AF_INET6, text, &address) == 1;
}

bool http_host_of(struct str text, struct http_host *out)
{
	struct http_host host = { .port = -1 };
	struct str port;

	text = str_trim(text);
	if (text.n && text.p[0] == '[') {
		struct cut c = str_cut(str_from(text, 1), ']');

		if (!c.found || !is_ip6(c.head))
			return false;
		host.name = c.head;
		port = c.tail;
		if (port.n && port.p[0] != ':')
			return false;
		port = str_from(port, 1);
	} else {
		struct cut c = str_cut(text, ':');

		if (!is_host_name(c.head))
			return false;
		host.name = c.head;
		port = c.tail;
	}
	if (port.n && !port_of(port, &host.port))
		return false;
	*out = host;
	return true;
}

static size_t last_at(struct str s)
{
	for (size_t i = s.n; i--;)
		if (s.p[i] == '@')
			return i + 1;
	return 0;
}

static size_t authority_length(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != '/' && s.p[n] != '?' && s.p[n] != '#')
		n++;
	return n;
}

bool http_url_of(const struct redact *rules, struct str url, struct http_url *out, char *redacted,
		 size_t size)
{
	struct fill f = { redacted, 0, size };
	struct http_url u = { 0 };
	struct str rest, authority, name;
	struct cut query;

	url = str_trim(url);
	size_t scheme = scheme_length(url);

	if (scheme) {
		u.https = str_eq_nocase(str_first(url, scheme), STR("https"));
		if (!u.https && !str_eq_nocase(str_first(url, scheme), STR("http")))
			return false;
	} else if (str_eq_nocase(str_first(url, 4), STR("ftp."))) {
		return false;
	}
	rest = scheme ? str_from(url, scheme + 3) : url;
	authority = str_first(rest, authority_length(rest));
	rest = str_from(rest, authority.n);
	name = str_from(authority, last_at(authority));
	if (!http_host_of(name, &u.host))
		return false;
	if (u.host.port < 0)
		u.host.port = u.https ? 443 : 80;

	fill_str(&f, u.https ? STR("https://") : STR("http://"));
	if (name.n < authority.n) {
		bool password = str_cut(str_first(authority, authority.n - name.n), ':').found;

		fill_str(&f, password ? STR("REDACTED:REDACTED@") : STR("REDACTED@"));
	}
	u.host.name.p = redacted + f.n + (u.host.name.p - name.p);
	fill_str(&f, name);
	if (f.n == size)
		return false;
	rest = str_cut(rest, '#').head;
	query = str_cut(rest, '?');
	fill_text(&f, rules, query.head.n ? query.head : STR("/"));
	if (query.found) {
		fill_str(&f, STR("?"));
		query_fill(&f, rules, query.tail);
	}
	u.n = f.n;
	*out = u;
	return true;
}

static void ip4_text(const unsigned char b[4], char *out)
{
	for (int i = 0; i < 4; i++) {
		if (b[i] >= 100)
			*out++ = (char)('0' + b[i] / 100);
		if (b[i] >= 10)
			*out++ = (char)('0' + b[i] / 10 % 10);
		*out++ = (char)('0' + b[i] % 10);
		*out++ = i < 3 ? '.' : 0;
	}
}

bool http_peer_address(const struct sockaddr *a, uint8_t out[16])
{
	const struct sockaddr_in *four = (const void *)a;
	const struct sockaddr_in6 *six = (const void *)a;

	if (!a || (a->sa_family != AF_INET && a->sa_family != AF_INET6))
		return false;
	memset(out, 0, 16);
	if (a->sa_family == AF_INET6) {
		memcpy(out, &six->sin6_addr, 16);
	} else {
		out[10] = out[11] = 0xff;
		memcpy(out + 12, &four->sin_addr, 4);
	}
	return true;
}

void http_address_text(const uint8_t address[16], char out[46])
{
	struct in6_addr six;

	memcpy(&six, address, 16);
	if (IN6_IS_ADDR_V4MAPPED(&six))
		ip4_text(address + 12, out);
	else
		inet_ntop(AF_INET6, &six, out, 46);
}

bool http_is_to_intake(struct str url)
{
	enum { ID_DIGITS = 16 };
	struct cut cut = str_cut(url, '/');
	uint8_t id[ID_DIGITS / 2];
	struct str path;

	/* scheme, nothing, host, path */
	for (int i = 0; i < 2 && cut.found; i++)
		cut = str_cut(cut.tail, '/');
	path = cut.tail;
	return cut.found && str_starts(path, STR("run/")) &&
	       hex_read(id, sizeof(id), str_first(str_from(path, 4), ID_DIGITS), false) &&
	       str_starts(str_from(path, 4 + ID_DIGITS), STR("/v1/"));
}

bool http_peer_of(const struct sockaddr *a, char out[46], int *port)
{
	if (!a)
		return false;
	if (a->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)a;

		ip4_text((const unsigned char *)&in->sin_addr, out);
		*port = ntohs(in->sin_port);
		return true;
	}
	if (a->sa_family != AF_INET6)
		return false;

	const struct sockaddr_in6 *in6 = (const void *)a;

	if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		ip4_text(in6->sin6_addr.s6_addr + 12, out);
	else if (!inet_ntop(AF_INET6, &in6->sin6_addr, out, 46))
		return false;
	*port = ntohs(in6->sin6_port);
	return true;
}

const char *http_version(struct str version)
{
	static const char *const known[] = { "1.1", "1.0", "2", "3" };

	if (str_eq(version, STR("HTTP/1.1")))
		return known[0];
	if (!str_starts(version, STR("HTTP/")))
		return NULL;
	version = str_from(version, 5);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq(version, str_of(known[i])))
			return known[i];
	return NULL;
}

const char *http_status_text(unsigned status, char out[4])
{
	out[0] = (char)('0' + status / 100 % 10);
	out[1] = (char)('0' + status / 10 % 10);
	out[2] = (char)('0' + status % 10);
	out[3] = '\0';
	return out;
}
