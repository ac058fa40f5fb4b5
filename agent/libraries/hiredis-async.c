/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hiredis, asynchronous: the callback of each command is ours, which ends the span and calls the
 * program's in the context that was current when the command was given.
 *
 *     redisAsync*Command(ac, fn, privdata, ...)  ->  the real one with (answered, pending)
 *     answered(ac, reply, pending)               ->  fn(ac, reply, privdata)
 *
 * hiredis calls a command's callback once, at the latest with a NULL reply when the connection ends;
 * but for SUBSCRIBE and its kin, and MONITOR, which it calls as often as it likes or never. Those
 * keep their own callback: what is published is no child of whoever subscribed. So the command's
 * name must be known before the call; its keys are read from the output buffer after it.
 *
 * Who calls is not asked: hiredis calls none of these itself but redisvAsyncCommand, from what we
 * never call. (A callback whose last act is such a call leaves hiredis's own return address.)
 */
#include "agent/libraries/hiredis.h"

#include <errno.h>

#include "wire/record.h"

enum { PENDING_MOST = 16384 };

struct pending {
	struct pool_item item;
	redisCallbackFn *fn;
	void *privdata;
	struct connection *connection;
	struct oriel_context context;
	enum redis_kind kind;
	int index;
	bool begun, answered, stays;
	struct database_call call;
};

static struct pool pendings = { .item_bytes = sizeof(struct pending), .n = PENDING_MOST };

static void call_begin(struct database_call *call, const struct redis_command *command,
		       struct connection *k)
{
	database_begin(call, &(struct database_seen){ .system = "redis",
						      .operation = command->operation,
						      .text = { command->text, command->text_n },
						      .server = &k->server,
						      .connection = &k->counted,
						      .scope = SCOPE_HIREDIS });
}

static void call_end(struct pending *p, const redisAsyncContext *ac, const void *reply)
{
	struct hiredis_answer a = hiredis_answer_of(&ac->c, reply);
	struct database_outcome o = { .rows = -1 };
	char error[32];

	if (a.error.n) {
		memcpy(error, a.error.p, a.error.n);
		error[a.error.n] = 0;
		o.error = o.status = error;
	} else if (!reply)
		o.error = hiredis_error_name(ac->err ? ac->err : ac->c.err, 0);
	o.missed = p->kind == REDIS_LOOKUP && a.found_nothing;
	if (p->kind == REDIS_SELECT)
		hiredis_selected(p->connection, p->index, &a);
	database_end(&p->call, &o);
}

static void answered(redisAsyncContext *ac, void *reply, void *arg)
{
	struct pending *p = arg;
	redisCallbackFn *fn = p->fn;
	void *privdata = p->privdata;
	struct oriel_context context = p->context;
	int kept = errno;
	unsigned token;

	if (p->stays) {
		if (fn)
			fn(ac, reply, privdata);
		return;
	}
	if (p->begun)
		call_end(p, ac, reply);
	p->answered = true;
	if (p->begun)
		pool_give(&pendings, p);
	if (fn) {
		token = oriel_context_attach(&context);
		errno = kept;
		fn(ac, reply, privdata);
		kept = errno;
		oriel_context_detach(token);
	}
	oriel_context_release(&context);
	errno = kept;
}

static struct pending *pending_new(redisAsyncContext *ac, redisCallbackFn *fn, void *privdata)
{
	struct connection *k = hiredis_connection(&ac->c);
	struct pending *p = k && pool_open(&pendings) ? pool_take(&pendings) : NULL;

	if (!p) {
		agent_missed("hiredis");
		return NULL;
	}
	p->fn = fn;
	p->privdata = privdata;
	p->connection = k;
	p->kind = REDIS_PLAIN;
	p->index = -1;
	p->begun = p->answered = p->stays = false;
	p->call.begun = 0;
	p->context = oriel_context_capture();
	return p;
}

static int pending_sent(struct pending *p, const redisAsyncContext *ac, size_t before, int r)
{
	struct redis_command command;
	int kept = errno;

	if (r != REDIS_OK && !p->answered) {
		oriel_context_release(&p->context);
		pool_give(&pendings, p);
	} else if (p->answered) {
		pool_give(&pendings, p); /* from within the call; ac may be gone */
	} else {
		if (hiredis_added(&command, &ac->c, before)) {
			p->kind = command.kind;
			p->index = command.index;
			call_begin(&p->call, &command, p->connection);
			p->stays = command.kind == REDIS_STREAM;
			if (command.kind == REDIS_SELECT)
				hiredis_selects(p->connection);
		}
		p->begun = true;
		if (p->stays) /* in a disguise: its answers can't be told */
			database_end(&p->call, &(struct database_outcome){ .rows = -1 });
	}
	errno = kept;
	return r;
}

static int stream_sent(redisAsyncContext *ac, size_t before, int r)
{
	struct redis_command command;
	struct database_call call;
	struct connection *k;
	int kept = errno;

	k = r == REDIS_OK ? hiredis_connection(&ac->c) : NULL;
	if (k && hiredis_added(&command, &ac->c, before)) {
		call_begin(&call, &command, k);
		database_end(&call, &(struct database_outcome){ .rows = -1 });
	}
	errno = kept;
	return r;
}

/* ---- is it SUBSCRIBE or one of its kin? ------------------------------------------------------------ */

static bool is_stream(struct str operation)
{
	return redis_kind_of(operation) == REDIS_STREAM;
}

/* The command's name is the format's first word, or its first argument. */
static bool format_is_stream(const char *format, va_list arguments)
{
	struct str word = { 0 };
	va_list copy;

	format += strspn(format, " ");
	if (format[0] != '%')
		return is_stream((struct str){ format, strcspn(format, " ") });
	va_copy(copy, arguments);
	if (format[1] == 's')
		word = str_of(va_arg(copy, const char *));
	else if (format[1] == 'b') {
		word.p = va_arg(copy, const char *);
		word.n = va_arg(copy, size_t);
	}
	va_end(copy);
	return is_stream(word);
}

/* ---- what the program calls -------------------------------------------------------------------------- */

static int command_v(redisAsyncContext *ac, redisCallbackFn *fn, void *privdata, const char *format,
		     va_list arguments)
{
	size_t before = hiredis_buffered(&ac->c);
	bool streams = format_is_stream(format, arguments);
	struct pending *p = streams ? NULL : pending_new(ac, fn, privdata);
	int r;

	if (p)
		return pending_sent(p, ac, before,
				    HIREDIS_REAL(redisvAsyncCommand)(ac, answered, p, format,
								     arguments));
	r = HIREDIS_REAL(redisvAsyncCommand)(ac, fn, privdata, format, arguments);
	return streams ? stream_sent(ac, before, r) : r;
}

HOOK int redisvAsyncCommand(redisAsyncContext *ac, redisCallbackFn *fn, void *privdata,
			    const char *format, va_list arguments)
{
	if (!HIREDIS_REAL(redisvAsyncCommand))
		return REDIS_ERR;
	if (!hiredis_watches(NULL))
		return HIREDIS_REAL(redisvAsyncCommand)(ac, fn, privdata, format, arguments);
	return command_v(ac, fn, privdata, format, arguments);
}

HOOK int redisAsyncCommand(redisAsyncContext *ac, redisCallbackFn *fn, void *privdata,
			   const char *format, ...)
{
	va_list arguments;
	int r;

	if (!HIREDIS_REAL(redisvAsyncCommand))
		return REDIS_ERR;
	va_start(arguments, format);
	if (hiredis_watches(NULL))
		r = command_v(ac, fn, privdata, format, arguments);
	else
		r = HIREDIS_REAL(redisvAsyncCommand)(ac, fn, privdata, format, arguments);
	va_end(arguments);
	return r;
}

HOOK int redisAsyncCommandArgv(redisAsyncContext *ac, redisCallbackFn *fn, void *privdata, int n,
			       const char **argument, const size_t *length)
{
	size_t before;
	struct pending *p = NULL;
	bool streams;
	int r;

	if (!HIREDIS_REAL(redisAsyncCommandArgv))
		return REDIS_ERR;
	if (n < 1 || !hiredis_watches(NULL))
		return HIREDIS_REAL(redisAsyncCommandArgv)(ac, fn, privdata, n, argument, length);
	before = hiredis_buffered(&ac->c);
	streams = is_stream(length ? (struct str){ argument[0], length[0] } : str_of(argument[0]));
	p = streams ? NULL : pending_new(ac, fn, privdata);
	r = HIREDIS_REAL(redisAsyncCommandArgv)(ac, p ? answered : fn, p ? p : privdata, n,
						argument, length);
	if (p)
		return pending_sent(p, ac, before, r);
	return streams ? stream_sent(ac, before, r) : r;
}

HOOK int redisAsyncFormattedCommand(redisAsyncContext *ac, redisCallbackFn *fn, void *privdata,
				    const char *text, size_t n)
{
	struct redis_command command;
	struct pending *p = NULL;
	size_t before;
	bool streams;
	int r;

	if (!HIREDIS_REAL(redisAsyncFormattedCommand))
		return REDIS_ERR;
	/* What can't be read may be anything. */
	if (!hiredis_watches(NULL) || !redis_command_read(&command, (struct str){ text, n }))
		return HIREDIS_REAL(redisAsyncFormattedCommand)(ac, fn, privdata, text, n);
	before = hiredis_buffered(&ac->c);
	streams = command.kind == REDIS_STREAM;
	p = streams ? NULL : pending_new(ac, fn, privdata);
	r = HIREDIS_REAL(redisAsyncFormattedCommand)(ac, p ? answered : fn, p ? p : privdata, text,
						     n);
	if (p)
		return pending_sent(p, ac, before, r);
	return streams ? stream_sent(ac, before, r) : r;
}
