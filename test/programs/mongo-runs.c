/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MongoDB through libmongoc: a client, a pool with threads, and callbacks of its own for the driver's
 * events. Takes the server's port; prints what the server answered, and what the callbacks saw. With a
 * second argument only a pool: of three clients one is in use until a line comes, then none is there.
 */
#include <errno.h>
#include <mongoc/mongoc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static char uri[64];
static int n_started, n_succeeded, n_failed, n_opened;

static void logged(mongoc_log_level_t level, const char *domain, const char *message, void *arg)
{
	(void)arg;
	printf("log %d %s: %s\n", level, domain, message);
}

static void print(bool good, const bson_error_t *error)
{
	if (good)
		printf("good\n");
	else
		printf("%u %u %s\n", error->domain, error->code, error->message);
}

static void insert(mongoc_client_t *client, int from, int n)
{
	mongoc_collection_t *orders = mongoc_client_get_collection(client, "shop", "orders");
	bson_t document[8];
	const bson_t *all[8];
	bson_error_t error = { 0 };

	for (int i = 0; i < n; i++) {
		char name[16];

		snprintf(name, sizeof(name), "secret %d", from + i);
		bson_init(&document[i]);
		BSON_APPEND_UTF8(&document[i], "name", name);
		all[i] = &document[i];
	}
	if (n == 1)
		print(mongoc_collection_insert_one(orders, all[0], NULL, NULL, &error), &error);
	else
		print(mongoc_collection_insert_many(orders, all, (size_t)n, NULL, NULL, &error),
		      &error);
	for (int i = 0; i < n; i++)
		bson_destroy(&document[i]);
	mongoc_collection_destroy(orders);
}

static void drop(mongoc_client_t *client)
{
	mongoc_collection_t *orders = mongoc_client_get_collection(client, "shop", "orders");
	bson_error_t error = { 0 };

	print(mongoc_collection_drop(orders, &error), &error);
	mongoc_collection_destroy(orders);
}

static void find(mongoc_client_t *client)
{
	mongoc_collection_t *orders = mongoc_client_get_collection(client, "shop", "orders");
	bson_t *filter = BCON_NEW("name", "{", "$ne", "secret", "}");
	bson_t *options = BCON_NEW("batchSize", BCON_INT32(3));
	mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(orders, filter, options, NULL);
	const bson_t *document;
	bson_error_t error;
	int n = 0;

	while (mongoc_cursor_next(cursor, &document))
		n++;
	printf("%d found, error %d\n", n, mongoc_cursor_error(cursor, &error));
	mongoc_cursor_destroy(cursor);
	bson_destroy(options);
	bson_destroy(filter);
	mongoc_collection_destroy(orders);
}

static void aggregate(mongoc_client_t *client)
{
	mongoc_collection_t *orders = mongoc_client_get_collection(client, "shop", "orders");
	bson_t *stages = BCON_NEW("pipeline", "[", "{", "$nosuch", "{", "}", "}", "]");
	mongoc_cursor_t *cursor =
		mongoc_collection_aggregate(orders, MONGOC_QUERY_NONE, stages, NULL, NULL);
	const bson_t *document;
	bson_error_t error = { 0 };

	while (mongoc_cursor_next(cursor, &document))
		;
	print(!mongoc_cursor_error(cursor, &error), &error);
	mongoc_cursor_destroy(cursor);
	bson_destroy(stages);
	mongoc_collection_destroy(orders);
}

static void command(mongoc_client_t *client, const char *name)
{
	bson_t *ask = BCON_NEW(name, BCON_INT32(1));
	bson_error_t error = { 0 };
	bool good;

	errno = 0;
	good = mongoc_client_command_simple(client, "admin", ask, NULL, NULL, &error);
	print(good, &error);
	bson_destroy(ask);
}

/* ---- callbacks of its own ---------------------------------------------------------------------------- */

static void started(const mongoc_apm_command_started_t *event)
{
	int *sum = mongoc_apm_command_started_get_context(event);

	++*sum;
	__atomic_add_fetch(&n_started, 1, __ATOMIC_RELAXED);
}

static void succeeded(const mongoc_apm_command_succeeded_t *event)
{
	(void)event;
	__atomic_add_fetch(&n_succeeded, 1, __ATOMIC_RELAXED);
}

static void failed(const mongoc_apm_command_failed_t *event)
{
	(void)event;
	__atomic_add_fetch(&n_failed, 1, __ATOMIC_RELAXED);
}

static void opened(const mongoc_apm_topology_opening_t *event)
{
	int *sum = mongoc_apm_topology_opening_get_context(event);

	*sum += 1000;
	__atomic_add_fetch(&n_opened, 1, __ATOMIC_RELAXED);
}

static mongoc_apm_callbacks_t *callbacks(void)
{
	mongoc_apm_callbacks_t *set = mongoc_apm_callbacks_new();

	mongoc_apm_set_command_started_cb(set, started);
	mongoc_apm_set_command_succeeded_cb(set, succeeded);
	mongoc_apm_set_command_failed_cb(set, failed);
	mongoc_apm_set_topology_opening_cb(set, opened);
	return set;
}

static void *works(void *arg)
{
	mongoc_client_t *client = mongoc_client_pool_pop(arg);

	for (int i = 0; i < 5; i++) {
		bson_t *ping = BCON_NEW("ping", BCON_INT32(1));

		mongoc_client_command_simple(client, "admin", ping, NULL, NULL, NULL);
		bson_destroy(ping);
	}
	mongoc_client_pool_push(arg, client);
	return NULL;
}

static void with_pool(void)
{
	mongoc_uri_t *parsed = mongoc_uri_new(uri);
	mongoc_client_pool_t *pool = mongoc_client_pool_new(parsed);
	mongoc_apm_callbacks_t *set = callbacks();
	pthread_t thread;
	int sum = 0;

	printf("set %d\n", mongoc_client_pool_set_apm_callbacks(pool, set, &sum));
	printf("again %d\n", mongoc_client_pool_set_apm_callbacks(pool, set, &sum));
	mongoc_apm_callbacks_destroy(set);
	works(pool);
	pthread_create(&thread, NULL, works, pool);
	pthread_join(thread, NULL);
	mongoc_client_pool_destroy(pool);
	mongoc_uri_destroy(parsed);
	printf("sum %d\n", sum);
}

static void with_pool_until_told(void)
{
	mongoc_uri_t *parsed = mongoc_uri_new(uri);
	mongoc_client_pool_t *pool;
	mongoc_client_t *client[3];

	mongoc_uri_set_database(parsed, "shop");
	pool = mongoc_client_pool_new(parsed);
	client[0] = mongoc_client_pool_pop(pool);
	client[1] = mongoc_client_pool_try_pop(pool);
	client[2] = mongoc_client_pool_pop(pool);
	command(client[2], "ping");
	mongoc_client_pool_push(pool, client[1]);
	mongoc_client_pool_push(pool, client[2]);
	client[1] = mongoc_client_pool_try_pop(pool);
	mongoc_client_pool_push(pool, client[1]);
	printf("ready\n");
	fflush(stdout);
	getchar();
	mongoc_client_pool_push(pool, client[0]);
	mongoc_client_pool_destroy(pool);
	mongoc_uri_destroy(parsed);
	while (getchar() != EOF)
		;
	mongoc_cleanup();
}

int main(int argc, char **argv)
{
	mongoc_apm_callbacks_t *set;
	mongoc_client_t *client;
	int sum = 0;

	if (argc < 2)
		return 1;
	snprintf(uri, sizeof(uri), "mongodb://127.0.0.1:%s/?serverSelectionTimeoutMS=2000",
		 argv[1]);
	mongoc_init();
	mongoc_log_set_handler(logged, NULL);
	if (argc > 2) {
		with_pool_until_told();
		return 0;
	}
	printf("%d\n", mongoc_client_new("mongodb://:") != NULL);
	client = mongoc_client_new(uri);
	command(client, "ping");
	drop(client);
	insert(client, 1, 1);
	insert(client, 1, 1);
	insert(client, 2, 4);
	find(client);
	aggregate(client);
	set = callbacks();
	printf("set %d\n", mongoc_client_set_apm_callbacks(client, set, &sum));
	command(client, "noSuchCommand");
	command(client, "hangUp");
	command(client, "ping");
	printf("unset %d\n", mongoc_client_set_apm_callbacks(client, NULL, NULL));
	command(client, "ping");
	mongoc_apm_callbacks_destroy(set);
	mongoc_client_destroy(client);
	with_pool();
	printf("sum %d: %d started, %d succeeded, %d failed, %d opened\n", sum, n_started,
	       n_succeeded, n_failed, n_opened);
	mongoc_cleanup();
	return 0;
}
