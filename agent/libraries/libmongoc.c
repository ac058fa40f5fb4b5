/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmongoc: a client span for each command to MongoDB, through the driver's own monitoring.
 *
 * A client, or a pool of clients, has one slot for callbacks. Ours are in it from the beginning, for
 * all events, each with the program's own behind it:
 *
 *     mongoc_client_new*, _pool_new*       our callbacks, with a link that stands for the context
 *     .._set_apm_callbacks                 the program's own, kept in the link
 *     event  ->  told_EVENT                begins or ends the span, then calls the program's
 *     mongoc_apm_EVENT_get_context         the program's context, out of the link
 *
 * The type of a set of callbacks is opaque. What it looks like is learnt from the set that we fill
 * ourselves; if that is not as we think, nothing is watched.
 *
 * The driver is synchronous: a command ends on the thread where it began, and `running` are this
 * thread's, innermost first. (A callback of the program's may run another one.)
 */
#include "agent/agent.h"

#include <errno.h>
#include <mongoc/mongoc.h>
#include <stdio.h>
#include <sys/socket.h>

#include "agent/database/database.h"
#include "agent/libraries/document.h"
#include "agent/libraries/libmongoc.h"
#include "agent/pool.h"
#include "agent/real.h"
#include "agent/table.h"
#include "wire/record.h"

/* In the order in which a set of callbacks has them. */
#define EVENTS(X) \
	X(command_started) \
	X(command_succeeded) \
	X(command_failed) \
	X(server_changed) \
	X(server_opening) \
	X(server_closed) \
	X(topology_changed) \
	X(topology_opening) \
	X(topology_closed) \
	X(server_heartbeat_started) \
	X(server_heartbeat_succeeded) \
	X(server_heartbeat_failed)

#define CALLS(X) \
	X(mongoc_client_new) \
	X(mongoc_client_new_from_uri) \
	X(mongoc_client_new_from_uri_with_error) \
	X(mongoc_client_destroy) \
	X(mongoc_client_set_apm_callbacks) \
	X(mongoc_client_pool_new) \
	X(mongoc_client_pool_new_with_error) \
	X(mongoc_client_pool_destroy) \
	X(mongoc_client_pool_set_apm_callbacks) \
	X(mongoc_apm_callbacks_new) \
	X(mongoc_apm_callbacks_destroy) \
	X(mongoc_apm_command_started_get_command) \
	X(mongoc_apm_command_started_get_command_name) \
	X(mongoc_apm_command_started_get_database_name) \
	X(mongoc_apm_command_started_get_host) \
	X(mongoc_apm_command_started_get_request_id) \
	X(mongoc_apm_command_succeeded_get_reply) \
	X(mongoc_apm_command_succeeded_get_request_id) \
	X(mongoc_apm_command_failed_get_reply) \
	X(mongoc_apm_command_failed_get_error) \
	X(mongoc_apm_command_failed_get_request_id)

enum {
#define X(event) EVENT_##event,
	EVENTS(X) N_EVENTS
#undef X
};

static struct watch watch;
static struct real_library library, bson_library;

REAL_TABLE(CALLS);

static struct real getter[] = {
#define X(event) { .name = "mongoc_apm_" #event "_get_context", .library = &library },
	EVENTS(X)
#undef X
};

static struct real setter[] = {
#define X(event) { .name = "mongoc_apm_set_" #event "_cb", .library = &library },
	EVENTS(X)
#undef X
};

static struct real real_bson_get_data = { .name = "bson_get_data", .library = &bson_library };

enum { LINKS_MOST = 1024, COMMANDS_MOST = 4096, SHAPE_MOST = 512 };

typedef void (*callback)(const void *event);

/* Between the driver and the program's own callbacks; of a client or a pool. */
struct link {
	struct pool_item item;
	callback own[N_EVENTS];
	void *context; /* the program's */
	bool is_set;
};

/* A command that runs. */
struct command {
	struct pool_item item;
	struct command *outer;
	const struct link *link;
	int64_t request;
	struct database_call call;
	struct database_server server;
	char name[96], shape[SHAPE_MOST];
};

static struct pool links = { .item_bytes = sizeof(struct link), .n = LINKS_MOST };
static struct pool commands = { .item_bytes = sizeof(struct command), .n = COMMANDS_MOST };

static struct table_slot slots[2 * LINKS_MOST];
static const struct table link_of = { slots, 2 * LINKS_MOST };

static __thread struct command *running;

static const void *program_context(void *context)
{
	return pool_has(&links, context) ? ((const struct link *)context)->context : context;
}

/* ---- a command ------------------------------------------------------------------------------------ */

static struct str bytes_of(const bson_t *document)
{
	__typeof__(bson_get_data) *get = real_of(&real_bson_get_data);

	if (!document || !get)
		return (struct str){ 0 };
	return (struct str){ (const char *)get(document), document->len };
}

/* Commands whose first value is a collection. */
static bool has_collection(struct str command)
{
	static const char *const names[] = { "find",	    "insert",	     "update",
					     "delete",	    "aggregate",     "findAndModify",
					     "count",	    "distinct",	     "createIndexes",
					     "dropIndexes", "listIndexes",   "create",
					     "drop",	    "killCursors",   "mapReduce",
					     "collMod",	    "findandmodify", "collStats" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(command, str_of(names[i])))
			return true;
	return false;
}

static struct str collection_of(struct str command, struct str bytes)
{
	struct str in = document_elements(bytes);
	struct document_value v;
	bool found = str_eq(command, STR("getMore"))
			     ? document_find(bytes, "collection", &v)
			     : has_collection(command) && document_next(&in, &v);

	return found && v.type == DOCUMENT_STRING ? v.value : (struct str){ 0 };
}

/* How many documents a write has. */
static int64_t batch_of(struct str bytes)
{
	static const char *const names[] = { "documents", "updates", "deletes" };
	struct document_value v;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (document_find(bytes, names[i], &v) && v.type == DOCUMENT_ARRAY)
			return document_count(v.value);
	return 0;
}

/* "find orders", "ping admin" */
static struct str span_name(struct command *c, struct str operation, struct str target)
{
	int n = snprintf(c->name, sizeof(c->name), "%.*s%s%.*s", STR_ARG(operation),
			 target.n ? " " : "", STR_ARG(target));

	return (struct str){ c->name, n < (int)sizeof(c->name) ? (size_t)n : sizeof(c->name) - 1 };
}

static void command_begin(struct command *c, const mongoc_apm_command_started_t *event)
{
	const mongoc_host_list_t *host = REAL(mongoc_apm_command_started_get_host)(event);
	const char *database = REAL(mongoc_apm_command_started_get_database_name)(event);
	struct str operation = str_of(REAL(mongoc_apm_command_started_get_command_name)(event));
	struct str bytes = bytes_of(REAL(mongoc_apm_command_started_get_command)(event));
	struct str collection = collection_of(operation, bytes);

	database_server_set(&c->server, host ? host->host : NULL,
			    host && host->family != AF_UNIX ? host->port : 0, database);
	database_begin(&c->call,
		       &(struct database_seen){
			       .system = "mongodb",
			       .name = span_name(c, operation,
						 collection.n ? collection : str_of(database)),
			       .operation = operation,
			       .collection = collection,
			       .text = { c->shape,
					 collection.n ? document_shape(bytes, c->shape, SHAPE_MOST)
						      : 0 },
			       .values_out = true,
			       .batch = batch_of(bytes),
			       .server = &c->server,
			       .scope = SCOPE_LIBMONGOC });
}

static void started(const struct link *link, const mongoc_apm_command_started_t *event)
{
	struct command *c;

	if (!watches(&watch))
		return;
	c = pool_take(&commands);
	if (!c) {
		agent_missed("libmongoc");
		return;
	}
	c->link = link;
	c->request = REAL(mongoc_apm_command_started_get_request_id)(event);
	c->outer = running;
	running = c;
	command_begin(c, event);
}

/* What lies above it never ended. */
static void command_end(const struct link *link, int64_t request, const struct database_outcome *o)
{
	struct command *c = running;

	while (c && (c->link != link || c->request != request))
		c = c->outer;
	if (!c)
		return;
	while (running != c) {
		struct command *lost = running;

		running = lost->outer;
		database_end(&lost->call,
			     &(struct database_outcome){ .error = "aborted", .rows = -1 });
		pool_give(&commands, lost);
	}
	running = c->outer;
	database_end(&c->call, o);
	pool_give(&commands, c);
}

/* "11000" of {..., "code": 11000, ...} */
static bool code_of(struct str bytes, char out[24])
{
	struct document_value v;
	int64_t code;

	if (!document_find(bytes, "code", &v) || !document_integer(&v, &code))
		return false;
	snprintf(out, 24, "%lld", (long long)code);
	return true;
}

/* A write may succeed as a command, and fail for some of its documents. */
static bool write_error_of(struct str reply, char out[24])
{
	struct document_value errors, first;
	struct str in;

	if (document_find(reply, "writeErrors", &errors) && errors.type == DOCUMENT_ARRAY) {
		in = document_elements(errors.value);
		if (document_next(&in, &first) && first.type == DOCUMENT_DOCUMENT)
			return code_of(first.value, out);
	}
	return document_find(reply, "writeConcernError", &first) &&
	       first.type == DOCUMENT_DOCUMENT && code_of(first.value, out);
}

static int64_t rows_of(struct str reply)
{
	struct document_value cursor, batch;

	if (!document_find(reply, "cursor", &cursor) || cursor.type != DOCUMENT_DOCUMENT)
		return -1;
	if (!document_find(cursor.value, "firstBatch", &batch) &&
	    !document_find(cursor.value, "nextBatch", &batch))
		return -1;
	return batch.type == DOCUMENT_ARRAY ? document_count(batch.value) : -1;
}

static void succeeded(const struct link *link, const mongoc_apm_command_succeeded_t *event)
{
	struct str reply = bytes_of(REAL(mongoc_apm_command_succeeded_get_reply)(event));
	struct database_outcome o = { .rows = rows_of(reply) };
	char code[24];

	if (write_error_of(reply, code))
		o.error = o.status = code;
	command_end(link, REAL(mongoc_apm_command_succeeded_get_request_id)(event), &o);
}

/* Where the server gave no code: what kind of error the driver says that it is. */
static const char *domain_name(uint32_t domain)
{
	switch (domain) {
	case MONGOC_ERROR_CLIENT:
		return "MONGOC_ERROR_CLIENT";
	case MONGOC_ERROR_STREAM:
		return "MONGOC_ERROR_STREAM";
	case MONGOC_ERROR_PROTOCOL:
		return "MONGOC_ERROR_PROTOCOL";
	case MONGOC_ERROR_SERVER_SELECTION:
		return "MONGOC_ERROR_SERVER_SELECTION";
	}
	return "_OTHER";
}

static void failed(const struct link *link, const mongoc_apm_command_failed_t *event)
{
	struct str reply = bytes_of(REAL(mongoc_apm_command_failed_get_reply)(event));
	struct database_outcome o = { .rows = -1 };
	bson_error_t error;
	char code[24];

	if (code_of(reply, code)) {
		o.error = o.status = code;
	} else {
		REAL(mongoc_apm_command_failed_get_error)(event, &error);
		o.error = domain_name(error.domain);
	}
	command_end(link, REAL(mongoc_apm_command_failed_get_request_id)(event), &o);
}

/* ---- what the driver calls -------------------------------------------------------------------------- */

#define seen_command_started(link, event) started(link, event)
#define seen_command_succeeded(link, event) succeeded(link, event)
#define seen_command_failed(link, event) failed(link, event)
#define seen_server_changed(link, event)
#define seen_server_opening(link, event)
#define seen_server_closed(link, event)
#define seen_topology_changed(link, event)
#define seen_topology_opening(link, event)
#define seen_topology_closed(link, event)
#define seen_server_heartbeat_started(link, event)
#define seen_server_heartbeat_succeeded(link, event)
#define seen_server_heartbeat_failed(link, event)

#define TOLD(event_name) \
	static void told_##event_name(const mongoc_apm_##event_name##_t *event) \
	{ \
		__typeof__(mongoc_apm_##event_name##_get_context) *get = \
			real_of(&getter[EVENT_##event_name]); \
		const struct link *link = get(event); \
		callback own = link->own[EVENT_##event_name]; \
		int kept = errno; \
\
		seen_##event_name(link, event); \
		errno = kept; \
		if (own) \
			own(event); \
	} \
	HOOK void *mongoc_apm_##event_name##_get_context(const mongoc_apm_##event_name##_t *event) \
	{ \
		__typeof__(mongoc_apm_##event_name##_get_context) *get = \
			real_of(&getter[EVENT_##event_name]); \
\
		return get ? (void *)(uintptr_t)program_context(get(event)) : NULL; \
	}

EVENTS(TOLD)

/* ---- our callbacks ----------------------------------------------------------------------------------- */

static _Atomic(mongoc_apm_callbacks_t *) ours;
static _Atomic bool unfit;

static bool looks_right(const mongoc_apm_callbacks_t *set)
{
	const callback wanted[] = {
#define X(event) (callback)(uintptr_t) told_##event,
		EVENTS(X)
#undef X
	};

	return memcmp(set, wanted, sizeof(wanted)) == 0;
}

static mongoc_apm_callbacks_t *make_ours(void)
{
	mongoc_apm_callbacks_t *set, *none = NULL;

	if (!real_find_all(real, N_CALLS) || !real_find_all(getter, N_EVENTS) ||
	    !real_find_all(setter, N_EVENTS) || !real_of(&real_bson_get_data))
		return NULL;
	set = REAL(mongoc_apm_callbacks_new)();
#define X(event) \
	((__typeof__(mongoc_apm_set_##event##_cb) *)real_of( \
		&setter[EVENT_##event]))(set, told_##event);
	EVENTS(X)
#undef X
	if (!looks_right(set)) {
		REAL(mongoc_apm_callbacks_destroy)(set);
		return NULL;
	}
	/* release: whoever finds it finds it filled. */
	if (atomic_compare_exchange_strong_explicit(&ours, &none, set, memory_order_acq_rel,
						    memory_order_acquire))
		return set;
	REAL(mongoc_apm_callbacks_destroy)(set);
	return none;
}

static mongoc_apm_callbacks_t *our_callbacks(void)
{
	mongoc_apm_callbacks_t *set = atomic_load_explicit(&ours, memory_order_acquire);

	if (set || atomic_load_explicit(&unfit, memory_order_relaxed))
		return set;
	set = make_ours();
	if (!set) {
		atomic_store_explicit(&unfit, true, memory_order_relaxed);
		agent_missed("libmongoc");
	}
	return set;
}

static struct link *link_new(const void *owner)
{
	struct link *link = NULL;

	/* One of these calls may end in another of them, by a jump that leaves the program's address. */
	if (table_get(&link_of, owner))
		return NULL;
	database_ready();
	if (pool_open(&links) && pool_open(&commands))
		link = pool_take(&links);
	if (link && !table_put(&link_of, owner, link)) {
		pool_give(&links, link);
		link = NULL;
	}
	if (!link) {
		agent_missed("libmongoc");
		return NULL;
	}
	memset(link->own, 0, sizeof(link->own));
	link->context = NULL;
	link->is_set = false;
	return link;
}

static bool is_the_programs(const void *caller)
{
	return watches(&watch) && !real_calls_itself(&library, caller);
}

static mongoc_client_t *client_watch(mongoc_client_t *client, const void *caller)
{
	int kept = errno;
	struct link *link;

	if (client && is_the_programs(caller) && our_callbacks()) {
		link = link_new(client);
		if (link)
			REAL(mongoc_client_set_apm_callbacks)(client, our_callbacks(), link);
	}
	errno = kept;
	return client;
}

static mongoc_client_pool_t *pool_watch(mongoc_client_pool_t *pool, const mongoc_uri_t *uri,
					const void *caller)
{
	int kept = errno;
	struct link *link;

	if (pool && is_the_programs(caller) && our_callbacks()) {
		link = link_new(pool);
		if (link) {
			REAL(mongoc_client_pool_set_apm_callbacks)(pool, our_callbacks(), link);
			libmongoc_pool_opened(pool, uri);
		}
	}
	errno = kept;
	return pool;
}

static void link_set(struct link *link, const mongoc_apm_callbacks_t *set, void *context)
{
	if (set)
		memcpy(link->own, set, sizeof(link->own));
	else
		memset(link->own, 0, sizeof(link->own));
	link->context = context;
	link->is_set = true;
}

/* ---- what the program calls ---------------------------------------------------------------------------- */

#define CALLER __builtin_return_address(0)

HOOK mongoc_client_t *mongoc_client_new(const char *uri)
{
	if (!REAL(mongoc_client_new))
		return NULL;
	return client_watch(REAL(mongoc_client_new)(uri), CALLER);
}

HOOK mongoc_client_t *mongoc_client_new_from_uri(const mongoc_uri_t *uri)
{
	if (!REAL(mongoc_client_new_from_uri))
		return NULL;
	return client_watch(REAL(mongoc_client_new_from_uri)(uri), CALLER);
}

HOOK mongoc_client_t *mongoc_client_new_from_uri_with_error(const mongoc_uri_t *uri,
							    bson_error_t *error)
{
	if (!REAL(mongoc_client_new_from_uri_with_error))
		return NULL;
	return client_watch(REAL(mongoc_client_new_from_uri_with_error)(uri, error), CALLER);
}

HOOK mongoc_client_pool_t *mongoc_client_pool_new(const mongoc_uri_t *uri)
{
	if (!REAL(mongoc_client_pool_new))
		return NULL;
	return pool_watch(REAL(mongoc_client_pool_new)(uri), uri, CALLER);
}

HOOK mongoc_client_pool_t *mongoc_client_pool_new_with_error(const mongoc_uri_t *uri,
							     bson_error_t *error)
{
	if (!REAL(mongoc_client_pool_new_with_error))
		return NULL;
	return pool_watch(REAL(mongoc_client_pool_new_with_error)(uri, error), uri, CALLER);
}

HOOK bool mongoc_client_set_apm_callbacks(mongoc_client_t *client, mongoc_apm_callbacks_t *set,
					  void *context)
{
	struct link *link = table_get(&link_of, client);

	if (!REAL(mongoc_client_set_apm_callbacks))
		return false;
	if (!link)
		return REAL(mongoc_client_set_apm_callbacks)(client, set, context);
	link_set(link, set, context);
	return true;
}

/* Only once, says the driver of pools; and as ours is there, it says so of the second. */
HOOK bool mongoc_client_pool_set_apm_callbacks(mongoc_client_pool_t *pool,
					       mongoc_apm_callbacks_t *set, void *context)
{
	struct link *link = table_get(&link_of, pool);

	if (!REAL(mongoc_client_pool_set_apm_callbacks))
		return false;
	if (!link || link->is_set)
		return REAL(mongoc_client_pool_set_apm_callbacks)(pool, set, context);
	link_set(link, set, context);
	return true;
}

/* Events come until the driver is done; another one may have the address as soon as it is. */
HOOK void mongoc_client_destroy(mongoc_client_t *client)
{
	struct link *link = table_remove(&link_of, client);

	libmongoc_client_closed(client);
	if (REAL(mongoc_client_destroy))
		REAL(mongoc_client_destroy)(client);
	if (link)
		pool_give(&links, link);
}

HOOK void mongoc_client_pool_destroy(mongoc_client_pool_t *pool)
{
	struct link *link = table_remove(&link_of, pool);

	libmongoc_pool_closed(pool);
	if (REAL(mongoc_client_pool_destroy))
		REAL(mongoc_client_pool_destroy)(pool);
	if (link)
		pool_give(&links, link);
}

const struct watched watched_libmongoc = {
	.name = "libmongoc",
	.aliases = "mongoc,mongo,mongodb,pymongo,database",
	.summary = "commands that the program sends to MongoDB",
	.watch = &watch,
};
