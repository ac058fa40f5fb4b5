/* SPDX-License-Identifier: Apache-2.0 */
/* What metrics come to: each fact adds up the entry's cells and all threads' blocks, as a collector does. */
#include "lib/test-segment.h"

#include "lib/metric.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>

enum { THREADS = 4, ROUNDS = 20000 };

struct sum {
	unsigned series; /* with something in them */
	int64_t integer;
	double number, sum, min, max;
	uint64_t count, bucket[16];
};

static const uint64_t *block_at(size_t i)
{
	size_t chunk = 0;

	for (uint32_t c = 0; c < process.n_chunks; c++)
		if (atomic_load(&process.states[c]) == CHUNK_CELLS && chunk++ == i / CELL_BLOCKS)
			return (const uint64_t *)(const void *)(process.chunks +
								(size_t)c * CHUNK_SIZE +
								CELL_BLOCKS_AT +
								i % CELL_BLOCKS * CELL_BLOCK_SIZE);
	return NULL;
}

static void add_cells(struct sum *s, const uint64_t *cell, uint16_t n, bool is_double, bool own)
{
	double min = as_double(own ? cell[HISTOGRAM_MIN] ^ CELLS_INFINITY : cell[HISTOGRAM_MIN]);
	double max =
		as_double(own ? cell[HISTOGRAM_MAX] ^ CELLS_MINUS_INFINITY : cell[HISTOGRAM_MAX]);

	if (n < HISTOGRAM_BUCKETS) {
		if (is_double)
			s->number += as_double(cell[0]);
		else
			s->integer += (int64_t)cell[0];
		return;
	}
	s->sum += as_double(cell[HISTOGRAM_SUM]);
	s->min = min < s->min ? min : s->min;
	s->max = max > s->max ? max : s->max;
	for (int i = HISTOGRAM_BUCKETS; i < n; i++) {
		s->count += cell[i];
		s->bucket[i - HISTOGRAM_BUCKETS] += cell[i];
	}
}

static void add_series(struct sum *all, const struct series *s)
{
	const struct instrument *i = (const void *)(series_area() + s->instrument_at);
	struct sum one = { .min = all->min, .max = all->max };

	add_cells(&one, (const uint64_t *)(s + 1), s->n_cells, i->is_double, false);
	for (size_t b = 0; s->entry.flags && block_at(b); b++)
		add_cells(&one, block_at(b) + s->entry.flags, s->n_cells, i->is_double, true);
	all->series += one.integer || one.count;
	all->integer += one.integer;
	all->number += one.number;
	all->count += one.count;
	all->sum += one.sum;
	all->min = one.min;
	all->max = one.max;
	for (int k = 0; k < 16; k++)
		all->bucket[k] += one.bucket[k];
}

static void add_page(struct sum *all, const unsigned char *page)
{
	uint32_t used = atomic_load(&((const struct series_area *)(const void *)page)->used);

	for (uint32_t at = sizeof(struct series_area); at < used;) {
		const struct series *s = (const void *)(page + at);

		at += s->entry.size;
		if (s->entry.kind == SERIES_POINT)
			add_series(all, s);
	}
}

static struct sum sum_of(void)
{
	struct sum all = { .min = 1e300, .max = -1e300 };

	add_page(&all, series_area());
	for (uint32_t c = 0; c < process.n_chunks; c++)
		if (atomic_load(&process.states[c]) == CHUNK_SERIES)
			add_page(&all, process.chunks + (size_t)c * CHUNK_SIZE + CHUNK_HEAD);
	return all;
}

static void begin(void)
{
	must(oriel_start(NULL) == 0);
}

static void holds(void (*work)(void))
{
	assert_int_equal(in_child(work), 0);
	read_all();
}

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

static void *counting_together(void *you)
{
	pthread_barrier_wait(&together);
	return counting(you);
}

/* What is in the shared cells of the series was counted without a block. */
static void at_once(void)
{
	pthread_t thread[THREADS];

	begin();
	shared = oriel_bind(oriel_counter("orders", "{order}", NULL));
	must(pthread_barrier_init(&together, NULL, THREADS) == 0);
	for (int i = 0; i < THREADS; i++)
		must(pthread_create(&thread[i], NULL, counting_together, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	must(sum_of().integer == THREADS * ROUNDS);
	must(*series_cells(((struct bound *)shared)->at) < ROUNDS);
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

/* ---- examples ------------------------------------------------------------------------------------ */

/* The words of a slot of the first series that has some; NULL: none has. */
static const uint64_t *example(size_t slot)
{
	const unsigned char *area = series_area();
	uint32_t used = atomic_load(&((const struct series_area *)(const void *)area)->used);

	for (uint32_t at = sizeof(struct series_area); at < used;) {
		const struct series_entry *e = (const void *)(area + at);
		const struct exemplars *x = (const void *)e;
		const uint64_t *word = (const uint64_t *)(x + 1);

		if (e->kind == SERIES_EXEMPLARS && slot < x->n)
			return word + slot * x->n_words;
		at += e->size;
	}
	return NULL;
}

static bool is_of_span(const uint64_t *slot, const struct oriel_span *span, uint64_t done)
{
	return slot && slot[EXEMPLAR_DONE] >> 16 == done &&
	       slot[EXEMPLAR_WORDS - 1] == slot[EXEMPLAR_DONE] &&
	       memcmp(&slot[EXEMPLAR_TRACE], span->context.trace_id, 16) == 0 &&
	       memcmp(&slot[EXEMPLAR_SPAN], span->context.span_id, 8) == 0 && slot[EXEMPLAR_TIME];
}

static void examples(void)
{
	static const double bounds[] = { 1, 2 };
	struct oriel_series *s, *c;
	struct oriel_span span;

	begin();
	s = oriel_bind(oriel_histogram("wait", "s", NULL, bounds, 2));
	oriel_series_record(s, 0.5);
	must(!example(0));
	span = oriel_span_start("first");
	oriel_series_record(s, 1.5);
	must(!example(0)[EXEMPLAR_DONE] && is_of_span(example(1), &span, 1));
	oriel_span_end(&span);
	span = oriel_span_start("second");
	oriel_series_record(s, 1.25);
	oriel_record(oriel_histogram("wait", "s", NULL, bounds, 2), 9);
	oriel_span_end(&span);
	oriel_series_record(s, 1.75);
	must(is_of_span(example(1), &span, 2) && as_double(example(1)[EXEMPLAR_VALUE]) == 1.25);
	must(is_of_span(example(2), &span, 1) && as_double(example(2)[EXEMPLAR_VALUE]) == 9);
	c = oriel_bind(oriel_up_down("open", "1", NULL));
	span = oriel_span_start("third");
	oriel_series_change(c, 1);
	oriel_span_end(&span);
	must(is_of_span(example(2), &span, 1) == false);
}

static void the_last_sampled_measurement_of_a_bucket_is_its_example(void **state)
{
	(void)state;
	holds(examples);
}

static void counted(void)
{
	struct oriel_counter *c;
	struct oriel_span span;

	begin();
	c = oriel_counter("orders", "{order}", NULL);
	span = oriel_span_start("first");
	oriel_add(c, 7);
	oriel_add(c, 3);
	oriel_span_end(&span);
	oriel_add(c, 5);
	must(is_of_span(example(0), &span, 2) && example(0)[EXEMPLAR_VALUE] == 3);
}

static void a_counter_has_one_example(void **state)
{
	(void)state;
	holds(counted);
}

static void unsampled(void)
{
	setenv("OTEL_TRACES_SAMPLER", "always_off", 1);
	begin();
	ORIEL_SPAN ("not sampled")
		oriel_add(oriel_counter("orders", "{order}", NULL), 7);
	must(!example(0));
}

static void off(void)
{
	setenv("OTEL_METRICS_EXEMPLAR_FILTER", "always_off", 1);
	begin();
	ORIEL_SPAN ("sampled")
		oriel_add(oriel_counter("orders", "{order}", NULL), 7);
	must(!example(0));
}

static void always(void)
{
	struct oriel_counter *c;

	setenv("OTEL_METRICS_EXEMPLAR_FILTER", "always_on", 1);
	begin();
	c = oriel_counter("orders", "{order}", NULL);
	oriel_add(c, 7);
	oriel_series_add(oriel_bind(c), 2);
	must(sum_of().integer == 9);
	must(example(0)[EXEMPLAR_DONE] >> 16 == 2 && !example(0)[EXEMPLAR_SPAN]);
}

static void the_filter_says_what_becomes_an_example(void **state)
{
	(void)state;
	holds(unsampled);
	holds(off);
	holds(always);
}

static void *examples_of(void *you)
{
	for (uint64_t i = 0; i < ROUNDS; i++)
		ORIEL_SPAN ("one of many")
			oriel_series_add(you, 1);
	return NULL;
}

static void examples_race(void)
{
	pthread_t thread[THREADS];
	const uint64_t *slot;

	setenv("ORIEL_SEGMENT_SIZE", "16777216", 1);
	begin();
	shared = oriel_bind(oriel_counter("orders", "{order}", NULL));
	for (int i = 0; i < THREADS; i++)
		must(pthread_create(&thread[i], NULL, examples_of, shared) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	slot = example(0);
	must(sum_of().integer == THREADS * ROUNDS);
	must(slot && slot[EXEMPLAR_DONE] == slot[EXEMPLAR_WORDS - 1] && slot[EXEMPLAR_DONE]);
}

static void threads_that_race_for_an_example_leave_a_whole_one(void **state)
{
	(void)state;
	holds(examples_race);
}

/* ---- views --------------------------------------------------------------------------------------- */

/* What the segment has: kind, name, description, bounds; NULL: no such instrument. */
static const struct instrument *instrument_of(const char *name)
{
	const unsigned char *area = series_area();
	uint32_t used = atomic_load(&((const struct series_area *)(const void *)area)->used);

	for (uint32_t at = sizeof(struct series_area); at < used;) {
		const struct instrument *i = (const void *)(area + at);

		at += i->entry.size;
		if (i->entry.kind == SERIES_INSTRUMENT && i->name_n == strlen(name) &&
		    memcmp((const double *)(i + 1) + i->n_bounds, name, i->name_n) == 0)
			return i;
	}
	return NULL;
}

static void viewed(void)
{
	struct oriel_counter *c;
	struct oriel_series *s;

	setenv("ORIEL_VIEWS",
	       "instrument=old,name=new,description=said;instrument=gone,aggregation=drop;"
	       "instrument=wait,buckets=1|2;instrument=*.size,unit=By,aggregation=histogram;"
	       "instrument=odd,aggregation=sum;instrument=last,aggregation=last_value",
	       1);
	begin();
	must(!oriel_counter("gone", NULL, NULL));
	c = oriel_counter("old", "1", "what it was");
	must(c && c == oriel_counter("old", "1", NULL) && c != oriel_counter("new", "1", NULL));
	oriel_add(c, 4);
	must(instrument_of("new") && instrument_of("new")->description_n == 4 &&
	     !instrument_of("old"));
	oriel_record(oriel_histogram("wait", "s", NULL, NULL, 0), 1.5);
	must(instrument_of("wait")->n_bounds == 2 && sum_of().bucket[1] == 1);
	c = oriel_counter("x.size", "By", NULL);
	oriel_add(c, 30, oriel_str("a", "b"));
	oriel_add(c, -1, oriel_str("a", "b"));
	s = oriel_bind(c, oriel_str("a", "b"));
	oriel_series_add(s, 30);
	must(instrument_of("x.size")->kind == INSTRUMENT_HISTOGRAM);
	must(instrument_of("x.size")->n_bounds == 15 && sum_of().count == 3);
	oriel_record(oriel_histogram("odd", "s", NULL, NULL, 0), 1.5);
	must(instrument_of("odd")->kind == INSTRUMENT_COUNTER && sum_of().count == 3);
	c = oriel_counter("last", "1", NULL);
	oriel_add(c, 30);
	oriel_add(c, 2);
	must(instrument_of("last")->kind == INSTRUMENT_GAUGE && sum_of().integer == 4 + 2);
}

static void a_view_makes_another_instrument_of_it(void **state)
{
	(void)state;
	holds(viewed);
}

static void keeping(void)
{
	struct oriel_counter *c;
	struct oriel_span span;

	setenv("ORIEL_VIEWS", "instrument=orders,attributes=product", 1);
	begin();
	c = oriel_counter("orders", "1", NULL);
	span = oriel_span_start("first");
	for (int i = 0; i < 3000; i++)
		oriel_add(c, 1, oriel_int("user", i), oriel_str("product", "book"));
	oriel_add(c, 1, oriel_str("product", "book"));
	oriel_add(c, 1, oriel_str("product", "pen"));
	oriel_series_add(oriel_bind(c, oriel_str("product", "pen"), oriel_int("user", 7)), 1);
	must(sum_of().series == 2 && sum_of().integer == 3003);
	oriel_add(c, 1, oriel_int("user", 4711), oriel_str("product", "book"));
	oriel_span_end(&span);
	must(example(0)[EXEMPLAR_ATTRIBUTES] == 4 + 4 + 8);
	must(memcmp((const char *)&example(0)[EXEMPLAR_ATTRIBUTES + 1] + 4, "user", 4) == 0);
	must(process.segment->loss[LOSS_series_overflow] == 0);
}

static void attributes_that_a_view_takes_go_with_the_example(void **state)
{
	(void)state;
	holds(keeping);
}

static void limited(void)
{
	struct oriel_counter *c;

	setenv("ORIEL_VIEWS", "instrument=orders,limit=10", 1);
	begin();
	c = oriel_counter("orders", "1", NULL);
	for (int i = 0; i < 100; i++)
		oriel_add(c, 1, oriel_int("user", i % 50));
	must(sum_of().series == 10 && sum_of().integer == 100);
	must(process.segment->loss[LOSS_series_overflow] == 100 - 2 * 9);
	c = oriel_counter("others", "1", NULL);
	for (int i = 0; i < 2500; i++)
		oriel_add(c, 1, oriel_int("user", i));
	must(sum_of().series == 10 + 2000 && sum_of().integer == 2600);
}

static void beyond_the_limit_the_overflow_series_has_it(void **state)
{
	(void)state;
	holds(limited);
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
	for (int i = 0; i < 1900; i++)
		oriel_add(c, 1, oriel_int("tenant", i));
	must(process.segment->loss[LOSS_series_overflow] == 0);
	must(chunks_of(CHUNK_SERIES) > 2 && chunks_of(CHUNK_SERIES) <= process.n_chunks / 4);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
		cmocka_unit_test(the_last_sampled_measurement_of_a_bucket_is_its_example),
		cmocka_unit_test(a_counter_has_one_example),
		cmocka_unit_test(the_filter_says_what_becomes_an_example),
		cmocka_unit_test(threads_that_race_for_an_example_leave_a_whole_one),
		cmocka_unit_test(series_that_outgrow_their_area_go_on_in_chunks),
		cmocka_unit_test(a_view_makes_another_instrument_of_it),
		cmocka_unit_test(attributes_that_a_view_takes_go_with_the_example),
		cmocka_unit_test(beyond_the_limit_the_overflow_series_has_it),
	};

	return cmocka_run_group_tests_name("metric", tests, set_up, tear_down);
}
