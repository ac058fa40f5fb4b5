/* SPDX-License-Identifier: Apache-2.0 */
/* A collector that is killed, and the next one: freeing a process without more is being killed. */
#include "collect/by-hand.h"
#include "collect/guard.h"
#include "collect/process.h"
#include "model/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { CHUNKS = 8, ROUNDS = SETTLE_LAG + 3 };

struct room {
	struct hand_room at;
	struct timeline timeline;
	struct process_place place;
	struct process *p;
	struct batch *held[64]; /* given and not delivered */
	size_t n_held, n_spans, n_logs, n_again, n_orphans;
};

static void take_up(struct room *r)
{
	assert_int_equal(process_open(&r->p, &r->place, "a.segment"), 0);
}

static int setup(void **state)
{
	static struct room r;
	struct segment_header h;

	r = (struct room){ 0 };
	hand_layout(&h, CHUNKS);
	assert_true(hand_room_open(&r.at, &h));
	hand_publish(&r.at.s);
	timeline_start(&r.timeline);
	process_place_init(&r.place, r.at.dir, &r.timeline);
	take_up(&r);
	*state = &r;
	return 0;
}

static void deliver(struct room *r)
{
	while (r->n_held)
		batch_free(r->held[--r->n_held]);
}

static int teardown(void **state)
{
	struct room *r = *state;

	deliver(r);
	process_free(r->p);
	hand_room_close(&r->at);
	return 0;
}

static void take(struct room *r)
{
	struct batch *b = process_take(r->p);

	if (!b)
		return;
	r->n_spans += b->n_spans;
	r->n_logs += b->n_logs;
	r->n_again += b->again ? b->n_spans : 0;
	for (size_t i = 0; i < b->n_spans; i++)
		r->n_orphans += b->span[i].end == SPAN_ORPHANED;
	assert_true(r->n_held < sizeof(r->held) / sizeof(r->held[0]));
	r->held[r->n_held++] = b;
}

/* Until all that is there has been given; none of it is delivered. */
static void collect(struct room *r)
{
	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(process_drain(r->p), 0);
		take(r);
	}
}

static void collect_and_deliver(struct room *r)
{
	collect(r);
	deliver(r);
	collect(r);
}

static void kill_and_go_on(struct room *r)
{
	r->p = process_free(r->p);
	deliver(r);
	r->n_spans = r->n_logs = r->n_again = r->n_orphans = 0;
	/* As process_tend would have. */
	r->at.s.head->collector_pid = 1;
	take_up(r);
}

static void span(struct room *r, uint32_t chunk, uint64_t id)
{
	hand_write(&r->at.s, chunk, hand_start(id, "s", 1));
	hand_write(&r->at.s, chunk, hand_end(id, 2));
}

static void a_span_that_is_open_ends_in_the_next_collector(void **state)
{
	struct room *r = *state;
	uint64_t before = stats_get(records_unstarted);
	struct hand_record set = hand_about(RECORD_SET, 1, "");

	hand_write(&r->at.s, 0, hand_start(1, "long", 1));
	hand_str(&set, "a", "b");
	hand_write(&r->at.s, 1, set);
	for (uint64_t id = 10; id < 60; id++)
		span(r, 0, id);
	collect_and_deliver(r);
	assert_int_equal(r->n_spans, 50);
	kill_and_go_on(r);
	hand_write(&r->at.s, 0, hand_end(1, 3));
	collect(r);
	assert_int_equal(r->n_spans, 1);
	assert_true(str_eq(r->held[0]->span[0].name, STR("long")));
	assert_int_equal(r->held[0]->span[0].attributes.n, 1);
	assert_int_equal(stats_get(records_unstarted), before);
}

static void what_was_not_delivered_is_given_again(void **state)
{
	struct room *r = *state;

	span(r, 0, 1);
	hand_write(&r->at.s, 0, hand_log(1, "l", 2));
	collect(r);
	assert_int_equal(r->n_spans, 1);
	assert_int_equal(r->n_again, 0);
	kill_and_go_on(r);
	collect(r);
	assert_int_equal(r->n_spans, 1);
	assert_int_equal(r->n_again, 1);
	assert_int_equal(r->n_logs, 1);
}

/* The chunk is pinned by span 1, so all of it is read again. */
static void what_was_delivered_is_not_given_again(void **state)
{
	struct room *r = *state;
	uint64_t before = stats_get(records_unstarted);

	hand_write(&r->at.s, 0, hand_start(1, "long", 1));
	span(r, 0, 2);
	hand_write(&r->at.s, 0, hand_log(1, "l", 2));
	hand_write(&r->at.s, 0, hand_start(3, "ends elsewhere", 1));
	hand_write(&r->at.s, 1, hand_end(3, 2));
	r->at.s.state[1] = CHUNK_FULL;
	collect_and_deliver(r);
	assert_int_equal(r->at.s.state[1], CHUNK_FREE);
	kill_and_go_on(r);
	collect(r);
	assert_int_equal(r->n_spans + r->n_logs, 0);
	assert_int_equal(r->p->a.open.n, 1);
	process_close_spans(r->p);
	take(r);
	assert_int_equal(r->n_orphans, 1);
	assert_int_equal(stats_get(records_unstarted), before);
}

static void an_end_that_nobody_saw_the_start_of_is_still_counted(void **state)
{
	struct room *r = *state;
	uint64_t before = stats_get(records_unstarted);

	kill_and_go_on(r);
	hand_write(&r->at.s, 0, hand_end(1, 2));
	collect(r);
	assert_int_equal(stats_get(records_unstarted), before + 1);
}

static void cursors_follow_what_is_delivered(void **state)
{
	struct room *r = *state;
	const struct chunk *c = hand_chunk(&r->at.s, 0);

	span(r, 0, 1);
	collect(r);
	assert_int_equal(c->read, CHUNK_HEAD);
	assert_int_equal(c->seen, c->write);
	deliver(r);
	collect(r);
	assert_int_equal(c->read, c->write);
	assert_int_equal(c->open, c->write);
}

static void a_chunk_that_an_open_span_needs_waits_for_its_end(void **state)
{
	struct room *r = *state;

	hand_write(&r->at.s, 0, hand_start(1, "long", 1));
	r->at.s.state[0] = CHUNK_FULL;
	collect_and_deliver(r);
	assert_int_equal(r->at.s.state[0], CHUNK_FULL);
	assert_int_equal(r->at.s.head->n_free, CHUNKS - 1);
	hand_write(&r->at.s, 1, hand_end(1, 2));
	collect_and_deliver(r);
	assert_int_equal(r->at.s.state[0], CHUNK_FREE);
	assert_int_equal(r->at.s.head->n_free, CHUNKS - 1);
}

/* A quarter of eight may wait. */
static void no_more_than_a_quarter_of_the_chunks_waits(void **state)
{
	struct room *r = *state;

	for (uint32_t i = 0; i < 4; i++) {
		hand_write(&r->at.s, i, hand_start(i + 1, "long", 1));
		r->at.s.state[i] = CHUNK_FULL;
	}
	collect(r);
	assert_int_equal(r->at.s.state[0], CHUNK_FULL);
	assert_int_equal(r->at.s.state[1], CHUNK_FULL);
	assert_int_equal(r->at.s.state[2], CHUNK_FREE);
	assert_int_equal(r->at.s.state[3], CHUNK_FREE);
	for (uint32_t i = 0; i < 4; i++)
		hand_write(&r->at.s, 5, hand_end(i + 1, 2));
	collect_and_deliver(r);
	assert_int_equal(r->n_spans, 4);
	assert_int_equal(r->at.s.state[0], CHUNK_FREE);
	assert_int_equal(r->at.s.state[1], CHUNK_FREE);
}

static void an_idle_chunk_that_waits_may_be_used_on(void **state)
{
	struct room *r = *state;

	hand_write(&r->at.s, 0, hand_start(1, "long", 1));
	r->at.s.head->n_free++;
	r->at.s.state[0] = CHUNK_IDLE;
	collect_and_deliver(r);
	assert_int_equal(r->at.s.state[0], CHUNK_IDLE);
	assert_int_equal(r->p->in->n_waiting, 1);
	r->at.s.state[0] = CHUNK_OWNED;
	r->at.s.head->n_free--;
	hand_write(&r->at.s, 0, hand_end(1, 2));
	collect_and_deliver(r);
	assert_int_equal(r->p->in->n_waiting, 0);
	assert_int_equal(r->n_spans, 1);
}

static void cursors_that_make_no_sense_are_not_believed(void **state)
{
	struct room *r = *state;
	struct chunk *c = hand_chunk(&r->at.s, 0);

	span(r, 0, 1);
	c->open = CHUNK_SIZE;
	c->seen = 3;
	kill_and_go_on(r);
	collect(r);
	assert_int_equal(r->n_spans, 1);
	c->read = 0xfffffff8;
	c->open = 0xfffffff0;
	c->seen = 0xffffffff;
	kill_and_go_on(r);
	collect(r);
	assert_int_equal(r->n_spans, 1);
}

static struct batch *empty_batch(void)
{
	struct resource *none = resource_new((struct attributes){ 0 }, STR(""), 1);
	struct batch *b = batch_new(none);

	resource_free(none);
	return b;
}

/* One that somebody holds, given in round 1 at the time 0. */
static void owe(struct owed *o, struct batch *b)
{
	struct places none = { 0 };

	settle_owe(o, b, &none, 1, 0);
}

/* Gathered for 5 seconds and answered after 10. */
static void what_is_on_its_way_is_not_settled_before_its_time_is_over(void **state)
{
	struct room *r = *state;
	struct owed o = { 0 };
	struct batch *b = empty_batch();

	owe(&o, b);
	settle_look(&o, r->p->in, 2, 15 * 1000000000ull);
	assert_int_equal(r->p->in->settled, 1);
	settle_look(&o, r->p->in, 2, SETTLE_NS + 1);
	assert_int_equal(r->p->in->settled, 2);
	batch_free(b);
}

static void of_many_on_their_way_the_oldest_are_let_go(void **state)
{
	struct room *r = *state;
	struct owed o = { 0 };
	struct batch *b = empty_batch();

	for (size_t i = 0; i < SETTLE_MOST + 10; i++)
		owe(&o, b);
	settle_look(&o, r->p->in, 2, 1);
	assert_int_equal(o.n, SETTLE_MOST);
	assert_int_equal(r->p->in->settled, 1);
	settle_forget(&o);
	assert_int_equal(o.n, 0);
	batch_free(b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_span_that_is_open_ends_in_the_next_collector),
		TEST(what_was_not_delivered_is_given_again),
		TEST(what_was_delivered_is_not_given_again),
		TEST(an_end_that_nobody_saw_the_start_of_is_still_counted),
		TEST(cursors_follow_what_is_delivered),
		TEST(what_is_on_its_way_is_not_settled_before_its_time_is_over),
		TEST(of_many_on_their_way_the_oldest_are_let_go),
		TEST(a_chunk_that_an_open_span_needs_waits_for_its_end),
		TEST(no_more_than_a_quarter_of_the_chunks_waits),
		TEST(an_idle_chunk_that_waits_may_be_used_on),
		TEST(cursors_that_make_no_sense_are_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
