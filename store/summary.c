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

void summary_read_facts(struct summary *sum, struct str facts)
{
	sum->n_facts = facts.n / sizeof(*sum->fact);
	if (sum->n_facts > FACTS_MOST)
		sum->n_facts = FACTS_MOST;
	if (sum->n_facts)
		memcpy(sum->fact, facts.p, sum->n_facts * sizeof(*sum->fact));
}

/* root - start, logs, HTTP status, service, route, method, root and kind and status, path */
size_t summary_shown(const struct summary *sum, char *to)
{
	char *at = varint_put(to, varint_signed((int64_t)(sum->root_ns - sum->start_ns)));

	at = varint_put(at, sum->n_logs);
	at = varint_put(at, (uint64_t)sum->http_status);
	at = varint_put(at, sum->service);
	at = varint_put(at, sum->route);
	at = varint_put(at, sum->method);
	at = varint_put(at, sum->root | (uint64_t)sum->kind << 1 | (uint64_t)sum->status << 4);
	if (sum->path.n)
		memcpy(at, sum->path.p, sum->path.n);
	return (size_t)(at - to) + sum->path.n;
}

void summary_read_shown(struct summary *sum, struct str shown)
{
	uint64_t root, logs, http, service, route, method, what;

	if (!varint_take(&shown, &root) || !varint_take(&shown, &logs) ||
	    !varint_take(&shown, &http) || !varint_take(&shown, &service) ||
	    !varint_take(&shown, &route) || !varint_take(&shown, &method) ||
	    !varint_take(&shown, &what))
		return;
	sum->root_ns = sum->start_ns + (uint64_t)varint_of_signed(root);
	sum->n_logs = logs;
	sum->http_status = (int)(http % 1000);
	sum->service = (uint32_t)service;
	sum->route = (uint32_t)route;
	sum->method = (uint32_t)method;
	sum->root = what & 1;
	sum->kind = (int)(what >> 1 & 7);
	sum->status = (int)(what >> 4 & 3);
	sum->path = shown;
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
	sum->n_spans = db_column_u64(s, 5);
	sum->n_errors = db_column_u64(s, 6);
	sum->run = (uint32_t)sqlite3_column_int64(s, 7);
	sum->name = db_column_text(s, 8);
	summary_read_facts(sum, db_column_text(s, 9));
	summary_read_shown(sum, db_column_text(s, 10));
}

static size_t facts_size(const struct summary *sum)
{
	return sum->n_facts * sizeof(*sum->fact);
}

size_t summary_room(const struct summary *sum)
{
	return sizeof(sum->trace_id.b) + facts_size(sum) + SUMMARY_SHOWN_ROOM + sum->path.n;
}

static struct cell cell_copy(const void *p, size_t n, char *to)
{
	memcpy(to, p, n);
	return cell_text((struct str){ to, n });
}

void summary_cells(const struct summary *sum, char *room, struct cell to[SUMMARY_CELLS])
{
	char *facts = room + sizeof(sum->trace_id.b), *shown = facts + facts_size(sum);

	to[0] = cell_u64(sum->no);
	to[1] = cell_copy(sum->trace_id.b, sizeof(sum->trace_id.b), room);
	to[2] = cell_u64(sum->cursor);
	to[3] = cell_u64(sum->start_ns);
	to[4] = cell_u64(sum->end_ns);
	to[5] = cell_u64(sum->n_spans);
	to[6] = cell_u64(sum->n_errors);
	to[7] = cell_number(sum->run);
	to[8] = cell_text(sum->name);
	to[9] = cell_copy(sum->fact, facts_size(sum), facts);
	to[10] = cell_text((struct str){ shown, summary_shown(sum, shown) });
}
