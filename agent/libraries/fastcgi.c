/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FastCGI (libfcgi): a server span for each request that a web server hands on.
 *
 *     FCGX_Accept_r       a request came: its span is current in this thread until the next one is
 *                         waited for, or it is let go of. FCGX_Accept and FCGI_Accept come here.
 *     the output stream   empties its buffer through a function of its own, which becomes ours: so
 *                         whatever the program writes with is seen, for the status and our field
 *     FCGX_Free           the request is over; FCGX_Finish_r and the next accept come here
 *
 * Our field needs room in the first buffer: its end is told to be that much nearer until the head is
 * through. A program that the web server runs as a plain CGI is not watched.
 *
 * A request belongs to one thread at a time, which need not be the one that accepted it.
 */
#include <errno.h>
#include <fcgiapp.h>

#include "agent/agent.h"
#include "agent/http/head.h"
#include "agent/http/peer.h"
#include "agent/pool.h"
#include "agent/real.h"
#include "agent/http/server.h"
#include "agent/sockets/sockets.h"
#include "agent/table.h"
#include "wire/record.h"

#define CALLS(X) \
	X(FCGX_Accept_r) \
	X(FCGX_Free)

static struct real_library library;
REAL_TABLE(CALLS);

enum { REQUESTS_MOST = 4096, FIELD_MOST = 160, NAME_MOST = 64, TARGET_MOST = 800 };

struct request {
	struct pool_item item;
	FCGX_Stream *out;
	void (*empty)(FCGX_Stream *stream, int close); /* the library's */
	unsigned char *from;			       /* what follows was not looked at yet */
	unsigned char *stop;			       /* where the buffer really ends */
	unsigned token;
	struct head head;
	struct server_request served;
	uint8_t n_field;
	char field[FIELD_MOST];
	char target[TARGET_MOST];
};

static struct pool requests = { .item_bytes = sizeof(struct request), .n = REQUESTS_MOST };

/* By the program's FCGX_Request, and by its output stream. */
static struct table_slot slots[4 * REQUESTS_MOST];
static const struct table request_of = { slots, 4 * REQUESTS_MOST };

static struct watch watch;
static __thread struct request *current;

/* ---- the request's environment ------------------------------------------------------------------ */

static const char *value_of(char *const *environment, const char *name)
{
	size_t n = strlen(name);

	for (; environment && *environment; environment++)
		if (!strncmp(*environment, name, n) && (*environment)[n] == '=')
			return *environment + n + 1;
	return NULL;
}

/* HTTP_X_REQUEST_ID=... as "x-request-id" and its value. False: it is no field. */
static bool field_of(const char *variable, char name[NAME_MOST], const char **value)
{
	size_t n = 0;

	if (strncmp(variable, "HTTP_", 5) != 0)
		return false;
	for (const char *p = variable + 5; *p && *p != '='; p++) {
		if (n + 1 == NAME_MOST)
			return false;
		name[n++] = *p == '_' ? '-' : str_lower(*p);
	}
	if (!n || variable[5 + n] != '=')
		return false;
	name[n] = '\0';
	*value = variable + 5 + n + 1;
	return true;
}

static const char *header_get(void *environment, const char *wanted)
{
	char name[NAME_MOST];
	const char *value;

	for (char *const *e = environment; e && *e; e++)
		if (field_of(*e, name, &value) && str_eq_nocase(str_of(name), str_of(wanted)))
			return value;
	return NULL;
}

static struct str target_of(char *const *e, char room[TARGET_MOST])
{
	struct str whole = str_of(value_of(e, "REQUEST_URI")), path, query;
	size_t n;

	if (whole.n)
		return whole;
	path = str_of(value_of(e, "DOCUMENT_URI"));
	if (!path.n)
		path = str_of(value_of(e, "SCRIPT_NAME"));
	path = str_first(path, TARGET_MOST);
	query = str_of(value_of(e, "QUERY_STRING"));
	n = path.n;
	if (!query.n || n + 1 >= TARGET_MOST)
		return path;
	query = str_first(query, TARGET_MOST - n - 1);
	if (n)
		memcpy(room, path.p, n);
	room[n++] = '?';
	memcpy(room + n, query.p, query.n);
	return (struct str){ room, n + query.n };
}

static bool is_https(char *const *e)
{
	struct str https = str_of(value_of(e, "HTTPS"));

	return str_eq_nocase(https, STR("on")) || str_eq(https, STR("1")) ||
	       str_eq_nocase(str_of(value_of(e, "REQUEST_SCHEME")), STR("https"));
}

static int port_of(const char *text)
{
	int port = 0;

	for (; text && *text >= '0' && *text <= '9' && port < 65536; text++)
		port = port * 10 + (*text - '0');
	return port < 65536 ? port : 0;
}

static void request_seen(struct request *q, char **e)
{
	struct sockaddr_in6 room;
	char name[NAME_MOST];
	struct headers h;
	const char *value;

	headers_begin(&h, header_get, e);
	for (char **at = e; at && *at; at++)
		if (field_of(*at, name, &value))
			headers_see(&h, name, value);
	server_begin(&q->served,
		     &(struct server_seen){
			     .method = str_of(value_of(e, "REQUEST_METHOD")),
			     .target = target_of(e, q->target),
			     .version = str_of(value_of(e, "SERVER_PROTOCOL")),
			     .headers = &h,
			     .peer = peer_of_text(value_of(e, "REMOTE_ADDR"),
						  port_of(value_of(e, "REMOTE_PORT")), &room),
			     .https = is_https(e),
			     .scope = SCOPE_FASTCGI,
		     });
}

/* ---- its output --------------------------------------------------------------------------------- */

/* The buffer is full, flushed or closed: the library is about to send it. */
static void emptied(FCGX_Stream *stream, int close)
{
	struct request *q = table_get(&request_of, stream);
	int kept = errno;
	size_t n, k;

	if (!q)
		return;
	if (!q->head.done && q->from <= stream->wrNext) {
		n = (size_t)(stream->wrNext - q->from);
		k = head_follow(&q->head, (const char *)q->from, n);
		if (k <= n && q->n_field && q->stop - stream->wrNext >= q->n_field) {
			memmove(q->from + k + q->n_field, q->from + k, n - k);
			memcpy(q->from + k, q->field, q->n_field);
			stream->wrNext += q->n_field;
		}
		if (q->head.done)
			stream->stop = q->stop;
	}
	errno = kept;
	q->empty(stream, close);
	q->from = stream->wrNext;
}

/* A stream that isn't as we know them is left alone. */
static void output_watch(struct request *q, FCGX_Stream *out)
{
	head_begin(&q->head, HEAD_CGI, server_id_header());
	q->n_field = 0;
	q->out = NULL;
	if (!out || out->isReader || out->isClosed || !out->emptyBuffProc ||
	    !real_calls_itself(&library, (const void *)(uintptr_t)out->emptyBuffProc) ||
	    out->stop - out->wrNext < 4 * FIELD_MOST || !table_put(&request_of, out, q))
		return;
	if (q->head.name && q->served.id[0])
		q->n_field = (uint8_t)head_field(&q->head, q->served.id, q->field, FIELD_MOST);
	q->out = out;
	q->empty = out->emptyBuffProc;
	q->from = out->wrNext;
	q->stop = out->stop;
	out->emptyBuffProc = emptied;
	out->stop -= q->n_field;
}

/* ---- its life ----------------------------------------------------------------------------------- */

static void request_begin(FCGX_Request *r)
{
	struct request *q = pool_open(&requests) ? pool_take(&requests) : NULL;

	if (!q || !table_put(&request_of, r, q)) {
		if (q)
			pool_give(&requests, q);
		agent_missed("fastcgi");
		return;
	}
	server_ready();
	request_seen(q, r->envp);
	output_watch(q, r->out);
	q->token = oriel_context_attach(server_context(&q->served));
	current = q;
}

static void request_leave(void)
{
	if (current)
		oriel_context_detach(current->token);
	current = NULL;
}

static void request_end(struct request *q, bool broken)
{
	struct server_outcome o = { .request_bytes = -1, .response_bytes = -1 };

	o.status = q->head.status;
	if (current == q)
		request_leave();
	if (broken) {
		o = server_client_closed(o.status, true);
	} else if (q->out && !q->head.done) {
		o.error = "refused";
		o.message = "The program sent no response.";
	}
	server_end(&q->served, &o);
	pool_give(&requests, q);
}

/* It is over, and its streams are about to go. */
HOOK void FCGX_Free(FCGX_Request *r, int close)
{
	struct request *q = table_remove(&request_of, r);
	bool broken = false;
	int kept;

	if (!REAL(FCGX_Free))
		return;
	if (q && q->out) {
		table_remove(&request_of, q->out);
		broken = q->out->FCGI_errno != 0;
		q->out->emptyBuffProc = q->empty;
	}
	REAL(FCGX_Free)(r, close);
	kept = errno;
	if (q)
		request_end(q, broken);
	errno = kept;
}

HOOK int FCGX_Accept_r(FCGX_Request *r)
{
	int result, kept = errno;

	if (!REAL(FCGX_Accept_r) || !REAL(FCGX_Free))
		return -1;
	/* What it waits for next is not this one's, though it may go on in another thread. */
	if (!r || table_get(&request_of, r) != current)
		request_leave();
	errno = kept;
	result = REAL(FCGX_Accept_r)(r);
	if (result == 0 && watches(&watch)) {
		kept = errno;
		request_begin(r);
		errno = kept;
	}
	return result;
}

static void fastcgi_start(void)
{
	sockets_own(&library);
}

const struct watched watched_fastcgi = {
	.name = "fastcgi",
	.aliases = "fcgi,libfcgi,http,server",
	.summary = "Requests that a web server hands to the program",
	.start = fastcgi_start,
	.watch = &watch,
	.passes = contexts_pass,
};
