/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/by-hand.h"
#include "collect/guard.h"
#include "collect/intake.h"
#include "model/stats.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cmocka.h>

enum { CHUNKS = 4 };

struct room {
	struct hand_room at;
	struct intake *in;
	uint32_t n, tid;
	uint64_t last;
};

static int setup(void **state)
{
	static struct room r;
	struct segment_header h;

	r = (struct room){ 0 };
	hand_layout(&h, CHUNKS);
	assert_true(hand_room_open(&r.at, &h));
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

static void count(const struct record_head *h, uint32_t tid, void *you)
{
	struct room *r = you;

	r->n++;
	r->tid = tid;
	if (h->type == RECORD_END)
		r->last = ((const struct record_end *)h)->span_id;
}

static void open_it(struct room *r)
{
	hand_publish(&r->at.s);
	assert_int_equal(intake_open(&r->in, r->at.dir, "a.segment"), 0);
}

static uint32_t drain(struct room *r)
{
	struct intake_drained d;

	r->n = 0;
	assert_int_equal(intake_drain(r->in, count, r, &d), 0);
	assert_true(d.n_records >= r->n);
	return r->n;
}

static void a_segment_without_magic_is_for_later(void **state)
{
	struct room *r = *state;

	assert_int_equal(intake_open(&r->in, r->at.dir, "a.segment"), INTAKE_LATER);
	hand_publish(&r->at.s);
	assert_int_equal(intake_open(&r->in, r->at.dir, "a.segment"), 0);
}

static void a_segment_that_nobody_finishes_is_rubbish(void **state)
{
	struct room *r = *state;

	hand_unmap(&r->at.s);
	assert_int_equal(intake_open(&r->in, r->at.dir, "a.segment"), INTAKE_UNMADE);
	assert_int_equal(faccessat(r->at.dir, "a.segment", F_OK, 0), -1);
}

static void another_layout_is_refused(void **state)
{
	struct room *r = *state;

	r->at.s.head->layout++;
	hand_publish(&r->at.s);
	assert_int_equal(intake_open(&r->in, r->at.dir, "a.segment"), INTAKE_REFUSED);
}

static void a_part_outside_of_the_file_is_refused(void **state)
{
	struct room *r = *state;
	struct segment_header good;

	hand_publish(&r->at.s);
	memcpy(&good, r->at.s.head, sizeof(good));
	r->at.s.head->states_at = 0xfffffffc;
	assert_int_equal(intake_open(&r->in, r->at.dir, "a.segment"), INTAKE_REFUSED);
	r->at.s.head->states_at = good.states_at;
	r->at.s.head->n_chunks = 0x40000001;
	assert_int_equal(intake_open(&r->in, r->at.dir, "a.segment"), INTAKE_REFUSED);
	r->at.s.head->n_chunks = good.n_chunks;
	r->at.s.head->chunks_at += 64;
	assert_int_equal(intake_open(&r->in, r->at.dir, "a.segment"), INTAKE_REFUSED);
}

static void a_link_or_a_fifo_is_refused(void **state)
{
	struct room *r = *state;

	assert_int_equal(symlinkat("a.segment", r->at.dir, "b.segment"), 0);
	assert_int_equal(mkfifoat(r->at.dir, "c.segment", 0600), 0);
	hand_publish(&r->at.s);
	assert_int_equal(intake_open(&r->in, r->at.dir, "b.segment"), INTAKE_REFUSED);
	assert_int_equal(intake_open(&r->in, r->at.dir, "c.segment"), INTAKE_REFUSED);
	unlinkat(r->at.dir, "b.segment", 0);
	unlinkat(r->at.dir, "c.segment", 0);
}

static void a_file_that_others_may_write_is_refused(void **state)
{
	struct room *r = *state;

	hand_publish(&r->at.s);
	assert_int_equal(fchmod(r->at.s.fd, 0620), 0);
	assert_int_equal(intake_open(&r->in, r->at.dir, "a.segment"), INTAKE_REFUSED);
}

static void every_record_comes_once(void **state)
{
	struct room *r = *state;

	open_it(r);
	hand_write(&r->at.s, 0, hand_thread(501));
	hand_write(&r->at.s, 0, hand_start(1, "s", 1));
	hand_write(&r->at.s, 2, hand_end(1, 2));
	assert_int_equal(drain(r), 2);
	assert_int_equal(drain(r), 0);
	hand_write(&r->at.s, 0, hand_end(8, 2));
	assert_int_equal(drain(r), 1);
	assert_int_equal(r->tid, 501);
	assert_int_equal(r->last, 8);
}

static void the_next_collector_goes_on_where_this_one_stopped(void **state)
{
	struct room *r = *state;

	open_it(r);
	hand_write(&r->at.s, 0, hand_thread(501));
	hand_write(&r->at.s, 0, hand_end(1, 2));
	assert_int_equal(drain(r), 1);
	r->in = intake_close(r->in);
	hand_write(&r->at.s, 0, hand_end(2, 2));
	open_it(r);
	assert_int_equal(drain(r), 1);
	assert_int_equal(r->last, 2);
	assert_int_equal(r->tid, 501);
}

static void a_full_chunk_is_recycled(void **state)
{
	struct room *r = *state;

	open_it(r);
	hand_write(&r->at.s, 1, hand_end(1, 2));
	assert_int_equal(r->at.s.head->n_free, CHUNKS - 1);
	r->at.s.state[1] = CHUNK_FULL;
	assert_int_equal(drain(r), 1);
	assert_int_equal(r->at.s.state[1], CHUNK_FREE);
	assert_int_equal(hand_chunk(&r->at.s, 1)->write, CHUNK_HEAD);
	assert_int_equal(r->at.s.head->n_free, CHUNKS);
	hand_write(&r->at.s, 1, hand_end(3, 2));
	assert_int_equal(drain(r), 1);
	assert_int_equal(r->last, 3);
}

/* Its writer counted it as free when it left it. */
static void an_idle_chunk_is_recycled(void **state)
{
	struct room *r = *state;

	open_it(r);
	hand_write(&r->at.s, 1, hand_end(1, 2));
	r->at.s.head->n_free++;
	r->at.s.state[1] = CHUNK_IDLE;
	assert_int_equal(drain(r), 1);
	assert_int_equal(r->at.s.state[1], CHUNK_FREE);
	assert_int_equal(hand_chunk(&r->at.s, 1)->write, CHUNK_HEAD);
	assert_int_equal(r->at.s.head->n_free, CHUNKS);
}

static void a_chunk_that_a_dead_collector_locked_is_freed(void **state)
{
	struct room *r = *state;

	hand_write(&r->at.s, 3, hand_end(1, 2));
	r->at.s.state[3] = CHUNK_LOCKED;
	open_it(r);
	assert_int_equal(drain(r), 1);
	assert_int_equal(r->at.s.state[3], CHUNK_FREE);
}

static void a_record_that_lies_about_its_size_is_skipped_and_counted(void **state)
{
	struct room *r = *state;
	struct hand_record lie = hand_end(2, 2);
	uint64_t before = stats_get(records_bad);
	struct record_head *h;

	open_it(r);
	hand_write(&r->at.s, 0, hand_end(1, 2));
	hand_write(&r->at.s, 0, lie);
	h = (void *)((char *)hand_chunk(&r->at.s, 0) + CHUNK_HEAD + sizeof(struct record_end));
	h->size = 8000;
	assert_int_equal(drain(r), 1);
	assert_int_equal(stats_get(records_bad) - before, 1);
	hand_write(&r->at.s, 0, hand_end(4, 2));
	assert_int_equal(drain(r), 1);
	assert_int_equal(r->last, 4);
}

static void a_cursor_beyond_its_chunk_reads_nothing_beyond_it(void **state)
{
	struct room *r = *state;
	uint64_t before = stats_get(records_bad);

	open_it(r);
	hand_write(&r->at.s, 3, hand_end(1, 2));
	hand_chunk(&r->at.s, 3)->write = 0xfffffff0;
	drain(r);
	drain(r);
	assert_true(stats_get(records_bad) > before);
	assert_int_equal(r->in->chunk[3].read, CHUNK_SIZE);
}

static void a_segment_cut_short_is_an_error_not_a_signal(void **state)
{
	struct room *r = *state;
	uint64_t before = stats_get(segments_truncated);
	struct intake_drained d;

	guard_init(); /* cmocka has put its own handler over ours */
	open_it(r);
	hand_write(&r->at.s, 3, hand_end(1, 2));
	assert_int_equal(ftruncate(r->at.s.fd, SEGMENT_PAGE), 0);
	assert_int_equal(intake_drain(r->in, count, r, &d), -EFAULT);
	assert_int_equal(intake_drain(r->in, count, r, &d), -EFAULT);
	assert_int_equal(stats_get(segments_truncated) - before, 1);
}

enum { BURST = 200000 };

struct writer {
	struct hand_segment *s;
	_Atomic uint32_t stop;
	uint64_t written, lost;
};

/* As lib/lane.c does it: fill a chunk, leave it full, take any free one; none: the record is lost. */
static void *write_burst(void *you)
{
	struct writer *w = you;
	uint32_t at = CHUNKS;

	for (uint64_t i = 1; i <= BURST; i++) {
		struct hand_record r = hand_end(i, i);

		if (at < CHUNKS &&
		    atomic_load(&hand_chunk(w->s, at)->write) + sizeof(struct record_end) >
			    CHUNK_SIZE) {
			atomic_store_explicit(&w->s->state[at], CHUNK_FULL, memory_order_release);
			at = CHUNKS;
		}
		for (uint32_t k = 0; k < CHUNKS && at == CHUNKS; k++) {
			uint32_t was = CHUNK_FREE;

			if (atomic_compare_exchange_strong(&w->s->state[k], &was, CHUNK_OWNED))
				at = k;
		}
		if (at == CHUNKS) {
			w->lost++;
			continue;
		}
		hand_write(w->s, at, r);
		w->written++;
	}
	atomic_store(&w->stop, 1);
	return NULL;
}

static void what_a_thread_writes_while_it_is_drained_comes_once(void **state)
{
	struct room *r = *state;
	struct writer w = { .s = &r->at.s };
	uint64_t n = 0;
	pthread_t t;

	open_it(r);
	assert_int_equal(pthread_create(&t, NULL, write_burst, &w), 0);
	while (!atomic_load(&w.stop))
		n += drain(r);
	assert_int_equal(pthread_join(t, NULL), 0);
	n += drain(r);
	assert_int_equal(n, w.written);
	assert_int_equal(w.written + w.lost, BURST);
}

/* Another process: what it does to the bytes is nobody's business but the reader's. */
static void a_writer_that_changes_everything_while_we_read_harms_nobody(void **state)
{
	struct room *r = *state;
	struct intake_drained d;
	pid_t pid;

	open_it(r);
	pid = fork();
	if (pid == 0)
		for (uint64_t seed = 1;; seed = seed * 6364136223846793005u + 1442695040888963407u)
			((unsigned char *)r->at.s.head)[(seed >> 20) % r->in->size] =
				(unsigned char)(seed >> 56);
	for (int i = 0; i < 20000; i++) {
		int left = intake_drain(r->in, count, r, &d);

		assert_true(left == 0 || left == INTAKE_MORE);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_segment_without_magic_is_for_later),
		TEST(a_segment_that_nobody_finishes_is_rubbish),
		TEST(another_layout_is_refused),
		TEST(a_part_outside_of_the_file_is_refused),
		TEST(a_link_or_a_fifo_is_refused),
		TEST(a_file_that_others_may_write_is_refused),
		TEST(every_record_comes_once),
		TEST(the_next_collector_goes_on_where_this_one_stopped),
		TEST(a_full_chunk_is_recycled),
		TEST(an_idle_chunk_is_recycled),
		TEST(a_chunk_that_a_dead_collector_locked_is_freed),
		TEST(a_record_that_lies_about_its_size_is_skipped_and_counted),
		TEST(a_cursor_beyond_its_chunk_reads_nothing_beyond_it),
		TEST(a_segment_cut_short_is_an_error_not_a_signal),
		TEST(a_writer_that_changes_everything_while_we_read_harms_nobody),
		TEST(what_a_thread_writes_while_it_is_drained_comes_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
