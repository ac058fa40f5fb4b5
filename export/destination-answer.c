/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a destination makes of how a request ended: when the next one may go, and what people are told.
 *
 * Of several under way at once some may end well after one has failed: they had been sent before that, and don't
 * say that it is over.
 */
#include "export/destination-inside.h"

#include "base/clock.h"
#include "base/err.h"

#include <stdio.h>

static bool is_news(const struct destination *d, uint64_t began_ns)
{
	return began_ns >= d->failed_ns;
}

/* With the lock held. */
static void set_pace(struct destination *d, uint64_t began_ns, int r, uint32_t asked_ms)
{
	uint64_t now_ns = clock_mono_ns(), until_ns = now_ns + (uint64_t)asked_ms * MS;
	bool news = is_news(d, began_ns);

	if (r != EXPORT_RETRY && news) {
		d->backoff.failures = 0;
		d->not_before_ns = d->asked_ns = 0;
	}
	if (r != EXPORT_RETRY)
		return;
	if (news)
		d->not_before_ns = now_ns + backoff_next_ns(&d->backoff, asked_ms);
	else if (until_ns > d->not_before_ns)
		d->not_before_ns = until_ns;
	if (asked_ms && until_ns > d->asked_ns)
		d->asked_ns = until_ns < d->not_before_ns ? until_ns : d->not_before_ns;
	d->failed_ns = now_ns;
}

/* With the lock held. What is to be told now, or false. */
static bool set_state(struct destination *d, uint64_t began_ns, int r,
		      const struct export_result *result, char line[256])
{
	bool fails = r != 0 || result->n_rejected > 0, changed = d->failing != fails;

	if (!fails && !is_news(d, began_ns))
		return false;
	d->failing = fails;
	snprintf(d->why, sizeof(d->why), "%s", r < 0 ? err_path(r) : result->why);
	if (fails)
		snprintf(line, 256, "export %s: %s; %s", d->name, d->why,
			 r == EXPORT_RETRY ? "trying again" : "lost and counted");
	else
		snprintf(line, 256, "export %s: works again", d->name);
	return changed && d->tell;
}

void destination_answered(struct destination *d, uint64_t began_ns, int r,
			  const struct export_result *result)
{
	char line[256];
	bool tells;

	pthread_mutex_lock(&d->lock);
	durations_add(&d->counts.took[r != 0], clock_mono_ns() - began_ns);
	tells = set_state(d, began_ns, r, result, line);
	set_pace(d, began_ns, r, result->retry_after_ms);
	pthread_mutex_unlock(&d->lock);
	if (tells)
		d->tell(d->tell_to, line);
}
