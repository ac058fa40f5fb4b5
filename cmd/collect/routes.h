/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes: where batches go. The collector's sink: for each distinct pair of settings and run the
 * destinations that they ask for, and for all of them the keeper.
 *
 *     struct routes *r;
 *     routes_new(&r);
 *     routes_set_keeper(r, keeper);
 *     collector_new(&c, &(struct collector_options){ .sink = &routes_sink, .you = r, ... });
 *
 * A route that is closed while the collector goes on is flushed by a thread of its own: a dead
 * endpoint must not hold up the services that live. routes_free waits for those.
 */
#pragma once

#include "base/json.h"
#include "cmd/collect/keeper.h"
#include "cmd/collect/scrapes.h"
#include "collect/collector.h"

struct routes;

extern const struct collector_sink routes_sink;

int routes_new(struct routes **out);

/* Before the collector runs; NULL: there is no store. */
void routes_set_keeper(struct routes *r, struct keeper *keeper);

/* Where what can't be sent may wait on disk; NULL: nowhere. Before the collector runs. */
int routes_set_queue(struct routes *r, const char *dir);

/* Before it runs. */
void routes_set_collector(struct routes *r, struct collector *c);
struct scrapes *routes_scrapes(struct routes *r);

/*
 * Where what others send goes if it belongs to no `oriel run`: these settings' destinations. Without this
 * call, nowhere but to the store.
 */
void routes_open_own(struct routes *r, const struct settings *settings);

/*
 * What others have sent (receive/): to the store, to where its run's settings say, and to the collector
 * its metrics. False: the store has no room just now. Any thread; `you` is the routes.
 */
bool routes_receive(struct batch *b, void *you);

/* All routes must be closed by then, as collector_free does. */
struct routes *routes_free(struct routes *r);

/* From here on closing a route waits for it: the collector itself is about to leave. */
void routes_ending(struct routes *r);

/* Is somebody looking? Asked by the collector when it would leave. */
void routes_set_looking(struct routes *r, bool (*looking)(void *you), void *you);

/* Elements of the array "destinations" of /api/status. Any thread. */
void routes_json(struct routes *r, struct json *j);
