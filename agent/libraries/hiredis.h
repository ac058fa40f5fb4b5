/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the synchronous and the asynchronous side of hiredis share: its functions, what we know of a
 * connection, and what an answer says.
 */
#pragma once

#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#include "agent/agent.h"
#include "agent/database/database.h"
#include "agent/pool.h"
#include "agent/real.h"
#include "agent/libraries/redis-command.h"

#define HIREDIS_CALLS(X) \
	X(redisCommandArgv) \
	X(redisvCommand) \
	X(redisAppendCommandArgv) \
	X(redisvAppendCommand) \
	X(redisAppendFormattedCommand) \
	X(redisGetReply) \
	X(redisGetReplyFromReader) \
	X(redisReconnect) \
	X(redisFree) \
	X(redisFreeKeepFd) \
	X(redisvAsyncCommand) \
	X(redisAsyncCommandArgv) \
	X(redisAsyncFormattedCommand)

enum hiredis_call {
#define X(call) CALL_##call,
	HIREDIS_CALLS(X) N_HIREDIS_CALLS
#undef X
};

extern struct real hiredis_real[N_HIREDIS_CALLS];

#define HIREDIS_REAL(call) ((__typeof__(call) *)real_of(&hiredis_real[CALL_##call]))
#define HIREDIS_CALLER __builtin_return_address(0)

/* Is this call the program's (NULL: it is), and can we read the structs of this hiredis? */
bool hiredis_watches(const void *caller);

enum { PIPELINE_TEXT_MOST = 1000, BATCH_KINDS = 256 };

/* Commands that are sent at once. */
struct batch {
	uint32_t n;
	unsigned n_selects;
	bool same; /* all have one name, and are of the first one's kind */
	uint8_t kind[BATCH_KINDS];
	int index; /* of the last SELECT */
};

/* The synchronous side: commands that wait to be sent, and the call whose answers are awaited. */
struct pipeline {
	struct batch batch[2];
	uint8_t waiting;   /* which of the two; the other is under way */
	uint32_t n_unread; /* of that one */
	uint8_t operation_n;
	char operation[DATABASE_LABEL_MOST];
	uint16_t text_n;
	char text[PIPELINE_TEXT_MOST];
	unsigned missed;
	char error[32]; /* the first; "": none */
	struct database_call call;
};

struct connection {
	struct pool_item item;
	const redisReader *reader;     /* another one: another connection at the same address */
	struct database_server server; /* its name is the database's number */
	struct database_connection counted;
	int database;	    /* -1: unknown */
	unsigned n_selects; /* SELECTs that are not answered: until then it isn't known */
	struct pipeline pipeline;
};

/* NULL: no room, which is counted. */
struct connection *hiredis_connection(redisContext *c);

/* The command that was added to the output buffer, which had `before` bytes; false: none. */
bool hiredis_added(struct redis_command *out, const redisContext *c, size_t before);

static inline size_t hiredis_buffered(const redisContext *c)
{
	return c->obuf ? sdslen(c->obuf) : 0;
}

/* Not an answer, or one made by the program's own reader: nothing is known of it. */
struct hiredis_answer {
	bool is_ok, found_nothing;
	struct str error; /* prefix; empty: no error */
};

struct hiredis_answer hiredis_answer_of(const redisContext *c, const void *reply);

/* "REDIS_ERR_EOF" of REDIS_ERR_EOF; "timeout" where a blocking read gave up; static. */
const char *hiredis_error_name(int error, int error_number);

/* A SELECT goes out with others; and what its answer says of the connection from here on. */
void hiredis_selects(struct connection *k);
void hiredis_selected(struct connection *k, int index, const struct hiredis_answer *a);
