/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/scopes.h"

#include "collect/assemble.h"
#include "collect/by-hand.h"
#include "collect/guard.h"
#include "collect/metrics.h"
#include "model/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct room {
	struct hand_room at;
	struct intake *in;
	struct name_book names;
	struct arena arena;
	struct scope_book book;
};

static int setup(void **state)
{
	static struct room r;
	struct segment_header h;

	r = (struct room){ 0 };
	hand_layout(&h, 2);
	assert_true(hand_room_open(&r.at, &h));
	hand_publish(&r.at.s);
	assert_int_equal(intake_open(&r.in, r.at.dir, "a.segment"), 0);
	r.names.in = r.in;
	r.book = (struct scope_book){ .names = &r.names, .arena = &r.arena };
	*state = &r;
	return 0;
}

static int teardown(void **state)
{
	struct room *r = *state;

	name_book_fini(&r->names);
	arena_fini(&r->arena);
	intake_close(r->in);
	hand_room_close(&r->at);
	return 0;
}

#define assert_str(str, literal) assert_true(str_eq((str), STR(literal)))

/* "shard" is 4, as it lies in a record. */
static const char attribute[] = "\2\5\10\0shard\4\0\0\0\0\0\0\0";

static void put(struct room *r, unsigned i)
{
	const char *const text[] = { "acme.storage", "2.1.0", "https://s" };

	hand_scope(&r->at.s, i, text, attribute, sizeof(attribute) - 1);
}

static void a_program_s_own_scope_is_read_whole(void **state)
{
	struct room *r = *state;
	const struct scope *s;

	put(r, 3);
	s = scope_of(&r->book, SCOPE_OWN + 3);
	assert_str(s->name, "acme.storage");
	assert_str(s->version, "2.1.0");
	assert_str(s->schema_url, "https://s");
	assert_int_equal(s->attributes.n, 1);
	assert_int_equal(attributes_find(s->attributes, STR("shard"))->integer, 4);
	assert_ptr_equal(s, scope_of(&r->book, SCOPE_OWN + 3));
}

static void a_number_that_makes_no_sense_is_the_program(void **state)
{
	struct room *r = *state;

	assert_str(scope_of(&r->book, SCOPE_APPLICATION)->name, "oriel");
	assert_str(scope_of(&r->book, SCOPE_SQLITE)->name, "oriel.sqlite");
	assert_str(scope_of(&r->book, N_SCOPES)->name, "oriel");
	assert_str(scope_of(&r->book, SCOPE_OWN - 1)->name, "oriel");
	assert_str(scope_of(&r->book, SCOPE_OWN)->name, "oriel");
	assert_str(scope_of(&r->book, SCOPE_OWN + NAME_SCOPES)->name, "oriel");
	assert_str(scope_of(&r->book, UINT8_MAX)->name, "oriel");
}

static void a_row_that_lies_is_none(void **state)
{
	struct room *r = *state;
	struct names *names = (void *)((char *)r->at.s.head + r->at.s.head->names_at);
	uint16_t more = 40;

	put(r, 0);
	names->scope[1] = hand_name(&r->at.s, NAME_SCOPE, "\1\0\0\0", 4);
	names->scope[2] = hand_name(&r->at.s, NAME_TEXT, "\1\0\0\0\0\0a", 7);
	names->scope[3] = hand_name(&r->at.s, NAME_SCOPE, "\1\0\0\0\2\0ab", 8);
	names->scope[4] = UINT16_MAX;
	for (uint8_t i = 1; i <= 4; i++)
		assert_str(scope_of(&r->book, (uint8_t)(SCOPE_OWN + i))->name, "oriel");
	memcpy((char *)names + names->scope[0] * NAME_UNIT + 4, &more, sizeof(more));
	assert_str(scope_of(&r->book, SCOPE_OWN)->name, "oriel");
}

static void its_attributes_end_where_they_make_no_sense(void **state)
{
	struct room *r = *state;
	uint64_t bad = stats_get(records_bad);
	char bytes[sizeof(attribute) + 2];

	memcpy(bytes, attribute, sizeof(attribute) - 1);
	memcpy(bytes + sizeof(attribute) - 1, "\4\7x", 3);
	hand_scope(&r->at.s, 0, (const char *const[]){ "a", "", "" }, bytes, sizeof(bytes));
	assert_int_equal(scope_of(&r->book, SCOPE_OWN)->attributes.n, 1);
	assert_int_equal(stats_get(records_bad) - bad, 1);
}

/* ---- in spans, log records and points ---------------------------------------------------------- */

static struct batch *assembled(struct room *r, struct hand_record *record, size_t n)
{
	struct timeline t = { .mono = 1000000, .real = 5000000, .rate = 1ull << 32 };
	struct resource *resource = resource_new((struct attributes){ 0 }, STR(""), 1);
	struct assembler a;
	struct batch *b;

	assert_int_equal(assembler_init(&a, &t, INSTANT_TSC, NULL), 0);
	assembler_set_resource(&a, resource);
	a.names.in = r->in;
	for (size_t i = 0; i < n; i++)
		assemble_record(&a, hand_seal(&record[i]), 77);
	for (int i = 0; i < 4; i++)
		assemble_round(&a);
	b = assembler_take(&a);
	assembler_fini(&a);
	resource_free(resource);
	return b;
}

static void a_span_has_the_scope_behind_its_name(void **state)
{
	struct room *r = *state;
	struct hand_record record[] = { hand_start_in(9, "read block", 1000100, SCOPE_OWN + 3),
					hand_end(9, 1000350) };
	struct batch *b;

	put(r, 3);
	hand_str(&record[0], "k", "v");
	b = assembled(r, record, 2);
	assert_int_equal(b->n_spans, 1);
	assert_str(b->span->name, "read block");
	assert_str(b->span->scope->name, "acme.storage");
	assert_str(attributes_text(b->span->attributes, STR("k")), "v");
	batch_free(b);
}

static void a_span_without_the_byte_that_should_follow_is_bad(void **state)
{
	struct room *r = *state;
	struct hand_record record[] = { hand_start(9, "s", 1000100), hand_end(9, 1000350) };
	uint64_t bad = stats_get(records_bad);
	struct batch *b;

	hand_head(&record[0])->code = 1 | SCOPE_FOLLOWS << RECORD_KIND_BITS;
	b = assembled(r, record, 2);
	assert_int_equal(stats_get(records_bad) - bad, 1);
	assert_str(b->span->scope->name, "oriel");
	batch_free(b);
}

static struct hand_record log_in(uint8_t scope, uint8_t logger)
{
	struct hand_record r = hand_log_at(hand_log(9, "said", 1000100), 0, logger);

	memcpy(r.bytes + offsetof(struct record_log, scope), &scope, 1);
	return r;
}

static void a_named_logger_names_the_scope_that_the_record_has(void **state)
{
	struct room *r = *state;
	struct hand_record record[] = { log_in(SCOPE_OWN + 3, 0), log_in(SCOPE_OWN + 3, 2),
					log_in(0, 2), log_in(SCOPE_OWN + 3, 2) };
	struct batch *b;

	put(r, 3);
	hand_logger(&r->at.s, 2, "db");
	b = assembled(r, record, 4);
	assert_int_equal(b->n_logs, 4);
	assert_str(b->log[0].scope->name, "acme.storage");
	assert_str(b->log[1].scope->name, "db");
	assert_str(b->log[1].scope->version, "2.1.0");
	assert_int_equal(b->log[1].scope->attributes.n, 1);
	assert_str(b->log[2].scope->name, "db");
	assert_str(b->log[2].scope->version, "");
	assert_true(scope_same(b->log[3].scope, b->log[1].scope));
	batch_free(b);
}

/* An entry of the series' area; its place. */
static uint32_t entry(struct room *r, enum series_kind kind, const void *head, size_t head_n,
		      const void *rest, size_t n)
{
	unsigned char *area = (unsigned char *)r->at.s.head + r->at.s.head->series_at;
	struct series_area *a = (struct series_area *)area;
	struct series_entry *e = (struct series_entry *)(area + a->used);
	uint32_t at = a->used;

	memcpy(e, head, head_n);
	memcpy((char *)e + head_n, rest, n);
	e->size = (uint32_t)((head_n + n + 7) & ~(size_t)7);
	e->kind = kind;
	a->used += e->size;
	return at;
}

static void put_counter(struct room *r, uint8_t scope, int64_t value)
{
	struct instrument i = { .kind = INSTRUMENT_COUNTER, .name_n = 5, .scope = scope };
	struct series s = { .n_cells = 1 };

	s.instrument_at = entry(r, SERIES_INSTRUMENT, &i, sizeof(i), "reads", 5);
	entry(r, SERIES_POINT, &s, sizeof(s), &value, sizeof(value));
}

static void one_name_in_two_meters_is_two_points(void **state)
{
	struct room *r = *state;
	struct resource *resource = resource_new((struct attributes){ 0 }, STR(""), 1);
	struct batch *b = NULL;

	put(r, 3);
	put_counter(r, SCOPE_OWN + 3, 5);
	put_counter(r, SCOPE_APPLICATION, 7);
	assert_int_equal(metrics_snapshot(&b, r->in, resource, 1000), 0);
	assert_int_equal(b->n_points, 2);
	assert_str(b->point[0].scope->name, "acme.storage");
	assert_str(b->point[0].scope->schema_url, "https://s");
	assert_str(b->point[1].scope->name, "oriel");
	batch_free(b);
	resource_free(resource);
}

#define TEST(fact) cmocka_unit_test_setup_teardown(fact, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_program_s_own_scope_is_read_whole),
		TEST(a_number_that_makes_no_sense_is_the_program),
		TEST(a_row_that_lies_is_none),
		TEST(its_attributes_end_where_they_make_no_sense),
		TEST(a_span_has_the_scope_behind_its_name),
		TEST(a_span_without_the_byte_that_should_follow_is_bad),
		TEST(a_named_logger_names_the_scope_that_the_record_has),
		TEST(one_name_in_two_meters_is_two_points),
	};

	guard_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
