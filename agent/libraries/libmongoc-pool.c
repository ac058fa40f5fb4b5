/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmongoc's pools, for db.client.connection.count: a pool's client is used from pop to push, else
 * idle. It is known by its first pop, and until the driver destroys it: with the pool, or in a push
 * that leaves more than the least number there.
 *
 * Popped by one thread at a time, so what is kept of a client needs no lock.
 */
#include "agent/libraries/libmongoc.h"

#include <errno.h>
#include <sys/socket.h>

#include "agent/agent.h"
#include "agent/database/database.h"
#include "agent/pool.h"
#include "agent/real.h"
#include "agent/table.h"

#define CALLS(X) \
	X(mongoc_client_pool_pop) \
	X(mongoc_client_pool_try_pop) \
	X(mongoc_client_pool_push) \
	X(mongoc_uri_get_hosts) \
	X(mongoc_uri_get_database)

static struct real_library library;

REAL_TABLE(CALLS);

enum { OWNERS_MOST = 1024, MEMBERS_MOST = 2048 };

/* A pool of the program's. */
struct owner {
	struct pool_item item;
	struct database_server server;
};

/* A client of one. */
struct member {
	struct pool_item item;
	struct database_connection connection;
};

static struct pool owners = { .item_bytes = sizeof(struct owner), .n = OWNERS_MOST };
static struct pool members = { .item_bytes = sizeof(struct member), .n = MEMBERS_MOST };

static struct table_slot owner_slots[2 * OWNERS_MOST], member_slots[2 * MEMBERS_MOST];
static const struct table owner_of = { owner_slots, 2 * OWNERS_MOST };
static const struct table member_of = { member_slots, 2 * MEMBERS_MOST };

static void *keep(struct pool *p, const struct table *t, const void *key)
{
	void *item = pool_open(p) ? pool_take(p) : NULL;

	if (item && !table_put(t, key, item)) {
		pool_give(p, item);
		item = NULL;
	}
	if (!item)
		agent_missed("libmongoc");
	return item;
}

/* Of several servers the first that the program names: which of them a client talks to changes. */
void libmongoc_pool_opened(const mongoc_client_pool_t *pool, const mongoc_uri_t *uri)
{
	const mongoc_host_list_t *host;
	struct owner *o;

	if (!real_find_all(real, N_CALLS))
		return;
	o = keep(&owners, &owner_of, pool);
	if (!o)
		return;
	host = REAL(mongoc_uri_get_hosts)(uri);
	database_server_set(&o->server, host ? host->host : NULL,
			    host && host->family != AF_UNIX ? host->port : 0,
			    REAL(mongoc_uri_get_database)(uri));
}

void libmongoc_pool_closed(const mongoc_client_pool_t *pool)
{
	struct owner *o = table_remove(&owner_of, pool);

	if (o)
		pool_give(&owners, o);
}

void libmongoc_client_closed(const mongoc_client_t *client)
{
	struct member *m = table_remove(&member_of, client);

	if (!m)
		return;
	database_closed(&m->connection);
	pool_give(&members, m);
}

static struct member *member_new(const mongoc_client_t *client, const struct owner *o)
{
	struct member *m = keep(&members, &member_of, client);

	if (m) {
		m->connection = (struct database_connection){ 0 };
		database_opened(&m->connection, &o->server);
	}
	return m;
}

static mongoc_client_t *popped(const mongoc_client_pool_t *pool, mongoc_client_t *client)
{
	const struct owner *o = client ? table_get(&owner_of, pool) : NULL;
	int kept = errno;
	struct member *m;

	if (o) {
		m = table_get(&member_of, client);
		if (!m)
			m = member_new(client, o);
		if (m)
			database_connection_used(&m->connection);
	}
	errno = kept;
	return client;
}

HOOK mongoc_client_t *mongoc_client_pool_pop(mongoc_client_pool_t *pool)
{
	if (!REAL(mongoc_client_pool_pop))
		return NULL;
	return popped(pool, REAL(mongoc_client_pool_pop)(pool));
}

HOOK mongoc_client_t *mongoc_client_pool_try_pop(mongoc_client_pool_t *pool)
{
	if (!REAL(mongoc_client_pool_try_pop))
		return NULL;
	return popped(pool, REAL(mongoc_client_pool_try_pop)(pool));
}

/* Before: once it is there another thread may have it. */
HOOK void mongoc_client_pool_push(mongoc_client_pool_t *pool, mongoc_client_t *client)
{
	struct member *m = table_get(&member_of, client);
	int kept = errno;

	if (m)
		database_connection_idle(&m->connection);
	errno = kept;
	if (REAL(mongoc_client_pool_push))
		REAL(mongoc_client_pool_push)(pool, client);
}
