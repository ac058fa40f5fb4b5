/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exporter `otlp`: OpenTelemetry's own protocol over HTTP, bodies in protobuf.
 *
 * A write sends up to three requests, more where one would pass the size limit. How far each signal
 * has come is kept in the result, so that a retry goes on where the last write ended. A server that
 * can't be reached ends the write at once; one that answers "later" for one signal may still take
 * the next. An answer that is final (refused, or taken in part) counts and the write goes on.
 */
#include "base/err.h"
#include "export/exporter.h"
#include "export/gzip.h"
#include "export/http.h"
#include "export/otlp-encode.h"
#include "export/otlp-response.h"
#include "export/otlp-target.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* What servers take varies; the most that any is asked to. A power of two, as `struct out` grows.
 */
enum { REQUEST_MOST = 64 << 20, BUFFER_KEPT = 4 << 20 };

static const enum signal signal_of[N_SIGNALS] = { SIGNAL_SPAN, SIGNAL_LOG, SIGNAL_METRIC };
static const char *const signal_name[N_SIGNALS] = { "traces", "logs", "metrics" };

struct otlp {
	struct arena arena;
	struct http *http;
	enum signal signals;
	const atomic_bool *stop;
	struct otlp_target target[N_SIGNALS];
	struct out plain, packed;
};

/* One request's worth: items [from, to) of one signal. */
struct shipment {
	size_t which; /* 0 to 2 */
	struct otlp_slice slice;
};

enum ship_outcome {
	SHIP_LATER = 1,	  /* the server wants it another time */
	SHIP_UNREACHABLE, /* there is no server */
	SHIP_TOO_BIG,	  /* send less at a time */
};

static void *otlp_close(void *state)
{
	struct otlp *x = state;

	if (!x)
		return NULL;
	http_free(x->http);
	out_fini(&x->plain);
	out_fini(&x->packed);
	arena_fini(&x->arena);
	free(x);
	return NULL;
}

static int read_targets(struct otlp *x, const struct settings *s, char why[160])
{
	for (size_t i = 0; i < N_SIGNALS; i++) {
		if (!(x->signals & signal_of[i]))
			continue;
		int r = otlp_target_read(&x->target[i], signal_of[i], s, &x->arena, why);

		if (r)
			return TRACE(r);
	}
	return 0;
}

static int otlp_open(void **state, const struct settings *settings,
		     const struct export_place *place, char why[160])
{
	struct otlp *x = calloc(1, sizeof(*x));
	int r;

	why[0] = '\0';
	if (!x)
		return ERR(-ENOMEM);
	x->signals = place->signals;
	x->stop = place->stop;
	x->http = http_new();
	r = x->http ? read_targets(x, settings, why) : ERR(-ENOMEM);
	if (r) {
		otlp_close(x);
		return TRACE(r);
	}
	*state = x;
	return 0;
}

/* A line for the log: "traces: ...". What others sent may be in it, so nothing but text stays. */
static void __attribute__((format(printf, 3, 4)))
tell(struct export_result *result, size_t which, const char *fmt, ...)
{
	int n = snprintf(result->why, sizeof(result->why), "%s: ", signal_name[which]);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(result->why + n, sizeof(result->why) - (size_t)n, fmt, ap);
	va_end(ap);
	for (char *p = result->why; *p; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
			*p = '?';
}

/* "localhost:4318" of a url, without the user's name and password. */
static struct str url_place(const char *url)
{
	struct str s = str_of(strstr(url, "://") + 3);
	struct str place = str_first(s, strcspn(s.p, "/?#"));
	const char *at = memrchr(place.p, '@', place.n);

	return at ? str_from(place, (size_t)(at + 1 - place.p)) : place;
}

/* What the answer has to say for itself: a status message, or the beginning of a text. */
static struct str answer_message(const struct http_answer *a)
{
	struct str type = str_of(a->type);

	if (str_eq(type, STR("application/x-protobuf")))
		return str_first(otlp_status_message(a->body), 90);
	if (str_starts(type, STR("text/plain")) || str_eq(type, STR("application/json")))
		return str_first(str_trim(a->body), 90);
	return STR("");
}

static void reject(struct export_result *result, const struct shipment *s, uint64_t n)
{
	size_t all = s->slice.to - s->slice.from;

	result->n_rejected += n < all ? n : all;
}

/* Status 2xx. A web page is no receiver of telemetry, whatever its status says. */
static void judge_success(const struct otlp *x, const struct shipment *s,
			  const struct http_answer *a, struct export_result *result)
{
	struct str place = url_place(x->target[s->which].url);
	struct otlp_response response = { 0 };

	if (str_eq(str_of(a->type), STR("text/html"))) {
		tell(result, s->which, STR_FMT " answers with a web page; is it an OTLP endpoint?",
		     STR_ARG(place));
		reject(result, s, SIZE_MAX);
	} else if (!otlp_response_read(a->body, &response)) {
		tell(result, s->which, STR_FMT " took it, but its answer is not OTLP's",
		     STR_ARG(place));
	} else if (response.n_rejected || response.message.n) {
		tell(result, s->which, STR_FMT " rejected %llu of %zu: " STR_FMT, STR_ARG(place),
		     (unsigned long long)response.n_rejected, s->slice.to - s->slice.from,
		     STR_ARG(str_first(response.message, 80)));
		reject(result, s, response.n_rejected);
	}
}

static int judge_answer(const struct otlp *x, const struct shipment *s, const struct http_answer *a,
			struct export_result *result)
{
	struct str message = answer_message(a);

	if (a->status >= 200 && a->status < 300) {
		judge_success(x, s, a, result);
		return 0;
	}
	tell(result, s->which, "status %d from " STR_FMT "%s" STR_FMT, a->status,
	     STR_ARG(url_place(x->target[s->which].url)), message.n ? ": " : "", STR_ARG(message));
	switch (a->status) {
	case 429:
	case 502:
	case 503:
	case 504:
		if (a->retry_after_ms > result->retry_after_ms)
			result->retry_after_ms = a->retry_after_ms;
		return SHIP_LATER;
	case 413:
		if (s->slice.to - s->slice.from > 1)
			return SHIP_TOO_BIG;
		break;
	}
	reject(result, s, SIZE_MAX);
	return 0;
}

static int post(struct otlp *x, const struct shipment *s, struct str body,
		struct export_result *result)
{
	const struct otlp_target *t = &x->target[s->which];
	struct http_request request = {
		.url = t->url,
		.type = "application/x-protobuf",
		.encoding = t->gzip ? "gzip" : NULL,
		.headers = &t->headers,
		.certificate = t->certificate,
		.client_certificate = t->client_certificate,
		.client_key = t->client_key,
		.body = body,
		.timeout_ms = t->timeout_ms,
		.stop = x->stop,
	};
	struct http_answer answer;
	int r = http_post(x->http, &request, &answer);

	switch (r) {
	case 0:
		return judge_answer(x, s, &answer, result);
	case HTTP_UNREACHABLE:
		tell(result, s->which, "%s", answer.why);
		return SHIP_UNREACHABLE;
	case HTTP_STOPPED:
		tell(result, s->which, "interrupted");
		return SHIP_UNREACHABLE;
	case HTTP_IMPOSSIBLE:
		tell(result, s->which, "%s", answer.why);
		reject(result, s, SIZE_MAX);
		return 0;
	default:
		return TRACE(r);
	}
}

static int ship(struct otlp *x, const struct shipment *s, struct export_result *result)
{
	struct str body;

	out_clear(&x->plain);
	out_clear(&x->packed);
	x->plain.limit = REQUEST_MOST;
	otlp_encode(&x->plain, signal_of[s->which], s->slice);
	if (x->plain.error == -EFBIG && s->slice.to - s->slice.from > 1)
		return SHIP_TOO_BIG;
	if (x->plain.error == -EFBIG) {
		tell(result, s->which, "one item alone is larger than %d MiB", REQUEST_MOST >> 20);
		reject(result, s, 1);
		return 0;
	}
	if (x->plain.error)
		return ERR(x->plain.error);
	body = out_all(&x->plain);
	if (x->target[s->which].gzip) {
		int r = gzip_pack(&x->packed, body);

		if (r)
			return TRACE(r);
		body = out_all(&x->packed);
	}
	return TRACE(post(x, s, body, result));
}

/* All that is left of one signal. */
static int ship_signal(struct otlp *x, size_t which, struct batch *const *batches, size_t n,
		       struct export_result *result)
{
	size_t total = otlp_count(signal_of[which], batches, n), most = total;
	size_t *done = &result->n_done[which];

	while (*done < total) {
		size_t end = total - *done > most ? *done + most : total;
		struct shipment s = { which, { batches, n, *done, end } };
		int r = ship(x, &s, result);

		if (r == SHIP_TOO_BIG)
			most = (end - *done) / 2;
		else if (r)
			return TRACE(r);
		else
			*done = end;
	}
	return 0;
}

static void buffer_shrink(struct out *o)
{
	if (o->room > BUFFER_KEPT)
		out_fini(o);
}

static int otlp_write(void *state, struct batch *const *batches, size_t n,
		      struct export_result *result)
{
	struct otlp *x = state;
	int outcome = 0;

	for (size_t i = 0; i < N_SIGNALS; i++) {
		if (!(x->signals & signal_of[i]))
			continue;
		int r = ship_signal(x, i, batches, n, result);

		if (r < 0)
			return TRACE(r);
		if (r)
			outcome = EXPORT_RETRY;
		if (r == SHIP_UNREACHABLE)
			break;
	}
	buffer_shrink(&x->plain);
	buffer_shrink(&x->packed);
	return outcome;
}

const struct exporter exporter_otlp = {
	.name = "otlp",
	.summary = "Send to an OpenTelemetry receiver (OTLP over HTTP)",
	.takes = SIGNAL_ALL,
	.open = otlp_open,
	.write = otlp_write,
	.close = otlp_close,
};
