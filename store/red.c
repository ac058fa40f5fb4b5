/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rates, errors and durations, from the requests in a window.
 *
 * Requests are read newest first into one array, sorted by what they are counted under and then by
 * duration: each group is then a stretch whose percentiles are simply there.
 */
#include "store/inside.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>

enum { REQUESTS_MOST = 100000 };

struct requests {
	struct request *at;
	size_t n, room;
};

static bool all_add(struct requests *all, const struct request *one)
{
	if (all->n == all->room) {
		size_t room = all->room ? all->room * 2 : 1024;
		struct request *p = realloc(all->at, room * sizeof(*p));

		if (!p)
			return false;
		all->at = p;
		all->room = room;
	}
	all->at[all->n++] = *one;
	return true;
}

struct window {
	struct str run, service;
	uint64_t since_ns, until_ns;
};

static int by_number(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static bool is_in(const struct window *w, uint32_t service, const struct request *q)
{
	return q->start_ns >= w->since_ns && (!w->until_ns || q->start_ns < w->until_ns) &&
	       (!w->service.n || q->service == service);
}

static int newest_first(const void *pa, const void *pb)
{
	const struct request *a = pa, *b = pb;

	return by_number(b->start_ns, a->start_ns);
}

/* Rows come by when their last request began; of the last one only the newest may be too many. */
static int requests_read(struct requests *all, struct db *db, const struct window *w)
{
	sqlite3_stmt *s = db_stmt(db, DB_REQUESTS_LIST);
	uint32_t run = w->run.n ? words_find(db, w->run) : 0;
	uint32_t service = w->service.n ? words_find(db, w->service) : 0;
	struct request one;
	int r = 0;

	db_bind_u64(s, 1, w->since_ns);
	db_bind_u64(s, 2, w->until_ns ? w->until_ns : UINT64_MAX);
	if (w->run.n)
		sqlite3_bind_int64(s, 3, run);
	while (r == 0 && all->n < REQUESTS_MOST && (r = db_step(db, s)) == DB_ROW) {
		struct requests_reader in = { .left = db_column_text(s, 0) };

		r = 0;
		while (r == 0 && requests_next(&in, &one))
			if (is_in(w, service, &one) && !all_add(all, &one))
				r = ERR(-ENOMEM);
	}
	db_reset(s);
	if (all->n > REQUESTS_MOST) {
		qsort(all->at, all->n, sizeof(*all->at), newest_first);
		all->n = REQUESTS_MOST;
	}
	return TRACE(r);
}

/* Servers before others, so that a group's first row tells whether others count. */
static int by_service(const void *pa, const void *pb)
{
	const struct request *a = pa, *b = pb;
	int r = by_number(a->service, b->service);

	if (!r)
		r = by_number(b->server, a->server);
	return r ? r : by_number(a->duration_ns, b->duration_ns);
}

static int by_route(const void *pa, const void *pb)
{
	const struct request *a = pa, *b = pb;
	int r = by_number(b->server, a->server);

	if (!r)
		r = by_number(a->service, b->service);
	if (!r)
		r = by_number(a->route, b->route);
	if (!r)
		r = by_number(a->method, b->method);
	return r ? r : by_number(a->duration_ns, b->duration_ns);
}

/* The nearest rank: the smallest duration that `percent` of the requests don't exceed. */
static uint64_t percentile(const struct request *q, size_t n, size_t percent)
{
	size_t rank = (n * percent + 99) / 100;

	return q[rank ? rank - 1 : 0].duration_ns;
}

static int by_value(const void *a, const void *b)
{
	return by_number(*(const uint32_t *)a, *(const uint32_t *)b);
}

static uint32_t count_processes(const struct request *q, size_t n)
{
	uint32_t *no = malloc(n * sizeof(*no)), different = 0;

	if (!no)
		return 0;
	for (size_t i = 0; i < n; i++)
		no[i] = q[i].resource;
	qsort(no, n, sizeof(*no), by_value);
	for (size_t i = 0; i < n; i++)
		different += i == 0 || no[i] != no[i - 1];
	free(no);
	return different;
}

/* `q` is one group, sorted by duration. */
static struct store_red red_of(struct db *db, const struct request *q, size_t n)
{
	struct store_red red = {
		.service = q->service ? words_text(db, q->service) : (struct str){ "", 0 },
		.n = n,
		.n_processes = count_processes(q, n),
		.p50_ns = percentile(q, n, 50),
		.p95_ns = percentile(q, n, 95),
		.p99_ns = percentile(q, n, 99),
		.max_ns = q[n - 1].duration_ns,
	};

	for (size_t i = 0; i < n; i++) {
		red.n_errors += q[i].error;
		if (q[i].start_ns > red.last_ns)
			red.last_ns = q[i].start_ns;
	}
	return red;
}

static bool same_service(const struct request *a, const struct request *b)
{
	return a->service == b->service && a->server == b->server;
}

static bool same_route(const struct request *a, const struct request *b)
{
	return a->service == b->service && a->route == b->route && a->method == b->method &&
	       a->server == b->server;
}

static size_t stretch(const struct requests *all, size_t at,
		      bool (*same)(const struct request *, const struct request *))
{
	size_t n = 1;

	while (at + n < all->n && same(&all->at[at], &all->at[at + n]))
		n++;
	return n;
}

static int give_services(struct db *db, struct requests *all,
			 int (*each)(const struct store_red *, void *), void *you)
{
	int r = 0;

	qsort(all->at, all->n, sizeof(*all->at), by_service);
	for (size_t i = 0, n; i < all->n && r == 0; i += n) {
		n = stretch(all, i, same_service);
		if (i && !all->at[i].server && all->at[i - 1].service == all->at[i].service)
			continue;

		struct store_red red = red_of(db, &all->at[i], n);

		r = each(&red, you);
	}
	return r;
}

static int give_routes(struct db *db, struct requests *all,
		       int (*each)(const struct store_red *, void *), void *you)
{
	int r = 0;

	qsort(all->at, all->n, sizeof(*all->at), by_route);
	for (size_t i = 0, n; i < all->n && all->at[i].server && r == 0; i += n) {
		n = stretch(all, i, same_route);

		struct store_red red = red_of(db, &all->at[i], n);
		const struct request *q = &all->at[i];

		red.route = q->route ? words_text(db, q->route) : (struct str){ "", 0 };
		red.method = q->method ? words_text(db, q->method) : (struct str){ "", 0 };
		r = each(&red, you);
	}
	return r;
}

static int red_query(struct store *st, const struct window *w,
		     int (*give)(struct db *, struct requests *,
				 int (*)(const struct store_red *, void *), void *),
		     int (*each)(const struct store_red *, void *), void *you)
{
	struct requests all = { 0 };
	struct db *db;
	int r = store_reader_take(st, &db);

	if (r < 0)
		return TRACE(r);
	r = requests_read(&all, db, w);
	if (r == 0 && all.n)
		r = give(db, &all, each, you);
	store_reader_give(st, db);
	free(all.at);
	return TRACE(r);
}

int store_services(struct store *st, struct str run, uint64_t since_ns, uint64_t until_ns,
		   int (*each)(const struct store_red *, void *), void *you)
{
	struct window w = { .run = run, .since_ns = since_ns, .until_ns = until_ns };

	return TRACE(red_query(st, &w, give_services, each, you));
}

int store_routes(struct store *st, struct str run, struct str service, uint64_t since_ns,
		 uint64_t until_ns, int (*each)(const struct store_red *, void *), void *you)
{
	struct window w = {
		.run = run, .service = service, .since_ns = since_ns, .until_ns = until_ns
	};

	return TRACE(red_query(st, &w, give_routes, each, you));
}
