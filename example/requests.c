/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests: each has an id, which is on its answer, on all that is logged meanwhile, on its trace, and on the
 * record of who did what. Where that goes is the environment's business, and the hook's below.
 *
 *     LOG_FORMAT=json ORIEL_LOG_PROFILE=nori oriel run -- requests --port 8080
 *
 *     GET  /users             how many there are
 *     POST /users?name=ann    one more: an audit record
 *     GET  /boom              500, which says nothing but the id
 */
#include <oriel-bootstrap.h>
#include <oriel.h>

#include <sqlite3.h>

#include "serve.h"

static sqlite3 *db;

/*
 * Runs before the first thread and socket (`oriel run`). Nothing leaves the machine unless one of these is set:
 * OTEL_EXPORTER_OTLP_ENDPOINT here, SENTRY_DSN and DD_TRACE_ENABLED by themselves.
 */
int oriel_bootstrap(struct oriel_bootstrap *b)
{
	if (b->get(b, "OTEL_EXPORTER_OTLP_ENDPOINT"))
		return b->exporter(b, ORIEL_BOOTSTRAP_ALL, "otlp");
	return 0;
}

static int count(void)
{
	sqlite3_stmt *select = NULL;
	int n = -1;

	sqlite3_prepare_v2(db, "SELECT count(*) FROM users", -1, &select, NULL);
	if (sqlite3_step(select) == SQLITE_ROW)
		n = sqlite3_column_int(select, 0);
	sqlite3_finalize(select);
	return n;
}

static bool add(const char *name)
{
	sqlite3_stmt *insert = NULL;
	bool added;

	sqlite3_prepare_v2(db, "INSERT INTO users VALUES (?)", -1, &insert, NULL);
	sqlite3_bind_text(insert, 1, name, -1, SQLITE_STATIC);
	added = sqlite3_step(insert) == SQLITE_DONE;
	sqlite3_finalize(insert);
	return added &&
	       oriel_audit("user.added", oriel_str("user.name", name), oriel_str("by", "anybody"));
}

static void answer(const struct request *q, struct reply *r)
{
	char id[ORIEL_REQUEST_ID_ROOM];

	if (oriel_request_id(id))
		oriel_span_set(NULL, oriel_str("shop.request_id", id));
	if (asks(q, "GET", "/users")) {
		say(r, 200, "%d\n", count());
		oriel_info("counted");
	} else if (asks(q, "POST", "/users")) {
		say(r, add(parameter(q, "name")) ? 201 : 500, "%s", "");
	} else if (asks(q, "GET", "/boom")) {
		oriel_failure(.method = q->method, .path = q->path, .type = "OutOfOrder",
			      .message = "the password is hunter2");
		r->status = 500;
		r->type = oriel_failure_type(ORIEL_JSON);
		oriel_failure_body(ORIEL_JSON, r->body);
	}
}

int main(int argc, char **argv)
{
	int rc;

	(void)argc;
	oriel_start(ORIEL_OPTIONS(.service = "requests", .version = "2.1.0"));
	sqlite3_open(":memory:", &db);
	sqlite3_exec(db, "CREATE TABLE users (name TEXT)", NULL, NULL, NULL);
	rc = serve("requests", argv, answer);
	sqlite3_close(db);
	oriel_stop();
	return rc;
}
