/* SPDX-License-Identifier: Apache-2.0 */
/*
 * View: the page, its API, /metrics and /health, on one address (doc/api.md).
 *
 *     struct view *v;
 *     r = view_start(&v, &(struct view_options){ .listen = "127.0.0.1:8321", .store = st,
 *                                                .sources = &sources, .you = collector });
 *     view_address(v) -> "127.0.0.1:8322"    where it really listens
 *     v = view_stop(v);
 *
 * Every request is foreign: bounded in size and time, answered from the store (any thread) and from
 * `sources`, which must be safe to call from the server's threads. Only drawing and serialising here:
 * what is true comes from the store and the collector.
 */
#pragma once

#include "base/json.h"
#include "store/store.h"
#include "view/assets.h"
#include "view/scrape.h"

struct view;

/* From when to when a trace lasts. */
struct view_extent {
	uint64_t start_ns, end_ns;
	size_t n_spans;
};

void view_extent_add(struct view_extent *e, const struct span *s);

/*
 * What only the running collector knows; each writes the members of an open JSON value. Any may be
 * NULL. They are called from the server's threads.
 */
struct view_sources {
	/* Of /api/status: started_ns, run_dir, data_dir, processes, destinations (the rest is ours). */
	void (*status)(struct json *j, void *you);
	void (*in_flight)(struct json *j, void *you); /* elements of an array of span objects */
	void (*metrics)(struct json *j, void *you);   /* elements of an array of metric points */

	/*
	 * Elements of an array of span objects: the spans of one trace that are still open, each
	 * with view_open_span_json; `extent` is widened by view_extent_add for each.
	 */
	void (*trace_open)(struct json *j, struct trace_id id, struct view_extent *extent,
			   void *you);

	scrape_write *prometheus; /* /metrics */

	/*
	 * What `oriel set` does (base/change.h), as POST /api/control asks; `n` processes have it. 0 or
	 * a negative errno, -ESRCH if nothing is called so. NULL: nothing can be changed.
	 */
	int (*change)(const char *target, char *const *changes, uint32_t *n, void *you);

	/* Do the collector's threads move? NULL: yes. */
	bool (*live)(void *you);
};

struct view_options {
	const char *listen;  /* HOST:PORT; a taken port means the next free one, up to 20 on */
	struct store *store; /* NULL: no store, live facts only */
	const struct view_sources *sources;
	void *you;
	const struct view_asset *assets; /* the built-in page; NULL: none */
	const char *web_dir;		 /* serve the page from here instead, for its authors */
};

int view_start(struct view **out, const struct view_options *options);
struct view *view_stop(struct view *v);
const char *view_address(const struct view *v);
uint64_t view_last_request_ns(const struct view *v); /* CLOCK_MONOTONIC; 0: none yet */

/* The JSON of one span, as /api/traces/ID and /api/in-flight give it (doc/api.md). */
void view_span_json(struct json *j, const struct span *s, const struct resource *r);

/* The same of a span in flight, `s->end_ns` being now. */
void view_open_span_json(struct json *j, const struct span *s, const struct resource *r);
