/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/database/slow.h"

#include <math.h>
#include <string.h>

#include "agent/agent.h"

double slow_seconds = INFINITY;

static struct oriel_logger *logger;

void database_slow_set(const char *ms)
{
	struct str text = str_trim(str_of(ms));
	uint64_t v = 1000;

	if (text.n && !str_to_u64(text, &v))
		v = 1000;
	slow_seconds = v ? (double)v / 1000 : INFINITY;
	if (v)
		logger = oriel_logger("oriel.database");
}

/* No character in half. */
void slow_begin(struct slow_text *s, struct str text)
{
	size_t n = str_first(text, SLOW_TEXT_MOST).n;

	while (n && n < text.n && (text.p[n] & 0xc0) == 0x80)
		n--;
	s->n = (uint8_t)n;
	if (n)
		memcpy(s->text, text.p, n);
}

void slow_tell(const struct slow_text *s, const struct oriel_context *context, const char *system,
	       double seconds, const char *error)
{
	static struct oriel_site nowhere;
	static const char event[] = "slow_query";
	struct gathered g = { .n = 0 };
	unsigned token;

	if (!oriel_passes(logger, ORIEL_WARN))
		return;
	gather(&g, oriel_f64("duration", seconds));
	if (s->n)
		gather(&g, oriel_strn("query", s->text, s->n));
	gather(&g, known_str(KEY_DB_SYSTEM_NAME, system));
	if (error)
		gather(&g, known_str(KEY_ERROR_TYPE, error));
	token = oriel_context_attach(context);
	oriel_log_at(&nowhere, ORIEL_WHAT(logger, ORIEL_WARN), event, sizeof(event) - 1,
		     gathered_all(&g));
	oriel_context_detach(token);
}
