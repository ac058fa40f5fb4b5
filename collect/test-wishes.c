/* SPDX-License-Identifier: Apache-2.0 */
#include "base/severity.h"
#include "collect/by-hand.h"
#include "collect/guard.h"
#include "collect/remote.h"
#include "collect/wishes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

struct room {
	struct hand_room at;
	struct process p;
	struct wishes w;
	struct control *c;
};

static int setup(void **state)
{
	static struct room r;
	struct attribute name = { STR("service.name"),
				  { .type = VALUE_STRING, .text = STR("shop") } };
	struct segment_header h;

	r = (struct room){ 0 };
	hand_layout(&h, 4);
	h.pid = 4711;
	assert_true(hand_room_open(&r.at, &h));
	r.c = (struct control *)((char *)r.at.s.head + r.at.s.head->control_at);
	r.c->passing[0] = r.c->own[0] = SEVERITY_OFF - SEVERITY_INFO;
	memset(r.c->own + 1, CONTROL_FOLLOWS, CONTROL_LOGGERS - 1);
	hand_logger(&r.at.s, 1, "db");
	hand_publish(&r.at.s);
	assert_int_equal(intake_open(&r.p.in, r.at.dir, "a.segment"), 0);
	r.p.a.names.in = r.p.in;
	r.p.resource = resource_new((struct attributes){ &name, 1, 0 }, STR(""), 1);
	*state = &r;
	return 0;
}

static int teardown(void **state)
{
	struct room *r = *state;

	wishes_fini(&r->w);
	name_book_fini(&r->p.a.names);
	resource_free(r->p.resource);
	intake_close(r->p.in);
	hand_room_close(&r->at);
	return 0;
}

static int wish(struct room *r, const char *target, const char *text)
{
	struct change c;
	int error;

	assert_null(change_read(&c, str_of(text)));
	error = wishes_add(&r->w, str_of(target), &c);
	wishes_apply(&r->w, &r->p);
	return error;
}

/* The least severity that passes. */
static int least(const struct room *r, int logger)
{
	return SEVERITY_OFF - r->c->passing[logger];
}

static void the_nearest_wish_counts(void **state)
{
	struct room *r = *state;

	wish(r, "*", "level=error");
	assert_int_equal(least(r, 0), SEVERITY_ERROR);
	wish(r, "shop", "level=debug");
	assert_int_equal(least(r, 0), SEVERITY_DEBUG);
	wish(r, "other", "level=off");
	assert_int_equal(least(r, 0), SEVERITY_DEBUG);
	wish(r, "4711", "level=trace");
	assert_int_equal(least(r, 0), SEVERITY_TRACE);
	wish(r, "4711", "level=");
	wish(r, "shop", "level=");
	assert_int_equal(least(r, 0), SEVERITY_ERROR);
	wish(r, "*", "level=");
	assert_int_equal(least(r, 0), SEVERITY_INFO);
}

static void a_logger_follows_unless_it_has_a_level_of_its_own(void **state)
{
	struct room *r = *state;

	wish(r, "shop", "level=debug");
	assert_int_equal(least(r, 1), SEVERITY_DEBUG);
	wish(r, "shop", "level.db=error");
	assert_int_equal(least(r, 1), SEVERITY_ERROR);
	assert_int_equal(least(r, 2), SEVERITY_DEBUG);
	hand_logger(&r->at.s, 2, "late");
	r->c->own[2] = 0;
	wishes_apply(&r->w, &r->p);
	assert_int_equal(least(r, 2), SEVERITY_OFF);
	wish(r, "shop", "level.late=warn");
	assert_int_equal(least(r, 2), SEVERITY_WARN);
}

static void sampling_goes_back_to_what_it_was(void **state)
{
	struct room *r = *state;

	r->c->own_sampler = r->c->sampler = SAMPLER_RATIO;
	r->c->own_threshold = r->c->threshold = 77;
	wish(r, "shop", "sampling=0");
	assert_int_equal(r->c->sampler, SAMPLER_OFF);
	wish(r, "shop", "sampling=0.5");
	assert_int_equal(r->c->sampler, SAMPLER_RATIO);
	assert_true(r->c->threshold == 1ull << 63);
	wish(r, "shop", "sampling=1");
	assert_int_equal(r->c->sampler, SAMPLER_ON);
	wish(r, "shop", "sampling=");
	assert_int_equal(r->c->sampler, SAMPLER_RATIO);
	assert_true(r->c->threshold == 77);
}

static void a_list_gets_a_new_number_only_when_it_changes(void **state)
{
	struct room *r = *state;
	uint32_t seq;

	wish(r, "shop", "level=debug");
	assert_int_equal(r->c->excluded_seq, 0);
	wish(r, "shop", "excluded=^/a");
	seq = r->c->excluded_seq;
	assert_true(seq && seq % 2 == 0 && r->c->excluded_n == 3);
	wishes_apply(&r->w, &r->p);
	assert_int_equal(r->c->excluded_seq, seq);
	wish(r, "shop", "excluded=");
	assert_int_equal(r->c->excluded_seq, seq + 2);
	assert_int_equal(r->c->excluded_n, 0);
	r->c->excluded_seq = UINT32_MAX;
	wish(r, "shop", "excluded=^/b");
	assert_int_equal(r->c->excluded_seq, 2);
}

static void there_are_so_many_wishes_and_no_more(void **state)
{
	struct room *r = *state;
	char target[16];

	for (int i = 0; i < WISHES_MOST; i++) {
		snprintf(target, sizeof(target), "s%d", i);
		assert_int_equal(wish(r, target, "level=debug"), 0);
	}
	assert_int_equal(wish(r, "shop", "level=debug"), -ENOSPC);
	assert_int_equal(wish(r, "s1", "level=trace"), 0);
	assert_int_equal(wish(r, "s1", "level="), 0);
	assert_int_equal(wish(r, "shop", "level=debug"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void a_strategy_holds_until_people_say_otherwise(void **state)
{
	struct room *r = *state;
	struct remote remote = { .has = true,
				 .strategy = { .threshold = 1ull << 62,
					       .limit_ns = 5,
					       .n = 1,
					       .operation = { { 77, 1ull << 63 } } } };

	r->p.remote = &remote;
	wishes_apply(&r->w, &r->p);
	assert_int_equal(r->c->sampler, SAMPLER_STRATEGY);
	assert_true(r->c->threshold == 1ull << 62 && r->c->strategy.limit_ns == 5);
	assert_int_equal(r->c->strategy.n, 1);
	assert_true(r->c->strategy.operation[0].name == 77 &&
		    r->c->strategy.operation[0].threshold == 1ull << 63);
	wish(r, "shop", "sampling=0.5");
	assert_int_equal(r->c->sampler, SAMPLER_RATIO);
	wish(r, "shop", "sampling=");
	assert_int_equal(r->c->sampler, SAMPLER_STRATEGY);
	remote.strategy = (struct strategy){ .threshold = UINT64_MAX };
	wishes_apply(&r->w, &r->p);
	assert_int_equal(r->c->sampler, SAMPLER_ON);
	remote.has = false;
	wishes_apply(&r->w, &r->p);
	assert_int_equal(r->c->sampler, r->c->own_sampler);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_nearest_wish_counts),
		TEST(a_strategy_holds_until_people_say_otherwise),
		TEST(a_logger_follows_unless_it_has_a_level_of_its_own),
		TEST(sampling_goes_back_to_what_it_was),
		TEST(a_list_gets_a_new_number_only_when_it_changes),
		TEST(there_are_so_many_wishes_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
