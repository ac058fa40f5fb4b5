/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <pthread.h>
#include <sched.h>
#include <cmocka.h>

#include "agent/agent.h"
#include "agent/sockets/whose.h"

void agent_missed(const char *library)
{
	(void)library;
}

static struct http1_head *head_of(const char *text)
{
	static struct http1_head head;
	struct str in = str_of(text);
	struct http1 m;

	http1_init(&m, HTTP1_REQUEST);
	assert_int_equal(http1_next(&m, &head, &in), HTTP1_HEAD);
	return &head;
}

/* A request that is being served. */
static struct exchange *reads(struct exchange *e, const char *text)
{
	*e = (struct exchange){ .is_served = true, .serial = 1 };
	whose_read(e, head_of(text));
	return e;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\nUser-Agent: it\r\n\r\n"
#define PASSED_ON(path) "GET " path " HTTP/1.1\r\nVia: us\r\nuser-agent: it\r\n\r\n"

static void what_is_like_nothing_is_the_last_ones(void **state)
{
	static struct exchange a, b;

	(void)state;
	reads(&a, GET("/1/a"));
	reads(&b, GET("/1/b"));
	assert_ptr_equal(whose(&b, head_of("GET /else HTTP/1.1\r\n\r\n")), &b);
	assert_ptr_equal(whose(&b, head_of("GET /1/a HTTP/1.1\r\nUser-Agent: own\r\n\r\n")), &b);
	assert_null(whose(NULL, head_of(PASSED_ON("/1/a"))));
	a.serial = b.serial = 2;
}

static void the_last_one_is_it_if_it_is_alike(void **state)
{
	static struct exchange a, b;

	(void)state;
	reads(&a, GET("/2"));
	reads(&b, GET("/2"));
	assert_ptr_equal(whose(&b, head_of(PASSED_ON("/2"))), &b);
	a.serial = b.serial = 2;
}

static void who_is_alike_and_has_not_called_is_it(void **state)
{
	static struct exchange a, b, ended;

	(void)state;
	reads(&ended, GET("/3/a"))->serial = 2;
	reads(&a, GET("/3/a"));
	reads(&b, GET("/3/b"));
	assert_ptr_equal(whose(&b, head_of(PASSED_ON("/3/a"))), &a);
	assert_ptr_equal(whose(&b, head_of(PASSED_ON("/3/a"))), &b);
	assert_ptr_equal(whose(&b, head_of(PASSED_ON("/3/b"))), &b);
	a.serial = b.serial = 2;
}

static void of_several_it_is_then_the_first(void **state)
{
	static struct exchange a, b, c;

	(void)state;
	reads(&a, GET("/4"));
	reads(&b, GET("/4"));
	reads(&c, GET("/4/c"));
	assert_ptr_equal(whose(&c, head_of(PASSED_ON("/4"))), &a);
	assert_ptr_equal(whose(&c, head_of(PASSED_ON("/4"))), &b);
	assert_ptr_equal(whose(&c, head_of(PASSED_ON("/4/c"))), &c);
	a.serial = b.serial = c.serial = 2;
}

static void the_traceparent_tells_two_apart(void **state)
{
#define WITH(span) \
	"GET /5 HTTP/1.1\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-" span "-01\r\n\r\n"
	static struct exchange a, b;

	(void)state;
	reads(&a, WITH("b7ad6b7169203331"));
	reads(&b, WITH("b7ad6b7169203332"));
	assert_ptr_equal(whose(&b, head_of(WITH("b7ad6b7169203331"))), &a);
	a.serial = b.serial = 2;
}

static _Atomic bool is_over;

static void *begins_and_ends(void *own)
{
	static struct http1_head head;

	head = *head_of(GET("/6"));
	for (int i = 0; i < 20000; i++) {
		struct exchange *e = exchange_new(own, 1);

		atomic_store_explicit(&e->is_served, true, memory_order_relaxed);
		whose_read(e, &head);
		sched_yield();
		exchange_over(e);
		exchange_let_go(e);
	}
	is_over = true;
	return NULL;
}

/* Nobody holds it: ThreadSanitizer tells what of it is read and not atomic. */
static void who_is_looked_at_may_end_meanwhile(void **state)
{
	static struct exchange own, likely;
	static struct http1_head called;
	pthread_t thread;

	(void)state;
	called = *head_of(PASSED_ON("/6"));
	reads(&likely, GET("/6/else"));
	assert_int_equal(pthread_create(&thread, NULL, begins_and_ends, &own), 0);
	while (!is_over) {
		struct exchange *e = whose(&likely, &called);

		assert_true(e == &own || e == &likely);
		sched_yield(); /* where there is one processor, so that the other gets on */
	}
	pthread_join(thread, NULL);
	likely.serial = 2;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_like_nothing_is_the_last_ones),
		cmocka_unit_test(the_last_one_is_it_if_it_is_alike),
		cmocka_unit_test(who_is_alike_and_has_not_called_is_it),
		cmocka_unit_test(of_several_it_is_then_the_first),
		cmocka_unit_test(the_traceparent_tells_two_apart),
		cmocka_unit_test(who_is_looked_at_may_end_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
