/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scrapes: the ports at which services' metrics are asked for, a server each, as long as a route of a
 * service needs it; and what is answered there, and on the page's /metrics.
 *
 *     struct scrapes *s;
 *     scrapes_new(&s);
 *     scrapes_set_collector(s, collector);
 *     port = scrapes_take(s, &settings, why);    NULL: not asked for, or impossible (`why` says)
 *     scrapes_drop(s, port);
 *
 * Any thread. take and drop may wait for a scrape that is under way.
 */
#pragma once

#include "base/json.h"
#include "collect/collector.h"
#include "view/scrape.h"

struct scrapes;
struct scrape_port;

int scrapes_new(struct scrapes **out);
struct scrapes *scrapes_free(struct scrapes *s);
void scrapes_set_collector(struct scrapes *s, struct collector *c);

/* `why` gets a warning for people, or is empty. */
struct scrape_port *scrapes_take(struct scrapes *s, const struct settings *settings, char why[256]);
void scrapes_drop(struct scrapes *s, struct scrape_port *port);

/* The sink's place: the words of prometheus-options.h; the first is "-" of whom doesn't ask. */
void scrapes_place(const struct settings *settings, char words[COLLECTOR_PLACE], void *you);

/* Elements of the array "destinations" of /api/status. */
void scrapes_json(struct scrapes *s, struct json *j);

/* All services' and the collector's own. */
const char *scrapes_write_all(struct scrapes *s, const struct scrape_request *q, struct out *o);
