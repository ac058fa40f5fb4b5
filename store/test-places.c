/* SPDX-License-Identifier: Apache-2.0 */
/* Traces are found by their ids, wherever the places of these lie. */
#include "store/inside.h"

#include "store/test-support.h"

enum { MANY = PLACES_MOST + 1000 };

static struct trace_id numbered(uint64_t a, uint64_t b)
{
	struct trace_id id;

	memcpy(id.b, &a, sizeof(a));
	memcpy(id.b + 8, &b, sizeof(b));
	return id;
}

static struct trace_id scattered(uint64_t n)
{
	return numbered((n + 1) * 0x9e3779b97f4a7c15u, (n + 1) * 0xbf58476d1ce4e5b9u);
}

static void add_to(struct batch *b, struct trace_id id, uint64_t start_ns)
{
	struct span *s = add_span(b, 0, 1, 0, "GET");

	s->trace_id = id;
	s->start_ns = s->end_ns = start_ns;
}

/* One span each to the traces from `first` on. */
static void write_to(struct store *st, uint64_t first, uint64_t n)
{
	struct batch *b = batch_of("shop", "", 1);

	for (uint64_t i = first; i < first + n; i++)
		add_to(b, scattered(i), 1000 + i);
	assert_int_equal(store_write(st, &b, 1), 0);
	batch_free(b);
}

static int count_span(const struct span *s, const struct resource *r, void *you)
{
	(void)s;
	(void)r;
	++*(size_t *)you;
	return 0;
}

static size_t spans_of(struct store *st, struct trace_id id)
{
	size_t n = 0;

	assert_int_equal(store_trace_spans(st, id, count_span, &n), 0);
	return n;
}

static int count_trace(const struct trace_summary *t, void *you)
{
	(void)t;
	++*(int64_t *)you;
	return 0;
}

static int64_t n_traces(struct store *st)
{
	struct trace_filter all = { .limit = SIZE_MAX };
	int64_t n = 0;

	assert_int_equal(store_traces(st, &all, count_trace, &n), 0);
	return n;
}

static void what_became_many_is_in_the_file_and_goes_on(void **state)
{
	struct store *st = *state;

	write_to(st, 0, MANY);
	assert_int_equal(ask(st->writer.sql, "SELECT sum(length(data)) / 12 FROM place"), MANY);
	write_to(st, MANY, 10);
	assert_int_equal(ask(st->writer.sql, "SELECT sum(length(data)) / 12 FROM place"), MANY);
	write_to(st, MANY - 5, 10); /* five that have a place, five that don't yet */
	assert_int_equal(n_traces(st), MANY + 10);
	assert_int_equal(spans_of(st, scattered(0)), 1);
	assert_int_equal(spans_of(st, scattered(MANY - 1)), 2);
	assert_int_equal(spans_of(st, scattered(MANY)), 2);
	assert_int_equal(spans_of(st, scattered(MANY + 9)), 1);
	assert_int_equal(spans_of(st, scattered(MANY + 10)), 0);
}

static void who_opens_the_file_knows_them(void **state)
{
	struct store *st = *state;

	write_to(st, 0, MANY);
	write_to(st, MANY, 10);
	store_free(st);
	assert_int_equal(store_open(&st, disk_file), 0);
	*state = st;
	write_to(st, MANY - 5, 10);
	assert_int_equal(n_traces(st), MANY + 10);
}

static void two_who_write_know_each_others(void **state)
{
	struct store *st = *state, *other;

	assert_int_equal(store_open(&other, disk_file), 0);
	write_to(st, 0, 10);
	write_to(other, 5, 10);
	write_to(st, 10, 10);
	assert_int_equal(n_traces(st), 20);
	write_to(other, 20, MANY); /* it gives all of them a place */
	write_to(st, 0, 10);
	write_to(st, 15, 10);
	assert_int_equal(n_traces(st), 20 + MANY);
	store_free(other);
}

/* As place_hash mixes: ids are made that only their bytes tell apart. */
static uint64_t mixed(uint64_t h)
{
	h = (h ^ h >> 32) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

static void ids_of_one_hash_are_two_traces(void **state)
{
	struct store *st = *state;
	struct trace_id one = numbered(1, 2), other = numbered(3, mixed(1) ^ 2 ^ mixed(3));
	struct batch *b = batch_of("shop", "", 1);

	assert_true(place_hash(one) == place_hash(other));
	add_to(b, one, 1000);
	add_to(b, other, 2000);
	assert_int_equal(store_write(st, &b, 1), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(n_traces(st), i ? 2 + MANY : 2);
		assert_int_equal(spans_of(st, one), 1 + i);
		assert_int_equal(spans_of(st, other), 1 + i);
		assert_int_equal(spans_of(st, numbered(5, mixed(1) ^ 2 ^ mixed(5))), 0);
		if (i)
			break;
		write_to(st, 0, MANY);
		assert_int_equal(store_write(st, &b, 1), 0);
	}
	batch_free(b);
}

static void a_failed_write_leaves_no_place(void **state)
{
	struct store *st = *state;

	write_to(st, 0, 5);
	assert_int_equal(sqlite3_exec(st->writer.sql,
				      "CREATE TRIGGER no BEFORE INSERT ON trace BEGIN"
				      " SELECT raise(ABORT, 'no'); END",
				      NULL, NULL, NULL),
			 SQLITE_OK);

	struct batch *b = batch_of("shop", "", 1);

	add_to(b, scattered(5), 1000);
	assert_true(store_write(st, &b, 1) < 0);
	assert_int_equal(sqlite3_exec(st->writer.sql, "DROP TRIGGER no", NULL, NULL, NULL),
			 SQLITE_OK);
	write_to(st, 6, 5);
	assert_int_equal(store_write(st, &b, 1), 0);
	batch_free(b);
	assert_int_equal(n_traces(st), 11);
	assert_int_equal(spans_of(st, scattered(5)), 1);
	assert_int_equal(spans_of(st, scattered(6)), 1);
}

/* Those of deleted traces go, the others stay and are found. */
static void what_is_left_of_deleted_traces_is_swept(void **state)
{
	struct store *st = *state;
	uint64_t n = 0;
	int64_t left;

	store_limit(st, 8 << 20, 1000);
	for (; n < 6 * PLACES_MOST; n += 1024) /* so many that the filter is made anew */
		write_to(st, n, 1024);
	assert_true(n_traces(st) < 3 * PLACES_MOST);
	for (int i = 0; i < 1100; i++) /* each write a slice */
		write_to(st, n++, 1);
	left = n_traces(st);
	assert_in_range(ask(st->writer.sql, "SELECT sum(length(data)) / 12 FROM place"),
			left - PLACES_MOST - 1100,
			left + PLACES_MOST); /* of a run all or nothing goes */
	assert_int_equal(spans_of(st, scattered(0)), 0);
	n = (uint64_t)ask(st->writer.sql, "SELECT min(first_ns) FROM block") - 1000;
	write_to(st, n + 10, 1);
	assert_int_equal(spans_of(st, scattered(n + 10)), 2);
}

/* With as many as it is made for. */
static void the_filter_is_seldom_wrong(void **state)
{
	struct store *st = *state;
	size_t wrong = 0;

	for (uint64_t n = 0; n < 4; n++)
		write_to(st, n * PLACES_MOST, PLACES_MOST);
	for (uint64_t n = 0; n < 4 * PLACES_MOST; n++)
		assert_true(places_may_hold(&st->places, place_hash(scattered(n))));
	for (uint64_t n = 0; n < 100000; n++)
		wrong += places_may_hold(&st->places, place_hash(scattered(n + 10000000)));
	assert_in_range(wrong, 0, 500);
}

#define WITH_STORE(fact) cmocka_unit_test_setup_teardown(fact, open_on_disk, close_on_disk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(what_became_many_is_in_the_file_and_goes_on),
		WITH_STORE(who_opens_the_file_knows_them),
		WITH_STORE(two_who_write_know_each_others),
		WITH_STORE(ids_of_one_hash_are_two_traces),
		WITH_STORE(a_failed_write_leaves_no_place),
		WITH_STORE(what_is_left_of_deleted_traces_is_swept),
		WITH_STORE(the_filter_is_seldom_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
