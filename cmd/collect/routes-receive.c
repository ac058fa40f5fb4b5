/* SPDX-License-Identifier: Apache-2.0 */
/* What others send, to where the services of its run send to. */
#include "cmd/collect/routes-inside.h"

#include "base/clock.h"

#include <poll.h>
#include <unistd.h>

enum { YOUNG_MS = 500, YOUNG_STEP_MS = 5 };

/* Where the first of a run's processes sends to; of no run, or of one that nobody knows: our own. */
static struct route *route_for(struct routes *all, struct str run)
{
	struct route *found = NULL;

	for (struct route *route = all->head; route && run.n; route = route->next)
		if (str_eq(str_of(route->run), run))
			found = route;
	return found || run.n ? found : all->own;
}

static bool is_young(const struct routes *all, struct str run)
{
	uint64_t now = clock_mono_ns();

	for (size_t i = 0; i < YOUNG_RUNS && run.n; i++)
		if (str_eq(str_of(all->young[i].run), run))
			return now - all->young[i].since_ns < YOUNG_MS * 1000000ull;
	return false;
}

/* Under the lock, which is let go while a run's route is still to come. */
static struct route *wait_for_route(struct routes *all, struct str run)
{
	struct route *route;

	while (!(route = route_for(all, run)) && is_young(all, run)) {
		pthread_mutex_unlock(&all->lock);
		poll(NULL, 0, YOUNG_STEP_MS);
		pthread_mutex_lock(&all->lock);
	}
	return route;
}

/*
 * Points go on as they came, as deltas or not. The destinations' queues never wait for anybody; only the
 * store's tells the sender to come again.
 */
bool routes_receive(struct batch *b, void *you)
{
	struct span_metrics_rules spans = { .on = false };
	struct routes *all = you;
	struct route *route;

	if (!keeper_has_room(all->keeper, batch_items(b)))
		return false;
	keeper_offer(all->keeper, b);
	pthread_mutex_lock(&all->lock);
	route = wait_for_route(all, b->resource->run);
	for (size_t i = 0; route && i < route->n_legs; i++)
		if (!route->leg[i].is_lines)
			destination_offer(route->leg[i].destination, b);
	if (route && b->n_spans)
		spans = route->spans;
	pthread_mutex_unlock(&all->lock);
	collector_received(all->collector, b, &spans);
	return true;
}

void routes_tell(struct batch *b, void *you)
{
	struct routes *all = you;
	struct route *route;

	pthread_mutex_lock(&all->lock);
	route = route_for(all, b->resource->run);
	for (size_t i = 0; route && i < route->n_legs; i++)
		if (!route->leg[i].is_lines)
			leg_give(&route->leg[i], b);
	pthread_mutex_unlock(&all->lock);
}

void routes_open_own(struct routes *all, const struct settings *settings)
{
	struct collector_run nobody = { .out_fd = STDOUT_FILENO, .err_fd = -1 };
	struct route *own = routes_open(settings, &nobody, all);

	pthread_mutex_lock(&all->lock);
	all->own = own;
	pthread_mutex_unlock(&all->lock);
}
