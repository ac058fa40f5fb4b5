/* SPDX-License-Identifier: Apache-2.0 */
#include "export/otlp-target.h"

#include "base/err.h"
#include "export/http-url.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIZE_MOST = 64 << 20, TIMEOUT_DEFAULT_MS = 10000, TIMEOUT_MOST_MS = 600000 };

#define OTLP "OTEL_EXPORTER_OTLP_"
#define DEFAULT_ENDPOINT "http://localhost:4318"
#define DEFAULT_GRPC_ENDPOINT "http://localhost:4317"
#define DEFAULT_GRPC_PORT ":4317"

struct lookup {
	const struct settings *settings;
	struct arena *arena;
	const char *signal; /* TRACES */
	char *why;
	char name[80]; /* of the variable that the last lookup found */
	bool own;      /* it was the signal's own */
};

static const char *signal_word(enum signal kind)
{
	return kind == SIGNAL_SPAN ? "TRACES" : kind == SIGNAL_LOG ? "LOGS" : "METRICS";
}

static const char *signal_path(enum signal kind)
{
	return kind == SIGNAL_SPAN ? "v1/traces" : kind == SIGNAL_LOG ? "v1/logs" : "v1/metrics";
}

static const char *signal_service(enum signal kind)
{
	return kind == SIGNAL_SPAN  ? "trace.v1.TraceService"
	       : kind == SIGNAL_LOG ? "logs.v1.LogsService"
				    : "metrics.v1.MetricsService";
}

bool otlp_endpoint_is_ours(const struct settings *s)
{
	struct str mark = settings_get(s, STR("ORIEL_ENDPOINT_IS_OURS"));

	return mark.n && str_eq(mark, settings_get(s, STR("OTEL_EXPORTER_OTLP_ENDPOINT")));
}

static struct str look(struct lookup *l, const char *what)
{
	struct str value;

	snprintf(l->name, sizeof(l->name), OTLP "%s_%s", l->signal, what);
	value = str_trim(settings_get(l->settings, str_of(l->name)));
	l->own = value.n > 0;
	if (l->own)
		return value;
	snprintf(l->name, sizeof(l->name), OTLP "%s", what);
	return str_trim(settings_get(l->settings, str_of(l->name)));
}

/* The same for what the launcher may have set for others. */
static struct str look_not_ours(struct lookup *l, const char *what)
{
	struct str value = look(l, what);

	if (!l->own && otlp_endpoint_is_ours(l->settings))
		return STR("");
	return value;
}

/* The first trouble is told: it is most likely the cause of the others. */
static void __attribute__((format(printf, 2, 3))) tell(struct lookup *l, const char *fmt, ...)
{
	va_list ap;

	if (l->why[0])
		return;
	va_start(ap, fmt);
	vsnprintf(l->why, 160, fmt, ap);
	va_end(ap);
}

static const char *keep(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static const char *keep(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	p = n < 0 ? NULL : arena_take(a, (size_t)n + 1);
	if (!p)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

static int check_url(struct lookup *l, struct str url)
{
	const char *trouble = http_url_trouble(url);

	if (!trouble)
		return 0;
	tell(l, "%s%s", l->name, trouble);
	return ERR(-EINVAL);
}

/* base, one slash, the signal's path, and the query if there is one. */
static const char *append_path(struct arena *a, struct str base, const char *path)
{
	struct cut query = str_cut(base, '?');
	struct str head = query.head;

	while (head.n && head.p[head.n - 1] == '/')
		head.n--;
	return keep(a, STR_FMT "/%s%s" STR_FMT, STR_ARG(head), path, query.found ? "?" : "",
		    STR_ARG(query.tail));
}

/* Behind an IPv6 address' bracket, if it has one. */
static bool has_port(struct str place)
{
	const char *bracket = memrchr(place.p, ']', place.n);
	const char *from = bracket ? bracket : place.p;

	return memchr(from, ':', (size_t)(place.p + place.n - from)) != NULL;
}

/* "host" or "host:port", as gRPC has it. TLS only for who asks for it. */
static struct str with_scheme(struct lookup *l, struct str place)
{
	bool own = l->own, secure;
	char name[sizeof(l->name)];
	struct str insecure;
	const char *url;

	memcpy(name, l->name, sizeof(name));
	insecure = look_not_ours(l, "INSECURE");
	memcpy(l->name, name, sizeof(name));
	l->own = own;
	secure = str_eq_nocase(insecure, STR("false"));
	url = keep(l->arena, "%s" STR_FMT "%s", secure ? "https://" : "http://", STR_ARG(place),
		   has_port(place) ? "" : DEFAULT_GRPC_PORT);
	return str_of(url);
}

/* scheme://host:port, and the method in the place of any path. */
static const char *method_url(struct arena *a, struct str url, enum signal kind)
{
	size_t head = url.n - http_url_after_scheme(url).n + 3, n = head;

	while (n < url.n && !memchr("/?#", url.p[n], 3))
		n++;
	return keep(a, STR_FMT "/opentelemetry.proto.collector.%s/Export",
		    STR_ARG(str_first(url, n)), signal_service(kind));
}

/* What the settings name, or its default; `named`: the protocol was theirs, too. */
static int read_endpoint(struct otlp_target *out, struct lookup *l, bool named, struct str *url)
{
	*url = look_not_ours(l, "ENDPOINT");
	if (!url->n) {
		*url = out->protocol == OTLP_GRPC ? STR(DEFAULT_GRPC_ENDPOINT)
						  : STR(DEFAULT_ENDPOINT);
		return 0;
	}
	if (http_url_after_scheme(*url).n)
		return 0;
	if (named && out->protocol != OTLP_GRPC) {
		tell(l,
		     "%s has no scheme, which only gRPC allows; for OTLP over HTTP write "
		     "http://" STR_FMT,
		     l->name, STR_ARG(str_first(*url, 40)));
		return ERR(-EINVAL);
	}
	out->protocol = OTLP_GRPC;
	*url = with_scheme(l, *url);
	return url->n ? 0 : ERR(-ENOMEM);
}

static int read_url(struct otlp_target *out, enum signal kind, struct lookup *l, bool named)
{
	struct str url;
	int r = read_endpoint(out, l, named, &url);

	if (!r)
		r = check_url(l, url);
	if (r)
		return TRACE(r);
	if (out->protocol == OTLP_GRPC)
		out->url = method_url(l->arena, url, kind);
	else
		out->url = l->own ? keep(l->arena, STR_FMT, STR_ARG(url))
				  : append_path(l->arena, url, signal_path(kind));
	return out->url ? 0 : ERR(-ENOMEM);
}

/* *named: there is such a setting, and it makes sense. */
static void read_protocol(struct otlp_target *out, struct lookup *l, bool *named)
{
	static const char *const names[] = { [OTLP_HTTP_PROTOBUF] = "http/protobuf",
					     [OTLP_HTTP_JSON] = "http/json",
					     [OTLP_GRPC] = "grpc" };
	struct str protocol = look_not_ours(l, "PROTOCOL");

	*named = protocol.n > 0;
	if (!*named)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!str_eq_nocase(protocol, str_of(names[i])))
			continue;
		out->protocol = (enum otlp_protocol)i;
		return;
	}
	*named = false;
	tell(l,
	     "%s=" STR_FMT " is no protocol of OTLP (http/protobuf, http/json or grpc); taking "
	     "http/protobuf",
	     l->name, STR_ARG(str_first(protocol, 40)));
}

/* 0 is no limit ("Timeout"), which here is a long one; what is no number, or too large, was told by who launched it. */
static uint32_t timeout_of(struct str text, uint32_t otherwise)
{
	uint64_t ms;

	if (!str_to_u64(text, &ms) || ms > INT32_MAX)
		return otherwise;
	return ms && ms < TIMEOUT_MOST_MS ? (uint32_t)ms : TIMEOUT_MOST_MS;
}

/* Each signal's processor, or reader, says how long an export may take, too. */
static void read_timeout(struct otlp_target *out, struct lookup *l, enum signal kind)
{
	const char *name = kind == SIGNAL_METRIC ? "OTEL_METRIC_EXPORT_TIMEOUT"
			   : kind == SIGNAL_LOG	 ? "OTEL_BLRP_EXPORT_TIMEOUT"
						 : "OTEL_BSP_EXPORT_TIMEOUT";
	struct str processor = str_trim(settings_get(l->settings, str_of(name)));
	uint32_t most_ms = timeout_of(processor, TIMEOUT_MOST_MS);

	out->timeout_ms = timeout_of(look(l, "TIMEOUT"), TIMEOUT_DEFAULT_MS);
	if (most_ms < out->timeout_ms)
		out->timeout_ms = most_ms;
}

static void read_compression(struct otlp_target *out, struct lookup *l)
{
	struct str text = look(l, "COMPRESSION");

	out->packing = str_eq_nocase(text, STR("gzip"))	  ? PACKING_GZIP
		       : str_eq_nocase(text, STR("zstd")) ? PACKING_ZSTD
							  : PACKING_NONE;
	if (text.n && !out->packing && !str_eq_nocase(text, STR("none")))
		tell(l, "%s=" STR_FMT " is none of gzip, zstd and none; taking none", l->name,
		     STR_ARG(str_first(text, 40)));
}

static size_t read_size(const struct lookup *l, const char *name)
{
	uint64_t v = settings_u64(l->settings, str_of(name), 0, NULL);

	return v < SIZE_MOST ? v : SIZE_MOST;
}

/* Never shows a value: they are keys and tokens. */
static void read_headers(struct otlp_target *out, struct lookup *l)
{
	size_t bad = otlp_headers_read(&out->headers, l->arena, look(l, "HEADERS"));

	if (bad)
		tell(l,
		     "%s: %zu item%s left out; write name=value,name=value with %%xx for odd "
		     "characters",
		     l->name, bad, bad == 1 ? "" : "s");
}

static int read_file_name(const char **out, struct lookup *l, const char *what)
{
	struct str name = look(l, what);

	if (!name.n)
		return 0;
	*out = keep(l->arena, STR_FMT, STR_ARG(name));
	return *out ? 0 : ERR(-ENOMEM);
}

int otlp_target_read(struct otlp_target *out, enum signal kind, const struct settings *s,
		     struct arena *a, char why[160])
{
	struct lookup l = { .settings = s, .arena = a, .signal = signal_word(kind), .why = why };
	struct otlp_target t = { .url = NULL };
	bool named;
	int r;

	read_protocol(&t, &l, &named);
	r = read_url(&t, kind, &l, named);
	if (!r)
		r = read_file_name(&t.certificate, &l, "CERTIFICATE");
	if (!r)
		r = read_file_name(&t.client_certificate, &l, "CLIENT_CERTIFICATE");
	if (!r)
		r = read_file_name(&t.client_key, &l, "CLIENT_KEY");
	if (r)
		return TRACE(r);
	read_timeout(&t, &l, kind);
	read_compression(&t, &l);
	t.request_most = read_size(&l, "ORIEL_OTLP_MAX_REQUEST_SIZE");
	t.answer_most = read_size(&l, "ORIEL_OTLP_MAX_RESPONSE_SIZE");
	read_headers(&t, &l);
	*out = t;
	return 0;
}

bool otlp_target_is_own(enum signal kind, const struct settings *s)
{
	static const char *const what[] = { "ENDPOINT",	  "PROTOCOL",		"CERTIFICATE",
					    "CLIENT_KEY", "CLIENT_CERTIFICATE", "HEADERS",
					    "TIMEOUT",	  "COMPRESSION",	"INSECURE" };
	struct lookup l = { .settings = s, .signal = signal_word(kind) };

	for (size_t i = 0; i < sizeof(what) / sizeof(*what); i++) {
		look(&l, what[i]);
		if (l.own)
			return true;
	}
	return false;
}
