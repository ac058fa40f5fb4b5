/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Store: what was recorded, kept on disk and found again.
 *
 *     struct store *st;
 *     r = store_open(&st, "/path/data.db");           NULL: in memory
 *     store_write(st, batches, n);                     from the writer thread; all or nothing
 *     store_traces(st, &filter, each, you);            from any thread
 *     st = store_free(st);
 *
 * One writer thread; readers see what was committed and never make the writer wait (in memory they
 * take turns). A negative return of store_write: nothing of it was kept, its caller counts the items
 * as store_dropped and goes on; store_written is counted here. What is kept is
 * described by `struct trace_filter`/`struct log_filter`, not by SQL, so that another form of
 * storage can come. Rows given to a callback are borrowed until it returns; a callback that returns
 * nonzero ends the query with that value.
 */
#pragma once

#include "model/batch.h"

struct store;

enum { STORE_LATEST = 0 };

/*
 * The file is made if it isn't there (0600), its directory isn't. Limits: ORIEL_STORE_MAX_BYTES
 * (2 GiB; in memory at most 64 MiB) and ORIEL_STORE_MAX_RUNS (1,000); beyond them the oldest goes, in small steps.
 */
int store_open(struct store **out, const char *path);
struct store *store_free(struct store *st);
int store_write(struct store *st, struct batch *const *batches, size_t n);

/* 0 while it can be written; else what the last store_write returned. Any thread. */
int store_state(struct store *st);

/* In words, what this thread's last negative return was about. */
const char *store_why(void);

void store_limit(struct store *st, uint64_t max_bytes, size_t max_runs);

/* Bytes in use, without what deleted rows left free. */
int store_bytes(struct store *st, uint64_t *out);

/* The newest changes: ask before a query, follow from there with `after`. */
struct store_cursors {
	uint64_t trace, log;
};

int store_cursors(struct store *st, struct store_cursors *out);

/* Runs. `id` is 16 hex digits. */
struct store_run {
	struct str id, command;
	int32_t pid;
	uint64_t started_ns, ended_ns; /* ended_ns 0: still running, as far as was noted */
	int32_t wait_status;	       /* as from wait(2); -1: not known */
};

/* A run that was told before keeps its earlier start, and the command told with it. */
int store_run_started(struct store *st, const struct store_run *run);
int store_run_ended(struct store *st, struct str id, uint64_t ended_ns, int32_t wait_status);
int store_runs(struct store *st, size_t limit, int (*each)(const struct store_run *, void *),
	       void *you);

/* Zero or empty members don't filter. */
struct trace_filter {
	struct str run, service, route; /* of any span; route: of a server span */
	struct str name;		/* the one that the list shows */
	struct str text; /* in span names or attribute values; of the newest 200,000 spans */
	uint64_t since_ns, until_ns; /* start of the trace's first span: since <= t < until */
	uint64_t min_ns, max_ns;     /* duration */
	bool errors_only;	     /* at least one span with STATUS_ERROR */
	int http_status;	     /* of a server span */
	uint64_t after;		     /* only traces that changed after this cursor */
	size_t limit;		     /* 0: 50 */
};

/* A trace in a list: its root, or the earliest span that is here. */
struct trace_summary {
	struct trace_id trace_id;
	struct str run, service, name, route, method;
	struct str path; /* its url.path, of a client its url.full; without the query */
	int http_status;
	enum span_kind kind;
	enum span_status status;
	uint64_t start_ns, duration_ns;
	uint32_t n_spans, n_errors, n_logs;
	const struct str *services; /* every service in it */
	size_t n_services;
	bool has_root;
	uint64_t cursor; /* grows with every change */
};

/* Newest first; with `after` set, oldest change first. */
int store_traces(struct store *st, const struct trace_filter *f,
		 int (*each)(const struct trace_summary *, void *), void *you);

/* Spans and logs of one trace, each with the resource it came with (borrowed, like the rest). */
int store_trace_spans(struct store *st, struct trace_id id,
		      int (*each)(const struct span *, const struct resource *, void *), void *you);

/* Newest first; with `after` or `trace_id` set, oldest first. */
struct log_filter {
	struct str run, service, text; /* text: looked for in the newest 200,000 */
	struct trace_id trace_id;
	int min_severity;
	uint64_t since_ns, until_ns, after;
	size_t limit;
};

int store_logs(struct store *st, const struct log_filter *f,
	       int (*each)(const struct log_record *, const struct resource *, uint64_t cursor,
			   void *),
	       void *you);

/*
 * Rate, errors and duration of a service or route within [since, until), from at most the newest
 * 100,000 requests in it. A service without server and consumer spans is counted by its root spans.
 */
struct store_red {
	struct str service, route, method; /* empty route: all server spans without one */
	uint64_t n, n_errors;
	uint32_t n_processes;
	uint64_t p50_ns, p95_ns, p99_ns, max_ns, last_ns;
};

int store_services(struct store *st, struct str run, uint64_t since_ns, uint64_t until_ns,
		   int (*each)(const struct store_red *, void *), void *you);
int store_routes(struct store *st, struct str run, struct str service, uint64_t since_ns,
		 uint64_t until_ns, int (*each)(const struct store_red *, void *), void *you);

/*
 * Kinds of errors: log records with an exception.type and exceptions of spans, of one service, with the
 * same type, message shape (store/shape.h) and topmost frames. The 2,000 that were seen last are kept.
 */
enum { STORE_RELEASES = 16, STORE_OCCURRENCES = 20 };

struct store_release {
	struct str version; /* service.version; empty: not told */
	uint64_t first_ns, last_ns, n;
};

struct store_problem {
	uint64_t id;
	struct str service, type, message, place; /* message: its shape; place: of the last one */
	bool crash;
	uint64_t first_ns, last_ns, n;
	const struct store_release *releases; /* the latest first */
	size_t n_releases;
};

struct problem_filter {
	struct str run, service, text;
	uint64_t since_ns; /* seen since then */
	size_t limit;	   /* 0: 50 */
};

struct store_occurrence {
	uint64_t time_ns;
	struct trace_id trace_id; /* may be none */
	struct span_id span_id;
	struct str run, message;
};

struct store_problem_detail {
	struct store_problem problem;
	const struct store_occurrence *seen; /* the latest first */
	size_t n_seen;
	const struct log_record *record; /* the last; NULL: only spans said so */
	const struct resource *from;	 /* of the record; may be NULL */
};

/* Seen last first. */
int store_problems(struct store *st, const struct problem_filter *f,
		   int (*each)(const struct store_problem *, void *), void *you);

/* `use` is called once, or not at all if there is none of that id. */
int store_problem(struct store *st, uint64_t id,
		  void (*use)(const struct store_problem_detail *, void *), void *you);
