/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exporter `sentry`: errors as events, how requests ended as sessions, and a share of the traces,
 * to the project that SENTRY_DSN names. Without a DSN there is none, and no connection.
 *
 *     errors     an envelope each, POST /api/PROJECT/envelope/
 *     sessions   counts once a minute, likewise
 *     traces     OTLP, POST /api/PROJECT/integration/otlp/v1/traces/
 *
 * What Sentry limits is dropped, as its protocol wants, and told as a client report with the next
 * envelope. An error's id follows from what it is, and the last ids are remembered: what is offered
 * again, after a failure or by a collector that came after a killed one, isn't sent twice.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "export/otlp-encode.h"
#include "export/sentry-dsn.h"
#include "export/sentry-event.h"
#include "export/sentry-sender.h"
#include "export/sentry-sessions.h"
#include "export/shipment.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { TIMEOUT_MS = 10000, LAST_TIMEOUT_MS = 2000 };
enum { EVENT_MOST = 1 << 20, TRACES_MOST = 4 << 20, BUFFER_KEPT = 4 << 20 };
enum { IDS_KEPT = 256, RELEASE_ROOM = 256 };

static const uint64_t minute_ns = 60000000000;

struct sentry {
	struct sentry_sender sender;
	enum signal signals;
	struct arena arena; /* the sender's texts, and who's */
	struct sentry_who who;
	uint64_t errors_below, traces_below; /* of 2^63: what is sampled */
	struct sentry_sessions sessions;
	struct sentry_crumbs crumbs;
	char release[RELEASE_ROOM]; /* that the sessions are of */
	uint64_t sessions_ns;	    /* when they were sent last; monotonic */
	const struct batch *traced; /* the last whose traces are sent, in a write that will go on */
	char id[IDS_KEPT][SENTRY_ID];
	size_t n_ids;
	struct out event;
};

/* ---- settings -------------------------------------------------------------------------------------- */

static struct str first_of(const struct settings *s, const char *a, const char *b)
{
	struct str value = str_trim(settings_get(s, str_of(a)));

	return value.n ? value : str_trim(settings_get(s, str_of(b)));
}

static struct str kept(struct sentry *x, struct str text)
{
	return arena_copy(&x->arena, text);
}

static const char *kept_fmt(struct sentry *x, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static const char *kept_fmt(struct sentry *x, const char *fmt, ...)
{
	va_list ap, again;
	char *to;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	to = n < 0 ? NULL : arena_take(&x->arena, (size_t)n + 1);
	if (to)
		vsnprintf(to, (size_t)n + 1, fmt, again);
	va_end(again);
	return to;
}

static int read_dsn(struct sentry *x, struct str text, char why[160])
{
	struct sentry_dsn dsn;
	const char *trouble = sentry_dsn_read(&dsn, text);

	if (trouble) {
		snprintf(why, 160, "SENTRY_DSN%s", trouble);
		return ERR(-EINVAL);
	}
	x->sender.envelope_url =
		kept_fmt(x, STR_FMT "://" STR_FMT STR_FMT "/api/" STR_FMT "/envelope/",
			 STR_ARG(dsn.scheme), STR_ARG(dsn.host), STR_ARG(dsn.path),
			 STR_ARG(dsn.project));
	x->sender.traces_url = kept_fmt(x,
					STR_FMT "://" STR_FMT STR_FMT "/api/" STR_FMT
						"/integration/otlp/v1/traces/",
					STR_ARG(dsn.scheme), STR_ARG(dsn.host), STR_ARG(dsn.path),
					STR_ARG(dsn.project));
	x->sender.auth =
		kept_fmt(x,
			 "X-Sentry-Auth: Sentry sentry_version=7, "
			 "sentry_client=oriel.native/" ORIEL_VERSION ", sentry_key=" STR_FMT,
			 STR_ARG(dsn.key));
	if (!x->sender.envelope_url || !x->sender.traces_url || !x->sender.auth)
		return ERR(-ENOMEM);
	return 0;
}

/* "0.1" as what a random number of 63 bits must be below. */
static uint64_t read_rate(struct str text, double usual, const char *name, char why[160])
{
	char number[32];
	double rate = usual;
	char *end = number;

	if (text.n && text.n < sizeof(number)) {
		memcpy(number, text.p, text.n);
		number[text.n] = '\0';
		rate = strtod(number, &end);
	}
	if (text.n && (end == number || *end || !(rate >= 0 && rate <= 1))) {
		snprintf(why, 160, "%s is no share from 0 to 1; taking %g", name, usual);
		rate = usual;
	}
	return (uint64_t)(rate * 9223372036854775808.0);
}

static void read_who(struct sentry *x, const struct settings *s)
{
	struct str environment = first_of(s, "SENTRY_ENVIRONMENT", "SENTRY_ENV");

	x->who.environment = environment.n ? kept(x, environment) : STR("");
	x->who.release = kept(x, first_of(s, "SENTRY_RELEASE", "RELEASE_SHA"));
	x->who.pii = settings_bool(s, STR("SENTRY_SEND_DEFAULT_PII"), NULL);
	x->who.crumbs = &x->crumbs;
}

static void *sentry_close(void *state);

static int sentry_open(void **state, const struct settings *settings,
		       const struct export_place *place, char why[160])
{
	struct sentry *x = calloc(1, sizeof(*x));
	int r;

	why[0] = '\0';
	if (!x)
		return ERR(-ENOMEM);
	x->sender.stop = place->stop;
	x->signals = place->signals;
	x->sender.http = http_new();
	r = x->sender.http ? read_dsn(x, str_trim(settings_get(settings, STR("SENTRY_DSN"))), why)
			   : ERR(-ENOMEM);
	if (r) {
		sentry_close(x);
		return TRACE(r);
	}
	read_who(x, settings);
	x->errors_below = read_rate(str_trim(settings_get(settings, STR("SENTRY_SAMPLE_RATE"))), 1,
				    "SENTRY_SAMPLE_RATE", why);
	x->traces_below =
		read_rate(first_of(settings, "SENTRY_TRACES_SAMPLE_RATE", "SENTRY_TRACES_RATE"),
			  0.1, "SENTRY_TRACES_SAMPLE_RATE", why);
	x->sessions_ns = clock_mono_ns();
	*state = x;
	return 0;
}

/* ---- errors ---------------------------------------------------------------------------------------- */

static bool was_sent(const struct sentry *x, const char id[SENTRY_ID])
{
	for (size_t i = 0; i < x->n_ids && i < IDS_KEPT; i++)
		if (!memcmp(x->id[i], id, SENTRY_ID))
			return true;
	return false;
}

static bool is_sampled(const void *bytes, uint64_t below)
{
	uint64_t v;

	memcpy(&v, bytes, sizeof(v));
	return (__builtin_bswap64(v) >> 1) < below;
}

/* By what it is, so that the answer is the same when it is offered again. */
static bool error_is_sampled(const struct sentry *x, const char id[SENTRY_ID])
{
	uint8_t bytes[SENTRY_ID / 2];

	return hex_read(bytes, sizeof(bytes), (struct str){ id, SENTRY_ID }, false) &&
	       is_sampled(bytes, x->errors_below);
}

/* The environment and the release as the settings, else the resource, have them. */
static struct sentry_who who_of(const struct sentry *x, const struct resource *r,
				char room[RELEASE_ROOM])
{
	struct str version = attributes_text(r->attributes, STR("service.version")),
		   environment = attributes_text(r->attributes, STR("deployment.environment.name"));
	struct sentry_who who = x->who;

	if (!who.release.n && version.n) {
		int n = snprintf(room, RELEASE_ROOM, STR_FMT "@" STR_FMT, STR_ARG(r->service),
				 STR_ARG(version));

		who.release = (struct str){ room, n < RELEASE_ROOM ? (size_t)n : RELEASE_ROOM - 1 };
	}
	if (!who.environment.n)
		who.environment = environment.n ? environment : STR("development");
	return who;
}

static enum sent error_send(struct sentry *x, const struct sentry_error *e,
			    struct export_result *result)
{
	char id[SENTRY_ID], room[RELEASE_ROOM];
	struct sentry_who who = who_of(x, e->resource, room);
	enum sent sent;

	sentry_event_id(id, e);
	if (was_sent(x, id) || !error_is_sampled(x, id))
		return SENT;
	if (sentry_limited(&x->sender.limits, SENTRY_error, clock_mono_ns())) {
		x->sender.discarded[SENTRY_error]++;
		snprintf(result->why, sizeof(result->why), "errors: limited by Sentry");
		return SENT_REFUSED;
	}
	out_clear(&x->event);
	x->event.limit = EVENT_MOST;
	sentry_event_json(&x->event, e, id, &who);
	if (x->event.error) {
		snprintf(result->why, sizeof(result->why), "errors: one is larger than %d MiB",
			 EVENT_MOST >> 20);
		return SENT_REFUSED;
	}
	sentry_envelope_open(&x->sender, id);
	sentry_envelope_item(&x->sender, "event", out_all(&x->event));
	sent = sentry_envelope_send(&x->sender, "errors", TIMEOUT_MS, result);
	if (sent == SENT)
		memcpy(x->id[x->n_ids++ % IDS_KEPT], id, SENTRY_ID);
	return sent;
}

static enum sent span_errors_send(struct sentry *x, const struct batch *b, const struct span *s,
				  struct export_result *result)
{
	struct sentry_error e = { .resource = b->resource };
	enum sent sent = SENT;

	for (size_t at = 0; sent != SENT_LATER && sentry_error_of_span(&e, s, &at);) {
		enum sent one = error_send(x, &e, result);

		if (one != SENT)
			sent = one;
	}
	return sent;
}

/* ---- sessions -------------------------------------------------------------------------------------- */

static void sessions_send(struct sentry *x, uint32_t timeout_ms, struct export_result *result)
{
	struct str release = str_of(x->release), environment = x->who.environment;

	x->sessions_ns = clock_mono_ns();
	if (x->sessions.n && release.n &&
	    !sentry_limited(&x->sender.limits, SENTRY_session, x->sessions_ns)) {
		out_clear(&x->event);
		sentry_sessions_json(&x->event, &x->sessions, release,
				     environment.n ? environment : STR("development"));
		sentry_envelope_open(&x->sender, NULL);
		sentry_envelope_item(&x->sender, "sessions", out_all(&x->event));
		sentry_envelope_send(&x->sender, "sessions", timeout_ms, result);
	}
	x->sessions.n = 0;
}

/* Sessions are counted for one release; those of another are sent first. */
static void session_add(struct sentry *x, const struct span *s, const struct resource *r,
			struct export_result *result)
{
	char room[RELEASE_ROOM];
	struct str release = str_first(who_of(x, r, room).release, RELEASE_ROOM - 1);

	if (!str_eq(release, str_of(x->release))) {
		sessions_send(x, TIMEOUT_MS, result);
		if (release.n)
			memcpy(x->release, release.p, release.n);
		x->release[release.n] = '\0';
	}
	sentry_sessions_add(&x->sessions, s);
}

/* ---- items ------------------------------------------------------------------------------------------ */

/* Items from `skip` on; false: the rest is for later. */
static bool errors_of(struct sentry *x, const struct batch *b, size_t which, size_t skip,
		      struct export_result *result)
{
	size_t n = which ? b->n_logs : b->n_spans;

	for (size_t i = skip; i < n; i++) {
		struct sentry_error e = { .resource = b->resource };
		enum sent sent = SENT;

		if (!which)
			sent = span_errors_send(x, b, &b->span[i], result);
		else if (sentry_error_of_log(&e, &b->log[i]))
			sent = error_send(x, &e, result);
		if (sent == SENT_LATER)
			return false;
		if (which)
			sentry_crumbs_add(&x->crumbs, &b->log[i], b->resource);
		else if (sentry_is_request(&b->span[i]))
			session_add(x, &b->span[i], b->resource, result);
		result->n_rejected += sent == SENT_REFUSED;
		result->n_done[which]++;
	}
	return true;
}

/* ---- traces ---------------------------------------------------------------------------------------- */

static size_t sampled_count(const struct sentry *x, const struct batch *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n_spans; i++)
		n += is_sampled(b->span[i].trace_id.b + 8, x->traces_below);
	return n;
}

/* The spans of sampled traces, borrowed. */
static void sampled_of(const struct sentry *x, struct batch *to, const struct batch *b)
{
	to->resource = b->resource;
	for (size_t i = 0; i < b->n_spans; i++)
		if (is_sampled(b->span[i].trace_id.b + 8, x->traces_below))
			to->span[to->n_spans++] = b->span[i];
}

static enum sent traces_post(struct sentry *x, struct batch *some, struct export_result *result)
{
	out_clear(&x->sender.body);
	x->sender.body.limit = TRACES_MOST;
	otlp_encode(&x->sender.body, SIGNAL_SPAN,
		    (struct otlp_slice){ &some, 1, 0, some->n_spans });
	x->sender.body.limit = 0;
	if (x->sender.body.error) {
		snprintf(result->why, sizeof(result->why), "traces: more than %d MiB at once",
			 TRACES_MOST >> 20);
		return SENT_REFUSED;
	}
	return sentry_traces_send(&x->sender, TIMEOUT_MS, result);
}

static enum sent traces_send(struct sentry *x, const struct batch *b, struct export_result *result)
{
	struct batch some = { .n_spans = 0 };
	size_t n = sampled_count(x, b);
	enum sent sent;

	if (!n)
		return SENT;
	if (sentry_limited(&x->sender.limits, SENTRY_transaction, clock_mono_ns())) {
		x->sender.discarded[SENTRY_transaction] += n;
		return SENT;
	}
	some.span = malloc(n * sizeof(*some.span));
	if (!some.span)
		return SENT_REFUSED;
	sampled_of(x, &some, b);
	sent = traces_post(x, &some, result);
	free(some.span);
	return sent;
}

/* Those of the batches behind the last that is known to be sent; false: the rest is for later. */
static bool write_traces(struct sentry *x, struct batch *const *batches, size_t n,
			 struct export_result *result)
{
	size_t i = 0;

	while (x->traced && i < n && batches[i++] != x->traced)
		;
	for (; i < n; i++) {
		if (traces_send(x, batches[i], result) == SENT_LATER)
			return false;
		x->traced = batches[i];
	}
	return true;
}

/* ---- the exporter ---------------------------------------------------------------------------------- */

/* Where the write before stopped: how many items of `which` in the batches before this are done. */
static bool write_errors(struct sentry *x, struct batch *const *batches, size_t n, size_t which,
			 struct export_result *result)
{
	size_t before = 0;

	for (size_t i = 0; i < n; i++) {
		size_t items = which ? batches[i]->n_logs : batches[i]->n_spans;
		size_t done = result->n_done[which];

		if (done < before + items &&
		    !errors_of(x, batches[i], which, done - before, result))
			return false;
		before += items;
	}
	return true;
}

static int sentry_write(void *state, struct batch *const *batches, size_t n,
			struct export_result *result)
{
	struct sentry *x = state;

	bool traces = x->signals & SIGNAL_SPAN && x->traces_below;

	if ((traces && !write_traces(x, batches, n, result)) ||
	    (x->signals & SIGNAL_LOG && !write_errors(x, batches, n, 1, result)) ||
	    (x->signals & SIGNAL_SPAN && !write_errors(x, batches, n, 0, result)))
		return EXPORT_RETRY;
	x->traced = NULL;
	if (clock_mono_ns() - x->sessions_ns >= minute_ns)
		sessions_send(x, TIMEOUT_MS, result);
	out_shrink(&x->sender.body, BUFFER_KEPT);
	return 0;
}

static void *sentry_close(void *state)
{
	struct export_result result = { .n_rejected = 0 };
	struct sentry *x = state;

	if (!x)
		return NULL;
	if (x->sender.envelope_url)
		sessions_send(x, LAST_TIMEOUT_MS, &result);
	http_free(x->sender.http);
	out_fini(&x->event);
	out_fini(&x->sender.body);
	out_fini(&x->sender.packed);
	arena_fini(&x->arena);
	free(x);
	return NULL;
}

static void sentry_where(const void *state, char *to, size_t room)
{
	const struct sentry *x = state;

	shipment_show(to, room, x->sender.envelope_url);
}

const struct exporter exporter_sentry = {
	.name = "sentry",
	.summary = "Send errors, sessions and a share of the traces to Sentry",
	.takes = SIGNAL_SPAN | SIGNAL_LOG,
	.open = sentry_open,
	.write = sentry_write,
	.close = sentry_close,
	.where = sentry_where,
};
