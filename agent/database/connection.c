/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db.client.connection.count: of each pool two series, bound once, `idle` and `used`.
 *
 *     opened   idle + 1
 *     begin    idle - 1, used + 1      the first of the calls that are under way
 *     end      used - 1, idle + 1      the last of them
 *     closed   one less of what it was
 */
#include <pthread.h>
#include <stdio.h>

#include "agent/agent.h"
#include "agent/database/database.h"

enum { POOLS_MOST = 64, NAME_MOST = DATABASE_ADDRESS_MOST + 80 };

struct database_pool {
	_Atomic bool ready; /* stored with release after the rest */
	struct oriel_series *idle, *used;
	char name[NAME_MOST];
};

static struct database_pool pools[POOLS_MOST];
static _Atomic unsigned n_pools; /* that are taken */
static struct oriel_up_down *_Atomic count;
static _Atomic unsigned generation;

static void forked(void)
{
	atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}

void database_connection_ready(void)
{
	struct oriel_up_down *none = NULL;
	struct oriel_up_down *made = oriel_up_down("db.client.connection.count", "{connection}",
						   "Connections by what they do.");

	if (made &&
	    atomic_compare_exchange_strong_explicit(&count, &none, made, memory_order_relaxed,
						    memory_order_relaxed))
		pthread_atfork(NULL, NULL, forked);
}

static struct oriel_series *series(const struct database_pool *p, const char *state)
{
	return oriel_bind(atomic_load_explicit(&count, memory_order_relaxed),
			  known_str(KEY_DB_CLIENT_CONNECTION_POOL_NAME, p->name),
			  known_str(KEY_DB_CLIENT_CONNECTION_STATE, state));
}

/* The last one stands for all that came too late. */
static struct database_pool *pool_new(const char *name)
{
	unsigned i = atomic_load_explicit(&n_pools, memory_order_relaxed);
	struct database_pool *p;

	do {
		if (i == POOLS_MOST)
			return NULL;
	} while (!atomic_compare_exchange_weak_explicit(&n_pools, &i, i + 1, memory_order_relaxed,
							memory_order_relaxed));
	p = &pools[i];
	memcpy(p->name, i + 1 < POOLS_MOST ? name : "_OTHER",
	       i + 1 < POOLS_MOST ? strlen(name) + 1 : 7);
	p->idle = series(p, "idle");
	p->used = series(p, "used");
	atomic_store_explicit(&p->ready, true, memory_order_release);
	return p;
}

/* Two threads may make the same one at once: their series are the same. */
static struct database_pool *pool_of(const struct database_server *s)
{
	struct database_pool *other = &pools[POOLS_MOST - 1], *p;
	char name[NAME_MOST], port[16] = "";

	if (s->port > 0)
		snprintf(port, sizeof(port), ":%d", s->port);
	snprintf(name, sizeof(name), "%s%s%s%s", s->address, port, s->name[0] ? "/" : "", s->name);
	for (unsigned i = 0; i < POOLS_MOST; i++)
		if (atomic_load_explicit(&pools[i].ready, memory_order_acquire) &&
		    !strcmp(pools[i].name, name))
			return &pools[i];
	p = pool_new(name);
	if (!p && atomic_load_explicit(&other->ready, memory_order_acquire))
		p = other;
	return p;
}

static bool is_counted(const struct database_connection *c)
{
	return c->pool && c->generation == atomic_load_explicit(&generation, memory_order_relaxed);
}

static void counted(struct database_connection *c)
{
	c->generation = atomic_load_explicit(&generation, memory_order_relaxed);
	c->n_calls = 0;
	oriel_series_change(c->pool->idle, 1);
}

void database_opened(struct database_connection *c, const struct database_server *s)
{
	if (is_counted(c) || !s->address[0] || !oriel_recording() ||
	    !atomic_load_explicit(&count, memory_order_relaxed))
		return;
	c->pool = pool_of(s);
	if (c->pool)
		counted(c);
}

void database_closed(struct database_connection *c)
{
	if (is_counted(c))
		oriel_series_change(c->n_calls ? c->pool->used : c->pool->idle, -1);
	c->pool = NULL;
}

void database_connection_used(struct database_connection *c)
{
	if (!c || !c->pool)
		return;
	if (!is_counted(c)) /* a parent's, and in use here */
		counted(c);
	if (c->n_calls++)
		return;
	oriel_series_change(c->pool->idle, -1);
	oriel_series_change(c->pool->used, 1);
}

void database_connection_idle(struct database_connection *c)
{
	if (!c || !is_counted(c) || !c->n_calls || --c->n_calls)
		return;
	oriel_series_change(c->pool->used, -1);
	oriel_series_change(c->pool->idle, 1);
}
