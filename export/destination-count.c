/* SPDX-License-Identifier: Apache-2.0 */
/* What a destination counts by signal, and how long its writes took. */
#include "export/destination-inside.h"

#include "model/stats.h"

/* Rejected items of which an exporter doesn't say what they are, are those that come first. */
void destination_done(const struct export_result *result, const struct cargo *c, bool all,
		      struct account *out)
{
	uint64_t rest = result->n_rejected;

	for (size_t i = 0; i < N_SIGNALS; i++) {
		size_t done = all || result->n_done[i] > c->of[i] ? c->of[i] : result->n_done[i];
		uint64_t rejected = result->n_rejected_of[i];

		out->refused[i] = rejected < done ? rejected : done;
		out->sent[i] = done - out->refused[i];
		rest -= out->refused[i] < rest ? out->refused[i] : rest;
	}
	for (size_t i = 0; i < N_SIGNALS; i++) {
		uint64_t more = rest < out->sent[i] ? rest : out->sent[i];

		out->refused[i] += more;
		out->sent[i] -= more;
		rest -= more;
	}
}

struct account destination_account(int r, bool on_time, const struct cargo *c,
				   const struct export_result *result)
{
	struct account a = { .sent = { 0 } };

	destination_done(result, c, !r, &a);
	for (size_t i = 0; i < N_SIGNALS; i++) {
		uint64_t left = c->of[i] - a.sent[i] - a.refused[i];

		if (r != EXPORT_RETRY)
			a.refused[i] += left;
		else if (on_time)
			a.retries[i] = left;
		else
			a.closing[i] = left;
	}
	return a;
}

/* What gave way on disk is of those signals that have anything there, the first ones first. */
static uint64_t give_way(struct destination_count *c, uint64_t n)
{
	uint64_t settled = c->sent + c->refused + c->retries + c->closing;
	uint64_t waits = c->written > settled ? c->written - settled : 0;

	n = n < waits ? n : waits;
	c->retries += n;
	return n;
}

static uint64_t sum(const uint64_t of[N_SIGNALS])
{
	return of[0] + of[1] + of[2];
}

void destination_count_settled(struct destination *d, const struct account *a, uint64_t gave_way)
{
	uint64_t sent = sum(a->sent);
	uint64_t lost = sum(a->refused) + sum(a->retries) + sum(a->closing) + gave_way;

	for (size_t i = 0; i < N_SIGNALS; i++) {
		struct destination_count *c = &d->counts.of[i];

		c->sent += a->sent[i];
		c->refused += a->refused[i];
		c->retries += a->retries[i];
		c->closing += a->closing[i];
	}
	d->sent += sent;
	d->dropped += lost;
	d->settled += sent + lost;
	for (size_t i = 0; i < N_SIGNALS; i++)
		gave_way -= give_way(&d->counts.of[i], gave_way);
	pthread_cond_broadcast(&d->moved);
}

static void tell_stats(const struct account *a, uint64_t gave_way)
{
	stats_add(export_dropped_queue_full, gave_way);
	stats_add(export_sent, sum(a->sent));
	stats_add(export_dropped_refused, sum(a->refused));
	stats_add(export_dropped_retries, sum(a->retries));
	stats_add(export_dropped_closing, sum(a->closing));
}

void destination_settle(struct destination *d, const struct account *a)
{
	tell_stats(a, 0);
	pthread_mutex_lock(&d->lock);
	destination_count_settled(d, a, 0);
	pthread_mutex_unlock(&d->lock);
}

void destination_note_disk(struct destination *d, uint64_t adopted)
{
	d->offered += adopted;
	d->spooled = spool_items(d->spool);
	d->held = spool_held(d->spool);
	d->stowed = spool_came(d->spool);
	d->ready = d->spooled > 0;
}

/* What is adopted counts in the same moment: who waits for the end waits for that, too. */
void destination_settle_disk(struct destination *d, const struct account *a)
{
	uint64_t gave_way = spool_dropped(d->spool);
	uint64_t adopted = spool_adopt(d->spool) ? spool_items(d->spool) : 0;

	tell_stats(a, gave_way);
	pthread_mutex_lock(&d->lock);
	destination_count_settled(d, a, gave_way);
	destination_note_disk(d, adopted);
	pthread_mutex_unlock(&d->lock);
}

void destination_counts(struct destination *d, struct destination_counts *out)
{
	pthread_mutex_lock(&d->lock);
	*out = d->counts;
	pthread_mutex_unlock(&d->lock);
	out->room = d->limits.queue_items;
}

const char *destination_name(const struct destination *d)
{
	return d->name;
}

const char *destination_speaks(const struct destination *d, enum signal signal)
{
	const char *said = d->kind->speaks ? d->kind->speaks(d->first_state, signal) : NULL;

	return said ? said : d->kind->name;
}
