/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scopes of a program and of libraries that it is linked with, as they lie in the segment. Each fact runs in
 * a child of its own.
 */
#define ORIEL_SCOPE filed
#include "lib/test-cells.h"

#include "lib/scope.h"
#include "wire/names.h"

static struct oriel_scope *filed; /* of this file's calls that say nothing else */

static uint8_t number_of(const struct oriel_scope *scope)
{
	return (uint8_t)(uintptr_t)scope;
}

/* The row of a scope: three sizes, texts, attributes. Its bytes; NULL: it has none. */
static const char *row_of(const struct oriel_scope *scope, size_t *n)
{
	const struct names *names =
		(const void *)((char *)process.segment + process.segment->names_at);
	uint16_t at = atomic_load(&names->scope[number_of(scope) - SCOPE_OWN]);
	const struct name_text *e = (const void *)((const char *)names + (size_t)at * NAME_UNIT);

	if (!at || atomic_load(&e->head) >> 16 != NAME_SCOPE)
		return NULL;
	*n = atomic_load(&e->head) & 0xffff;
	return e->bytes;
}

static bool row_is(const struct oriel_scope *scope, const char *bytes, size_t n)
{
	size_t found;
	const char *row = row_of(scope, &found);

	return row && found == n && memcmp(row, bytes, n) == 0;
}

static bool row_has(const struct oriel_scope *scope, const char *text)
{
	size_t n;
	const char *row = row_of(scope, &n);

	return row && memmem(row, n, text, strlen(text));
}

/* ---- making ------------------------------------------------------------------------------------ */

static void made(void)
{
	struct oriel_scope *early =
		oriel_scope("acme.storage", ORIEL_SCOPE_OPTIONS(.version = "2.1.0"));

	must(early && oriel_start(NULL) == 0);
	must(row_is(early, "\14\0\5\0\0\0acme.storage2.1.0", 6 + 17));
	must(early == oriel_scope("acme.storage", ORIEL_SCOPE_OPTIONS(.version = "2.1.0")));
	must(early != oriel_scope("acme.storage", NULL));
	must(early != oriel_scope("acme.storage", ORIEL_SCOPE_OPTIONS(.version = "2.1.0",
								      .schema_url = "https://s")));
	must(row_has(oriel_scope("acme.storage", ORIEL_SCOPE_OPTIONS(.version = "2.1.0",
								     .schema_url = "https://s")),
		     "https://s"));
}

static void the_same_words_are_the_same_scope_also_before_the_start(void **state)
{
	(void)state;
	holds(made);
}

static void attributed(void)
{
	const char *const list[] = { "x", "", "yz" }, *const other[] = { "x", "", "y" };
	int64_t ints[] = { 1, 2 };
	struct oriel_scope *a;

	begin();
	a = oriel_scope("a",
			ORIEL_SCOPE_OPTIONS(.attributes = ORIEL_WITH(oriel_str("zone", "north"),
								     oriel_int("shard", 4),
								     oriel_strs("list", list, 3),
								     oriel_ints("ints", ints, 2))));
	must(a ==
	     oriel_scope("a", ORIEL_SCOPE_OPTIONS(.attributes =
							  ORIEL_WITH(oriel_int("shard", 5),
								     oriel_ints("ints", ints, 2),
								     oriel_strs("list", list, 3),
								     oriel_int("shard", 4),
								     oriel_str("zone", "north")))));
	must(a != oriel_scope("a", ORIEL_SCOPE_OPTIONS(.attributes = ORIEL_WITH(
							       oriel_str("zone", "north"),
							       oriel_int("shard", 4),
							       oriel_strs("list", other, 3),
							       oriel_ints("ints", ints, 2)))));
	must(row_has(a, "zonenorth") && row_has(a, "shard\4") && row_has(a, "list"));
	must(a != oriel_scope("a", NULL));
}

static void attributes_are_of_a_scope_in_any_order(void **state)
{
	(void)state;
	holds(attributed);
}

static void secretive(void)
{
	struct oriel_scope *early = oriel_scope(
		"a", ORIEL_SCOPE_OPTIONS(.attributes = ORIEL_WITH(oriel_str("password", "hunter2"),
								  oriel_str("zone", "north"))));

	begin();
	must(row_has(early, "[REDACTED]") && row_has(early, "north") && !row_has(early, "hunter2"));
}

static void a_secret_among_them_stays_here(void **state)
{
	(void)state;
	looked_for = "hunter2";
	assert_int_equal(seen_of(secretive).found, 0);
	looked_for = NULL;
}

static void nameless(void)
{
	struct oriel_scope *none;

	begin();
	none = oriel_scope("", NULL);
	must(none && none == oriel_scope(NULL, NULL) && row_is(none, "\0\0\0\0\0\0", 6));
	oriel_add(oriel_counter_in(none, "orders", NULL, NULL), 1);
	must(sum_of().integer == 1);
}

static void an_empty_name_makes_a_scope_that_works_and_keeps_it(void **state)
{
	(void)state;
	holds(nameless);
}

static void many(void)
{
	char name[16];

	for (int i = 0; i <= NAME_SCOPES; i++) {
		snprintf(name, sizeof(name), "scope %d", i);
		must((i < NAME_SCOPES) == (oriel_scope(name, NULL) != NULL));
	}
	begin();
	must(!oriel_scope("one more", NULL) && oriel_scope("scope 63", NULL));
}

static void beyond_sixty_four_it_is_the_programs_own_and_counted(void **state)
{
	struct seen s = seen_of(many);

	(void)state;
	assert_int_equal(s.loss[LOSS_names_no_room], 2);
}

static void large(void)
{
	char text[400], value[600];
	int i = 0;

	memset(text, 'x', sizeof(text));
	memset(value, 'y', sizeof(value));
	text[sizeof(text) - 1] = value[sizeof(value) - 1] = '\0';
	begin();
	must(row_is(oriel_scope("\303\266", NULL), "\2\0\0\0\0\0\303\266", 8));
	while (i < NAME_SCOPES &&
	       oriel_scope(text, ORIEL_SCOPE_OPTIONS(.attributes = ORIEL_WITH(oriel_int("i", i),
									      oriel_str("value",
											value)))))
		i++;
	must(i > 16 && i < NAME_SCOPES - 1);
	must(oriel_scope("\303\266", NULL));
}

static void what_they_say_has_a_bound_too(void **state)
{
	(void)state;
	assert_int_equal(seen_of(large).loss[LOSS_names_no_room], 1);
}

/* ---- using ------------------------------------------------------------------------------------- */

/* This process's first record of that type. */
static const struct record_head *first(enum record_type type)
{
	for (uint32_t i = 0; i < process.n_chunks; i++) {
		const unsigned char *c = process.chunks + (size_t)i * CHUNK_SIZE;
		uint32_t end = atomic_load(&((const struct chunk *)(const void *)c)->write);

		for (uint32_t at = CHUNK_HEAD; at < end;) {
			const struct record_head *h = (const void *)(c + at);

			if (h->type == type)
				return h;
			at += h->size;
		}
	}
	return NULL;
}

static uint8_t scope_of_first(const char *name)
{
	const struct record_head *h = first(RECORD_START);
	const unsigned char *text = (const unsigned char *)h + sizeof(struct record_start);

	must(h && h->text_n == strlen(name) && memcmp(text, name, h->text_n) == 0);
	must(h->code >> RECORD_KIND_BITS == SCOPE_FOLLOWS);
	((struct record_head *)(uintptr_t)h)->type = RECORD_NAME; /* seen */
	return text[h->text_n];
}

static void spans(void)
{
	char long_name[2000];
	struct oriel_scope *other;
	struct oriel_span s;

	begin();
	filed = oriel_scope("acme.storage", NULL);
	other = oriel_scope("other", NULL);
	s = oriel_span_start("read block", oriel_int("n", 1));
	oriel_span_end(&s);
	must(scope_of_first("read block") == number_of(filed));
	s = oriel_span_start_with(ORIEL_SPAN_OPTIONS(.kind = ORIEL_CLIENT), "client");
	oriel_span_end(&s);
	must((first(RECORD_START)->code & 7) == ORIEL_CLIENT);
	must(scope_of_first("client") == number_of(filed));
	oriel_span_begin(&s, "begun", NULL, ORIEL_WITH());
	oriel_span_end(&s);
	must(scope_of_first("begun") == number_of(filed));
	oriel_span_begin(&s, "begun", ORIEL_SPAN_OPTIONS(.kind = ORIEL_CLIENT),
			 (struct oriel_attributes){ NULL, 0 });
	oriel_span_end(&s);
	must(scope_of_first("begun") == number_of(filed));
	oriel_span_begin(&s, "begun", ORIEL_SPAN_OPTIONS(.scope = other), ORIEL_WITH());
	oriel_span_end(&s);
	must(scope_of_first("begun") == number_of(other));
	s = oriel_span_start_with(ORIEL_SPAN_OPTIONS(.scope = other), "other");
	oriel_span_end(&s);
	must(scope_of_first("other") == number_of(other));
	s = oriel_span_start_with(ORIEL_SPAN_OPTIONS(.start_ns = 5, .scope = other), "slow");
	oriel_span_end(&s);
	must(scope_of_first("slow") == number_of(other));
	ORIEL_TRACKED("tracked")
	{
	}
	must(scope_of_first("tracked") == number_of(filed));
	memset(long_name, 'n', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	s = oriel_span_start(long_name);
	oriel_span_end(&s);
	long_name[first(RECORD_START)->text_n] = '\0';
	must(strlen(long_name) < sizeof(long_name) - 1);
	must(scope_of_first(long_name) == number_of(filed));
	filed = NULL;
}

static void a_span_says_its_scope_by_options_or_by_its_file(void **state)
{
	(void)state;
	holds(spans);
}

static void plain(void)
{
	struct oriel_span s;

	begin();
	s = oriel_span_start("plain");
	oriel_span_end(&s);
	must(first(RECORD_START)->code == 0);
}

static void without_one_nothing_is_said(void **state)
{
	(void)state;
	holds(plain);
}

static void logs(void)
{
	const struct record_log *log[8];
	struct oriel_logger *db;
	struct oriel_scope *other;

	begin();
	db = oriel_logger("db");
	filed = oriel_scope("acme.storage", NULL);
	other = oriel_scope("other", NULL);
	oriel_info("a");
	oriel_infof("%s", "b");
	oriel_log_to(db, ORIEL_WARN, "c");
	oriel_log_in(other, ORIEL_WARN, "d", oriel_int("n", 1));
	oriel_log_in(NULL, ORIEL_WARN, "e");
	oriel_log_in(other, ORIEL_DEBUG, "below");
	must(own_logs(log, 8) == 5);
	must(log[0]->scope == number_of(filed) && log[1]->scope == number_of(filed));
	must(log[2]->scope == number_of(filed) && log[2]->logger == (uintptr_t)db);
	must(log[3]->scope == number_of(other) && !log[3]->logger);
	must(log[4]->scope == SCOPE_APPLICATION);
	filed = NULL;
}

static void a_log_record_says_its_scope(void **state)
{
	(void)state;
	holds(logs);
}

static const struct instrument *instrument_at(const void *handle)
{
	const struct handle *h = handle;

	return (const void *)(series_area() + h->at);
}

static void instruments(void)
{
	struct oriel_scope *a, *b;
	struct oriel_counter *of_a, *of_b, *plain_one;
	static int64_t number = 5;

	begin();
	a = oriel_scope("a", NULL);
	b = oriel_scope("b", NULL);
	of_a = oriel_counter_in(a, "reads", "{read}", NULL);
	of_b = oriel_counter_in(b, "reads", "{read}", NULL);
	plain_one = oriel_counter("reads", "{read}", NULL);
	must(of_a && of_b && of_a != of_b && plain_one != of_a && plain_one != of_b);
	must(of_a == oriel_counter_in(a, "reads", "{read}", NULL));
	must(plain_one == oriel_counter_in(NULL, "reads", "{read}", NULL));
	oriel_add(of_a, 3);
	oriel_add(of_b, 4);
	oriel_add(plain_one, 5);
	must(sum_of().integer == 12 && sum_of().series == 3);
	must(instrument_at(of_a)->scope == number_of(a));
	must(instrument_at(of_b)->scope == number_of(b));
	must(instrument_at(plain_one)->scope == SCOPE_APPLICATION);
	must(instrument_at(oriel_histogram_in(a, "h", "s", NULL, (double[]){ 1 }, 1)));
	oriel_record(oriel_histogram_in(a, "h", "s", NULL, (double[]){ 1 }, 1), 0.5);
	oriel_record(oriel_histogram_exponential_in(a, "e", "s", NULL), 0.5);
	oriel_record(oriel_summary_in(a, "q", "s", NULL, NULL, 0), 0.5);
	oriel_set_f64(oriel_gauge_f64_in(a, "g", "s", NULL), 0.5);
	oriel_change(oriel_up_down_in(a, "u", "1", NULL), -1);
	must(oriel_gauge_watch_in(a, "w", "1", NULL, &number, oriel_str("k", "v")));
	must(!oriel_make_instrument(&(struct oriel_instrument_of){ .what = 7, .name = "x" }, NULL,
				    0));
	must(!oriel_make_instrument(&(struct oriel_instrument_of){ .name = "x" }, NULL, 0));
}

static void two_instruments_of_one_name_in_two_scopes_are_two(void **state)
{
	(void)state;
	holds(instruments);
}

static void forks(void)
{
	struct oriel_scope *a;
	int status;
	pid_t pid;

	begin();
	a = oriel_scope("a", ORIEL_SCOPE_OPTIONS(.version = "1"));
	pid = fork();
	if (pid == 0) {
		must(row_is(a, "\1\0\1\0\0\0a1", 8));
		must(a == oriel_scope("a", ORIEL_SCOPE_OPTIONS(.version = "1")));
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0);
}

static void a_child_goes_on_with_the_same(void **state)
{
	(void)state;
	holds(forks);
}

static void viewed(void)
{
	struct oriel_scope *a;

	setenv("ORIEL_VIEWS",
	       "meter_name=a,meter_version=1,meter_schema_url=https://s,aggregation=drop;"
	       "meter_name=oriel,instrument=gone,aggregation=drop",
	       1);
	begin();
	a = oriel_scope("a", ORIEL_SCOPE_OPTIONS(.version = "1", .schema_url = "https://s"));
	must(!oriel_counter_in(a, "reads", NULL, NULL));
	must(oriel_counter("reads", NULL, NULL) && !oriel_counter("gone", NULL, NULL));
	must(oriel_counter_in(oriel_scope("a", NULL), "reads", NULL, NULL));
}

static void a_view_selects_by_meter(void **state)
{
	(void)state;
	holds(viewed);
}

#define TEST(fact) cmocka_unit_test_setup_teardown(fact, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_same_words_are_the_same_scope_also_before_the_start),
		TEST(attributes_are_of_a_scope_in_any_order),
		TEST(a_secret_among_them_stays_here),
		TEST(an_empty_name_makes_a_scope_that_works_and_keeps_it),
		TEST(beyond_sixty_four_it_is_the_programs_own_and_counted),
		TEST(what_they_say_has_a_bound_too),
		TEST(a_span_says_its_scope_by_options_or_by_its_file),
		TEST(without_one_nothing_is_said),
		TEST(a_log_record_says_its_scope),
		TEST(two_instruments_of_one_name_in_two_scopes_are_two),
		TEST(a_child_goes_on_with_the_same),
		TEST(a_view_selects_by_meter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
