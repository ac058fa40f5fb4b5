/* SPDX-License-Identifier: Apache-2.0 */
#include "export/sentry-sender.h"

#include "base/clock.h"
#include "base/json.h"
#include "export/gzip.h"
#include "export/shipment.h"

#include <stdio.h>
#include <time.h>

enum { GZIP_LEAST = 1024 };

static enum sent post(struct sentry_sender *x, struct http_request request, const char *what,
		      struct export_result *result)
{
	const char *more[] = { x->auth, NULL };
	struct http_answer answer;
	int r;

	request.more = more;
	request.stop = x->stop;
	if (request.body.n >= GZIP_LEAST) {
		out_clear(&x->packed);
		if (!gzip_pack(&x->packed, request.body)) {
			request.body = out_all(&x->packed);
			request.encoding = "gzip";
		}
	}
	r = http_post(x->http, &request, &answer);
	if (r < 0 || r == HTTP_IMPOSSIBLE) {
		snprintf(result->why, sizeof(result->why), "%s: %.140s", what,
			 r < 0 ? strerror(-r) : answer.why);
		return SENT_REFUSED;
	}
	if (r) {
		snprintf(result->why, sizeof(result->why), "%s: %.140s", what,
			 r == HTTP_STOPPED ? "interrupted" : answer.why);
		return SENT_LATER;
	}
	sentry_limits_learn(&x->limits, &answer, clock_mono_ns());
	if (answer.status >= 200 && answer.status < 300)
		return SENT;
	snprintf(result->why, sizeof(result->why), "%s: status %d from " STR_FMT, what,
		 answer.status, STR_ARG(shipment_place(request.url)));
	if (answer.status < 502 || answer.status > 504)
		return SENT_REFUSED;
	if (answer.retry_after_ms > result->retry_after_ms)
		result->retry_after_ms = answer.retry_after_ms;
	return SENT_LATER;
}

static void put_now(struct json *j)
{
	struct timespec now;
	struct tm tm;
	char text[48];
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	n = gmtime_r(&now.tv_sec, &tm) ? strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm)
				       : 0;
	json_name(j, STR("sent_at"));
	json_str(j, (struct str){ text, n });
}

/* The envelope's own line; `id` may be NULL. */
void sentry_envelope_open(struct sentry_sender *x, const char *id)
{
	struct json j = { .out = &x->body };

	out_clear(&x->body);
	json_open(&j, '{');
	if (id) {
		json_name(&j, STR("event_id"));
		json_str(&j, (struct str){ id, SENTRY_ID });
	}
	put_now(&j);
	json_name(&j, STR("sdk"));
	json_raw(&j, STR("{\"name\":\"oriel.native\",\"version\":\"" ORIEL_VERSION "\"}"));
	json_close(&j, '}');
	out_char(&x->body, '\n');
}

void sentry_envelope_item(struct sentry_sender *x, const char *type, struct str payload)
{
	out_fmt(&x->body, "{\"type\":\"%s\",\"length\":%zu}\n", type, payload.n);
	out_str(&x->body, payload);
	out_char(&x->body, '\n');
}

static void report_open(struct json *j, uint64_t seconds)
{
	json_open(j, '{');
	json_name(j, STR("timestamp"));
	json_u64(j, seconds);
	json_name(j, STR("discarded_events"));
	json_open(j, '[');
}

/* What was dropped because of a limit, with whatever goes next. */
static void envelope_report(struct sentry_sender *x)
{
	struct out text = { 0 };
	struct json j = { .out = &text };
	bool any = false;

	for (size_t c = 0; c < N_SENTRY_CATEGORIES; c++) {
		if (!x->discarded[c])
			continue;
		if (!any)
			report_open(&j, clock_real_ns() / 1000000000);
		any = true;
		json_open(&j, '{');
		json_name(&j, STR("reason"));
		json_str(&j, STR("ratelimit_backoff"));
		json_name(&j, STR("category"));
		json_str(&j, sentry_category_name[c]);
		json_name(&j, STR("quantity"));
		json_u64(&j, x->discarded[c]);
		json_close(&j, '}');
	}
	if (any) {
		json_close(&j, ']');
		json_close(&j, '}');
	}
	if (any && !text.error)
		sentry_envelope_item(x, "client_report", out_all(&text));
	out_fini(&text);
}

enum sent sentry_envelope_send(struct sentry_sender *x, const char *what, uint32_t timeout_ms,
			       struct export_result *result)
{
	enum sent sent;

	envelope_report(x);
	if (x->body.error) {
		snprintf(result->why, sizeof(result->why), "%s: no memory", what);
		return SENT_REFUSED;
	}
	sent = post(x,
		    (struct http_request){ .url = x->envelope_url,
					   .type = "application/x-sentry-envelope",
					   .body = out_all(&x->body),
					   .timeout_ms = timeout_ms },
		    what, result);
	if (sent == SENT)
		memset(x->discarded, 0, sizeof(x->discarded));
	return sent;
}

enum sent sentry_traces_send(struct sentry_sender *x, uint32_t timeout_ms,
			     struct export_result *result)
{
	return post(x,
		    (struct http_request){ .url = x->traces_url,
					   .type = "application/x-protobuf",
					   .body = out_all(&x->body),
					   .timeout_ms = timeout_ms },
		    "traces", result);
}
