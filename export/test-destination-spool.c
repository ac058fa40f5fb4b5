/* SPDX-License-Identifier: Apache-2.0 */
/* A destination whose requests wait on disk while its backend is away. */
#include "export/destination.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static char dir[] = "/tmp/oriel-queue-XXXXXX";

/* Takes spans, whose ids are numbers, in whatever way they come. */
static struct {
	_Atomic bool away, stalls, blocks; /* blocks: stalls, and isn't idle */
	void (*idle)(void *to);
	void *idle_to;
	_Atomic size_t n_taken, n_writes, n_resends;
	uint8_t taken[65536];
} backend;

/* As a request that gets no answer. */
static void stall(void)
{
	while (backend.stalls) {
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
		if (!backend.blocks)
			backend.idle(backend.idle_to);
	}
}

static void take(uint16_t number)
{
	backend.taken[number]++;
	backend.n_taken++;
}

static int fake_open(void **state, const struct settings *s, const struct export_place *place,
		     char why[160])
{
	(void)s;
	backend.idle = place->idle;
	backend.idle_to = place->idle_to;
	why[0] = '\0';
	*state = &backend;
	return 0;
}

static int fake_write(void *state, struct batch *const *batches, size_t n,
		      struct export_result *result)
{
	(void)state;
	backend.n_writes++;
	stall();
	if (backend.away)
		return EXPORT_RETRY;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < batches[i]->n_spans; k++) {
			uint16_t number;

			memcpy(&number, batches[i]->span[k].span_id.b, 2);
			take(number);
			result->n_done[0]++;
		}
	return 0;
}

static int fake_stow(void *state, struct batch *const *batches, size_t n,
		     const struct export_result *done, struct spool *to)
{
	(void)state;
	(void)done;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < batches[i]->n_spans; k++) {
			struct str body = { (char *)batches[i]->span[k].span_id.b, 2 };
			int r = spool_put(to, 0, 1, body);

			if (r < 0)
				return r;
		}
	return 0;
}

static int fake_resend(void *state, const struct spool_item *item, struct export_result *result)
{
	uint16_t number;

	(void)state;
	(void)result;
	backend.n_resends++;
	stall();
	if (backend.away)
		return EXPORT_RETRY;
	assert_int_equal(item->body.n, 2);
	memcpy(&number, item->body.p, 2);
	take(number);
	return 0;
}

static void *fake_close(void *state)
{
	(void)state;
	return NULL;
}

static void fake_where(const void *state, char *to, size_t room)
{
	(void)state;
	snprintf(to, room, "nowhere");
}

static const struct exporter fake = { .name = "fake",
				      .takes = SIGNAL_SPAN,
				      .open = fake_open,
				      .write = fake_write,
				      .stow = fake_stow,
				      .resend = fake_resend,
				      .close = fake_close,
				      .where = fake_where };

static struct destination *begin(uint64_t bytes)
{
	struct settings none = { { "", 0 } };
	struct export_place place = { .signals = SIGNAL_SPAN,
				      .queue_dir = dir,
				      .queue_bytes = bytes };
	struct destination_limits limits = {
		.queue_items = 100, .delay_ms = 1, .retry_first_ms = 20, .retry_most_ms = 20
	};
	struct destination *d;
	char why[160];

	assert_int_equal(destination_new(&d, &fake, &none, &place, limits, why), 0);
	return d;
}

static struct resource *resource;

static bool offer(struct destination *d, uint16_t number)
{
	struct batch *b = batch_new(resource);
	bool taken;

	memcpy(batch_add_span(b)->span_id.b, &number, 2);
	taken = destination_offer(d, b);
	batch_free(b);
	return taken;
}

static struct destination_state state_of(struct destination *d)
{
	struct destination_state s;

	destination_state(d, &s);
	return s;
}

static void wait_for_disk(struct destination *d, size_t n)
{
	for (int i = 0; i < 10000 && state_of(d).spooled < n; i++)
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	assert_int_equal(state_of(d).spooled, n);
}

static void each_once(uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		assert_int_equal(backend.taken[i], 1);
	assert_int_equal(backend.n_taken, n);
}

/* Far more than fits into memory: what is on disk makes room there. */
static void what_comes_while_it_is_away_is_delivered_later(void **state)
{
	struct destination *d = begin(1 << 20);

	(void)state;
	backend.away = true;
	for (uint16_t i = 0; i < 1000; i++) {
		assert_true(offer(d, i));
		if (i % 50 == 49)
			wait_for_disk(d, i + 1);
	}
	assert_false(destination_flush(d, 50));
	backend.away = false;
	assert_true(destination_flush(d, 20000));
	each_once(1000);
	assert_int_equal(state_of(d).sent, 1000);
	assert_int_equal(state_of(d).dropped, 0);
	assert_int_equal(state_of(d).queued, 0);
	destination_free(d, 1000);
}

static void what_is_left_at_the_end_is_the_next_ones(void **state)
{
	struct destination *d = begin(1 << 20);

	(void)state;
	backend.away = true;
	for (uint16_t i = 0; i < 30; i++)
		offer(d, i);
	wait_for_disk(d, 30);
	destination_free(d, 50);
	assert_int_equal(backend.n_taken, 0);
	backend.away = false;
	d = begin(1 << 20);
	assert_true(destination_flush(d, 20000));
	each_once(30);
	assert_true(offer(d, 30));
	assert_true(destination_flush(d, 20000));
	each_once(31);
	destination_free(d, 1000);
}

static void what_comes_in_the_last_moment_goes_to_disk_too(void **state)
{
	struct destination *d = begin(1 << 20);

	(void)state;
	backend.away = true;
	for (uint16_t i = 0; i < 50; i++)
		offer(d, i);
	destination_free(d, 30);
	backend.away = false;
	d = begin(1 << 20);
	assert_true(destination_flush(d, 20000));
	each_once(50);
	destination_free(d, 1000);
}

/* What a flush waits for is counted at once with the room that it leaves. */
static void what_was_just_emptied_has_room(void **state)
{
	struct destination *d = begin(1 << 20);

	(void)state;
	for (uint16_t i = 0; i < 100; i += 2) {
		backend.away = true;
		assert_true(offer(d, i));
		wait_for_disk(d, 1);
		backend.away = false;
		assert_true(destination_flush(d, 20000));
		assert_true(offer(d, i + 1));
		assert_true(destination_flush(d, 20000));
	}
	each_once(100);
	assert_int_equal(state_of(d).dropped, 0);
	destination_free(d, 1000);
}

/* What is on disk is safe: the end needs no hurry. */
static void the_end_does_not_hammer_at_a_dead_backend(void **state)
{
	struct destination *d = begin(1 << 20);

	(void)state;
	backend.away = true;
	offer(d, 0);
	wait_for_disk(d, 1);
	backend.n_resends = 0;
	destination_free(d, 200);
	assert_in_range(backend.n_resends, 1, 30); /* 10 to 20 ms between them */
}

static void wait_for_count(_Atomic size_t *count, size_t n)
{
	for (int i = 0; i < 10000 && *count < n; i++)
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	assert_int_equal(*count, n);
}

/* Offers as fast as there is room, which there must be soon. */
static void offer_all(struct destination *d, uint16_t from, uint16_t to)
{
	for (uint16_t i = from; i < to; i++) {
		struct destination_state s = state_of(d);

		for (int k = 0; k < 10000 && s.queued - s.spooled > 90; k++, s = state_of(d))
			nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
		assert_true(offer(d, i));
	}
}

static void what_comes_while_a_backend_says_nothing_goes_to_disk(void **state)
{
	struct destination *d = begin(1 << 20);

	(void)state;
	backend.stalls = true;
	assert_true(offer(d, 0));
	wait_for_count(&backend.n_writes, 1);
	offer_all(d, 1, 1000);
	assert_in_range(state_of(d).spooled, 1000 - 100, 999);
	backend.stalls = false;
	assert_true(destination_flush(d, 20000));
	each_once(1000);
	assert_int_equal(state_of(d).dropped, 0);
	destination_free(d, 1000);
}

struct flusher {
	struct destination *d;
	_Atomic bool begins;
	bool flushed;
	uint8_t taken_then;
};

static void *flush(void *arg)
{
	struct flusher *f = arg;

	f->begins = true;
	f->flushed = destination_flush(f->d, 20000);
	f->taken_then = backend.taken[0];
	return NULL;
}

/* What was under way when the backend fell silent ends up behind what came after the flush began. */
static void a_flush_waits_for_what_was_under_way(void **state)
{
	struct destination *d = begin(1 << 20);
	struct flusher f = { .d = d };
	pthread_t thread;

	(void)state;
	backend.stalls = backend.away = true;
	assert_true(offer(d, 0));
	wait_for_count(&backend.n_writes, 1);
	pthread_create(&thread, NULL, flush, &f);
	while (!f.begins)
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	offer_all(d, 1, 1000);
	backend.stalls = false;
	wait_for_disk(d, 1000);
	assert_int_equal(backend.n_taken, 0);
	backend.away = false;
	pthread_join(thread, NULL);
	assert_true(f.flushed);
	assert_int_equal(f.taken_then, 1);
	destination_free(d, 20000);
	each_once(1000);
}

/* Of a request under way nobody knows what comes of it. It counts once. */
static void what_gave_way_while_it_was_sent_is_not_sent(void **state)
{
	struct destination *d = begin(1 << 20);

	(void)state;
	backend.away = true;
	for (uint16_t i = 0; i < 30; i++)
		assert_true(offer(d, i));
	wait_for_disk(d, 30);
	destination_free(d, 1);
	backend.away = false;
	backend.stalls = true;
	backend.n_resends = 0;
	d = begin(2000); /* 30 take 556 bytes, so they are the first to give way */
	wait_for_count(&backend.n_resends, 1);
	offer_all(d, 30, 300);
	assert_true(state_of(d).dropped >= 30);
	backend.stalls = false;
	assert_true(destination_flush(d, 20000));
	assert_int_equal(backend.taken[0], 1);
	assert_int_equal(backend.taken[1], 0);
	assert_int_equal(state_of(d).sent + state_of(d).dropped, 300);
	assert_int_equal(state_of(d).queued, 0);
	destination_free(d, 1000);
}

static bool offer_many(struct destination *d, uint16_t from, uint16_t to)
{
	struct batch *b = batch_new(resource);
	bool taken;

	for (uint16_t i = from; i < to; i++)
		memcpy(batch_add_span(b)->span_id.b, &i, 2);
	taken = destination_offer(d, b);
	batch_free(b);
	return taken;
}

/* The disk has no time for a moment, and neither had the collector: what it reads then is a lot at once. */
static void a_disk_that_is_slow_is_waited_for(void **state)
{
	struct destination *d = begin(1 << 20);

	(void)state;
	backend.stalls = backend.blocks = true;
	for (uint16_t i = 0; i < 70; i++)
		assert_true(offer(d, i));
	assert_int_equal(destination_crowd(d), 0);
	assert_true(offer_many(d, 70, 270));
	assert_int_equal(destination_crowd(d), 270);
	assert_false(offer_many(d, 270, 271));
	backend.blocks = false;
	while (destination_crowd(d))
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	assert_true(state_of(d).spooled >= 200);
	backend.stalls = false;
	assert_true(destination_flush(d, 20000));
	each_once(270);
	destination_free(d, 1000);
}

/* Two services that send to the same address: neither loses what the memory of one doesn't hold. */
static void each_of_a_name_has_a_disk(void **state)
{
	struct destination *a = begin(1 << 20), *b = begin(1 << 20);

	(void)state;
	backend.away = true;
	for (uint16_t i = 0; i < 500; i++) {
		assert_true(offer(a, i));
		assert_true(offer(b, 500 + i));
		if (i % 50 == 49) {
			wait_for_disk(a, i + 1);
			wait_for_disk(b, i + 1);
		}
	}
	backend.away = false;
	assert_true(destination_flush(a, 20000));
	assert_true(destination_flush(b, 20000));
	each_once(1000);
	destination_free(a, 1000);
	destination_free(b, 1000);
}

/* A run that ends while its backend is away, and the next one, which has begun before that. */
static void what_another_left_is_sent_by_who_goes_on(void **state)
{
	struct destination *a = begin(1 << 20), *b = begin(1 << 20);

	(void)state;
	backend.away = true;
	for (uint16_t i = 0; i < 30; i++)
		assert_true(offer(a, i));
	wait_for_disk(a, 30);
	destination_free(a, 1);
	assert_int_equal(backend.n_taken, 0);
	backend.away = false;
	assert_true(offer(b, 30));
	wait_for_count(&backend.n_taken, 31);
	assert_true(destination_flush(b, 20000));
	each_once(31);
	assert_int_equal(state_of(b).sent, 31);
	assert_int_equal(state_of(b).queued, 0);
	destination_free(b, 1000);
}

/* The end waits for what is adopted in its last moment. */
static void what_several_left_is_sent_by_one_that_ends(void **state)
{
	struct destination *d[3];

	(void)state;
	backend.away = true;
	for (uint16_t i = 0; i < 3; i++) {
		d[i] = begin(1 << 20);
		assert_true(offer(d[i], i));
		wait_for_disk(d[i], 1);
	}
	for (int i = 0; i < 3; i++)
		destination_free(d[i], 1);
	backend.away = false;
	destination_free(begin(1 << 20), 20000);
	each_once(3);
}

static void a_queue_that_can_not_be_on_disk_is_told(void **state)
{
	struct settings none = { { "", 0 } };
	struct export_place place = { .signals = SIGNAL_SPAN,
				      .queue_dir = "/dev/null/queue",
				      .queue_bytes = 1 << 20 };
	struct destination *d;
	char why[160];

	(void)state;
	assert_int_equal(destination_new(&d, &fake, &none, &place, (struct destination_limits){ 0 },
					 why),
			 0);
	assert_string_equal(why, "what can't be sent waits in memory alone: /dev/null/queue: Not "
				 "a directory");
	destination_free(d, 1000);
}

static int fresh(void **state)
{
	char command[80];

	(void)state;
	memset(&backend, 0, sizeof(backend));
	snprintf(command, sizeof(command), "rm -rf %s/*", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_comes_while_it_is_away_is_delivered_later, fresh),
		cmocka_unit_test_setup(what_is_left_at_the_end_is_the_next_ones, fresh),
		cmocka_unit_test_setup(what_comes_in_the_last_moment_goes_to_disk_too, fresh),
		cmocka_unit_test_setup(what_was_just_emptied_has_room, fresh),
		cmocka_unit_test_setup(what_comes_while_a_backend_says_nothing_goes_to_disk, fresh),
		cmocka_unit_test_setup(a_flush_waits_for_what_was_under_way, fresh),
		cmocka_unit_test_setup(what_gave_way_while_it_was_sent_is_not_sent, fresh),
		cmocka_unit_test_setup(the_end_does_not_hammer_at_a_dead_backend, fresh),
		cmocka_unit_test_setup(a_disk_that_is_slow_is_waited_for, fresh),
		cmocka_unit_test_setup(each_of_a_name_has_a_disk, fresh),
		cmocka_unit_test_setup(what_another_left_is_sent_by_who_goes_on, fresh),
		cmocka_unit_test_setup(what_several_left_is_sent_by_one_that_ends, fresh),
		cmocka_unit_test_setup(a_queue_that_can_not_be_on_disk_is_told, fresh),
	};
	int r;

	if (!mkdtemp(dir))
		return 1;
	resource = resource_new((struct attributes){ 0 }, STR(""), 1);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	resource_free(resource);
	fresh(NULL);
	rmdir(dir);
	return r;
}
