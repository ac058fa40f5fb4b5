/* SPDX-License-Identifier: Apache-2.0 */
/* A destination that has several requests under way at once. */
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

enum { EVER_MS = 600000, NUMBERS = 4096 };

static char dir[] = "/tmp/oriel-many-XXXXXX";
static struct resource *resource;

/* Takes spans and points, whose ids and values are numbers; those that a test holds stay until it lets them go. */
static struct {
	pthread_mutex_t lock;
	bool holds[NUMBERS], holds_all, away;
	_Atomic bool stalls;
	int refused_at_first; /* so many answers are "later" */
	size_t most_items, within, most_within, points_within, n_answers, n_instances;
	uint8_t taken[NUMBERS];
	size_t n_taken;
	uint16_t order[NUMBERS];
} backend = { .lock = PTHREAD_MUTEX_INITIALIZER };

struct instance {
	void (*idle)(void *to);
	void *idle_to;
};

static void nap(void)
{
	nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
}

static int instance_new(void **state, void (*idle)(void *to), void *idle_to)
{
	struct instance *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	*x = (struct instance){ idle, idle_to };
	pthread_mutex_lock(&backend.lock);
	backend.n_instances++;
	pthread_mutex_unlock(&backend.lock);
	*state = x;
	return 0;
}

static int many_open(void **state, const struct settings *s, const struct export_place *place,
		     char why[160])
{
	(void)s;
	why[0] = '\0';
	return instance_new(state, place->idle, place->idle_to);
}

static int many_beside(void **state, const void *first, void *idle_to)
{
	const struct instance *of = first;

	return instance_new(state, of->idle, idle_to);
}

static void *many_close(void *state)
{
	free(state);
	return NULL;
}

static bool is_held(uint16_t number)
{
	bool held;

	pthread_mutex_lock(&backend.lock);
	held = backend.holds[number] || backend.holds_all;
	pthread_mutex_unlock(&backend.lock);
	return held;
}

static void enter(size_t n, bool points)
{
	pthread_mutex_lock(&backend.lock);
	if (n > backend.most_items)
		backend.most_items = n;
	backend.within++;
	if (backend.within > backend.most_within)
		backend.most_within = backend.within;
	backend.points_within += points;
	assert_in_range(backend.points_within, 0, 1);
	pthread_mutex_unlock(&backend.lock);
}

static int leave(const uint16_t *number, size_t n, bool points)
{
	int r = 0;

	pthread_mutex_lock(&backend.lock);
	backend.within--;
	backend.points_within -= points;
	if (backend.away || backend.n_answers++ < (size_t)backend.refused_at_first)
		r = EXPORT_RETRY;
	for (size_t i = 0; !r && i < n; i++) {
		backend.order[backend.n_taken++ % NUMBERS] = number[i];
		backend.taken[number[i]]++;
	}
	pthread_mutex_unlock(&backend.lock);
	return r;
}

static int answer(const struct instance *x, const uint16_t *number, size_t n, bool points)
{
	enter(n, points);
	for (int i = 0; backend.stalls && i < 5; i++) {
		nap();
		x->idle(x->idle_to);
	}
	for (size_t i = 0; i < n; i++)
		while (is_held(number[i])) {
			nap();
			x->idle(x->idle_to);
		}
	return leave(number, n, points);
}

static size_t numbers_of(struct batch *const *batches, size_t n, uint16_t *out, bool *points)
{
	size_t all = 0;

	*points = false;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < batches[i]->n_spans; k++)
			memcpy(&out[all++], batches[i]->span[k].span_id.b, 2);
		*points |= batches[i]->n_points > 0;
	}
	return all;
}

static int many_write(void *state, struct batch *const *batches, size_t n,
		      struct export_result *result)
{
	uint16_t number[NUMBERS];
	bool points;
	size_t all = numbers_of(batches, n, number, &points);

	(void)result;
	return answer(state, number, all, points);
}

/* A batch's points go with its spans, as one record. */
static int many_stow(void *state, struct batch *const *batches, size_t n,
		     const struct export_result *done, struct spool *to)
{
	(void)state;
	(void)done;
	for (size_t i = 0; i < n; i++) {
		uint16_t number[NUMBERS];
		bool points;
		size_t all = numbers_of(batches + i, 1, number, &points);
		int r = spool_put(to, points ? 2 : 0, (uint32_t)(all + batches[i]->n_points),
				  (struct str){ (char *)number, all * sizeof(*number) });

		if (r < 0)
			return r;
	}
	return 0;
}

static int many_resend(void *state, const struct spool_item *item, struct export_result *result)
{
	uint16_t number[NUMBERS];

	(void)result;
	assert_in_range(item->body.n, 0, sizeof(number));
	memcpy(number, item->body.p, item->body.n);
	return answer(state, number, item->body.n / 2, item->which == 2);
}

static void many_where(const void *state, char *to, size_t room)
{
	(void)state;
	snprintf(to, room, "nowhere");
}

static const struct exporter many = {
	.name = "many",
	.takes = SIGNAL_SPAN | SIGNAL_METRIC,
	.open = many_open,
	.beside = many_beside,
	.write = many_write,
	.stow = many_stow,
	.resend = many_resend,
	.close = many_close,
	.where = many_where,
};

static struct destination *begin(size_t at_once, bool disk)
{
	struct settings none = { { "", 0 } };
	struct export_place place = { .signals = SIGNAL_ALL,
				      .queue_dir = disk ? dir : NULL,
				      .queue_bytes = 1 << 20 };
	struct destination_limits limits = { .queue_items = 2000,
					     .batch_items = 1,
					     .at_once = at_once,
					     .delay_ms = 1,
					     .retry_first_ms = 20,
					     .retry_most_ms = 20 };
	struct destination *d;
	char why[160];

	assert_int_equal(destination_new(&d, &many, &none, &place, limits, why), 0);
	return d;
}

static void offer(struct destination *d, uint16_t number, bool points)
{
	struct batch *b = batch_new(resource);

	memcpy(batch_add_span(b)->span_id.b, &number, 2);
	if (points)
		batch_add_point(b)->name = STR("m");
	assert_true(destination_offer(d, b));
	batch_free(b);
}

static void offer_all(struct destination *d, uint16_t from, uint16_t to)
{
	for (uint16_t i = from; i < to; i++)
		offer(d, i, false);
}

static void hold(uint16_t number, bool on)
{
	pthread_mutex_lock(&backend.lock);
	backend.holds[number] = on;
	pthread_mutex_unlock(&backend.lock);
}

static void set_away(bool away)
{
	pthread_mutex_lock(&backend.lock);
	backend.away = away;
	pthread_mutex_unlock(&backend.lock);
}

static void hold_all(bool on)
{
	pthread_mutex_lock(&backend.lock);
	backend.holds_all = on;
	pthread_mutex_unlock(&backend.lock);
}

static size_t read_count(const size_t *count)
{
	size_t n;

	pthread_mutex_lock(&backend.lock);
	n = *count;
	pthread_mutex_unlock(&backend.lock);
	return n;
}

static void wait_for(const size_t *count, size_t n)
{
	while (read_count(count) < n)
		nap();
	assert_int_equal(read_count(count), n);
}

static struct destination_state look(struct destination *d)
{
	struct destination_state s;

	destination_state(d, &s);
	return s;
}

static void each_once(uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		assert_int_equal(backend.taken[i], 1);
	assert_int_equal(backend.n_taken, n);
}

static void several_are_under_way_when_one_is_not_enough(void **state)
{
	struct destination *d = begin(3, false);

	(void)state;
	hold_all(true);
	offer_all(d, 0, 100);
	wait_for(&backend.within, 3);
	hold_all(false);
	assert_true(destination_flush(d, EVER_MS));
	each_once(100);
	assert_int_equal(backend.most_within, 3);
	assert_int_equal(look(d).sent, 100);
	destination_free(d, EVER_MS);
}

static void one_is_enough_for_what_one_can_do(void **state)
{
	struct destination *d = begin(8, false);

	(void)state;
	for (uint16_t i = 0; i < 20; i++) {
		offer(d, i, false);
		assert_true(destination_flush(d, EVER_MS));
	}
	assert_int_equal(backend.n_instances, 1);
	destination_free(d, EVER_MS);
	each_once(20);
}

static void one_at_a_time_keeps_the_order(void **state)
{
	struct destination *d = begin(1, true);

	(void)state;
	backend.refused_at_first = 3;
	offer_all(d, 0, 200);
	assert_true(destination_flush(d, EVER_MS));
	destination_free(d, EVER_MS);
	each_once(200);
	assert_int_equal(backend.most_within, 1);
	for (uint16_t i = 0; i < 200; i++)
		assert_int_equal(backend.order[i], i);
}

static void an_exporter_that_can_not_has_one(void **state)
{
	static struct exporter alone;
	struct settings none = { { "", 0 } };
	struct export_place place = { .signals = SIGNAL_ALL };
	struct destination_limits limits = { .batch_items = 1, .at_once = 8, .delay_ms = 1 };
	struct destination *d;
	char why[160];

	(void)state;
	alone = many;
	alone.beside = NULL;
	assert_int_equal(destination_new(&d, &alone, &none, &place, limits, why), 0);
	hold_all(true);
	offer_all(d, 0, 50);
	wait_for(&backend.within, 1);
	hold_all(false);
	assert_true(destination_flush(d, EVER_MS));
	assert_int_equal(backend.most_within, 1);
	destination_free(d, EVER_MS);
}

/* enter() has the assertion. */
static void points_go_one_request_at_a_time(void **state)
{
	struct destination *d = begin(4, true);

	(void)state;
	hold(0, true);
	for (uint16_t i = 0; i < 50; i++)
		offer(d, i, true);
	wait_for(&backend.within, 1);
	hold(0, false);
	assert_true(destination_flush(d, EVER_MS));
	each_once(50);
	for (uint16_t i = 0; i < 50; i++)
		assert_int_equal(backend.order[i], i);
	set_away(true);
	for (uint16_t i = 50; i < 100; i++)
		offer(d, i, true);
	while (look(d).spooled < 100)
		nap();
	set_away(false);
	assert_true(destination_flush(d, EVER_MS));
	each_once(100);
	for (uint16_t i = 0; i < 100; i++)
		assert_int_equal(backend.order[i], i);
	destination_free(d, EVER_MS);
}

static void spans_do_not_wait_for_points(void **state)
{
	struct destination *d = begin(2, false);

	(void)state;
	hold(0, true);
	offer(d, 0, true);
	wait_for(&backend.within, 1);
	offer_all(d, 1, 20);
	wait_for(&backend.n_taken, 19);
	hold(0, false);
	destination_free(d, EVER_MS);
	each_once(20);
}

/* Four are under way, and all are told "later": from then on one is tried, until it is taken. */
static void a_failure_leaves_one_at_a_time(void **state)
{
	struct destination *d = begin(4, false);

	(void)state;
	hold_all(true);
	offer_all(d, 0, 50);
	wait_for(&backend.within, 4);
	pthread_mutex_lock(&backend.lock);
	backend.away = true;
	backend.holds_all = false;
	pthread_mutex_unlock(&backend.lock);
	while (!look(d).failing || read_count(&backend.within))
		nap();
	pthread_mutex_lock(&backend.lock);
	backend.most_within = 0;
	pthread_mutex_unlock(&backend.lock);
	for (int i = 0; i < 5; i++)
		assert_false(destination_flush(d, 20));
	assert_int_equal(read_count(&backend.most_within), 1);
	set_away(false);
	assert_true(destination_flush(d, EVER_MS));
	each_once(50);
	assert_int_equal(look(d).dropped, 0);
	destination_free(d, EVER_MS);
}

/* However many that came later have been taken. */
static void a_flush_waits_for_the_one_that_takes_longest(void **state)
{
	struct destination *d = begin(2, false);

	(void)state;
	hold(0, true);
	offer_all(d, 0, 100);
	wait_for(&backend.n_taken, 99);
	offer_all(d, 100, 200);
	assert_false(destination_flush(d, 20));
	hold(0, false);
	assert_true(destination_flush(d, EVER_MS));
	assert_int_equal(backend.taken[0], 1);
	destination_free(d, EVER_MS);
	each_once(200);
}

static void to_disk(struct destination *d, uint16_t n)
{
	set_away(true);
	offer_all(d, 0, n);
	while (look(d).spooled < n)
		nap();
	pthread_mutex_lock(&backend.lock);
	backend.away = false;
	backend.most_within = 0;
	pthread_mutex_unlock(&backend.lock);
}

static void what_is_on_disk_goes_out_several_at_once(void **state)
{
	struct destination *d = begin(3, true);

	(void)state;
	to_disk(d, 200);
	hold(100, true);
	hold(101, true);
	hold(102, true);
	while (read_count(&backend.within) < 3)
		destination_flush(d, 1);
	for (uint16_t i = 100; i < 103; i++)
		hold(i, false);
	assert_true(destination_flush(d, EVER_MS));
	each_once(200);
	assert_int_equal(backend.most_within, 3);
	assert_int_equal(look(d).dropped, 0);
	destination_free(d, EVER_MS);
}

static void a_flush_waits_for_what_is_on_disk_and_out_of_turn(void **state)
{
	struct destination *d = begin(2, true);

	(void)state;
	to_disk(d, 40);
	hold(10, true);
	while (read_count(&backend.n_taken) < 39)
		destination_flush(d, 1);
	offer_all(d, 40, 80);
	assert_false(destination_flush(d, 20));
	hold(10, false);
	assert_true(destination_flush(d, EVER_MS));
	assert_int_equal(backend.taken[10], 1);
	assert_true(destination_flush(d, EVER_MS));
	each_once(80);
	destination_free(d, EVER_MS);
}

/* Of two under way one fails and the other ends well after it: that isn't the end of the trouble. */
static void an_older_answer_is_no_end_of_the_trouble(void **state)
{
	struct destination *d = begin(2, true);
	struct destination_state s;

	(void)state;
	hold(0, true);
	hold(1, true);
	offer_all(d, 0, 2);
	wait_for(&backend.within, 2);
	pthread_mutex_lock(&backend.lock);
	backend.refused_at_first = 1;
	pthread_mutex_unlock(&backend.lock);
	hold(1, false);
	while (!look(d).failing)
		nap();
	hold(0, false);
	do
		s = look(d);
	while (!s.sent);
	assert_true(s.failing || s.sent == 2);
	assert_true(destination_flush(d, EVER_MS));
	each_once(2);
	destination_free(d, EVER_MS);
}

struct offering {
	struct destination *d;
	uint16_t from, to;
};

static void *offer_some(void *arg)
{
	struct offering *o = arg;

	offer_all(o->d, o->from, o->to);
	return NULL;
}

static void wait_for_room(struct destination *d)
{
	struct destination_state s = look(d);

	for (; s.queued - s.spooled > 80; s = look(d))
		nap();
}

static struct destination *begin_small(size_t at_once)
{
	struct settings none = { { "", 0 } };
	struct export_place place = { .signals = SIGNAL_ALL,
				      .queue_dir = dir,
				      .queue_bytes = 1 << 20 };
	struct destination_limits limits = { .queue_items = 100,
					     .batch_items = 7,
					     .at_once = at_once,
					     .delay_ms = 1,
					     .retry_first_ms = 5,
					     .retry_most_ms = 5 };
	struct destination *d;
	char why[160];

	assert_int_equal(destination_new(&d, &many, &none, &place, limits, why), 0);
	return d;
}

/* Answers take their time, so what comes goes to disk beside them, and one after the other is none. */
static void what_is_put_aside_by_several_comes_once(void **state)
{
	struct destination *d = begin_small(4);

	(void)state;
	backend.stalls = true;
	for (uint16_t i = 0; i < 3000; i++) {
		wait_for_room(d);
		offer(d, i, false);
		if (i % 100 == 0) {
			pthread_mutex_lock(&backend.lock);
			backend.away = !backend.away;
			pthread_mutex_unlock(&backend.lock);
		}
	}
	set_away(false);
	assert_true(destination_flush(d, EVER_MS));
	each_once(3000);
	assert_int_equal(look(d).sent, 3000);
	assert_int_equal(look(d).queued, 0);
	destination_free(d, EVER_MS);
}

/* Requests of seven, and a hundred have room: eight at once would be more than half of that. */
static void what_is_under_way_leaves_half_of_the_room(void **state)
{
	struct destination *d = begin_small(8);

	(void)state;
	backend.stalls = true;
	for (uint16_t i = 0; i < 1000; i++) {
		wait_for_room(d);
		offer(d, i, false);
	}
	assert_true(destination_flush(d, EVER_MS));
	each_once(1000);
	assert_in_range(backend.most_items, 1, 100 / 2 / 8);
	destination_free(d, EVER_MS);
}

static void whatever_happens_each_comes_once(void **state)
{
	struct destination *d = begin(8, true);
	struct offering o[3];
	pthread_t thread[3];

	(void)state;
	for (uint16_t i = 0; i < 3; i++) {
		o[i] = (struct offering){ d, (uint16_t)(i * 500), (uint16_t)(i * 500 + 500) };
		assert_int_equal(pthread_create(&thread[i], NULL, offer_some, &o[i]), 0);
	}
	for (int i = 0; i < 20; i++) {
		pthread_mutex_lock(&backend.lock);
		backend.away = !backend.away;
		pthread_mutex_unlock(&backend.lock);
		destination_flush(d, 5);
	}
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	set_away(false);
	assert_true(destination_flush(d, EVER_MS));
	each_once(1500);
	assert_int_equal(look(d).sent, 1500);
	assert_int_equal(look(d).queued, 0);
	destination_free(d, EVER_MS);
}

static int fresh(void **state)
{
	char command[80];

	(void)state;
	memset(&backend, 0, sizeof(backend));
	pthread_mutex_init(&backend.lock, NULL);
	snprintf(command, sizeof(command), "rm -rf %s/*", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(several_are_under_way_when_one_is_not_enough, fresh),
		cmocka_unit_test_setup(one_is_enough_for_what_one_can_do, fresh),
		cmocka_unit_test_setup(one_at_a_time_keeps_the_order, fresh),
		cmocka_unit_test_setup(an_exporter_that_can_not_has_one, fresh),
		cmocka_unit_test_setup(points_go_one_request_at_a_time, fresh),
		cmocka_unit_test_setup(spans_do_not_wait_for_points, fresh),
		cmocka_unit_test_setup(a_failure_leaves_one_at_a_time, fresh),
		cmocka_unit_test_setup(a_flush_waits_for_the_one_that_takes_longest, fresh),
		cmocka_unit_test_setup(what_is_on_disk_goes_out_several_at_once, fresh),
		cmocka_unit_test_setup(a_flush_waits_for_what_is_on_disk_and_out_of_turn, fresh),
		cmocka_unit_test_setup(an_older_answer_is_no_end_of_the_trouble, fresh),
		cmocka_unit_test_setup(what_is_put_aside_by_several_comes_once, fresh),
		cmocka_unit_test_setup(what_is_under_way_leaves_half_of_the_room, fresh),
		cmocka_unit_test_setup(whatever_happens_each_comes_once, fresh),
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
