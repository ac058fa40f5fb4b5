/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/by-hand.h"
#include "collect/guard.h"
#include "collect/reclaim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { DEAD = 666, ALIVE = 42 };

struct room {
	struct hand_room at;
	struct intake *in;
};

static int setup(void **state)
{
	static struct room r;
	struct segment_header h;

	r = (struct room){ 0 };
	hand_layout(&h, 4);
	assert_true(hand_room_open(&r.at, &h));
	hand_publish(&r.at.s);
	assert_int_equal(intake_open(&r.in, r.at.dir, "a.segment"), 0);
	*state = &r;
	return 0;
}

static int teardown(void **state)
{
	struct room *r = *state;

	intake_close(r->in);
	hand_room_close(&r->at);
	return 0;
}

static bool lives(pid_t pid, uint32_t tid, void *you)
{
	(void)pid;
	(void)you;
	return tid != DEAD;
}

static void own(struct room *r, uint32_t i, uint32_t tid)
{
	hand_write(&r->at.s, i, hand_thread(tid));
	hand_chunk(&r->at.s, i)->owner_tid = tid;
}

static void a_dead_thread_gives_its_slot_back(void **state)
{
	struct room *r = *state;

	r->at.s.slot[3] = DEAD;
	r->at.s.slot[4] = ALIVE;
	assert_int_equal(reclaim_dead(r->in, lives, NULL), 0);
	assert_int_equal(r->at.s.slot[3], 0);
	assert_int_equal(r->at.s.slot[4], ALIVE);
}

static void a_dead_thread_gives_its_chunk_back(void **state)
{
	struct room *r = *state;

	own(r, 0, DEAD);
	own(r, 1, ALIVE);
	assert_int_equal(reclaim_dead(r->in, lives, NULL), 0);
	assert_int_equal(r->at.s.state[0], CHUNK_OWNED);
	assert_int_equal(reclaim_dead(r->in, lives, NULL), 0);
	assert_int_equal(r->at.s.state[0], CHUNK_FULL);
	assert_int_equal(r->at.s.state[1], CHUNK_OWNED);
}

static void a_chunk_that_is_written_to_has_a_living_owner(void **state)
{
	struct room *r = *state;

	own(r, 0, DEAD);
	assert_int_equal(reclaim_dead(r->in, lives, NULL), 0);
	hand_write(&r->at.s, 0, hand_end(1, 1));
	assert_int_equal(reclaim_dead(r->in, lives, NULL), 0);
	assert_int_equal(r->at.s.state[0], CHUNK_OWNED);
}

static void this_thread_lives_and_thread_zero_does_not(void **state)
{
	(void)state;
	assert_true(reclaim_task_lives(getpid(), (uint32_t)gettid(), NULL));
	assert_false(reclaim_task_lives(getpid(), 0, NULL));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_dead_thread_gives_its_slot_back),
		TEST(a_dead_thread_gives_its_chunk_back),
		TEST(a_chunk_that_is_written_to_has_a_living_owner),
		TEST(this_thread_lives_and_thread_zero_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
