/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole: logs, traces, metrics, health, errors and slow queries of one service, by the names that its
 * dashboards have.
 *
 *     OTEL_METRICS_EXPORTER=prometheus ORIEL_METRIC_PROFILE=fastapi LOG_FORMAT=json ORIEL_LOG_PROFILE=structlog \
 *             ORIEL_SLOW_QUERY_MS=1000 ORIEL_ACCESS_LOG_IGNORE='/health/\*:2xx' oriel run -- whole --port 8080
 *
 *     GET  /health/live     200 while it runs
 *     GET  /health/ready    200, or 503, and which check failed, but not why
 *     POST /orders?tenant=acme&product=book&usd=12.5
 *     GET  /report          a query that takes its time
 *     GET  /boom            500
 */
#include <oriel.h>

#include <sqlite3.h>
#include <stdlib.h>

#include "serve.h"

static sqlite3 *db;
static struct oriel_counter_f64 *revenue;

static bool works(const char *sql)
{
	char *why = NULL;
	bool done = sqlite3_exec(db, sql, NULL, NULL, &why) == SQLITE_OK;

	if (!done)
		oriel_error("database_failed", oriel_str("why", why));
	sqlite3_free(why);
	return done;
}

static void tell_readiness(struct reply *r)
{
	bool ready = works("SELECT count(*) FROM orders");

	r->type = "application/json";
	say(r, ready ? 200 : 503, "{\"status\":\"%s\",\"checks\":{\"database\":\"%s\"}}\n",
	    ready ? "ready" : "not_ready", ready ? "ok" : "error");
}

static void place_order(const struct request *q, struct reply *r)
{
	double usd = atof(parameter(q, "usd"));

	oriel_fields_bind(oriel_str("tenant_id", parameter(q, "tenant")));
	ORIEL_SPAN ("place_order", oriel_str("tenant.id", parameter(q, "tenant"))) {
		if (!works("INSERT INTO orders DEFAULT VALUES")) {
			oriel_span_error(NULL, "database", "the order could not be written");
			say(r, 503, "later\n");
			return;
		}
		oriel_add_f64(revenue, usd, oriel_str("product", parameter(q, "product")));
		oriel_info("order_placed", oriel_f64("amount_usd", usd),
			   oriel_str("password", parameter(q, "password")));
	}
	say(r, 201, "placed\n");
}

static void report(struct reply *r)
{
	bool done = works("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
			  "WHERE i < 300000) SELECT sum(i) FROM n");

	say(r, done ? 200 : 503, "reported\n");
}

static void fail(const struct request *q, struct reply *r)
{
	oriel_failure(.method = q->method, .path = q->path, .type = "OutOfOrder",
		      .message = "something broke inside");
	r->status = 500;
	r->type = oriel_failure_type(ORIEL_JSON);
	oriel_failure_body(ORIEL_JSON, r->body);
}

static void answer(const struct request *q, struct reply *r)
{
	if (asks(q, "GET", "/health/live")) {
		r->type = "application/json";
		say(r, 200, "{\"status\":\"ok\"}\n");
	} else if (asks(q, "GET", "/health/ready")) {
		tell_readiness(r);
	} else if (asks(q, "POST", "/orders")) {
		place_order(q, r);
	} else if (asks(q, "GET", "/report")) {
		report(r);
	} else if (asks(q, "GET", "/boom")) {
		fail(q, r);
	}
}

int main(int argc, char **argv)
{
	const char *at = getenv("ORDERS");
	int rc;

	(void)argc;
	oriel_start(ORIEL_OPTIONS(.service = "whole", .version = "0.1.0"));
	revenue = oriel_counter_f64("revenue_usd", NULL, "What was sold for");
	sqlite3_open(at ? at : ":memory:", &db);
	if (!at)
		works("CREATE TABLE orders (id INTEGER PRIMARY KEY)");
	oriel_info("application_started");
	rc = serve("whole", argv, answer);
	oriel_info("application_shutdown");
	sqlite3_close(db);
	oriel_stop();
	return rc;
}
