/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bootstrap/heap.h"

#include <malloc.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* With a sanitizer, malloc is another allocator's. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_ALLOCATOR 1
#else
#define OWN_ALLOCATOR 0
#endif

static void *volatile kept[4096];

static void a_used_heap_is_in_order(void **state)
{
	struct heap_row row;

	(void)state;
	if (OWN_ALLOCATOR)
		skip();
	for (size_t i = 0; i < 4096; i++)
		kept[i] = malloc(i * 37 % 3000);
	assert_true(heap_find(&row));
	assert_true(heap_is_in_order(&row));
	for (size_t i = 0; i < 4096; i += 2) {
		free(kept[i]);
		kept[i] = NULL;
	}
	assert_true(heap_is_in_order(&row));
	heap_exercise();
	assert_true(heap_is_in_order(&row));
	for (size_t i = 1; i < 4096; i += 2)
		free(kept[i]);
	heap_exercise();
	assert_true(heap_is_in_order(&row));
}

/* How a child ends in which this was done: 0 if all is well. */
static int end_of(void (*damage)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		struct heap_row row;
		bool known = heap_find(&row);

		if (!freopen("/dev/null", "w", stderr))
			_exit(2);
		/* A fault is what may be hoped for; cmocka would take it for a test's. */
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		damage();
		if (known && !heap_is_in_order(&row))
			_exit(3);
		heap_exercise();
		_exit(0);
	}
	waitpid(child, &status, 0);
	return status;
}

static void nothing(void)
{
	kept[0] = malloc(100);
}

static void write_beyond(void)
{
	unsigned char *p = malloc(24);

	kept[0] = p;
	memset(kept[0], 0x41, 64);
}

static void write_after_free(void)
{
	kept[0] = malloc(40);
	kept[1] = malloc(40);
	free(kept[1]);
	free(kept[0]);
	memset((void *)(uintptr_t)kept[0], 0x41, 8);
}

static void free_twice(void)
{
	volatile uintptr_t same = (uintptr_t)malloc(40);

	kept[0] = (void *)same;
	free(kept[0]);
	free((void *)same);
}

/* More of it than there was: the break goes up, or another mapping follows. */
static void a_heap_that_grew_and_shrank_is_in_order(void **state)
{
	struct heap_row row;

	(void)state;
	if (OWN_ALLOCATOR)
		skip();
	assert_true(heap_find(&row));
	for (size_t i = 0; i < 4096; i++)
		kept[i] = malloc(4000);
	assert_true(heap_is_in_order(&row));
	for (size_t i = 0; i < 4096; i++)
		free(kept[i]);
	malloc_trim(0);
	assert_true(heap_is_in_order(&row));
}

static void grow(void)
{
	for (size_t i = 0; i < 4096; i++)
		kept[i] = malloc(4000);
}

static void a_heap_that_grew_in_a_child_is_in_order(void **state)
{
	(void)state;
	if (OWN_ALLOCATOR)
		skip();
	assert_int_equal(end_of(grow), 0);
}

static void damage_gives_itself_away(void **state)
{
	(void)state;
	if (OWN_ALLOCATOR)
		skip();
	assert_int_equal(end_of(nothing), 0);
	assert_int_not_equal(end_of(write_beyond), 0);
	assert_int_not_equal(end_of(write_after_free), 0);
	assert_int_not_equal(end_of(free_twice), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_used_heap_is_in_order),
		cmocka_unit_test(a_heap_that_grew_and_shrank_is_in_order),
		cmocka_unit_test(a_heap_that_grew_in_a_child_is_in_order),
		cmocka_unit_test(damage_gives_itself_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
