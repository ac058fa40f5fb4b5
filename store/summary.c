/* SPDX-License-Identifier: Apache-2.0 */
#include "store/summary.h"

/* The stable names of OpenTelemetry's conventions, and what SDKs wrote before them. */
static const struct value *either(const struct span *s, struct str stable, struct str before)
{
	const struct value *v = attributes_find(s->attributes, stable);

	return v ? v : attributes_find(s->attributes, before);
}

void summary_look(struct summary_span *at, const struct span *s, uint32_t service, uint32_t run,
		  struct db *db)
{
	const struct value *method, *status;
	struct str route;

	*at = (struct summary_span){ .service = service, .run = run };
	at->server = s->kind == SPAN_SERVER || s->kind == SPAN_CONSUMER;
	at->error = s->status == STATUS_ERROR;
	if (!at->server && span_id_is_set(s->parent_id))
		return;
	route = attributes_text(s->attributes, STR("http.route"));
	if (route.n)
		at->route = words_give(db, route);
	method = either(s, STR("http.request.method"), STR("http.method"));
	if (method && method->type == VALUE_STRING)
		at->method = words_give(db, method->text);
	status = either(s, STR("http.response.status_code"), STR("http.status_code"));
	if (status && status->type == VALUE_INT && status->integer > 0 && status->integer < 1000)
		at->http_status = (int)status->integer;
}

void summary_fact(struct summary *sum, enum fact kind, uint32_t what)
{
	uint32_t fact = (uint32_t)kind | what;

	if (!what)
		return;
	for (size_t i = 0; i < sum->n_facts; i++)
		if (sum->fact[i] == fact)
			return;
	if (sum->n_facts < FACTS_MOST)
		sum->fact[sum->n_facts++] = fact;
}

/*
 * What was asked for, for a list where no route is known: a server's path, a client's address, both
 * without their query. Not a word: paths hold ids, and there is no end of them.
 */
static struct str summary_path(const struct span *s)
{
	const struct value *v = either(s, STR("url.path"), STR("http.target"));
	struct str path;

	if (!v)
		v = either(s, STR("url.full"), STR("http.url"));
	if (!v || v->type != VALUE_STRING)
		return (struct str){ "", 0 };
	path = str_cut(v->text, '?').head;
	return path.n > PATH_BYTES ? (struct str){ path.p, PATH_BYTES } : path;
}

/* Does this span show the trace better than what shows it now? */
static bool summary_is_better(const struct summary *sum, bool root, uint64_t start_ns)
{
	if (!sum->n_spans)
		return true;
	if (root != sum->root)
		return root;
	return start_ns < sum->root_ns;
}

void summary_add(struct summary *sum, const struct span *s, const struct summary_span *at)
{
	bool root = !span_id_is_set(s->parent_id);
	uint64_t end_ns = s->end_ns > s->start_ns ? s->end_ns : s->start_ns;

	if (summary_is_better(sum, root, s->start_ns)) {
		sum->root = root;
		sum->root_ns = s->start_ns;
		sum->kind = (int)s->kind;
		sum->status = (int)s->status;
		sum->http_status = at->http_status;
		sum->service = at->service;
		sum->run = at->run;
		sum->route = at->route;
		sum->method = at->method;
		sum->name = s->name;
		sum->path = summary_path(s);
	}
	if (!sum->n_spans || s->start_ns < sum->start_ns)
		sum->start_ns = s->start_ns;
	if (!sum->n_spans || end_ns > sum->end_ns)
		sum->end_ns = end_ns;
	sum->n_spans++;
	sum->n_errors += at->error;
	summary_fact(sum, FACT_SERVICE, at->service);
	summary_fact(sum, FACT_RUN, at->run);
	if (at->server) {
		summary_fact(sum, FACT_ROUTE, at->route);
		summary_fact(sum, FACT_STATUS, (uint32_t)at->http_status);
	}
}

static void summary_read_facts(struct summary *sum, struct str facts)
{
	sum->n_facts = facts.n / sizeof(*sum->fact);
	if (sum->n_facts > FACTS_MOST)
		sum->n_facts = FACTS_MOST;
	if (sum->n_facts)
		memcpy(sum->fact, facts.p, sum->n_facts * sizeof(*sum->fact));
}

/* The order is that of TRACE_COLUMNS. */
void summary_read(struct summary *sum, sqlite3_stmt *s)
{
	struct str id = db_column_text(s, 1);

	*sum = (struct summary){ .no = db_column_u64(s, 0) };
	if (id.n == sizeof(sum->trace_id.b))
		memcpy(sum->trace_id.b, id.p, id.n);
	sum->cursor = db_column_u64(s, 2);
	sum->start_ns = db_column_u64(s, 3);
	sum->end_ns = db_column_u64(s, 4);
	sum->root_ns = db_column_u64(s, 5);
	sum->n_spans = db_column_u64(s, 6);
	sum->n_errors = db_column_u64(s, 7);
	sum->n_logs = db_column_u64(s, 8);
	sum->root = sqlite3_column_int(s, 9);
	sum->kind = sqlite3_column_int(s, 10);
	sum->status = sqlite3_column_int(s, 11);
	sum->http_status = sqlite3_column_int(s, 12);
	sum->service = (uint32_t)sqlite3_column_int64(s, 13);
	sum->run = (uint32_t)sqlite3_column_int64(s, 14);
	sum->route = (uint32_t)sqlite3_column_int64(s, 15);
	sum->method = (uint32_t)sqlite3_column_int64(s, 16);
	sum->name = db_column_text(s, 17);
	summary_read_facts(sum, db_column_text(s, 18));
	sum->path = db_column_text(s, 19);
}

void summary_cells(const struct summary *sum, struct cell to[SUMMARY_CELLS])
{
	struct cell cell[SUMMARY_CELLS] = {
		cell_u64(sum->no),
		cell_text((struct str){ (const char *)sum->trace_id.b, sizeof(sum->trace_id.b) }),
		cell_u64(sum->cursor),
		cell_u64(sum->start_ns),
		cell_u64(sum->end_ns),
		cell_u64(sum->root_ns),
		cell_u64(sum->n_spans),
		cell_u64(sum->n_errors),
		cell_u64(sum->n_logs),
		cell_number(sum->root),
		cell_number(sum->kind),
		cell_number(sum->status),
		cell_number(sum->http_status),
		cell_number(sum->service),
		cell_number(sum->run),
		cell_number(sum->route),
		cell_number(sum->method),
		cell_text(sum->name),
		cell_text(
			(struct str){ (const char *)sum->fact, sum->n_facts * sizeof(*sum->fact) }),
		cell_text(sum->path),
	};

	memcpy(to, cell, sizeof(cell));
}
