/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hiredis, blocking and pipelined: a client span for each command, or for each batch of commands
 * that are sent at once.
 *
 *     redisAppend*         the real one; then the command is read from the connection's output
 *                          buffer, where it lies in the protocol's form: nothing is formatted twice
 *     redisGetReply        what waits is sent: a call begins; the last of its answers ends it
 *     redis*Command        one after the other, as hiredis does it itself
 *     redisFree            what was not answered ends as an error
 *
 * A connection is known from its first command on: its address, and the database that it is in, which
 * follows SELECT. hiredis calls its own exported functions through the PLT; those calls are passed
 * through. The layout of its structs is of the version that we were built with, and another one is
 * left alone (hiredis_watches).
 */
#include "agent/libraries/hiredis.h"

#include <errno.h>
#include <stdio.h>

#include "agent/table.h"
#include "wire/record.h"

enum { CONNECTIONS_MOST = 2048 };

static struct watch watch;
static struct real_library library;

struct real hiredis_real[N_HIREDIS_CALLS] = {
#define X(call) { .name = #call, .library = &library },
	HIREDIS_CALLS(X)
#undef X
};

static struct pool connections = { .item_bytes = sizeof(struct connection), .n = CONNECTIONS_MOST };

static struct table_slot slots[2 * CONNECTIONS_MOST];
static const struct table connection_of = { slots, 2 * CONNECTIONS_MOST };

/* ---- which hiredis this is ---------------------------------------------------------------------- */

enum { UNKNOWN, FITS, ANOTHER };

static _Atomic int fits;

/* Structs changed at 1.0, which brought redisConnectWithOptions, and strings at 0.14. */
static int fit(void)
{
	static struct real modern = { .name = "redisConnectWithOptions", .library = &library };
	static struct real strings = { .name = "sds_malloc", .library = &library };
	int is = real_find_all(hiredis_real, N_HIREDIS_CALLS) && real_of(&strings) &&
				 !!real_of(&modern) == (HIREDIS_MAJOR >= 1)
			 ? FITS
			 : ANOTHER;

	if (is == ANOTHER)
		agent_missed("hiredis");
	atomic_store_explicit(&fits, is, memory_order_relaxed);
	return is;
}

bool hiredis_watches(const void *caller)
{
	int is;

	if (!watches(&watch) || real_calls_itself(&library, caller))
		return false;
	is = atomic_load_explicit(&fits, memory_order_relaxed);
	return (is ? is : fit()) == FITS;
}

/* ---- a connection -------------------------------------------------------------------------------- */

static void pipeline_reset(struct pipeline *p)
{
	p->batch[0].n = p->batch[1].n = p->n_unread = 0;
	p->call.begun = 0;
}

static void connection_init(struct connection *k, const redisContext *c)
{
	k->reader = c->reader;
	if (c->connection_type == REDIS_CONN_UNIX)
		database_server_set(&k->server, c->unix_sock.path, 0, "0");
	else
		database_server_set(&k->server, c->tcp.host, c->tcp.port, "0");
	k->counted.pool = NULL;
	if (!c->err)
		database_opened(&k->counted, &k->server);
	k->database = 0;
	k->n_selects = 0;
	pipeline_reset(&k->pipeline);
}

static void pipeline_fail(struct connection *k, const char *error)
{
	if (k->pipeline.n_unread)
		database_end(&k->pipeline.call,
			     &(struct database_outcome){ .error = error, .rows = -1 });
	pipeline_reset(&k->pipeline);
}

struct connection *hiredis_connection(redisContext *c)
{
	struct connection *k = table_get(&connection_of, c);

	if (k && k->reader == c->reader)
		return k;
	if (k) {
		pipeline_fail(k, "aborted");
		database_closed(&k->counted);
		connection_init(k, c);
		return k;
	}
	database_ready();
	if (pool_open(&connections))
		k = pool_take(&connections);
	if (k && !table_put(&connection_of, c, k)) {
		pool_give(&connections, k);
		k = NULL;
	}
	if (k)
		connection_init(k, c);
	else
		agent_missed("hiredis");
	return k;
}

static void connection_forget(const redisContext *c)
{
	struct connection *k = table_remove(&connection_of, c);

	if (!k)
		return;
	pipeline_fail(k, "aborted");
	database_closed(&k->counted);
	pool_give(&connections, k);
}

/* ---- what an answer says -------------------------------------------------------------------------- */

static bool is_nothing(const redisReply *reply)
{
	if (reply->type == REDIS_REPLY_NIL)
		return true;
	if (reply->type != REDIS_REPLY_ARRAY || !reply->elements)
		return false;
	for (size_t i = 0; i < reply->elements; i++)
		if (reply->element[i]->type != REDIS_REPLY_NIL)
			return false;
	return true;
}

struct hiredis_answer hiredis_answer_of(const redisContext *c, const void *pointer)
{
	const redisReply *reply = pointer;
	struct hiredis_answer a = { 0 };
	struct str text;

	if (!reply || !c->reader || !c->reader->fn ||
	    !real_calls_itself(&library, (const void *)c->reader->fn->createString))
		return a;
	text = reply->str ? (struct str){ reply->str, (size_t)reply->len } : STR("");
	if (reply->type == REDIS_REPLY_ERROR)
		a.error = redis_error_prefix(text);
	else if (reply->type == REDIS_REPLY_STATUS)
		a.is_ok = str_eq(text, STR("OK")) || str_eq(text, STR("RESET"));
	else
		a.found_nothing = is_nothing(reply);
	return a;
}

const char *hiredis_error_name(int error, int error_number)
{
	static const char *const names[] = { "REDIS_ERR_IO",  "REDIS_ERR_OTHER",
					     "REDIS_ERR_EOF", "REDIS_ERR_PROTOCOL",
					     "REDIS_ERR_OOM", "timeout" };

	if (error == REDIS_ERR_IO && (error_number == EAGAIN || error_number == ETIMEDOUT))
		return "timeout";
	if (error < 1 || error > (int)(sizeof(names) / sizeof(names[0])))
		return "aborted";
	return names[error - 1];
}

void hiredis_selects(struct connection *k)
{
	k->n_selects++;
	k->server.name[0] = 0;
}

/* Inside of MULTI it is not known whether it will be done. */
void hiredis_selected(struct connection *k, int index, const struct hiredis_answer *a)
{
	if (a->is_ok)
		k->database = index;
	else if (!a->error.n)
		k->database = -1;
	if (k->n_selects)
		k->n_selects--;
	if (k->n_selects || k->database < 0)
		k->server.name[0] = 0;
	else
		snprintf(k->server.name, sizeof(k->server.name), "%d", k->database);
}

/* ---- the pipeline --------------------------------------------------------------------------------- */

bool hiredis_added(struct redis_command *out, const redisContext *c, size_t before)
{
	size_t now = hiredis_buffered(c);

	return now > before &&
	       redis_command_read(out, (struct str){ c->obuf + before, now - before });
}

static void pipeline_text(struct pipeline *p, const struct redis_command *command)
{
	size_t room = PIPELINE_TEXT_MOST - p->text_n, between = p->text_n ? 2 : 0;

	if (command->text_n + between > room)
		return;
	memcpy(p->text + p->text_n, "; ", between);
	memcpy(p->text + p->text_n + between, command->text, command->text_n);
	p->text_n = (uint16_t)(p->text_n + between + command->text_n);
}

static void batch_add(struct pipeline *p, struct batch *b, const struct redis_command *command)
{
	struct str operation = str_first(command->operation, sizeof(p->operation));

	if (!b->n) {
		b->n_selects = 0;
		b->index = -1;
		p->text_n = 0;
		p->operation_n = (uint8_t)operation.n;
		memcpy(p->operation, operation.p, operation.n);
	}
	b->same = !b->n || (b->same &&
			    str_eq_nocase(operation, (struct str){ p->operation, p->operation_n }));
	if (b->n < BATCH_KINDS)
		b->kind[b->n] = (uint8_t)command->kind;
	b->n++;
	if (command->kind == REDIS_SELECT) {
		b->index = command->index;
		b->n_selects++;
	}
}

static void pipeline_add(redisContext *c, size_t before)
{
	struct connection *k = hiredis_connection(c);
	struct redis_command command;

	if (!k || !hiredis_added(&command, c, before))
		return;
	batch_add(&k->pipeline, &k->pipeline.batch[k->pipeline.waiting], &command);
	pipeline_text(&k->pipeline, &command);
}

/* "GET", "PIPELINE GET" or "PIPELINE". */
static struct str batch_name(const struct pipeline *p, const struct batch *b,
			     char out[DATABASE_LABEL_MOST + 10])
{
	struct str operation = { p->operation, p->operation_n };

	if (b->n == 1)
		return operation;
	if (!b->same)
		return STR("PIPELINE");
	memcpy(out, "PIPELINE ", 9);
	memcpy(out + 9, operation.p, operation.n);
	return (struct str){ out, 9 + operation.n };
}

/* All that waits goes out now. */
static void pipeline_send(struct connection *k)
{
	struct pipeline *p = &k->pipeline;
	struct batch *b = &p->batch[p->waiting];
	char name[DATABASE_LABEL_MOST + 10];

	if (p->n_unread || !b->n)
		return;
	p->missed = 0;
	p->error[0] = 0;
	if (b->n_selects && b->n > 1)
		k->server.name[0] = 0; /* of some of them it is another */
	database_begin(&p->call, &(struct database_seen){ .system = "redis",
							  .operation = batch_name(p, b, name),
							  .text = { p->text, p->text_n },
							  .batch = b->n,
							  .server = &k->server,
							  .connection = &k->counted,
							  .scope = SCOPE_HIREDIS });
	for (unsigned i = 0; i < b->n_selects; i++)
		hiredis_selects(k);
	p->n_unread = b->n;
	p->waiting = !p->waiting;
	p->batch[p->waiting].n = 0;
}

/* Beyond the kinds that are kept, one is as good as another. */
static enum redis_kind batch_due(const struct batch *b, uint32_t n_unread)
{
	uint32_t i = b->same ? 0 : b->n - n_unread;

	return i < BATCH_KINDS ? b->kind[i] : REDIS_PLAIN;
}

static void pipeline_got(struct connection *k, const redisContext *c, const void *reply)
{
	struct pipeline *p = &k->pipeline;
	const struct batch *b = &p->batch[!p->waiting];
	struct hiredis_answer a = hiredis_answer_of(c, reply);
	enum redis_kind kind;

	if (!p->n_unread)
		return; /* a message of a subscription */
	kind = batch_due(b, p->n_unread--);
	p->missed += kind == REDIS_LOOKUP && a.found_nothing;
	if (kind == REDIS_SELECT)
		hiredis_selected(k, b->index, &a);
	if (a.error.n && !p->error[0]) {
		memcpy(p->error, a.error.p, a.error.n);
		p->error[a.error.n] = 0;
	}
	if (p->n_unread)
		return;
	database_end(&p->call, &(struct database_outcome){ .error = p->error[0] ? p->error : NULL,
							   .status = p->error[0] ? p->error : NULL,
							   .rows = -1,
							   .missed = p->missed });
}

/* ---- what the program calls ------------------------------------------------------------------------ */

static int answer_read(__typeof__(redisGetReply) *get, redisContext *c, struct connection *k,
		       void **reply)
{
	int kept = errno, r;

	if (k)
		pipeline_send(k);
	errno = kept;
	r = get(c, reply);
	kept = errno;
	if (k && r != REDIS_OK)
		pipeline_fail(k, hiredis_error_name(c->err, kept));
	else if (k && !(reply && !*reply))
		pipeline_got(k, c, reply ? *reply : NULL);
	errno = kept;
	return r;
}

/* A command is in the output buffer, which had `before` bytes; r says whether. */
static int added(redisContext *c, size_t before, int r)
{
	int kept = errno;

	if (r == REDIS_OK)
		pipeline_add(c, before);
	errno = kept;
	return r;
}

static void *answer_to(redisContext *c, int r)
{
	void *reply = NULL;

	if (r != REDIS_OK || !(c->flags & REDIS_BLOCK) ||
	    answer_read(HIREDIS_REAL(redisGetReply), c, table_get(&connection_of, c), &reply) !=
		    REDIS_OK)
		return NULL;
	return reply;
}

HOOK int redisvAppendCommand(redisContext *c, const char *format, va_list arguments)
{
	if (!HIREDIS_REAL(redisvAppendCommand))
		return REDIS_ERR;
	if (!hiredis_watches(HIREDIS_CALLER))
		return HIREDIS_REAL(redisvAppendCommand)(c, format, arguments);

	size_t before = hiredis_buffered(c);

	return added(c, before, HIREDIS_REAL(redisvAppendCommand)(c, format, arguments));
}

HOOK int redisAppendCommand(redisContext *c, const char *format, ...)
{
	va_list arguments;
	int r = REDIS_ERR;

	if (!HIREDIS_REAL(redisvAppendCommand))
		return r;
	va_start(arguments, format);
	if (hiredis_watches(HIREDIS_CALLER)) {
		size_t before = hiredis_buffered(c);

		r = added(c, before, HIREDIS_REAL(redisvAppendCommand)(c, format, arguments));
	} else
		r = HIREDIS_REAL(redisvAppendCommand)(c, format, arguments);
	va_end(arguments);
	return r;
}

HOOK int redisAppendCommandArgv(redisContext *c, int n, const char **argument, const size_t *length)
{
	if (!HIREDIS_REAL(redisAppendCommandArgv))
		return REDIS_ERR;
	if (!hiredis_watches(HIREDIS_CALLER))
		return HIREDIS_REAL(redisAppendCommandArgv)(c, n, argument, length);

	size_t before = hiredis_buffered(c);

	return added(c, before, HIREDIS_REAL(redisAppendCommandArgv)(c, n, argument, length));
}

HOOK int redisAppendFormattedCommand(redisContext *c, const char *command, size_t n)
{
	if (!HIREDIS_REAL(redisAppendFormattedCommand))
		return REDIS_ERR;
	if (!hiredis_watches(HIREDIS_CALLER))
		return HIREDIS_REAL(redisAppendFormattedCommand)(c, command, n);

	size_t before = hiredis_buffered(c);

	return added(c, before, HIREDIS_REAL(redisAppendFormattedCommand)(c, command, n));
}

HOOK void *redisvCommand(redisContext *c, const char *format, va_list arguments)
{
	if (!HIREDIS_REAL(redisvCommand))
		return NULL;
	if (!hiredis_watches(HIREDIS_CALLER))
		return HIREDIS_REAL(redisvCommand)(c, format, arguments);

	size_t before = hiredis_buffered(c);

	return answer_to(c,
			 added(c, before, HIREDIS_REAL(redisvAppendCommand)(c, format, arguments)));
}

HOOK void *redisCommand(redisContext *c, const char *format, ...)
{
	va_list arguments;
	void *reply;

	if (!HIREDIS_REAL(redisvCommand))
		return NULL;
	va_start(arguments, format);
	if (hiredis_watches(HIREDIS_CALLER)) {
		size_t before = hiredis_buffered(c);

		reply = answer_to(c,
				  added(c, before,
					HIREDIS_REAL(redisvAppendCommand)(c, format, arguments)));
	} else
		reply = HIREDIS_REAL(redisvCommand)(c, format, arguments);
	va_end(arguments);
	return reply;
}

HOOK void *redisCommandArgv(redisContext *c, int n, const char **argument, const size_t *length)
{
	if (!HIREDIS_REAL(redisCommandArgv))
		return NULL;
	if (!hiredis_watches(HIREDIS_CALLER))
		return HIREDIS_REAL(redisCommandArgv)(c, n, argument, length);

	size_t before = hiredis_buffered(c);

	return answer_to(c, added(c, before,
				  HIREDIS_REAL(redisAppendCommandArgv)(c, n, argument, length)));
}

/* What was under way when the switch went off is finished. */
static int answer_hooked(__typeof__(redisGetReply) *get, redisContext *c, void **reply,
			 const void *caller)
{
	if (!get)
		return REDIS_ERR;
	if (real_calls_itself(&library, caller))
		return get(c, reply);
	return answer_read(get, c,
			   hiredis_watches(caller) ? hiredis_connection(c)
						   : table_get(&connection_of, c),
			   reply);
}

HOOK int redisGetReply(redisContext *c, void **reply)
{
	return answer_hooked(HIREDIS_REAL(redisGetReply), c, reply, HIREDIS_CALLER);
}

HOOK int redisGetReplyFromReader(redisContext *c, void **reply)
{
	return answer_hooked(HIREDIS_REAL(redisGetReplyFromReader), c, reply, HIREDIS_CALLER);
}

HOOK int redisReconnect(redisContext *c)
{
	int kept = errno;

	if (!HIREDIS_REAL(redisReconnect))
		return REDIS_ERR;
	connection_forget(c);
	errno = kept;
	return HIREDIS_REAL(redisReconnect)(c);
}

/* hiredis itself calls this for an asynchronous connection, after its last callback. */
HOOK void redisFree(redisContext *c)
{
	int kept = errno;

	connection_forget(c);
	errno = kept;
	if (HIREDIS_REAL(redisFree))
		HIREDIS_REAL(redisFree)(c);
}

HOOK int redisFreeKeepFd(redisContext *c)
{
	int kept = errno;

	if (!HIREDIS_REAL(redisFreeKeepFd))
		return REDIS_ERR;
	connection_forget(c);
	errno = kept;
	return HIREDIS_REAL(redisFreeKeepFd)(c);
}

const struct watched watched_hiredis = {
	.name = "hiredis",
	.aliases = "redis,database",
	.summary = "commands that the program sends to Redis",
	.watch = &watch,
};
