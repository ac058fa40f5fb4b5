/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/database/database.h"

#include "agent/agent.h"

static struct oriel_histogram *_Atomic duration;
static struct oriel_counter *_Atomic misses;

void database_ready(void)
{
	static const double bounds[] = { 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10 };

	if (atomic_load_explicit(&duration, memory_order_relaxed))
		return;
	database_connection_ready();
	atomic_store_explicit(&misses,
			      oriel_counter("oriel.db.client.misses", "{operation}",
					    "Look-ups that found nothing."),
			      memory_order_relaxed);
	atomic_store_explicit(&duration,
			      oriel_histogram("db.client.operation.duration", "s",
					      "Duration of database client operations.", bounds,
					      sizeof(bounds) / sizeof(bounds[0])),
			      memory_order_relaxed);
}

static void copy(char *to, size_t size, const char *from)
{
	size_t n = from ? strnlen(from, size - 1) : 0;

	if (n)
		memcpy(to, from, n);
	to[n] = '\0';
}

void database_server_set(struct database_server *s, const char *address, int port, const char *name)
{
	copy(s->address, sizeof(s->address), address);
	copy(s->name, sizeof(s->name), name);
	s->port = port;
	s->peer[0] = '\0';
}

static uint8_t label(char out[DATABASE_LABEL_MOST], struct str text)
{
	size_t n = str_first(text, DATABASE_LABEL_MOST).n;

	if (n)
		memcpy(out, text.p, n);
	return (uint8_t)n;
}

static void gather_text(struct gathered *g, enum wire_key key, struct str text)
{
	if (text.n)
		gather(g, known_strn(key, text.p, text.n));
}

/* A key by its number is one whose text is known to be clean. */
static void gather_query(struct gathered *g, const struct database_seen *seen)
{
	if (seen->values_out)
		gather_text(g, KEY_DB_QUERY_TEXT, seen->text);
	else if (seen->text.n)
		gather(g, oriel_strn(wire_key(KEY_DB_QUERY_TEXT).p, seen->text.p, seen->text.n));
}

static void gather_server(struct gathered *g, const struct database_server *s)
{
	if (!s || !s->address[0])
		return;
	gather(g, known_str(KEY_SERVER_ADDRESS, s->address));
	if (s->port > 0)
		gather(g, known_int(KEY_SERVER_PORT, s->port));
}

static struct str name_of(const struct database_seen *seen)
{
	if (seen->name.n)
		return seen->name;
	if (seen->summary.n)
		return seen->summary;
	return seen->operation.n ? seen->operation : str_of(seen->system);
}

void database_begin(struct database_call *c, const struct database_seen *seen)
{
	struct str name = name_of(seen);
	struct gathered g;

	c->system = seen->system;
	c->server = seen->server;
	c->connection = seen->connection;
	database_connection_used(c->connection);
	c->operation_n = label(c->operation, seen->operation);
	c->collection_n = label(c->collection, seen->collection);
	slow_begin(&c->text, seen->text);
	c->begun = oriel_moment();
	g.n = 0;
	gather(&g, known_str(KEY_DB_SYSTEM_NAME, seen->system));
	if (seen->server && seen->server->name[0])
		gather(&g, known_str(KEY_DB_NAMESPACE, seen->server->name));
	gather_text(&g, KEY_DB_OPERATION_NAME, seen->operation);
	gather_text(&g, KEY_DB_COLLECTION_NAME, seen->collection);
	gather_text(&g, KEY_DB_STORED_PROCEDURE_NAME, seen->procedure);
	gather_text(&g, KEY_DB_QUERY_SUMMARY, seen->summary);
	gather_query(&g, seen);
	if (seen->batch > 1)
		gather(&g, known_int(KEY_DB_OPERATION_BATCH_SIZE, seen->batch));
	gather_server(&g, seen->server);
	if (seen->server && seen->server->peer[0]) {
		gather(&g, known_str(KEY_NETWORK_PEER_ADDRESS, seen->server->peer));
		if (seen->server->port > 0)
			gather(&g, known_int(KEY_NETWORK_PEER_PORT, seen->server->port));
	}
	oriel_span_open_at(&c->span, name.p, name.n,
			   ORIEL_SPAN_OPTIONS(.kind = ORIEL_CLIENT, .parent = seen->parent,
					      .detached = true,
					      .scope = watcher_scope(seen->scope)),
			   gathered_all(&g));
}

static void measure(const struct database_call *c, const struct database_outcome *o)
{
	double seconds = oriel_seconds_since(c->begun);
	struct gathered g;

	g.n = 0;
	gather(&g, known_str(KEY_DB_SYSTEM_NAME, c->system));
	if (c->operation_n)
		gather(&g, known_strn(KEY_DB_OPERATION_NAME, c->operation, c->operation_n));
	if (c->collection_n)
		gather(&g, known_strn(KEY_DB_COLLECTION_NAME, c->collection, c->collection_n));
	if (o->missed)
		oriel_add_all(atomic_load_explicit(&misses, memory_order_relaxed), o->missed,
			      gathered_all(&g));
	if (c->server && c->server->name[0])
		gather(&g, known_str(KEY_DB_NAMESPACE, c->server->name));
	gather_server(&g, c->server);
	if (o->status)
		gather(&g, known_str(KEY_DB_RESPONSE_STATUS_CODE, o->status));
	if (o->error)
		gather(&g, known_str(KEY_ERROR_TYPE, o->error));
	oriel_record_all(atomic_load_explicit(&duration, memory_order_relaxed), seconds,
			 gathered_all(&g));
	slow_end(&c->text, &c->span.context, c->system, seconds, o->error);
}

void database_end(struct database_call *c, const struct database_outcome *o)
{
	struct gathered g;

	if (!c->begun)
		return;
	g.n = 0;
	if (o->status)
		gather(&g, known_str(KEY_DB_RESPONSE_STATUS_CODE, o->status));
	if (o->error)
		gather(&g, known_str(KEY_ERROR_TYPE, o->error));
	if (o->rows >= 0)
		gather(&g, known_int(KEY_DB_RESPONSE_RETURNED_ROWS, o->rows));
	if (o->error)
		oriel_span_status(&c->span, ORIEL_ERROR, o->message);
	oriel_span_end_all(&c->span, gathered_all(&g));
	measure(c, o);
	database_connection_idle(c->connection);
	c->begun = 0;
}
