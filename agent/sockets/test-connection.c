/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <pthread.h>

#include "agent/agent.h"
#include "agent/sockets/connection.h"
#include "agent/sockets/current.h"
#include "agent/sockets/descriptors.h"
#include "agent/sockets/edit.h"
#include "agent/sockets/sockets.h"

/* ---- what spans would be made, in place of spans ------------------------------------------------- */

enum { TOLD_ROOM = 4096 };

static char told[TOLD_ROOM];
static size_t n_told;
static _Atomic unsigned n_begun, n_ended, n_bad, n_known, n_same, n_ended_same;
static bool counting; /* instead of telling */
static bool injects;
static _Atomic int n_missed, n_unedited;

_Atomic bool agent_on = true, agent_passes;
struct oriel_gate oriel_gate = { .recording = 1 };

void agent_missed(const char *library)
{
	(void)library;
	n_missed++;
}

void agent_unedited(void)
{
	n_unedited++;
}

void server_begin(struct server_request *q, const struct server_seen *seen)
{
	n_begun++;
	n_known += seen->known != NULL;
	q->ended = false;
	q->route_n = (uint8_t)(seen->target.n < 100 ? seen->target.n : 100);
	memcpy(q->route, seen->target.p, q->route_n);
}

bool server_know(struct server_known *k, const struct server_seen *seen)
{
	(void)seen;
	k->n = 1;
	k->same_n = 0;
	return true;
}

void server_know_target(struct server_known *k, const struct server_seen *seen)
{
	k->same_n = 1;
	k->path = seen->target;
}

bool server_knows_target(const struct server_known *k)
{
	return k->same_n != 0;
}

void server_begin_same(struct server_request *q, const struct server_known *k)
{
	n_same++;
	server_begin(q, &(struct server_seen){ .target = k->path });
}

void server_end(struct server_request *q, const struct server_outcome *o)
{
	n_ended++;
	n_bad += q->ended;
	q->ended = true;
	if (counting)
		n_bad += o->status != 200 || o->error != NULL;
	else
		n_told += (size_t)snprintf(told + n_told, TOLD_ROOM - n_told,
					   "%.*s=%u,%ld,%ld%s%s ", q->route_n, q->route, o->status,
					   (long)o->request_bytes, (long)o->response_bytes,
					   o->error ? "," : "", o->error ? o->error : "");
}

void server_know_ending(struct server_ending *k, const struct server_request *q,
			const struct server_outcome *o)
{
	(void)q;
	k->image_n = 1;
	k->status = (uint16_t)o->status;
	k->response_bytes = o->response_bytes;
}

bool server_end_same(struct server_request *q, const struct server_ending *k,
		     const struct server_outcome *o)
{
	if (!k->image_n || k->status != o->status || k->response_bytes != o->response_bytes)
		return false;
	n_ended_same++;
	server_end(q, o);
	return true;
}

struct server_outcome server_client_closed(unsigned status, bool handled)
{
	(void)handled;
	return (struct server_outcome){ .status = status, .error = "gone" };
}

bool client_begin(struct client_request *c, const struct client_seen *seen)
{
	n_begun++;
	snprintf(c->text, sizeof(c->text), "%.*s", (int)seen->url.n, seen->url.p);
	return true;
}

void client_end(struct client_request *c, const struct client_outcome *o)
{
	n_ended++;
	n_told += (size_t)snprintf(told + n_told, TOLD_ROOM - n_told, "%s=%u,%ld%s%s ", c->text,
				   o->status, (long)o->response_bytes, o->error ? "," : "",
				   o->error ? o->error : "");
}

void client_inject(const struct client_request *c,
		   void (*set)(void *carrier, const char *name, const char *value), void *carrier)
{
	(void)c;
	if (injects)
		set(carrier, "A", "b");
}

void server_ready(void)
{
}

void client_ready(void)
{
}

const char *server_id_header(void)
{
	return NULL;
}

static __thread unsigned depth;

unsigned oriel_context_attach(const struct oriel_context *c)
{
	(void)c;
	return ++depth;
}

bool oriel_context_leave(unsigned token)
{
	depth -= depth == token;
	return depth == token - 1;
}

void oriel_context_detach(unsigned token)
{
	depth = token - 1;
}

/* ---- a connection of the test's ------------------------------------------------------------------ */

enum { FD = 700 };

static int setup(void **state)
{
	(void)state;
	n_told = 0;
	told[0] = 0;
	n_begun = n_ended = n_bad = n_known = n_same = n_ended_same = 0;
	n_missed = n_unedited = 0;
	sockets_settings.inject = injects = false;
	counting = false;
	sockets_watch.on = true;
	return connections_open() && descriptors_open() ? 0 : -1;
}

static void opens(int fd, bool served)
{
	struct sockaddr_in peer = { .sin_family = AF_INET,
				    .sin_port = 0x901f,
				    .sin_addr.s_addr = 0x0100007f };

	descriptors_put(fd, connection_new(served, (struct sockaddr *)&peer, sizeof(peer)));
}

static bool pass(int fd, enum direction d, const char *text)
{
	struct connection *c = descriptors_enter(fd, d);
	struct iovec v = { (void *)text, strlen(text) };

	if (!c)
		return false;
	if (d == OUT)
		connection_prepare(c, &v, 1, false);
	connection_passed(c, d, &v, 1, v.iov_len, false);
	descriptors_leave(fd, c, d);
	return true;
}

static void pass_bytes(int fd, enum direction d, const char *text)
{
	for (char one[2] = { 0 }; (one[0] = *text); text++)
		pass(fd, d, one);
}

static void a_request_and_its_response_are_one_exchange(void **state)
{
	(void)state;
	opens(FD, true);
	pass(FD, IN, "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
	pass(FD, OUT, "HTTP/1.1 100 Continue\r\n\r\n");
	assert_string_equal(told, "");
	pass(FD, OUT, "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok");
	assert_string_equal(told, "/a=201,3,2 ");
	descriptors_close(FD);
	assert_int_equal(n_ended, 1);
}

static void bytes_may_come_one_by_one(void **state)
{
	(void)state;
	opens(FD, true);
	pass_bytes(FD, IN, "GET /a HTTP/1.1\r\n\r\n");
	pass_bytes(FD, OUT,
		   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
	assert_string_equal(told, "/a=200,0,2 ");
	descriptors_close(FD);
}

static void pipelined_requests_are_answered_in_their_order(void **state)
{
	(void)state;
	opens(FD, true);
	pass(FD, IN, "GET /1 HTTP/1.1\r\n\r\nHEAD /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n");
	pass(FD, OUT,
	     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"
	     "HTTP/1.1 302 Found\r\nContent-Length: 9\r\n\r\n");
	pass(FD, OUT, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
	assert_string_equal(told, "/1=200,0,1 /2=302,0,0 /3=404,0,0 ");
	descriptors_close(FD);
}

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"
#define FIELDS "Host: a\r\nUser-Agent: b\r\n\r\n"

static void ask(const char *request)
{
	pass(FD, IN, request);
	pass(FD, OUT, ANSWER);
}

static void requests_with_the_same_fields_are_known_from_the_third_on(void **state)
{
	(void)state;
	opens(FD, true);
	ask("GET /1 HTTP/1.1\r\n" FIELDS);
	ask("GET /2 HTTP/1.1\r\n" FIELDS);
	assert_int_equal(n_known, 0);
	ask("POST /3 HTTP/1.1\r\n" FIELDS);
	assert_int_equal(n_known, 1);
	ask("GET /4 HTTP/1.1\r\n" FIELDS "GET /5 HTTP/1.1\r\n" FIELDS "GET /6 HTTP/1.1\r\nHos");
	pass(FD, IN, "t: a\r\nUser-Agent: b\r\n\r\n");
	pass(FD, OUT, ANSWER ANSWER);
	ask("GET /7 HTTP/1.0\r\n" FIELDS);
	assert_int_equal(n_known, 3);
	assert_string_equal(told, "/1=200,0,1 /2=200,0,1 /3=200,0,1 /4=200,0,1 /5=200,0,1 "
				  "/6=200,0,1 /7=200,0,1 ");
	descriptors_close(FD);
}

static void a_request_that_is_the_last_one_again_is_not_read(void **state)
{
	(void)state;
	opens(FD, true);
	for (int i = 0; i < 3; i++)
		ask("GET /1 HTTP/1.1\r\n" FIELDS);
	assert_int_equal(n_same, 0);
	ask("GET /1 HTTP/1.1\r\n" FIELDS "GET /1 HTTP/1.1\r\n" FIELDS "GET /2 HTTP/1.1\r\n" FIELDS
	    "GET /2 HTTP/1.1\r\n" FIELDS "GET /1 HTTP/1.1\r\n" FIELDS "GET /1 HTTP/1.1\r\nHo");
	assert_int_equal(n_same, 3);
	pass(FD, IN, "st: a\r\nUser-Agent: b\r\n\r\n");
	pass(FD, OUT, ANSWER ANSWER ANSWER ANSWER ANSWER);
	assert_int_equal(n_same, 3);
	assert_string_equal(told, "/1=200,0,1 /1=200,0,1 /1=200,0,1 /1=200,0,1 /1=200,0,1 "
				  "/2=200,0,1 /2=200,0,1 /1=200,0,1 /1=200,0,1 ");
	descriptors_close(FD);
}

/* The answer's length is all that differs, and n_ended_same tells whose end was known. */
static void an_end_like_the_last_one_is_known_and_learned_only_so_often(void **state)
{
	(void)state;
	opens(FD, true);
	for (int i = 0; i < 4; i++)
		ask("GET /1 HTTP/1.1\r\n" FIELDS);
	assert_int_equal(n_ended_same, 2);
	for (int i = 0; i < 2; i++) {
		pass(FD, IN, "GET /2 HTTP/1.1\r\n" FIELDS);
		pass(FD, OUT, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n22");
	}
	assert_int_equal(n_ended_same, 3);
	assert_string_equal(told, "/1=200,0,1 /1=200,0,1 /1=200,0,1 /1=200,0,1 /2=200,0,2 "
				  "/2=200,0,2 ");
	counting = true;
	for (int i = 0; i < 100; i++) {
		char answer[64];

		snprintf(answer, sizeof(answer),
			 "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%0*d", 1 + i % 9, 1 + i % 9,
			 1);
		pass(FD, IN, "GET /1 HTTP/1.1\r\n" FIELDS);
		pass(FD, OUT, answer);
	}
	/* Learned six more times, the last of six bytes: each ninth is like it. */
	assert_int_equal(n_ended_same, 3 + 10);
	assert_int_equal(n_ended, 106);
	assert_int_equal(n_bad, 0);
	descriptors_close(FD);
}

static void targets_are_learned_only_so_often_and_if_they_are_short(void **state)
{
	char request[400];

	(void)state;
	opens(FD, true);
	for (int i = 0; i < 100; i++) {
		snprintf(request, sizeof(request), "GET /%d HTTP/1.1\r\n" FIELDS, i);
		ask(request);
		ask(request);
	}
	assert_int_equal(n_same, USUAL_LEARNED_MOST);
	descriptors_close(FD);
	opens(FD, true);
	for (int i = 0; i < 6; i++) {
		int n = USUAL_BEFORE - 4 + (i >= 3);

		snprintf(request, sizeof(request), "GET /%0*d HTTP/1.1\r\n" FIELDS, n - 1, 1);
		n_told = 0;
		ask(request);
	}
	assert_int_equal(n_same, USUAL_LEARNED_MOST);
	assert_int_equal(n_ended, 206);
	descriptors_close(FD);
}

static void what_may_differ_each_time_is_never_known(void **state)
{
	static const char *const fields[] = {
		"traceparent: 00-0-0-01\r\n\r\n",
		"X-Request-ID: a\r\n\r\n",
		"b3: 0\r\n\r\n",
		"Content-Length: 0\r\n\r\n",
		"Upgrade: a\r\n\r\n",
		"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	};

	(void)state;
	headers_request_id_set(NULL);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		char request[200];

		snprintf(request, sizeof(request), "GET / HTTP/1.1\r\n%s", fields[i]);
		opens(FD, true);
		for (int again = 0; again < 4; again++)
			ask(request);
		descriptors_close(FD);
	}
	assert_int_equal(n_ended, 24);
	assert_int_equal(n_known, 0);
}

static void fields_that_change_are_learned_only_so_often(void **state)
{
	(void)state;
	opens(FD, true);
	for (int i = 0; i < 100; i++) {
		char request[100];

		snprintf(request, sizeof(request), "GET /%d HTTP/1.1\r\nHost: %d\r\n\r\n", i,
			 i / 3 < USUAL_LEARNED_MOST ? i / 3 : i);
		n_told = 0;
		ask(request);
	}
	assert_int_equal(n_ended, 100);
	assert_in_range(n_known, USUAL_LEARNED_MOST - 1, 2 * USUAL_LEARNED_MOST);
	descriptors_close(FD);
}

static void a_head_request_like_the_last_one_has_no_body(void **state)
{
	(void)state;
	opens(FD, true);
	ask("GET /1 HTTP/1.1\r\n" FIELDS);
	ask("GET /2 HTTP/1.1\r\n" FIELDS);
	pass(FD, IN, "HEAD /3 HTTP/1.1\r\n" FIELDS);
	pass(FD, OUT, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n");
	assert_int_equal(n_known, 1);
	assert_string_equal(told, "/1=200,0,1 /2=200,0,1 /3=200,0,0 ");
	descriptors_close(FD);
}

static void answers_like_the_last_one_have_lengths_of_their_own(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 11:41:15 GMT\r\nContent-Length: 2\r\n\r\nab",
		"HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 11:41:15 GMT\r\nContent-Length: 3\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 11:41:16 GMT\r\nContent-Length: 4\r\n\r\nabcd",
		"HTTP/1.1 404 No\r\nDate: Sat, 21 Nov 2026 11:41:16 GMT\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nDate: Sat\r\nContent-Length: 1\r\nA: 123456\r\nContent-Length: 1\r\n\r\na",
		"HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 11:41:16 GMT\r\nContent-Length: 5\r\n\r\nabcde",
	};

	(void)state;
	opens(FD, true);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		pass(FD, IN, "GET / HTTP/1.1\r\n\r\n");
		pass(FD, OUT, answers[i]);
	}
	assert_string_equal(told, "/=200,0,2 /=200,0,3 /=200,0,4 /=404,0,0 /=200,0,1 /=200,0,5 ");
	descriptors_close(FD);
}

static void a_seventeenth_request_in_the_pipeline_ends_the_watching(void **state)
{
	(void)state;
	opens(FD, true);
	for (int i = 0; i < PIPELINE_MOST + 1; i++)
		pass(FD, IN, "GET /x HTTP/1.1\r\n\r\n");
	assert_int_equal(n_missed, 1);
	for (int i = 0; i < PIPELINE_MOST; i++)
		pass(FD, OUT, "HTTP/1.1 204 No\r\n\r\n");
	assert_false(pass(FD, IN, "GET /y HTTP/1.1\r\n\r\n"));
	assert_int_equal(n_begun, n_ended);
	descriptors_close(FD);
}

static void what_is_not_http_is_forgotten_at_once(void **state)
{
	(void)state;
	opens(FD, true);
	assert_true(pass(FD, IN, "*1\r\n"));
	assert_false(descriptors_watched(FD));
	opens(FD, true);
	assert_true(pass(FD, OUT, "220 mail.example\r\n"));
	assert_false(descriptors_watched(FD));
	opens(FD, false);
	assert_true(pass(FD, OUT, "\003"));
	assert_false(descriptors_watched(FD));
	assert_int_equal(n_begun, 0);
	assert_int_equal(n_missed, 0);
}

static void tls_is_left_to_the_calls_that_have_its_clear_text(void **state)
{
	struct iovec v = { (void *)"GET /s HTTP/1.1\r\n\r\n", 19 };
	struct connection *c;

	(void)state;
	opens(FD, true);
	pass(FD, IN, "\026\003\001");
	pass(FD, OUT, "\026\003\003");
	c = descriptors_enter(FD, IN);
	assert_non_null(c);
	connection_passed(c, IN, &v, 1, v.iov_len, true);
	descriptors_leave(FD, c, IN);
	pass(FD, OUT, "\027\003\003");
	assert_int_equal(n_begun, 1);
	descriptors_close(FD);
}

static void an_early_answer_is_of_the_request_that_was_not_complete(void **state)
{
	(void)state;
	opens(FD, true);
	pass(FD, IN, "GET /long-and-lon");
	pass(FD, OUT, "HTTP/1.1 414 Too Long\r\nContent-Length: 0\r\n\r\n");
	assert_string_equal(told, "/long-and-lon=414,0,0 ");
	descriptors_close(FD);
	assert_int_equal(n_ended, 1);
}

static void a_connection_ends_with_its_last_descriptor(void **state)
{
	(void)state;
	opens(FD, true);
	pass(FD, IN, "GET /d HTTP/1.1\r\n\r\n");
	descriptors_dup(FD, FD + 1);
	descriptors_close(FD);
	assert_int_equal(n_ended, 0);
	pass(FD + 1, OUT, "HTTP/1.0 200 OK\r\n\r\nbody");
	descriptors_close_range(FD, FD + 9);
	assert_string_equal(told, "/d=200,0,4 ");
}

static void who_closes_without_an_answer_says_so(void **state)
{
	(void)state;
	opens(FD, true);
	pass(FD, IN, "GET /x HTTP/1.1\r\n\r\n");
	descriptors_close(FD);
	assert_string_equal(told, "/x=0,0,-1,connection_error ");
}

static void what_was_expected_and_refused_may_not_come(void **state)
{
	(void)state;
	opens(FD, true);
	pass(FD, IN, "PUT /e HTTP/1.1\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
	pass(FD, OUT, "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
	assert_false(pass(FD, IN, "GET /next HTTP/1.1\r\n\r\n"));
	assert_string_equal(told, "/e=417,0,0 ");
}

static void a_call_is_told_with_its_host_and_port(void **state)
{
	(void)state;
	opens(FD, false);
	pass(FD, OUT, "GET /c HTTP/1.1\r\nHost: there\r\n\r\n");
	pass(FD, IN, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
	pass(FD, OUT, "GET http://proxied/p HTTP/1.1\r\n\r\n");
	descriptors_close(FD);
	assert_string_equal(told, "http://there/c=200,1 http://proxied/p=0,-1,connection_closed ");
}

static void switched_off_nothing_begins_and_what_has_begun_ends(void **state)
{
	(void)state;
	opens(FD, true);
	pass(FD, IN, "GET /1 HTTP/1.1\r\n\r\n");
	sockets_watch.on = false;
	pass(FD, IN, "GET /2 HTTP/1.1\r\n\r\n");
	pass(FD, OUT, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	assert_string_equal(told, "/1=200,0,0 ");
	assert_false(descriptors_watched(FD));
}

/* ---- threads ---------------------------------------------------------------------------------------- */

enum { ROUNDS = 3000, PAIRS = 3 };

/* What one thread has read the other may answer, and only then; a pipe would do the same. */
struct pair {
	int fd;
	_Atomic int asked, answered;
};

static void *asks(void *arg)
{
	struct pair *p = arg;

	for (int i = 0; i < ROUNDS; i++) {
		while (i - p->answered >= 8)
			sched_yield();
		pass(p->fd, IN,
		     i & 1 ? "GET /t HTTP/1.1\r\n\r\n"
			   : "PUT /t HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody");
		p->asked++;
	}
	return NULL;
}

static void *answers(void *arg)
{
	struct pair *p = arg;

	for (int i = 0; i < ROUNDS; i++) {
		while (p->asked <= i)
			sched_yield();
		pass(p->fd, OUT, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
		p->answered++;
	}
	return NULL;
}

static void one_thread_may_read_while_another_writes(void **state)
{
	struct pair pair[PAIRS];
	pthread_t thread[2 * PAIRS];

	(void)state;
	counting = true;
	for (int i = 0; i < PAIRS; i++) {
		pair[i] = (struct pair){ .fd = FD + i };
		opens(FD + i, true);
		pthread_create(&thread[2 * i], NULL, asks, &pair[i]);
		pthread_create(&thread[2 * i + 1], NULL, answers, &pair[i]);
	}
	for (int i = 0; i < 2 * PAIRS; i++)
		pthread_join(thread[i], NULL);
	for (int i = 0; i < PAIRS; i++)
		descriptors_close(FD + i);
	assert_int_equal(n_begun, PAIRS * ROUNDS);
	assert_int_equal(n_ended, PAIRS * ROUNDS);
	assert_int_equal(n_bad, 0);
	assert_int_equal(n_missed, 0);
}

/* Bad manners: they read, write, close and open the same one. Nothing is lost, and nothing ends twice. */
static void *fights(void *arg)
{
	uintptr_t me = (uintptr_t)arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		pass(FD, IN, "GET /t HTTP/1.1\r\n\r\n");
		pass(FD, OUT, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
		if (i % 16 == me)
			opens(FD, true);
	}
	return NULL;
}

/* What the program is about to write; is there an edit for it? */
static bool prepares(const char *text)
{
	struct connection *c = descriptors_enter(FD, OUT);
	struct iovec v = { (void *)text, strlen(text) };
	bool is;

	connection_prepare(c, &v, 1, false);
	is = c->edit != NULL;
	descriptors_leave(FD, c, OUT);
	return is;
}

static void a_request_in_the_pipeline_is_edited_if_its_write_begins_with_it(void **state)
{
	(void)state;
	sockets_settings.inject = true;
	opens(FD, false);
	assert_true(prepares("GET /1 HTTP/1.1\r\n\r\n"));
	pass(FD, OUT, "GET /1 HTTP/1.1\r\n\r\n");
	assert_true(prepares("GET /2 HTTP/1.1\r\n\r\n"));
	pass(FD, OUT, "GET /2 HTTP/1.1\r\n\r\n");
	assert_int_equal(n_unedited, 0);
	pass(FD, OUT, "GET /3 HTTP/1.1\r\n\r\nGET /4 HTTP/1.1\r\n\r\n");
	assert_int_equal(n_unedited, 1);
	pass(FD, IN, ANSWER ANSWER ANSWER ANSWER);
	assert_string_equal(told, "http://127.0.0.1/1=200,1 http://127.0.0.1/2=200,1 "
				  "http://127.0.0.1/3=200,1 http://127.0.0.1/4=200,1 ");
	descriptors_close(FD);
}

static void a_head_in_two_writes_is_counted_as_not_edited(void **state)
{
	(void)state;
	sockets_settings.inject = true;
	opens(FD, false);
	pass_bytes(FD, OUT, "GET /1 HTTP/1.1\r\n\r\n");
	pass(FD, IN, ANSWER);
	assert_int_equal(n_unedited, 1);
	descriptors_close(FD);
}

static void what_was_not_taken_is_no_edit_of_what_is_written_next(void **state)
{
	(void)state;
	sockets_settings.inject = true;
	opens(FD, false);
	assert_true(prepares("GET /1 HTTP/1.1\r\n\r\n"));
	assert_false(prepares("GET /another"));
	descriptors_close(FD);
}

static void a_head_behind_a_blank_line_is_not_edited(void **state)
{
	(void)state;
	sockets_settings.inject = true;
	opens(FD, false);
	assert_false(prepares("\r\nGET /1 HTTP/1.1\r\n\r\n"));
	pass(FD, OUT, "\r\nGET /1 HTTP/1.1\r\n\r\n");
	assert_int_equal(n_unedited, 1);
	descriptors_close(FD);
	opens(FD, false);
	assert_false(prepares("PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\nGET /1 HTTP/1.1\r\n\r\n"));
	descriptors_close(FD);
}

/* The socket takes `most` bytes of what is made of `text`; how many of the program's? */
static size_t write_edited(const char *text, size_t most)
{
	struct connection *c = descriptors_enter(FD, OUT);
	struct iovec v = { (void *)text, strlen(text) };
	struct outgoing o;
	size_t n;

	assert_non_null(c);
	connection_prepare(c, &v, 1, false);
	assert_true(outgoing_make(&o, c, &v, 1));
	n = outgoing_passed(&o, c, most);
	connection_passed(c, OUT, &v, 1, n, false);
	descriptors_leave(FD, c, OUT);
	return n;
}

static void half_a_field_is_brought_to_its_end_whatever_is_answered(void **state)
{
	static const char text[] = "GET /1 HTTP/1.1\r\n\r\n";

	(void)state;
	sockets_settings.inject = injects = true;
	opens(FD, false);
	assert_int_equal(write_edited(text, 17 + 3), 17);
	pass(FD, IN, "what is this?");
	assert_int_equal(write_edited(text + 17, 3 + 2), 2);
	pass(FD, IN, "?");
	assert_false(descriptors_watched(FD));
}

static void threads_that_fight_over_a_connection_do_no_harm(void **state)
{
	pthread_t thread[4];

	(void)state;
	counting = true;
	for (uintptr_t i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, fights, (void *)i);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	descriptors_close(FD);
	assert_int_equal(n_begun, n_ended);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_request_and_its_response_are_one_exchange, setup),
		cmocka_unit_test_setup(bytes_may_come_one_by_one, setup),
		cmocka_unit_test_setup(pipelined_requests_are_answered_in_their_order, setup),
		cmocka_unit_test_setup(requests_with_the_same_fields_are_known_from_the_third_on,
				       setup),
		cmocka_unit_test_setup(an_end_like_the_last_one_is_known_and_learned_only_so_often,
				       setup),
		cmocka_unit_test_setup(a_request_that_is_the_last_one_again_is_not_read, setup),
		cmocka_unit_test_setup(targets_are_learned_only_so_often_and_if_they_are_short,
				       setup),
		cmocka_unit_test_setup(what_may_differ_each_time_is_never_known, setup),
		cmocka_unit_test_setup(fields_that_change_are_learned_only_so_often, setup),
		cmocka_unit_test_setup(a_head_request_like_the_last_one_has_no_body, setup),
		cmocka_unit_test_setup(answers_like_the_last_one_have_lengths_of_their_own, setup),
		cmocka_unit_test_setup(a_seventeenth_request_in_the_pipeline_ends_the_watching,
				       setup),
		cmocka_unit_test_setup(what_is_not_http_is_forgotten_at_once, setup),
		cmocka_unit_test_setup(tls_is_left_to_the_calls_that_have_its_clear_text, setup),
		cmocka_unit_test_setup(an_early_answer_is_of_the_request_that_was_not_complete,
				       setup),
		cmocka_unit_test_setup(a_connection_ends_with_its_last_descriptor, setup),
		cmocka_unit_test_setup(who_closes_without_an_answer_says_so, setup),
		cmocka_unit_test_setup(what_was_expected_and_refused_may_not_come, setup),
		cmocka_unit_test_setup(a_call_is_told_with_its_host_and_port, setup),
		cmocka_unit_test_setup(switched_off_nothing_begins_and_what_has_begun_ends, setup),
		cmocka_unit_test_setup(one_thread_may_read_while_another_writes, setup),
		cmocka_unit_test_setup(
			a_request_in_the_pipeline_is_edited_if_its_write_begins_with_it, setup),
		cmocka_unit_test_setup(a_head_in_two_writes_is_counted_as_not_edited, setup),
		cmocka_unit_test_setup(what_was_not_taken_is_no_edit_of_what_is_written_next,
				       setup),
		cmocka_unit_test_setup(a_head_behind_a_blank_line_is_not_edited, setup),
		cmocka_unit_test_setup(half_a_field_is_brought_to_its_end_whatever_is_answered,
				       setup),
		cmocka_unit_test_setup(threads_that_fight_over_a_connection_do_no_harm, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
