/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sender: envelopes and traces to one project, and what Sentry says about them.
 *
 *     sentry_envelope_open(&s, id);                       id NULL: it has no event
 *     sentry_envelope_item(&s, "event", json);
 *     sent = sentry_envelope_send(&s, "errors", timeout_ms, &result);
 *
 * What was dropped because of a limit is counted by the caller in `discarded`, and told as a client
 * report with the envelope that goes next.
 */
#pragma once

#include "export/exporter.h"
#include "export/sentry-limits.h"

enum { SENTRY_ID = 32 };

/* What a try came to; why is in the result. */
enum sent {
	SENT,
	SENT_LATER,   /* there was no good answer, but another time there may be one */
	SENT_REFUSED, /* never offer it again */
};

struct sentry_sender {
	struct http *http;
	const char *envelope_url, *traces_url, *auth; /* auth: a header's line */
	const atomic_bool *stop;
	struct sentry_limits limits;
	uint64_t discarded[N_SENTRY_CATEGORIES]; /* and not told yet */
	struct out body, packed;
};

void sentry_envelope_open(struct sentry_sender *s, const char *id);
void sentry_envelope_item(struct sentry_sender *s, const char *type, struct str payload);
enum sent sentry_envelope_send(struct sentry_sender *s, const char *what, uint32_t timeout_ms,
			       struct export_result *result);

/* s->body, as OTLP. */
enum sent sentry_traces_send(struct sentry_sender *s, uint32_t timeout_ms,
			     struct export_result *result);
