/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/tail.h"

#include "model/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* What passed, in order: the spans' names, and how many of all else. */
struct desk {
	struct tail *tail;
	struct resource *resource;
	uint64_t now;
	char passed[4096];
	size_t n_spans, n_logs;
};

static void pass(struct batch *b, void *you)
{
	struct desk *d = you;

	for (size_t i = 0; i < b->n_spans; i++) {
		size_t n = strlen(d->passed);

		if (n + 32 < sizeof(d->passed))
			snprintf(d->passed + n, 32, STR_FMT " ", STR_ARG(b->span[i].name));
	}
	d->n_spans += b->n_spans;
	d->n_logs += b->n_logs;
}

static void desk_open(struct desk *d, uint64_t threshold)
{
	*d = (struct desk){ .now = 1 };
	d->tail = tail_new((struct tail_rules){ true, threshold, 1000 });
	d->resource = resource_new((struct attributes){ 0 }, STR(""), 1);
}

static void desk_close(struct desk *d)
{
	d->tail = tail_free(d->tail);
	d->resource = resource_free(d->resource);
}

/* A share takes the highest ids: trace 0xff is in any, trace 0 in none but all. */
struct made {
	const char *name;
	unsigned char trace;
	bool root, remote, error;
	uint64_t took_ns;
};

static void add(struct batch *b, struct made m)
{
	struct span *s = batch_add_span(b);

	memset(s->trace_id.b, m.trace, 16);
	s->trace_id.b[0] = 1;
	s->span_id.b[0] = 1;
	s->parent_id.b[0] = m.root ? 0 : 9;
	if (m.remote) {
		s->parent_id.b[0] = 9;
		s->flags = 0x300;
	}
	s->name = str_of(m.name);
	s->status = m.error ? STATUS_ERROR : STATUS_UNSET;
	s->end_ns = m.took_ns;
}

static void give_n(struct desk *d, const struct made *m, size_t n)
{
	struct batch *b = batch_new(d->resource);

	for (size_t i = 0; i < n; i++)
		add(b, m[i]);
	tail_give(d->tail, b, d->now, pass, d);
	batch_free(b);
}

#define GIVE(d, ...) \
	give_n((d), (const struct made[]){ __VA_ARGS__ }, \
	       sizeof((const struct made[]){ __VA_ARGS__ }) / sizeof(struct made))

static const uint64_t half = 1ull << 63;

static void a_share_of_what_went_well_is_kept(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, half);
	GIVE(&d, { .name = "high", .trace = 0xff, .root = true },
	     { .name = "low", .trace = 0x00, .root = true });
	assert_string_equal(d.passed, "high ");
	desk_close(&d);
}

static void an_error_anywhere_keeps_the_whole_trace(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, 0);
	GIVE(&d, { .name = "first", .trace = 1 }, { .name = "other", .trace = 2 });
	GIVE(&d, { .name = "second", .trace = 1, .error = true });
	assert_string_equal(d.passed, "");
	GIVE(&d, { .name = "root", .trace = 1, .root = true },
	     { .name = "other-root", .trace = 2, .root = true });
	assert_string_equal(d.passed, "first second root ");
	desk_close(&d);
}

static void a_slow_root_keeps_it_and_a_slow_child_does_not(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, 0);
	GIVE(&d, { .name = "child", .trace = 1 },
	     { .name = "root", .trace = 1, .root = true, .took_ns = 1000 });
	GIVE(&d, { .name = "child2", .trace = 2, .took_ns = 5000 },
	     { .name = "root2", .trace = 2, .root = true, .took_ns = 999 });
	assert_string_equal(d.passed, "child root ");
	desk_close(&d);
}

static void a_parent_elsewhere_makes_a_root(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, 0);
	GIVE(&d, { .name = "child", .trace = 1, .error = true });
	GIVE(&d, { .name = "served", .trace = 1, .remote = true });
	assert_string_equal(d.passed, "child served ");
	desk_close(&d);
}

static void what_comes_later_follows(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, half);
	GIVE(&d, { .name = "root", .trace = 0xff, .root = true },
	     { .name = "low", .trace = 0, .root = true });
	GIVE(&d, { .name = "late", .trace = 0xff }, { .name = "late-low", .trace = 0 });
	assert_string_equal(d.passed, "root late ");
	GIVE(&d, { .name = "failed", .trace = 0, .error = true });
	GIVE(&d, { .name = "after", .trace = 0 });
	assert_string_equal(d.passed, "root late failed after ");
	desk_close(&d);
}

static void log_records_pass_and_losses_are_counted(void **state)
{
	uint64_t before = stats_get(tail_dropped);
	struct batch *b;
	struct desk d;

	(void)state;
	desk_open(&d, 0);
	b = batch_new(d.resource);
	add(b, (struct made){ .name = "root", .trace = 1, .root = true });
	batch_add_log(b);
	tail_give(d.tail, b, d.now, pass, &d);
	batch_free(b);
	assert_int_equal(d.n_logs, 1);
	assert_int_equal(d.n_spans, 0);
	assert_int_equal(stats_get(tail_dropped) - before, 1);
	desk_close(&d);
}

static void a_root_that_does_not_end_is_not_waited_for(void **state)
{
	struct desk d;

	(void)state;
	desk_open(&d, half);
	GIVE(&d, { .name = "high", .trace = 0xff }, { .name = "low", .trace = 0 });
	d.now += 31000000000;
	GIVE(&d, { .name = "other", .trace = 0xfe });
	assert_string_equal(d.passed, "high ");
	tail_end(d.tail, pass, &d);
	assert_string_equal(d.passed, "high other ");
	desk_close(&d);
}

/* More traces at once than there is room for: each is decided once, and none is lost. */
static void the_oldest_gives_way(void **state)
{
	struct desk d;
	size_t n = 20000;

	(void)state;
	desk_open(&d, UINT64_MAX);
	for (size_t i = 0; i < n; i++) {
		struct batch *b = batch_new(d.resource);

		add(b, (struct made){ .name = "s", .trace = 1 });
		memcpy(b->span[0].trace_id.b + 8, &i, sizeof(i));
		tail_give(d.tail, b, d.now, pass, &d);
		batch_free(b);
	}
	tail_end(d.tail, pass, &d);
	assert_int_equal(d.n_spans, n);
	desk_close(&d);
}

static void settings_turn_it_on(void **state)
{
	static const char on[] = "ORIEL_TAIL_RATIO=0.5\0ORIEL_TAIL_SLOW_MS=20",
			  bad[] = "ORIEL_TAIL_RATIO=2";
	struct settings s = { { on, sizeof(on) } };
	struct tail_rules r;

	(void)state;
	r = tail_rules_of(&s);
	assert_true(r.on && r.threshold == half && r.slow_ns == 20000000);
	s.block = (struct str){ bad, sizeof(bad) };
	r = tail_rules_of(&s);
	assert_false(r.on);
	s.block = STR("");
	assert_null(tail_new(tail_rules_of(&s)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_share_of_what_went_well_is_kept),
		cmocka_unit_test(an_error_anywhere_keeps_the_whole_trace),
		cmocka_unit_test(a_slow_root_keeps_it_and_a_slow_child_does_not),
		cmocka_unit_test(a_parent_elsewhere_makes_a_root),
		cmocka_unit_test(what_comes_later_follows),
		cmocka_unit_test(log_records_pass_and_losses_are_counted),
		cmocka_unit_test(a_root_that_does_not_end_is_not_waited_for),
		cmocka_unit_test(the_oldest_gives_way),
		cmocka_unit_test(settings_turn_it_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
