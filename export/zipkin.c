/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exporter `zipkin`: spans to a Zipkin server, or to whatever else takes its JSON, version 2.
 *
 * OTEL_EXPORTER_ZIPKIN_ENDPOINT and OTEL_EXPORTER_ZIPKIN_TIMEOUT are its settings. An endpoint that
 * ends in /api/v2, as Zipkin's reporters of other languages write it, is meant with /spans.
 */
#include "base/err.h"
#include "export/http-url.h"
#include "export/shipment.h"
#include "export/zipkin-encode.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define ENDPOINT "OTEL_EXPORTER_ZIPKIN_ENDPOINT"
#define TIMEOUT "OTEL_EXPORTER_ZIPKIN_TIMEOUT"
#define DEFAULT_ENDPOINT "http://localhost:9411/api/v2/spans"

enum { TIMEOUT_DEFAULT_MS = 10000, TIMEOUT_MOST_MS = 600000 };
enum { REQUEST_MOST = 4 << 20, ITEM_MOST = 64 << 20, BUFFER_KEPT = 4 << 20 };

struct zipkin {
	struct http *http;
	char *url; /* the first one's; others borrow it */
	bool is_first;
	uint32_t timeout_ms;
	const atomic_bool *stop;
	void (*idle)(void *to);
	void *idle_to;
	struct out body;
};

static void *zipkin_close(void *state)
{
	struct zipkin *z = state;

	if (!z)
		return NULL;
	http_free(z->http);
	out_fini(&z->body);
	if (z->is_first)
		free(z->url);
	free(z);
	return NULL;
}

static int read_url(struct zipkin *z, const struct settings *s, char why[160])
{
	struct str url = str_trim(settings_get(s, STR(ENDPOINT)));
	const char *trouble;

	if (!url.n)
		url = STR(DEFAULT_ENDPOINT);
	trouble = http_url_trouble(url);
	if (trouble) {
		snprintf(why, 160, ENDPOINT "%s", trouble);
		return ERR(-EINVAL);
	}
	while (url.n && url.p[url.n - 1] == '/')
		url.n--;
	if (asprintf(&z->url, STR_FMT "%s", STR_ARG(url),
		     str_ends(url, STR("/api/v2")) ? "/spans" : "") < 0)
		return ERR(-ENOMEM);
	return 0;
}

/* 0 is no limit, which here is a long one. */
static void read_timeout(struct zipkin *z, const struct settings *s)
{
	uint64_t ms = settings_ms(s, STR(TIMEOUT), TIMEOUT_DEFAULT_MS);

	z->timeout_ms = ms && ms < TIMEOUT_MOST_MS ? (uint32_t)ms : TIMEOUT_MOST_MS;
}

static int zipkin_open(void **state, const struct settings *settings,
		       const struct export_place *place, char why[160])
{
	struct zipkin *z = calloc(1, sizeof(*z));
	int r;

	why[0] = '\0';
	if (!z)
		return ERR(-ENOMEM);
	z->is_first = true;
	z->stop = place->stop;
	z->idle = place->idle;
	z->idle_to = place->idle_to;
	z->http = http_new();
	r = z->http ? read_url(z, settings, why) : ERR(-ENOMEM);
	if (r) {
		zipkin_close(z);
		return TRACE(r);
	}
	read_timeout(z, settings);
	*state = z;
	return 0;
}

static int zipkin_beside(void **state, const void *first, void *idle_to)
{
	const struct zipkin *of = first;
	struct zipkin *z = calloc(1, sizeof(*z));

	if (!z)
		return ERR(-ENOMEM);
	z->url = of->url;
	z->timeout_ms = of->timeout_ms;
	z->stop = of->stop;
	z->idle = of->idle;
	z->idle_to = idle_to;
	z->http = http_new();
	if (!z->http) {
		zipkin_close(z);
		return ERR(-ENOMEM);
	}
	*state = z;
	return 0;
}

static int post(struct zipkin *z, const struct shipment *s, size_t left_out,
		struct export_result *result)
{
	struct http_request request = {
		.url = z->url,
		.type = "application/json",
		.body = out_all(&z->body),
		.timeout_ms = z->timeout_ms,
		.stop = z->stop,
		.idle = z->idle,
		.idle_to = z->idle_to,
	};
	struct http_answer answer;
	int r = http_post(z->http, &request, &answer);

	if (r)
		return TRACE(shipment_unanswered(result, s, r, &answer));
	if (answer.status < 200 || answer.status >= 300) {
		struct str message = STR("");

		if (str_starts(str_of(answer.type), STR("text/plain")))
			message = str_first(str_trim(answer.body), 90);
		return shipment_failed(result, s, z->url, &answer, message);
	}
	shipment_left_out(result, s, left_out);
	return 0;
}

static int ship(void *state, const struct shipment *s, struct export_result *result)
{
	struct zipkin *z = state;
	struct out *o = &z->body;
	size_t left_out;
	int r;

	out_clear(o);
	o->limit = shipment_items(s) > 1 ? REQUEST_MOST : ITEM_MOST;
	zipkin_encode(o, s->slice, &left_out);
	if (!o->error && o->n > o->limit)
		o->error = -EFBIG;
	r = shipment_encoded(result, s, o, ITEM_MOST);
	return r ? TRACE(r) : TRACE(post(z, s, left_out, result));
}

static int zipkin_write(void *state, struct batch *const *batches, size_t n,
			struct export_result *result)
{
	struct zipkin *z = state;
	int r = shipment_send_all(0, batches, n, ship, z, result);

	out_shrink(&z->body, BUFFER_KEPT);
	return r > 0 ? EXPORT_RETRY : TRACE(r);
}

static void zipkin_where(const void *state, char *to, size_t room)
{
	const struct zipkin *z = state;

	shipment_show(to, room, z->url);
}

static const char *zipkin_speaks(const void *state, enum signal signal)
{
	(void)state;
	(void)signal;
	return "zipkin_http";
}

const struct exporter exporter_zipkin = {
	.name = "zipkin",
	.summary = "Send spans to Zipkin (version 2, JSON)",
	.takes = SIGNAL_SPAN,
	.open = zipkin_open,
	.beside = zipkin_beside,
	.write = zipkin_write,
	.close = zipkin_close,
	.speaks = zipkin_speaks,
	.where = zipkin_where,
};
