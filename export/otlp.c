/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exporter `otlp`: OpenTelemetry's own protocol, over HTTP in protobuf or JSON, or over gRPC.
 *
 * A write sends up to three requests, more where one would pass the size limit. A server that can't
 * be reached ends the write at once; one that answers "later" for one signal may still take the
 * next. An answer that is final (refused, or taken in part) counts and the write goes on.
 */
#include "base/err.h"
#include "export/exporter.h"
#include "export/grpc.h"
#include "export/http.h"
#include "export/otlp-encode.h"
#include "export/otlp-json.h"
#include "export/otlp-response.h"
#include "export/otlp-target.h"
#include "export/packing.h"
#include "export/shipment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * What servers take varies. Over HTTP the most that any is asked to; over gRPC what every
 * implementation takes unless it is told otherwise, but for one item that is larger alone. Powers
 * of two, as `struct out` grows.
 */
enum { REQUEST_MOST = 64 << 20, GRPC_REQUEST_MOST = 4 << 20, BUFFER_KEPT = 4 << 20 };

struct otlp {
	struct arena arena;
	struct http *http;
	enum signal signals;
	const atomic_bool *stop;
	void (*idle)(void *to);
	void *idle_to;
	struct otlp_target target[N_SIGNALS];
	struct out plain, packed;
	struct out aside; /* what goes to disk while a request is under way */
};

static void *otlp_close(void *state)
{
	struct otlp *x = state;

	if (!x)
		return NULL;
	http_free(x->http);
	out_fini(&x->plain);
	out_fini(&x->packed);
	out_fini(&x->aside);
	arena_fini(&x->arena);
	free(x);
	return NULL;
}

static int read_targets(struct otlp *x, const struct settings *s, char why[160])
{
	for (size_t i = 0; i < N_SIGNALS; i++) {
		enum signal signal = shipment_signal(i);

		if (!(x->signals & signal))
			continue;
		int r = otlp_target_read(&x->target[i], signal, s, &x->arena, why);

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
	x->idle = place->idle;
	x->idle_to = place->idle_to;
	x->http = http_new();
	r = x->http ? read_targets(x, settings, why) : ERR(-ENOMEM);
	if (r) {
		otlp_close(x);
		return TRACE(r);
	}
	*state = x;
	return 0;
}

/* The targets' texts are in the first one's arena. */
static int otlp_beside(void **state, const void *first, void *idle_to)
{
	const struct otlp *of = first;
	struct otlp *x = calloc(1, sizeof(*x));

	if (!x)
		return ERR(-ENOMEM);
	x->signals = of->signals;
	x->stop = of->stop;
	x->idle = of->idle;
	x->idle_to = idle_to;
	memcpy(x->target, of->target, sizeof(x->target));
	x->http = http_new();
	if (!x->http) {
		otlp_close(x);
		return ERR(-ENOMEM);
	}
	*state = x;
	return 0;
}

/* A proxy's page says there what is wrong, "400 No required SSL certificate was sent". */
static struct str title(struct str page)
{
	const char *p = page.n ? memmem(page.p, page.n, "<title>", 7) : NULL;

	if (!p)
		return STR("");
	page = str_from(page, (size_t)(p + 7 - page.p));
	return str_trim(str_cut(page, '<').head);
}

/* What the answer has to say for itself: a status message, a page's title, the beginning of a text. */
static struct str answer_message(const struct http_answer *a)
{
	struct str type = str_of(a->type);

	if (str_eq(type, STR("application/x-protobuf")))
		return str_first(otlp_status_message(a->body), 90);
	if (str_starts(type, STR("text/plain")) || str_eq(type, STR("application/json")))
		return str_first(str_trim(a->body), 90);
	return str_eq(type, STR("text/html")) ? str_first(title(a->body), 90) : STR("");
}

/* Taken, in whole or in part. */
static void judge_response(const struct otlp *x, const struct shipment *s, struct str body,
			   struct export_result *result)
{
	const struct otlp_target *t = &x->target[s->which];
	struct str place = shipment_place(t->url);
	struct otlp_response response = { 0 };
	char text[128];

	if (t->protocol == OTLP_HTTP_JSON ? !otlp_response_read_json(body, &response, text)
					  : !otlp_response_read(body, &response)) {
		shipment_tell(result, s, STR_FMT " took it, but its answer is not OTLP's",
			      STR_ARG(place));
	} else if (response.n_rejected || response.message.n) {
		shipment_tell(result, s, STR_FMT " rejected %llu of %zu: " STR_FMT, STR_ARG(place),
			      (unsigned long long)response.n_rejected, shipment_items(s),
			      STR_ARG(str_first(response.message, 80)));
		shipment_reject(result, s, response.n_rejected);
	}
}

/* A web page is no receiver of telemetry, whatever its status says. */
static int judge_http(const struct otlp *x, const struct shipment *s, const struct http_answer *a,
		      struct export_result *result)
{
	const char *url = x->target[s->which].url;

	if (a->status < 200 || a->status >= 300)
		return shipment_failed(result, s, url, a, answer_message(a));
	if (str_eq(str_of(a->type), STR("text/html"))) {
		shipment_tell(result, s,
			      STR_FMT " answers with a web page; is it an OTLP endpoint?",
			      STR_ARG(shipment_place(url)));
		shipment_reject(result, s, SIZE_MAX);
	} else {
		judge_response(x, s, a->body, result);
	}
	return 0;
}

/* A connection that ends, or a proxy's, may look like the end of an answer that has no status yet. */
static bool is_cut_off(const struct http_answer *a)
{
	return a->status == 200 && str_starts(str_of(a->type), STR("application/grpc")) &&
	       !http_header(a->headers, STR("grpc-status")).n;
}

static int judge_grpc(const struct otlp *x, const struct shipment *s, const struct http_answer *a,
		      struct export_result *result)
{
	struct str place = shipment_place(x->target[s->which].url);
	struct str page = answer_message(a);
	struct grpc_answer answer;

	grpc_read(&answer, a->status, a->headers, a->body);
	if (answer.status == GRPC_OK) {
		judge_response(x, s, answer.message, result);
		return 0;
	}
	if (is_cut_off(a)) {
		shipment_tell(result, s, STR_FMT " has not answered to the end", STR_ARG(place));
		return SHIP_LATER;
	}
	if (a->status == 200)
		shipment_tell(result, s, "gRPC status %u from " STR_FMT "%s%s", answer.status,
			      STR_ARG(place), answer.text[0] ? ": " : "", answer.text);
	else
		shipment_tell(result, s,
			      "status %d from " STR_FMT "%s" STR_FMT "; is it a gRPC endpoint?",
			      a->status, STR_ARG(place), page.n ? ": " : "", STR_ARG(page));
	if (grpc_is_retryable(&answer)) {
		if (answer.retry_after_ms > result->retry_after_ms)
			result->retry_after_ms = answer.retry_after_ms;
		return SHIP_LATER;
	}
	if (grpc_is_too_big(&answer) && shipment_items(s) > 1)
		return SHIP_TOO_BIG;
	shipment_reject(result, s, SIZE_MAX);
	return 0;
}

/* What gRPC says in headers of its own, for the time of one post. */
struct grpc_lines {
	char timeout[40], encoding[40];
	const char *line[5];
};

static void grpc_ask(struct grpc_lines *g, const struct otlp_target *t, struct http_request *q)
{
	snprintf(g->timeout, sizeof(g->timeout), "grpc-timeout: %um", t->timeout_ms);
	g->line[0] = "te: trailers";
	g->line[1] = g->timeout;
	g->line[2] = "grpc-accept-encoding: identity";
	if (t->packing)
		snprintf(g->encoding, sizeof(g->encoding), "grpc-encoding: %s",
			 packing_name(t->packing));
	g->line[3] = t->packing ? g->encoding : NULL;
	g->line[4] = NULL;
	q->type = "application/grpc";
	q->encoding = NULL;
	q->more = g->line;
	q->http2 = true;
}

/* The mistakes that are made most: the one protocol at the other's port, and what TLS wants named. */
static void hint(struct http_answer *a, bool grpc)
{
	static const char is_it[] = "; is it a gRPC endpoint?";
	static const char ca[] = "; name its CA by OTEL_EXPORTER_OTLP_CERTIFICATE";
	static const char ours[] = "; name ours by OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE";
	static const struct {
		bool grpc, http;
		const char *said, *hint;
	} hints[] = {
		{ true, false, "Empty reply", is_it },
		{ true, false, "HTTP2", is_it },
		{ true, false, "Send failure", is_it },
		{ true, false, "Recv failure", is_it },
		{ false, true, "HTTP/0.9",
		  "; if it speaks gRPC, set OTEL_EXPORTER_OTLP_PROTOCOL=grpc" },
		{ true, true, "local issuer certificate", ca },
		{ true, true, "self-signed certificate", ca },
		{ true, true, "alert certificate required", ours },
	};
	size_t n = strlen(a->why);

	for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++)
		if ((grpc ? hints[i].grpc : hints[i].http) && strstr(a->why, hints[i].said)) {
			snprintf(a->why + n, sizeof(a->why) - n, "%s", hints[i].hint);
			return;
		}
}

static int post(struct otlp *x, const struct shipment *s, struct str body,
		struct export_result *result)
{
	const struct otlp_target *t = &x->target[s->which];
	struct http_request request = {
		.url = t->url,
		.type = t->protocol == OTLP_HTTP_JSON ? "application/json"
						      : "application/x-protobuf",
		.encoding = packing_name(t->packing),
		.headers = &t->headers,
		.certificate = t->certificate,
		.client_certificate = t->client_certificate,
		.client_key = t->client_key,
		.body = body,
		.timeout_ms = t->timeout_ms,
		.answer_most = t->answer_most,
		.stop = x->stop,
		.idle = x->idle,
		.idle_to = x->idle_to,
	};
	struct grpc_lines grpc;
	struct http_answer answer;

	if (t->protocol == OTLP_GRPC)
		grpc_ask(&grpc, t, &request);

	int r = http_post(x->http, &request, &answer);

	if (r > 0)
		hint(&answer, t->protocol == OTLP_GRPC);
	if (r)
		return TRACE(shipment_unanswered(result, s, r, &answer));
	return t->protocol == OTLP_GRPC ? judge_grpc(x, s, &answer, result)
					: judge_http(x, s, &answer, result);
}

static size_t request_most(const struct shipment *s, const struct otlp_target *t)
{
	if (t->request_most)
		return t->request_most;
	return t->protocol == OTLP_GRPC && shipment_items(s) > 1 ? GRPC_REQUEST_MOST : REQUEST_MOST;
}

/* At most so many bytes, after room for gRPC's prefix. */
static void encode(struct out *o, const struct shipment *s, const struct otlp_target *t,
		   size_t most)
{
	static const char room[GRPC_PREFIX];
	enum otlp_protocol protocol = t->protocol;

	out_clear(o);
	o->limit = most;
	if (protocol == OTLP_GRPC)
		out_bytes(o, room, sizeof(room));
	if (protocol == OTLP_HTTP_JSON)
		otlp_encode_json(o, shipment_signal(s->which), s->slice);
	else
		otlp_encode(o, shipment_signal(s->which), s->slice);
	if (!o->error && o->n > o->limit)
		o->error = -EFBIG;
}

/* What has been encoded, as it is sent. */
static int pack(struct otlp *x, const struct otlp_target *t, struct str *body)
{
	size_t prefix = t->protocol == OTLP_GRPC ? GRPC_PREFIX : 0;
	struct out *o = &x->plain;

	if (t->packing) {
		int r;

		o = &x->packed;
		out_clear(o);
		out_bytes(o, x->plain.p, prefix);
		r = packing_pack(o, t->packing, str_from(out_all(&x->plain), prefix));
		if (r)
			return TRACE(r);
	}
	if (prefix)
		grpc_prefix(o->p, o->n - prefix, t->packing != PACKING_NONE);
	*body = out_all(o);
	return 0;
}

static int ship(void *state, const struct shipment *s, struct export_result *result)
{
	struct otlp *x = state;
	const struct otlp_target *t = &x->target[s->which];
	struct str body;
	int r;

	encode(&x->plain, s, t, request_most(s, t));
	r = shipment_encoded(result, s, &x->plain, request_most(s, t));
	if (r)
		return TRACE(r);
	r = pack(x, t, &body);
	return r ? TRACE(r) : TRACE(post(x, s, body, result));
}

/* ---- on disk: a request as it was encoded, neither packed nor with gRPC's prefix ----------------------- */

/*
 * What lies there can't be halved when a server says that it is too big: so it is what even a proxy takes that nobody
 * has told anything, but for one item that is larger alone.
 */
enum { STOWED_JSON = 0x100, STOWED_MOST = 1 << 20 };

struct stowing {
	struct otlp *x;
	struct spool *to;
};

static size_t stowed_most(const struct shipment *s, const struct otlp_target *t)
{
	size_t most = request_most(s, t);

	return shipment_items(s) > 1 && most > STOWED_MOST ? STOWED_MOST : most;
}

static int stow_one(void *you, const struct shipment *s, struct export_result *result)
{
	struct stowing *w = you;
	const struct otlp_target *t = &w->x->target[s->which];
	enum otlp_protocol protocol = t->protocol;
	size_t prefix = protocol == OTLP_GRPC ? GRPC_PREFIX : 0;
	struct out *o = &w->x->aside;

	(void)result;
	encode(o, s, t, stowed_most(s, t));
	if (o->error == -EFBIG && shipment_items(s) > 1)
		return SHIP_TOO_BIG;
	if (o->error)
		return ERR(o->error);
	return TRACE(spool_put(w->to,
			       (uint32_t)s->which | (protocol == OTLP_HTTP_JSON ? STOWED_JSON : 0),
			       (uint32_t)shipment_items(s), str_from(out_all(o), prefix)));
}

static int otlp_stow(void *state, struct batch *const *batches, size_t n,
		     const struct export_result *done, struct spool *to)
{
	struct stowing w = { state, to };
	struct export_result at = *done;

	for (size_t i = 0; i < N_SIGNALS; i++) {
		int r = w.x->signals & shipment_signal(i)
				? shipment_send_all(i, batches, n, stow_one, &w, &at)
				: 0;

		if (r < 0)
			return TRACE(r);
	}
	out_shrink(&w.x->aside, BUFFER_KEPT);
	return 0;
}

static int otlp_resend(void *state, const struct spool_item *item, struct export_result *result)
{
	static const char room[GRPC_PREFIX];
	struct otlp *x = state;
	struct shipment s = { .which = item->which & (STOWED_JSON - 1),
			      .slice = { .to = item->n_items } };
	bool json = item->which & STOWED_JSON;
	struct str body;
	int r;

	/* From a file, or from before somebody chose another protocol. */
	if (s.which >= N_SIGNALS || !(x->signals & shipment_signal(s.which)) ||
	    json != (x->target[s.which].protocol == OTLP_HTTP_JSON))
		return EXPORT_REFUSED;
	out_clear(&x->plain);
	x->plain.limit = 0;
	if (x->target[s.which].protocol == OTLP_GRPC)
		out_bytes(&x->plain, room, sizeof(room));
	out_str(&x->plain, item->body);
	if (x->plain.error)
		return ERR(x->plain.error);
	r = pack(x, &x->target[s.which], &body);
	if (!r)
		r = post(x, &s, body, result);
	if (r == SHIP_TOO_BIG)
		return EXPORT_REFUSED;
	return r > 0 ? EXPORT_RETRY : TRACE(r);
}

static int otlp_write(void *state, struct batch *const *batches, size_t n,
		      struct export_result *result)
{
	struct otlp *x = state;
	int outcome = 0;

	for (size_t i = 0; i < N_SIGNALS; i++) {
		if (!(x->signals & shipment_signal(i)))
			continue;
		int r = shipment_send_all(i, batches, n, ship, x, result);

		if (r < 0)
			return TRACE(r);
		if (r)
			outcome = EXPORT_RETRY;
		if (r == SHIP_UNREACHABLE)
			break;
	}
	out_shrink(&x->plain, BUFFER_KEPT);
	out_shrink(&x->packed, BUFFER_KEPT);
	return outcome;
}

/* Of the first signal, without what each signal or method adds. */
static void otlp_where(const void *state, char *to, size_t room)
{
	const struct otlp *x = state;
	size_t i = 0;
	char *end;

	while (i < N_SIGNALS && !x->target[i].url)
		i++;
	if (i == N_SIGNALS)
		return;
	shipment_show(to, room, x->target[i].url);
	end = strstr(to, x->target[i].protocol == OTLP_GRPC ? "/opentelemetry.proto." : "/v1/");
	if (end)
		*end = '\0';
}

static const char *otlp_speaks(const void *state, enum signal signal)
{
	static const char *const names[] = { [OTLP_HTTP_PROTOBUF] = "otlp_http",
					     [OTLP_HTTP_JSON] = "otlp_http_json",
					     [OTLP_GRPC] = "otlp_grpc" };
	const struct otlp *x = state;

	return names[x->target[signal == SIGNAL_SPAN ? 0 : signal == SIGNAL_LOG ? 1 : 2].protocol];
}

const struct exporter exporter_otlp = {
	.name = "otlp",
	.summary = "Send to an OpenTelemetry receiver (OTLP over HTTP or gRPC)",
	.takes = SIGNAL_ALL,
	.open = otlp_open,
	.beside = otlp_beside,
	.write = otlp_write,
	.stow = otlp_stow,
	.resend = otlp_resend,
	.close = otlp_close,
	.speaks = otlp_speaks,
	.where = otlp_where,
};
