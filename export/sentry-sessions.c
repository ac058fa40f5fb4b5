/* SPDX-License-Identifier: Apache-2.0 */
#include "export/sentry-sessions.h"

#include "export/sentry-event.h"

#include <time.h>

#define NAME(j, literal) json_name(j, STR(literal))

static const uint64_t minute_ns = 60000000000;

void sentry_sessions_add(struct sentry_sessions *s, const struct span *request)
{
	uint64_t minute = request->start_ns / minute_ns;
	size_t i = 0;

	while (i < s->n && s->at[i].minute != minute)
		i++;
	if (i == SENTRY_MINUTES) {
		s->dropped++;
		return;
	}
	if (i == s->n)
		s->at[s->n++].minute = minute;
	if (request->end == SPAN_ORPHANED)
		s->at[i].crashed++;
	else if (sentry_is_failed(request))
		s->at[i].errored++;
	else
		s->at[i].exited++;
}

static void put_started(struct json *j, uint64_t minute)
{
	time_t t = (time_t)(minute * 60);
	struct tm tm;
	char text[32];
	size_t n = gmtime_r(&t, &tm) ? strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:00Z", &tm) : 0;

	NAME(j, "started");
	json_str(j, (struct str){ text, n });
}

void sentry_sessions_json(struct out *o, const struct sentry_sessions *s, struct str release,
			  struct str environment)
{
	struct json j = { .out = o };

	json_open(&j, '{');
	NAME(&j, "aggregates");
	json_open(&j, '[');
	for (size_t i = 0; i < s->n; i++) {
		json_open(&j, '{');
		put_started(&j, s->at[i].minute);
		json_some_u64(&j, STR("exited"), s->at[i].exited);
		json_some_u64(&j, STR("errored"), s->at[i].errored);
		json_some_u64(&j, STR("crashed"), s->at[i].crashed);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	NAME(&j, "attrs");
	json_open(&j, '{');
	NAME(&j, "release");
	json_str(&j, release);
	NAME(&j, "environment");
	json_str(&j, environment);
	json_close(&j, '}');
	json_close(&j, '}');
}
