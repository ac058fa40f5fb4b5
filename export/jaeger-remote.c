/* SPDX-License-Identifier: Apache-2.0 */
#include "export/jaeger-remote.h"

#include "base/err.h"
#include "export/grpc.h"
#include "export/http-url.h"
#include "export/protobuf.h"
#include "export/shipment.h"

#include <errno.h>
#include <stdio.h>

#define METHOD "/jaeger.api_v2.SamplingManager/GetSamplingStrategy"
#define PATH "/sampling"

enum { PARAMETERS_SERVICE = 1, ANSWER_MOST = 1 << 20, PLACE = 80 };

struct asking {
	const struct jaeger_question *q;
	struct http *http;
	struct out url, body;
	struct str endpoint; /* with a scheme */
	struct strategy *out;
	char place[PLACE]; /* of it, for people */
	char *why;
	bool is_foreign; /* nobody there speaks gRPC */
};

static int failed(struct asking *a, const char *what, const char *which)
{
	snprintf(a->why, JAEGER_WHY, "%s: %s%.100s", a->place, what, which);
	for (char *c = a->why; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return ERR(-EPROTO);
}

/* What is wrong with the request's fate, if there was no answer of 200. */
static int post(struct asking *a, struct http_request *q, struct http_answer *answer)
{
	int r = a->url.error || a->body.error ? ERR(-ENOMEM) : 0;

	q->url = a->url.p;
	q->timeout_ms = a->q->timeout_ms;
	q->stop = a->q->stop;
	if (!r)
		r = http_post(a->http, q, answer);
	if (r < 0)
		return failed(a, "no memory", "");
	if (r)
		return failed(a, "", r == HTTP_STOPPED ? "the collector leaves" : answer->why);
	return 0;
}

static int judge(struct asking *a, const char *bad)
{
	return bad ? failed(a, "the answer makes no sense: ", bad) : 0;
}

/* ---- gRPC ------------------------------------------------------------------------------------------- */

static void put_parameters(struct asking *a)
{
	char prefix[GRPC_PREFIX] = { 0 };

	out_clear(&a->body);
	out_bytes(&a->body, prefix, sizeof(prefix));
	proto_string(&a->body, PARAMETERS_SERVICE, str_of(a->q->service));
	if (!a->body.error)
		grpc_prefix(a->body.p, a->body.n - GRPC_PREFIX, false);
}

static int call(struct asking *a)
{
	static const char *const more[] = { "TE: trailers", NULL };
	struct http_request q = { .type = "application/grpc", .more = more, .http2 = true };
	struct http_answer answer = { .status = 0 };
	struct grpc_answer said;
	char number[32];
	int r;

	out_clear(&a->url);
	out_str(&a->url, a->endpoint);
	out_str(&a->url, STR(METHOD));
	out_char(&a->url, '\0');
	put_parameters(a);
	q.body = out_all(&a->body);
	r = post(a, &q, &answer);
	a->is_foreign = r < 0 || !http_header(answer.headers, STR("grpc-status")).n;
	if (r < 0)
		return r;
	grpc_read(&said, answer.status, answer.headers, answer.body);
	snprintf(number, sizeof(number), "gRPC status %u ", said.status);
	if (said.status != GRPC_OK)
		return failed(a, number, said.text);
	if (said.message.n > ANSWER_MOST)
		return judge(a, "it is too large");
	return judge(a, jaeger_strategy_protobuf(a->out, said.message));
}

/* ---- HTTP ------------------------------------------------------------------------------------------- */

static void put_encoded(struct out *o, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		if ((*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') ||
		    (*c >= 'a' && *c <= 'z') || strchr("-._~", *c))
			out_char(o, (char)*c);
		else
			out_fmt(o, "%%%02X", *c);
}

static int get(struct asking *a, const char *path)
{
	struct http_request q = { .type = "application/json", .get = true };
	struct http_answer answer = { .status = 0 };
	char number[32];
	int r;

	out_clear(&a->url);
	out_str(&a->url, a->endpoint);
	out_str(&a->url, str_of(path));
	out_char(&a->url, memchr(a->endpoint.p, '?', a->endpoint.n) ? '&' : '?');
	out_str(&a->url, STR("service="));
	put_encoded(&a->url, a->q->service);
	out_char(&a->url, '\0');
	r = post(a, &q, &answer);
	if (r < 0)
		return r;
	snprintf(number, sizeof(number), "HTTP status %d", answer.status);
	if (answer.status != 200)
		return failed(a, number, "");
	if (!answer.body.n || answer.body.n > ANSWER_MOST)
		return judge(a, answer.body.n ? "it is too large" : "it is empty");
	return judge(a, jaeger_strategy_json(a->out, answer.body));
}

/* ---- either ----------------------------------------------------------------------------------------- */

/* Has it more than a host? A slash alone is nothing. */
static bool has_path(struct str *endpoint)
{
	struct str after = http_url_after_scheme(*endpoint);
	size_t at = 3;

	while (at < after.n && !strchr("/?#", after.p[at]))
		at++;
	if (at + 1 == after.n && after.p[at] == '/')
		endpoint->n--;
	return at + 1 < after.n;
}

static int ask(struct asking *a)
{
	char why[JAEGER_WHY];
	int r;

	if (has_path(&a->endpoint))
		return get(a, "");
	r = call(a);
	if (r >= 0 || !a->is_foreign || (a->q->stop && atomic_load(a->q->stop)))
		return r;
	snprintf(why, sizeof(why), "%s", a->why);
	r = get(a, PATH);
	if (r < 0)
		snprintf(a->why, JAEGER_WHY, "%s", why);
	return r;
}

int jaeger_remote_ask(const struct jaeger_question *q, struct strategy *out, char why[JAEGER_WHY])
{
	struct asking a = { .q = q, .out = out, .why = why };
	struct out endpoint = { 0 };
	const char *trouble;
	int r;

	if (!strstr(q->endpoint, "://"))
		out_str(&endpoint, STR("http://"));
	out_str(&endpoint, str_of(q->endpoint));
	out_char(&endpoint, '\0');
	a.http = http_new();
	if (endpoint.error || !a.http) {
		snprintf(why, JAEGER_WHY, "no memory");
		r = ERR(-ENOMEM);
	} else {
		a.endpoint = str_of(endpoint.p);
		trouble = http_url_trouble(a.endpoint);
		if (!trouble)
			shipment_show(a.place, sizeof(a.place), endpoint.p);
		r = trouble ? failed(&a, "the endpoint", trouble) : ask(&a);
	}
	http_free(a.http);
	out_fini(&a.url);
	out_fini(&a.body);
	out_fini(&endpoint);
	return r;
}
