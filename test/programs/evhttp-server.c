/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server on libevent that knows nothing of Oriel. Prints its port, serves until standard input
 * ends, and then says how many requests began and were completed.
 *
 *     /hello /own /error      answers at once; with a request id of its own; 500
 *     /later?MS               after a timer, which asks SQLite for the number
 *     /hops?MS                the same, in three turns: a timer, once, a pair of bufferevents
 *     /chunks /close /big     in chunks; the connection is freed; 8 MiB
 *     /get?PORT               asks another server for /hello
 *     else                    200 "other" from the general callback; /none: 404 of evhttp's own
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct event_base *base;
static sqlite3 *db;
static int begun, completed;

struct job {
	struct evhttp_request *request;
	struct event *timer;
	struct bufferevent *pair[2];
	struct evhttp_connection *next;
	int number;
};

static void answer(struct evhttp_request *r, int status, const char *text)
{
	struct evbuffer *body = evbuffer_new();

	evbuffer_add(body, text, strlen(text));
	evhttp_send_reply(r, status, NULL, body);
	evbuffer_free(body);
}

static void done(struct evhttp_request *r, void *arg)
{
	(void)r;
	if (arg != &completed)
		abort();
	completed++;
}

static void begin(struct evhttp_request *r)
{
	begun++;
	evhttp_request_set_on_complete_cb(r, done, &completed);
}

static int number_of(struct evhttp_request *r)
{
	const char *query = strchr(evhttp_request_get_uri(r), '?');

	return query ? atoi(query + 1) : 0;
}

/* The number, by way of the database, so that there is a span below the request's. */
static void job_answer(struct job *job)
{
	char sql[64], text[32];
	sqlite3_stmt *statement;

	snprintf(sql, sizeof(sql), "SELECT %d -- %d", job->number, job->number);
	sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
	sqlite3_step(statement);
	snprintf(text, sizeof(text), "%d\n", sqlite3_column_int(statement, 0));
	sqlite3_finalize(statement);
	answer(job->request, 200, text);
	if (job->timer)
		event_free(job->timer);
	free(job);
}

static void later_fired(evutil_socket_t fd, short what, void *arg)
{
	struct job *job = arg;

	(void)fd;
	(void)what;
	if (event_get_callback(job->timer) != later_fired ||
	    event_get_callback_arg(job->timer) != job)
		abort();
	job_answer(job);
}

static struct job *job_new(struct evhttp_request *r)
{
	struct job *job = calloc(1, sizeof(*job));

	begin(r);
	job->request = r;
	job->number = number_of(r);
	return job;
}

static void wait_for(struct job *job, event_callback_fn call)
{
	struct timeval t = { .tv_usec = job->number % 1000 * 1000 };

	if (!job->timer)
		job->timer = event_new(base, -1, 0, call, job);
	event_add(job->timer, &t);
	if (event_get_callback(job->timer) != call)
		abort();
}

static void later(struct evhttp_request *r, void *arg)
{
	(void)arg;
	wait_for(job_new(r), later_fired);
}

static void pair_read(struct bufferevent *b, void *arg)
{
	struct job *job = arg;
	char c;
	bufferevent_data_cb read;
	void *kept;

	bufferevent_getcb(b, &read, NULL, NULL, &kept);
	if (read != pair_read || kept != job)
		abort();
	bufferevent_read(b, &c, 1);
	bufferevent_free(job->pair[0]);
	bufferevent_free(job->pair[1]);
	job_answer(job);
}

static void hop_once(evutil_socket_t fd, short what, void *arg)
{
	struct job *job = arg;

	(void)fd;
	(void)what;
	bufferevent_pair_new(base, BEV_OPT_DEFER_CALLBACKS, job->pair);
	bufferevent_setcb(job->pair[1], pair_read, NULL, NULL, job);
	bufferevent_enable(job->pair[0], EV_WRITE);
	bufferevent_enable(job->pair[1], EV_READ);
	bufferevent_write(job->pair[0], "x", 1);
}

static void hop_timer(evutil_socket_t fd, short what, void *arg)
{
	struct job *job = arg;
	struct timeval soon = { .tv_usec = 1000 };

	(void)fd;
	(void)what;
	event_base_once(base, -1, EV_TIMEOUT, hop_once, job, &soon);
}

static void hops(struct evhttp_request *r, void *arg)
{
	(void)arg;
	wait_for(job_new(r), hop_timer);
}

static void got(struct evhttp_request *r, void *arg)
{
	struct job *job = arg;

	job->number = r ? evhttp_request_get_response_code(r) : -1;
	job_answer(job);
}

static void get(struct evhttp_request *r, void *arg)
{
	struct job *job = job_new(r);
	struct evhttp_request *out = evhttp_request_new(got, job);

	(void)arg;
	job->next =
		evhttp_connection_base_new(base, NULL, "127.0.0.1", (unsigned short)job->number);
	evhttp_connection_free_on_completion(job->next);
	evhttp_add_header(evhttp_request_get_output_headers(out), "Host", "127.0.0.1");
	evhttp_make_request(job->next, out, EVHTTP_REQ_GET, "/hello?sig=secret");
}

static void hello(struct evhttp_request *r, void *arg)
{
	if (strcmp(arg, "hello"))
		abort();
	begin(r);
	answer(r, 200, "hello\n");
}

static void own(struct evhttp_request *r, void *arg)
{
	(void)arg;
	begin(r);
	evhttp_add_header(evhttp_request_get_output_headers(r), "x-request-id", "mine");
	answer(r, 200, "own\n");
}

static void error(struct evhttp_request *r, void *arg)
{
	(void)arg;
	begin(r);
	evhttp_send_error(r, 500, "broken");
}

static void chunks(struct evhttp_request *r, void *arg)
{
	struct evbuffer *body = evbuffer_new();

	(void)arg;
	begin(r);
	evhttp_send_reply_start(r, 202, "soon");
	for (int i = 0; i < 3; i++) {
		evbuffer_add_printf(body, "chunk %d\n", i);
		evhttp_send_reply_chunk(r, body);
	}
	evhttp_send_reply_end(r);
	evbuffer_free(body);
}

static void big(struct evhttp_request *r, void *arg)
{
	static const char kilobyte[1024];
	struct evbuffer *body = evbuffer_new();

	(void)arg;
	begin(r);
	for (int i = 0; i < 8192; i++)
		evbuffer_add(body, kilobyte, sizeof(kilobyte));
	evhttp_send_reply(r, 200, NULL, body);
	evbuffer_free(body);
}

static void close_it(struct evhttp_request *r, void *arg)
{
	(void)arg;
	begin(r);
	evhttp_connection_free(evhttp_request_get_connection(r));
}

static void general(struct evhttp_request *r, void *arg)
{
	(void)arg;
	begin(r);
	if (!strncmp(evhttp_request_get_uri(r), "/none", 5))
		evhttp_send_error(r, 404, NULL);
	else
		answer(r, 200, "other\n");
}

static void input_ended(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	(void)arg;
	if (fgetc(stdin) == EOF)
		event_base_loopexit(base, NULL);
	(void)fd;
}

int main(void)
{
	struct sockaddr_storage at;
	socklen_t at_n = sizeof(at);
	struct evhttp_bound_socket *bound;
	struct event *input;
	struct evhttp *http;

	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	http = evhttp_new(base);
	if (sqlite3_open(":memory:", &db) || !http)
		return 1;
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD);
	evhttp_set_cb(http, "/hello", hello, (void *)"hello");
	if (evhttp_set_cb(http, "/hello", own, NULL) != -1)
		return 1;
	evhttp_set_cb(http, "/gone", own, NULL);
	if (evhttp_del_cb(http, "/gone") || !evhttp_del_cb(http, "/gone"))
		return 1;
	evhttp_set_cb(http, "/own", own, NULL);
	evhttp_set_cb(http, "/error", error, NULL);
	evhttp_set_cb(http, "/later", later, NULL);
	evhttp_set_cb(http, "/hops", hops, NULL);
	evhttp_set_cb(http, "/get", get, NULL);
	evhttp_set_cb(http, "/chunks", chunks, NULL);
	evhttp_set_cb(http, "/big", big, NULL);
	evhttp_set_cb(http, "/close", close_it, NULL);
	evhttp_set_gencb(http, general, NULL);
	bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", 0);
	if (!bound || getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&at, &at_n))
		return 1;
	printf("%d\n", ntohs(((struct sockaddr_in *)(void *)&at)->sin_port));
	fflush(stdout);
	input = event_new(base, 0, EV_READ | EV_PERSIST, input_ended, NULL);
	event_add(input, NULL);
	event_base_dispatch(base);
	event_free(input);
	evhttp_free(http);
	event_base_free(base);
	sqlite3_close(db);
	printf("begun %d completed %d\n", begun, completed);
	return 0;
}
