/* SPDX-License-Identifier: Apache-2.0 */
/* What metrics come to: each fact adds up the entry's cells and all threads' blocks, as a collector does. */
#include "lib/test-cells.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>

static void orders(void)
{
	struct oriel_counter *c;
	struct sum s;

	begin();
	c = oriel_counter("orders", "{order}", "Orders placed");
	must(c && c == oriel_counter("orders", "{order}", NULL));
	oriel_add(c, 2, oriel_str("a", "x"), oriel_str("b", "y"));
	oriel_add(c, 3, oriel_str("b", "y"), oriel_str("a", "x"));
	oriel_add(c, -1, oriel_str("b", "y"), oriel_str("a", "x"));
	s = sum_of();
	must(s.series == 1 && s.integer == 5);
}

static void likes(void)
{
	static const char *const texts[] = { "",
					     "a",
					     "ab",
					     "abc",
					     "abcd",
					     "abcdefgh",
					     "abcdefgi",
					     "the beginning, one, the end",
					     "the beginning, two, the end" };
	struct oriel_counter *c;

	begin();
	c = oriel_counter("orders", "{order}", NULL);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
			oriel_add(c, 1, oriel_str("text", texts[i]));
			oriel_add(c, 1, oriel_str("next", texts[i]));
			oriel_add(c, 1, oriel_str("text", texts[i]), oriel_int("n", (int)i));
			oriel_add(c, 1, oriel_str("text", texts[i]), oriel_f64("n", (double)i));
		}
		oriel_add(c, 1, oriel_bool("b", true));
		oriel_add(c, 1, oriel_bool("b", false));
		oriel_add(c, 1, oriel_str(NULL, "nothing"));
		oriel_add(c, 1, oriel_strn("nothing", NULL, 5));
		oriel_add(c, 1, oriel_ints("array", (const int64_t[]){ 1, 2 }, 2));
		oriel_add(c, 1);
	}
	/* three of the last are one series, without attributes */
	must(sum_of().series == 4 * sizeof(texts) / sizeof(texts[0]) + 4);
	must(sum_of().integer == 3 * (4 * (int)(sizeof(texts) / sizeof(texts[0])) + 6));
}

static void attributes_that_look_alike_are_told_apart(void **state)
{
	(void)state;
	holds(likes);
}

static void the_order_of_attributes_makes_no_other_series(void **state)
{
	(void)state;
	holds(orders);
}

static void kinds(void)
{
	struct oriel_up_down *u;
	struct oriel_gauge *g;
	struct oriel_counter_f64 *c;

	begin();
	u = oriel_up_down("open", "{connection}", NULL);
	oriel_change(u, 7);
	oriel_change(u, -5);
	must(sum_of().integer == 2);
	oriel_series_change(oriel_bind(u), -2);
	must(sum_of().integer == 0);
	g = oriel_gauge("level", "1", NULL);
	oriel_set(g, 9);
	oriel_set(g, 4);
	must(sum_of().integer == 4);
	oriel_series_set(oriel_bind(g), 0);
	must(sum_of().integer == 0);
	c = oriel_counter_f64("paid", "{EUR}", NULL);
	oriel_add_f64(c, 1.5);
	oriel_add_f64(c, -1.0);
	oriel_add_f64(c, __builtin_nan(""));
	oriel_series_add_f64(oriel_bind(c), 0.25);
	oriel_series_add_f64(oriel_bind(c), -0.25);
	must(sum_of().number == 1.75);
	/* a value of the other sort, and of no instrument */
	oriel_measure_int(c, 1, ORIEL_WITH());
	oriel_series_measure_int(oriel_bind(c), 1);
	oriel_measure_f64(u, 1, ORIEL_WITH());
	oriel_series_add(NULL, 1);
	oriel_add(NULL, 1);
	must(sum_of().number == 1.75);
}

static void each_kind_takes_what_it_is_for(void **state)
{
	(void)state;
	holds(kinds);
}

static struct oriel_series *shared;

static void *counting(void *you)
{
	(void)you;
	for (int i = 0; i < ROUNDS; i++)
		oriel_series_add(shared, 1);
	return NULL;
}

static void in_threads(void)
{
	struct oriel_counter *c;
	pthread_t thread[THREADS];

	begin();
	c = oriel_counter("orders", "{order}", NULL);
	shared = oriel_bind(c, oriel_str("product", "book"));
	must(shared && shared == oriel_bind(c, oriel_str("product", "book")));
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < THREADS; i++)
			must(pthread_create(&thread[i], NULL, counting, NULL) == 0);
		for (int i = 0; i < THREADS; i++)
			pthread_join(thread[i], NULL);
	}
	oriel_add(c, 1, oriel_str("product", "book"));
	must(sum_of().integer == 3 * THREADS * ROUNDS + 1);
	must(sum_of().series == 1);
	must(block_at(THREADS + CELL_BLOCKS) == NULL); /* threads that end leave theirs */
}

static void threads_add_up_and_leave_their_cells_to_the_next(void **state)
{
	(void)state;
	holds(in_threads);
}

static pthread_barrier_t together;

/* Who meets another at it counts without a block once, and asks again: by the second time all are through. */
static void *counting_together(void *you)
{
	pthread_barrier_wait(&together);
	oriel_series_add(shared, 1);
	pthread_barrier_wait(&together);
	for (int turn = 0; turn < THREADS; turn++) {
		if (turn == (int)(intptr_t)you)
			counting(NULL);
		pthread_barrier_wait(&together);
	}
	return NULL;
}

/* What is in the shared cells of the series was counted without a block. */
static void at_once(void)
{
	pthread_t thread[THREADS];
	uint64_t blocks = 0;

	begin();
	shared = oriel_bind(oriel_counter("orders", "{order}", NULL));
	must(pthread_barrier_init(&together, NULL, THREADS) == 0);
	for (int i = 0; i < THREADS; i++)
		must(pthread_create(&thread[i], NULL, counting_together, (void *)(intptr_t)i) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	must(sum_of().integer == THREADS * (ROUNDS + 1));
	while (blocks < THREADS && block_at(blocks))
		blocks++;
	/* where little memory is free the segment is small, and has fewer than there are threads */
	must(blocks > 0);
	must(*series_cells(((struct bound *)shared)->at) <= THREADS + (THREADS - blocks) * ROUNDS);
}

static void threads_that_begin_at_once_each_get_cells(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		holds(at_once);
}

#ifndef __SANITIZE_THREAD__
static void *counting_killed(void *you)
{
	counting(you);
	syscall(SYS_exit, 0);
	return NULL;
}

static void killed(void)
{
	pthread_t thread;

	begin();
	shared = oriel_bind(oriel_counter("orders", "{order}", NULL));
	must(pthread_create(&thread, NULL, counting_killed, NULL) == 0);
	pthread_join(thread, NULL);
	counting(NULL);
	must(sum_of().integer == 2 * ROUNDS);
}

static void what_a_killed_thread_counted_stays(void **state)
{
	(void)state;
	holds(killed);
}
#endif

static void forked(void)
{
	struct oriel_counter *c;
	int status;
	pid_t pid;

	begin();
	c = oriel_counter("orders", "{order}", NULL);
	shared = oriel_bind(c, oriel_str("product", "book"));
	oriel_series_add(shared, 5);
	pid = fork();
	if (pid == 0) {
		oriel_series_add(shared, 2);
		oriel_add(c, 1, oriel_str("product", "book"));
		must(sum_of().integer == 3);
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0);
	oriel_series_add(shared, 1);
	must(sum_of().integer == 6);
}

static void a_forked_child_counts_from_zero_with_the_same_series(void **state)
{
	(void)state;
	holds(forked);
}

static void histograms(void)
{
	static const double bounds[] = { 1, 2, 5 };
	struct oriel_histogram *h;
	struct oriel_series *s;
	struct sum sum;

	begin();
	h = oriel_histogram("wait", "s", NULL, bounds, 3);
	s = oriel_bind(h, oriel_str("queue", "a"));
	oriel_record(h, 1, oriel_str("queue", "a"));
	oriel_record(h, 9, oriel_str("queue", "a"));
	oriel_series_record(s, 1.5);
	oriel_series_record(s, -3);
	oriel_series_record(s, 5);
	oriel_series_record(s, __builtin_nan(""));
	sum = sum_of();
	must(sum.count == 5 && sum.sum == 13.5 && sum.min == -3 && sum.max == 9);
	must(sum.bucket[0] == 2 && sum.bucket[1] == 1 && sum.bucket[2] == 1 && sum.bucket[3] == 1);
}

static void a_bound_histogram_agrees_with_an_unbound_one(void **state)
{
	(void)state;
	holds(histograms);
}

static struct oriel_series *waits;
static volatile sig_atomic_t handled;

static void handler(int signal)
{
	(void)signal;
	oriel_series_add(shared, 1);
	oriel_series_record(waits, 2);
	handled++;
}

static void interrupted(void)
{
	struct itimerval often = { { 0, 50 }, { 0, 50 } }, never = { { 0, 0 }, { 0, 0 } };
	uint64_t n = 0;
	struct sum s;

	begin();
	shared = oriel_bind(oriel_counter("orders", "{order}", NULL));
	waits = oriel_bind(oriel_histogram("wait", "s", NULL, NULL, 0));
	signal(SIGALRM, handler);
	setitimer(ITIMER_REAL, &often, NULL);
	while (handled < 200 && n < 3000000) {
		oriel_series_add(shared, 1);
		oriel_series_record(waits, 2);
		n++;
	}
	setitimer(ITIMER_REAL, &never, NULL);
	s = sum_of();
	n += (uint64_t)handled;
	must(s.integer == (int64_t)n && s.count == n && s.sum == 2.0 * (double)n);
}

static void a_handler_that_interrupts_loses_nothing(void **state)
{
	(void)state;
	holds(interrupted);
}

static void many(void)
{
	struct oriel_counter *c;

	begin();
	c = oriel_counter("orders", "{order}", NULL);
	for (int i = 0; i < 5000; i++)
		oriel_series_add(oriel_bind(c, oriel_int("tenant", i)), 1);
	must(sum_of().integer == 5000);
}

static void what_finds_no_room_goes_to_the_overflow_series(void **state)
{
	(void)state;
	holds(many);
}

/* ---- room ---------------------------------------------------------------------------------------- */

static unsigned chunks_of(enum chunk_state state)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < process.n_chunks; i++)
		n += atomic_load(&process.states[i]) == state;
	return n;
}

static void grown(void)
{
	struct oriel_counter *c;

	begin();
	c = oriel_counter("orders", "{order}", NULL);
	/* as many as it takes: where little memory is free the segment is smaller */
	for (int i = 0; i < 1900 && chunks_of(CHUNK_SERIES) < 3; i++)
		oriel_add(c, 1, oriel_int("tenant", i));
	must(process.segment->loss[LOSS_series_overflow] == 0);
	must(chunks_of(CHUNK_SERIES) == 3 && 3 <= process.n_chunks / 4);
	must(chunks_of(CHUNK_MAKING) == 0);
}

static void series_that_outgrow_their_area_go_on_in_chunks(void **state)
{
	(void)state;
	holds(grown);
}

static const char area_of_zeros[16384];

static void long_ones(void)
{
	char text[401];
	struct oriel_counter *c;

	begin();
	c = oriel_counter("orders", "{order}", NULL);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 3000; i++) {
		snprintf(text, 16, "%015d", i);
		text[15] = 'x';
		oriel_add(c, 1, oriel_str("text", text));
		oriel_add(c, 1, oriel_str("text", text));
	}
	must(sum_of().integer == 6000);
	must(register_begin());
	/* four GiB are asked for, and nothing that is taken is given twice */
	for (int i = 0; i < 1 << 20; i++)
		must(metric_keep(text, sizeof(text)) == NULL || i < 2000);
	for (int i = 0; i < 1 << 18; i++)
		must(metric_keep(area_of_zeros, sizeof(area_of_zeros)) == NULL);
	register_end();
}

static void memory_that_is_used_up_stays_so(void **state)
{
	(void)state;
	holds(long_ones);
}

static void spelled(void)
{
	static char text[4000];
	struct oriel_counter *c;

	begin();
	c = oriel_counter("Orders.Placed", "{order}", "First");
	must(c && c == oriel_counter("orders.placed", "{order}", "Second"));
	must(c == oriel_counter("ORDERS.PLACED", NULL, NULL));
	must(str_eq(((struct handle *)c)->name, STR("Orders.Placed")));
	must(str_eq(((struct handle *)c)->description, STR("First")));
	must(c != oriel_counter("orders.placed", "1", NULL));
	must((void *)c != (void *)oriel_gauge("orders.placed", "{order}", NULL));
	for (size_t i = 0; i < 1023; i++)
		memcpy(text + 3 * i, "\xe2\x82\xac", 3);
	c = oriel_counter("described", NULL, text);
	must(c && ((struct handle *)c)->description.n == 3 * 1023);
}

static void the_first_spelling_of_a_name_counts(void **state)
{
	(void)state;
	holds(spelled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_spelling_of_a_name_counts),
		cmocka_unit_test(the_order_of_attributes_makes_no_other_series),
		cmocka_unit_test(attributes_that_look_alike_are_told_apart),
		cmocka_unit_test(each_kind_takes_what_it_is_for),
		cmocka_unit_test(threads_add_up_and_leave_their_cells_to_the_next),
		cmocka_unit_test(threads_that_begin_at_once_each_get_cells),
#ifndef __SANITIZE_THREAD__ /* which waits for a thread that ended by a bare system call */
		cmocka_unit_test(what_a_killed_thread_counted_stays),
#endif
		cmocka_unit_test(a_forked_child_counts_from_zero_with_the_same_series),
		cmocka_unit_test(a_bound_histogram_agrees_with_an_unbound_one),
		cmocka_unit_test(a_handler_that_interrupts_loses_nothing),
		cmocka_unit_test(what_finds_no_room_goes_to_the_overflow_series),
		cmocka_unit_test(memory_that_is_used_up_stays_so),
		cmocka_unit_test(series_that_outgrow_their_area_go_on_in_chunks),
	};

	return cmocka_run_group_tests_name("metric", tests, set_up, tear_down);
}
