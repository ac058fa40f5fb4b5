/* SPDX-License-Identifier: Apache-2.0 */
/* What a destination counts by signal, and how long its writes took. */
#include "export/destination-inside.h"

#include "base/clock.h"

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

void destination_took(struct destination *d, uint64_t began_ns, int r)
{
	uint64_t took_ns = clock_mono_ns() - began_ns;

	pthread_mutex_lock(&d->lock);
	durations_add(&d->counts.took[r != 0], took_ns);
	pthread_mutex_unlock(&d->lock);
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

void destination_count_settled(struct destination *d, const struct account *a, uint64_t gave_way)
{
	for (size_t i = 0; i < N_SIGNALS; i++) {
		struct destination_count *c = &d->counts.of[i];

		c->sent += a->sent[i];
		c->refused += a->refused[i];
		c->retries += a->retries[i];
		c->closing += a->closing[i];
	}
	for (size_t i = 0; i < N_SIGNALS; i++)
		gave_way -= give_way(&d->counts.of[i], gave_way);
}

void destination_counts(struct destination *d, struct destination_counts *out)
{
	pthread_mutex_lock(&d->lock);
	*out = d->counts;
	pthread_mutex_unlock(&d->lock);
	out->room = d->limits.queue_items;
}

const char *destination_speaks(const struct destination *d, enum signal signal)
{
	const char *said = d->kind->speaks ? d->kind->speaks(d->state, signal) : NULL;

	return said ? said : d->kind->name;
}
