/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exporter `datadog`: spans to Datadog's agent, by its own protocol (v0.4), which an agent speaks without
 * being told to.
 *
 * DD_TRACE_AGENT_URL, else DD_AGENT_HOST and DD_TRACE_AGENT_PORT say where. What the agent is told of the
 * service (DD_SERVICE, DD_ENV, DD_VERSION) comes from its resource.
 */
#include "base/err.h"
#include "export/datadog-encode.h"
#include "export/http-url.h"
#include "export/shipment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { TIMEOUT_MS = 10000, PORT = 8126 };
enum { REQUEST_MOST = 4 << 20, ITEM_MOST = 16 << 20, BUFFER_KEPT = 4 << 20 };

struct datadog {
	struct http *http;
	char *url, *socket; /* the first one's; others borrow them */
	bool is_first;
	const atomic_bool *stop;
	void (*idle)(void *to);
	void *idle_to;
	struct out body;
};

static void *datadog_close(void *state)
{
	struct datadog *d = state;

	if (!d)
		return NULL;
	http_free(d->http);
	out_fini(&d->body);
	if (d->is_first) {
		free(d->url);
		free(d->socket);
	}
	free(d);
	return NULL;
}

static struct str setting(const struct settings *s, const char *name, struct str otherwise)
{
	struct str value = str_trim(settings_get(s, str_of(name)));

	return value.n ? value : otherwise;
}

static int read_url(struct datadog *d, const struct settings *s, char why[160])
{
	struct str url = setting(s, "DD_TRACE_AGENT_URL", STR("")),
		   host = setting(s, "DD_AGENT_HOST", STR("localhost"));
	uint64_t n = settings_u64(s, STR("DD_TRACE_AGENT_PORT"), PORT, NULL);
	const char *trouble;

	if (!n || n > UINT16_MAX)
		n = PORT;
	if (str_starts(url, STR("unix://"))) {
		if (asprintf(&d->socket, STR_FMT, STR_ARG(str_from(url, strlen("unix://")))) < 0)
			return ERR(-ENOMEM);
		url = STR("http://localhost");
	}
	while (url.n && url.p[url.n - 1] == '/')
		url.n--;
	if ((url.n ? asprintf(&d->url, STR_FMT "/v0.4/traces", STR_ARG(url))
		   : asprintf(&d->url, "http://" STR_FMT ":%u/v0.4/traces", STR_ARG(host),
			      (unsigned)n)) < 0)
		return ERR(-ENOMEM);
	trouble = http_url_trouble(str_of(d->url));
	if (trouble) {
		snprintf(why, 160, "%s%s", url.n ? "DD_TRACE_AGENT_URL" : "DD_AGENT_HOST", trouble);
		return ERR(-EINVAL);
	}
	return 0;
}

static int datadog_open(void **state, const struct settings *settings,
			const struct export_place *place, char why[160])
{
	struct datadog *d = calloc(1, sizeof(*d));
	int r;

	why[0] = '\0';
	if (!d)
		return ERR(-ENOMEM);
	d->is_first = true;
	d->stop = place->stop;
	d->idle = place->idle;
	d->idle_to = place->idle_to;
	d->http = http_new();
	r = d->http ? read_url(d, settings, why) : ERR(-ENOMEM);
	if (r) {
		datadog_close(d);
		return TRACE(r);
	}
	*state = d;
	return 0;
}

static int datadog_beside(void **state, const void *first, void *idle_to)
{
	const struct datadog *of = first;
	struct datadog *d = calloc(1, sizeof(*d));

	if (!d)
		return ERR(-ENOMEM);
	d->url = of->url;
	d->socket = of->socket;
	d->stop = of->stop;
	d->idle = of->idle;
	d->idle_to = idle_to;
	d->http = http_new();
	if (!d->http) {
		datadog_close(d);
		return ERR(-ENOMEM);
	}
	*state = d;
	return 0;
}

static int post(struct datadog *d, const struct shipment *s, size_t traces, size_t left_out,
		struct export_result *result)
{
	char count[48];
	const char *more[] = { "Datadog-Meta-Lang: c",
			       "Datadog-Meta-Tracer-Version: " ORIEL_VERSION, count, NULL };
	struct http_request request = {
		.url = d->url,
		.socket = d->socket,
		.type = "application/msgpack",
		.more = more,
		.body = out_all(&d->body),
		.timeout_ms = TIMEOUT_MS,
		.stop = d->stop,
		.idle = d->idle,
		.idle_to = d->idle_to,
	};
	struct http_answer answer;
	int r;

	snprintf(count, sizeof(count), "X-Datadog-Trace-Count: %zu", traces);
	r = http_post(d->http, &request, &answer);
	if (r)
		return TRACE(shipment_unanswered(result, s, r, &answer));
	if (answer.status < 200 || answer.status >= 300)
		return shipment_failed(result, s, d->url, &answer, STR(""));
	shipment_left_out(result, s, left_out);
	return 0;
}

static int ship(void *state, const struct shipment *s, struct export_result *result)
{
	struct datadog *d = state;
	struct out *o = &d->body;
	size_t left_out, traces;
	int r;

	out_clear(o);
	o->limit = shipment_items(s) > 1 ? REQUEST_MOST : ITEM_MOST;
	traces = datadog_encode(o, s->slice, &left_out);
	if (traces == SIZE_MAX)
		return ERR(-ENOMEM);
	r = shipment_encoded(result, s, o, ITEM_MOST);
	return r ? TRACE(r) : TRACE(post(d, s, traces, left_out, result));
}

static int datadog_write(void *state, struct batch *const *batches, size_t n,
			 struct export_result *result)
{
	struct datadog *d = state;
	int r = shipment_send_all(0, batches, n, ship, d, result);

	out_shrink(&d->body, BUFFER_KEPT);
	return r > 0 ? EXPORT_RETRY : TRACE(r);
}

static void datadog_where(const void *state, char *to, size_t room)
{
	const struct datadog *d = state;

	shipment_show(to, room, d->url);
}

const struct exporter exporter_datadog = {
	.name = "datadog",
	.summary = "Send spans to Datadog's agent (v0.4)",
	.takes = SIGNAL_SPAN,
	.open = datadog_open,
	.beside = datadog_beside,
	.write = datadog_write,
	.close = datadog_close,
	.where = datadog_where,
};
