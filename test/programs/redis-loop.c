/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many connections to Redis on one thread's event loop, each with a request of its own: a span, under
 * which one command is given, and another one from that one's callback. Then what has no single
 * answer: SUBSCRIBE, MONITOR, a connection that ends. Takes host:port or a socket's path; prints what
 * came, and whether each callback found the right span to be current.
 */
#include <event2/event.h>
#include <hiredis/adapters/libevent.h>
#include <hiredis/async.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oriel.h"

enum { CONNECTIONS = 16, ROUNDS = 8 };

struct request {
	redisAsyncContext *redis;
	int connection, round;
	struct oriel_span span;
	char id[17]; /* of the span */
};

static struct event_base *loop;
static const char *address;
static int port;
static int n_done, n_right, n_wrong;

static redisAsyncContext *dial(void)
{
	redisAsyncContext *ac =
		port ? redisAsyncConnect(address, port) : redisAsyncConnectUnix(address);

	if (!ac || ac->err || redisLibeventAttach(ac, loop) != REDIS_OK)
		exit(1);
	return ac;
}

static void check(const char *wanted)
{
	char id[17];

	oriel_span_id(id);
	if (strcmp(id, wanted))
		n_wrong++;
	else
		n_right++;
}

static void request_begin(struct request *q);

static void second(redisAsyncContext *ac, void *reply, void *arg)
{
	struct request *q = arg;
	const redisReply *r = reply;

	(void)ac;
	check(q->id);
	if (!r || r->type != REDIS_REPLY_NIL)
		n_wrong++;
	oriel_span_end(&q->span);
	n_done++;
	if (++q->round < ROUNDS)
		request_begin(q);
	else
		redisAsyncDisconnect(q->redis);
}

static void first(redisAsyncContext *ac, void *reply, void *arg)
{
	struct request *q = arg;
	const redisReply *r = reply;
	char field[32];
	const char *argument[] = { "HGET", "none", field };

	check(q->id);
	if (!r || r->type != REDIS_REPLY_STATUS)
		n_wrong++;
	snprintf(field, sizeof(field), "%d/%d", q->connection, q->round);
	redisAsyncCommandArgv(ac, second, q, 3, argument, NULL);
}

static void request_begin(struct request *q)
{
	char name[48];
	unsigned token;

	snprintf(name, sizeof(name), "request %d/%d", q->connection, q->round);
	q->span = oriel_span_start_with(ORIEL_SPAN_OPTIONS(.root = true, .detached = true), name);
	token = oriel_context_attach(&q->span.context);
	oriel_span_id(q->id);
	redisAsyncCommand(q->redis, first, q, "SET key:%d/%d %s", q->connection, q->round,
			  "secret");
	oriel_context_detach(token);
}

static void requests(void)
{
	static struct request all[CONNECTIONS];

	for (int i = 0; i < CONNECTIONS; i++) {
		all[i].redis = dial();
		all[i].connection = i;
		request_begin(&all[i]);
	}
	event_base_dispatch(loop);
	printf("%d done, %d right, %d wrong\n", n_done, n_right, n_wrong);
}

/* ---- what has more answers than one, or none -------------------------------------------------------- */

static redisAsyncContext *publisher, *subscriber;
static int n_published, n_monitored;

static void print(redisAsyncContext *ac, void *reply, void *arg)
{
	const redisReply *r = reply;

	printf("%s:", (const char *)arg);
	if (!r)
		printf(" none, %d\n", ac->err);
	else if (r->type == REDIS_REPLY_ARRAY)
		for (size_t i = 0; i < r->elements; i++)
			printf(" %s%s", r->element[i]->str ? r->element[i]->str : "-",
			       i + 1 < r->elements ? "" : "\n");
	else
		printf(" %d %s\n", r->type, r->str ? r->str : "-");
}

static char subscribed[] = "subscriber", published[] = "publisher";

static void told(redisAsyncContext *ac, void *reply, void *arg)
{
	const redisReply *r = reply;

	print(ac, reply, arg);
	if (!r || r->type != REDIS_REPLY_ARRAY || !strcmp(r->element[0]->str, "unsubscribe"))
		return;
	if (n_published < 3)
		redisAsyncCommand(publisher, NULL, NULL, "PUBLISH %s %d", "news", n_published++);
	else {
		redisAsyncCommand(subscriber, NULL, NULL, "UNSUBSCRIBE");
		redisAsyncDisconnect(subscriber);
		redisAsyncDisconnect(publisher);
	}
}

/* The first says that it listens. */
static void seen(redisAsyncContext *ac, void *reply, void *arg)
{
	(void)arg;
	if (!reply)
		return;
	if (!n_monitored++)
		redisAsyncCommand(subscriber, told, subscribed, "%s news", "SUBSCRIBE");
	else if (n_monitored == 4)
		redisAsyncFree(ac); /* from within its callback */
}

static void streams(void)
{
	char *text;
	int n;

	publisher = dial();
	subscriber = dial();
	redisAsyncCommand(publisher, print, published, "SELECT 2");
	redisAsyncCommand(publisher, print, published, "GET none");
	redisAsyncCommand(publisher, print, published, "NOSUCH %s", "secret");
	n = redisFormatCommand(&text, "PING");
	redisAsyncFormattedCommand(publisher, print, published, text, (size_t)n);
	redisFreeCommand(text);
	event_base_loop(loop, EVLOOP_ONCE);
	while (event_base_loop(loop, EVLOOP_NONBLOCK) == 0 && publisher->replies.head)
		event_base_loop(loop, EVLOOP_ONCE);
	redisAsyncCommand(dial(), seen, NULL, "MONITOR");
	event_base_dispatch(loop);
	printf("%d published, %d monitored\n", n_published, n_monitored);
}

/* Freed while an answer is awaited; and nobody there. */
static void ends(void)
{
	static char freed[] = "freed", refused[] = "refused";
	redisAsyncContext *ac = dial();

	redisAsyncCommand(ac, print, freed, "BLPOP nothing 0");
	redisAsyncFree(ac);
	ac = redisAsyncConnect("127.0.0.1", 1);
	if (!ac)
		return;
	redisLibeventAttach(ac, loop);
	redisAsyncCommand(ac, print, refused, "GET a");
	event_base_dispatch(loop);
}

int main(int argc, char **argv)
{
	char *colon = argc > 1 ? strchr(argv[1], ':') : NULL;

	if (argc < 2)
		return 1;
	address = argv[1];
	if (colon) {
		*colon = 0;
		port = atoi(colon + 1);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	loop = event_base_new();
	requests();
	streams();
	ends();
	event_base_free(loop);
	return 0;
}
