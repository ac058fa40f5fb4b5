/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include <pthread.h>
#include <sys/resource.h>

#include "agent/pool.h"
#include "agent/table.h"

enum { N = 64, THREADS = 4, ROUNDS = 20000 };

struct thing {
	struct pool_item item;
	_Atomic int owners;
};

static void a_pool_gives_each_item_once_and_then_none(void **state)
{
	static struct pool p = { .item_bytes = sizeof(struct thing), .n = N };
	struct thing *had[N];

	(void)state;
	assert_null(pool_take(&p));
	assert_true(pool_open(&p));
	for (int i = 0; i < N; i++) {
		had[i] = pool_take(&p);
		assert_true(pool_has(&p, had[i]));
		assert_int_equal(atomic_fetch_add(&had[i]->owners, 1), 0);
	}
	assert_null(pool_take(&p));
	pool_give(&p, had[5]);
	assert_ptr_equal(pool_take(&p), had[5]);
	assert_null(pool_take(&p));
}

static void a_pool_is_as_large_as_the_address_space_allows(void **state)
{
	static struct pool p = { .item_bytes = 1024, .n = 1 << 16 };
	static struct pool small = { .item_bytes = 1024, .n = 64 };
	struct rlimit was, narrow;
	uint32_t n = 0;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_DATA, &was), 0);
	narrow.rlim_cur = (rlim_t)64 << 24;
	narrow.rlim_max = was.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_DATA, &narrow), 0);
	pools_start();
	assert_int_equal(setrlimit(RLIMIT_DATA, &was), 0);
	assert_true(pool_open(&p) && pool_open(&small));
	while (pool_take(&p))
		n++;
	assert_int_equal(n, 1 << 14);
	assert_int_equal(small.n, 64);
}

static void only_items_are_in_the_pool(void **state)
{
	static struct pool p = { .item_bytes = sizeof(struct thing), .n = N };
	char *item;

	(void)state;
	assert_false(pool_has(&p, NULL));
	assert_true(pool_open(&p));
	item = pool_take(&p);
	assert_false(pool_has(&p, item + 1));
	assert_false(pool_has(&p, item - sizeof(struct thing)));
	assert_false(pool_has(&p, item + N * sizeof(struct thing)));
	assert_false(pool_has(&p, NULL));
	assert_false(pool_has(&p, &p));
}

static struct pool shared = { .item_bytes = sizeof(struct thing), .n = THREADS };
static struct table_slot slots[64];
static const struct table table = { slots, 64 };
static _Atomic int wrong;

static void *take_and_give(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		struct thing *t = pool_take(&shared);

		if (!t) {
			atomic_fetch_add(&wrong, 1);
			continue;
		}
		if (atomic_fetch_add(&t->owners, 1) != 0 || !table_put(&table, t, t) ||
		    table_get(&table, t) != t || table_remove(&table, t) != t)
			atomic_fetch_add(&wrong, 1);
		atomic_fetch_sub(&t->owners, 1);
		pool_give(&shared, t);
	}
	return NULL;
}

static void threads_never_share_an_item_or_a_slot(void **state)
{
	pthread_t thread[THREADS];

	(void)state;
	assert_true(pool_open(&shared));
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, take_and_give, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(wrong, 0);
}

static void a_table_forgets_what_is_removed(void **state)
{
	static struct table_slot few[16];
	static const struct table t = { few, 16 };
	char key[17];

	(void)state;
	assert_null(table_get(&t, NULL));
	for (int i = 0; i < 16; i++)
		assert_true(table_put(&t, &key[i], &key[i]));
	assert_false(table_put(&t, &key[16], &key[16]));
	for (int i = 0; i < 16; i++)
		assert_ptr_equal(table_get(&t, &key[i]), &key[i]);
	assert_ptr_equal(table_remove(&t, &key[3]), &key[3]);
	assert_null(table_remove(&t, &key[3]));
	assert_null(table_get(&t, &key[3]));
	assert_true(table_put(&t, &key[16], &key[16]));
	assert_ptr_equal(table_get(&t, &key[16]), &key[16]);
}

static struct table_slot one_left[TABLE_REACH];
static const struct table full = { one_left, TABLE_REACH };
static char a, b;
static _Atomic bool over;

/* Two keys in turns, in the one slot that there is. */
static void *take_turns(void *arg)
{
	(void)arg;
	for (int i = 0; i < 50 * ROUNDS; i++) {
		char *key = i % 2 ? &b : &a;

		table_put(&full, key, key);
		table_remove(&full, key);
	}
	atomic_store(&over, true);
	return NULL;
}

static void a_lookup_never_gets_what_another_key_has(void **state)
{
	static char others[TABLE_REACH - 1];
	pthread_t thread;

	(void)state;
	for (size_t i = 0; i < sizeof(others); i++)
		assert_true(table_put(&full, &others[i], &others[i]));
	assert_int_equal(pthread_create(&thread, NULL, take_turns, NULL), 0);
	while (!atomic_load(&over)) {
		const void *got = table_get(&full, &a);

		assert_true(!got || got == &a);
	}
	pthread_join(thread, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pool_gives_each_item_once_and_then_none),
		cmocka_unit_test(only_items_are_in_the_pool),
		cmocka_unit_test(threads_never_share_an_item_or_a_slot),
		cmocka_unit_test(a_lookup_never_gets_what_another_key_has),
		cmocka_unit_test(a_table_forgets_what_is_removed),
		cmocka_unit_test(a_pool_is_as_large_as_the_address_space_allows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
