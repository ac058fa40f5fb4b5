/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/assemble.h"
#include "collect/by-hand.h"
#include "collect/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

struct room {
	struct hand_room at;
	struct intake *in;
	struct name_book book;
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
	r.book.in = r.in;
	*state = &r;
	return 0;
}

static int teardown(void **state)
{
	struct room *r = *state;

	name_book_fini(&r->book);
	intake_close(r->in);
	hand_room_close(&r->at);
	return 0;
}

#define assert_str(str, literal) assert_true(str_eq((str), STR(literal)))

static void a_call_site_has_file_line_and_function(void **state)
{
	struct room *r = *state;
	uint16_t site = hand_name_site(&r->at.s, 12, "src/shop.c", "place");
	struct code_place p;

	for (int i = 0; i < 2; i++) {
		assert_true(names_place(&r->book, site, &p));
		assert_str(p.file, "src/shop.c");
		assert_str(p.function, "place");
		assert_int_equal(p.line, 12);
	}
}

static void what_is_not_whole_yet_is_asked_for_again(void **state)
{
	struct room *r = *state;
	uint16_t n = hand_name(&r->at.s, NAME_TEXT, "late", 4);
	_Atomic uint32_t *head =
		(void *)((char *)r->at.s.head + r->at.s.head->names_at + n * NAME_UNIT);
	struct str text;

	atomic_store(head, 0);
	assert_false(names_text(&r->book, n, &text));
	atomic_store(head, NAME_HEAD(NAME_TEXT, 4));
	assert_true(names_text(&r->book, n, &text));
	assert_str(text, "late");
}

static void numbers_and_sizes_that_make_no_sense_are_nothing(void **state)
{
	struct room *r = *state;
	uint16_t n = hand_name(&r->at.s, NAME_TEXT, "text", 4);
	uint16_t last = (uint16_t)(r->at.s.head->names_size / NAME_UNIT - 1);
	uint32_t *head = (void *)((char *)r->at.s.head + r->at.s.head->names_at + last * NAME_UNIT);
	struct code_place p;
	struct str text;

	assert_false(names_text(&r->book, 0, &text));
	assert_false(names_text(&r->book, (uint16_t)(last + 1), &text));
	assert_false(names_text(&r->book, UINT16_MAX, &text));
	assert_false(names_place(&r->book, n, &p));
	*head = NAME_HEAD(NAME_TEXT, 5);
	assert_false(names_text(&r->book, last, &text));
	*head = NAME_HEAD(NAME_SITE, 8);
	assert_false(names_place(&r->book, last, &p));
	*head = NAME_HEAD(9, 1);
	assert_false(names_text(&r->book, last, &text));
	*head = NAME_HEAD(NAME_TEXT, 4);
	assert_true(names_text(&r->book, last, &text));
}

static void a_site_without_a_file_is_no_place(void **state)
{
	struct room *r = *state;
	uint16_t site[4] = { 12, 0, 700, 701 };
	struct code_place p;

	assert_false(names_place(&r->book, hand_name(&r->at.s, NAME_SITE, site, 8), &p));
}

static const struct log_record *logged(struct room *r, struct hand_record record,
				       struct assembler *a)
{
	static struct timeline t = { .mono = 1000, .real = 5000, .rate = 1ull << 32 };
	struct resource *resource = resource_new((struct attributes){ 0 }, STR(""), 1);
	struct batch *b;

	assert_int_equal(assembler_init(a, &t, INSTANT_MONO, NULL), 0);
	assembler_set_resource(a, resource);
	resource_free(resource);
	a->names.in = r->in;
	assemble_record(a, hand_seal(&record), 7);
	b = a->batch;
	assert_int_equal(b->n_logs, 1);
	return &b->log[0];
}

static void a_log_record_tells_its_place_and_its_logger(void **state)
{
	struct room *r = *state;
	uint16_t site = hand_name_site(&r->at.s, 12, "shop.c", "place");
	const struct log_record *l;
	struct assembler a;

	hand_logger(&r->at.s, 3, "db");
	l = logged(r, hand_log_at(hand_log(1, "hello", 5), site, 3), &a);
	assert_str(attributes_text(l->attributes, STR("code.file.path")), "shop.c");
	assert_str(attributes_text(l->attributes, STR("code.function.name")), "place");
	assert_int_equal(l->attributes.n, 3);
	assert_str(l->scope->name, "db");
	assembler_fini(&a);
}

static void what_the_program_says_of_its_place_stays(void **state)
{
	struct room *r = *state;
	uint16_t site = hand_name_site(&r->at.s, 12, "shop.c", "place");
	struct hand_record record = hand_log_at(hand_log(1, "hello", 5), site, 63);
	const struct log_record *l;
	struct assembler a;

	hand_str(&record, "code.file.path", "its own");
	l = logged(r, record, &a);
	assert_str(attributes_text(l->attributes, STR("code.file.path")), "its own");
	assert_str(l->scope->name, "oriel");
	assembler_fini(&a);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_site_has_file_line_and_function),
		TEST(what_is_not_whole_yet_is_asked_for_again),
		TEST(numbers_and_sizes_that_make_no_sense_are_nothing),
		TEST(a_site_without_a_file_is_no_place),
		TEST(a_log_record_tells_its_place_and_its_logger),
		TEST(what_the_program_says_of_its_place_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
