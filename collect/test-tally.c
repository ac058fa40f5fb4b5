/* SPDX-License-Identifier: Apache-2.0 */
#include "base/scoped.h"
#include "collect/gauge-mode.h"
#include "collect/ledger.h"
#include "model/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct scope scope = { .name = STR("shop"), .version = STR("1") };
static const double three[] = { 1, 2, 3 }, two[] = { 1, 2 };

static struct attribute text(const char *key, const char *value)
{
	return (struct attribute){ str_of(key), { VALUE_STRING, .text = str_of(value) } };
}

/* A process of the service. */
static struct batch *process(const char *service, int32_t pid)
{
	char id[16];
	struct attribute who[3] = { text("service.name", service), text("host.name", "here") };
	struct resource *r;
	struct batch *b;

	snprintf(id, sizeof(id), "%d", pid);
	who[2] = text("service.instance.id", id);
	r = resource_new((struct attributes){ who, 3, 0 }, STR(""), pid);
	assert_non_null(r);
	b = batch_new(r);
	assert_non_null(b);
	resource_free(r);
	return b;
}

static struct metric_point *add(struct batch *b, enum metric_kind kind, const char *name,
				const char *value, int64_t n)
{
	struct attribute *a = arena_take_n(&b->arena, struct attribute, 1);
	struct metric_point *p = batch_add_point(b);

	/* Its own copies: a tally that kept none of them would show after the batch is gone. */
	a->key = arena_copy(&b->arena, STR("k"));
	a->value = (struct value){ VALUE_STRING, .text = arena_copy(&b->arena, str_of(value)) };
	*p = (struct metric_point){ .kind = kind,
				    .name = arena_copy(&b->arena, str_of(name)),
				    .scope = &scope,
				    .attributes = { a, 1, 0 },
				    .integer = n,
				    .start_ns = 100,
				    .mode = kind == METRIC_GAUGE ? GAUGE_LIVEALL : GAUGE_LIVESUM };
	return p;
}

static struct metric_point *add_histogram(struct batch *b, const double *bounds, size_t n)
{
	struct metric_point *p = add(b, METRIC_HISTOGRAM, "took", "a", 0);
	uint64_t *bucket = arena_take_n(&b->arena, uint64_t, n + 1);

	for (size_t i = 0; i <= n; i++)
		bucket[i] = i + 1;
	p->bounds = bounds;
	p->n_bounds = n;
	p->buckets = bucket;
	p->count = (n + 1) * (n + 2) / 2;
	p->sum = 5;
	p->min = 1;
	p->max = (double)n;
	return p;
}

static void give(struct tally *t, struct batch *b, enum tally_of what)
{
	tally_add(t, b, what);
	if (t->keeps)
		batch_free(b);
}

static struct batch *batch_of(const struct tally *t)
{
	struct resource *r = resource_new((struct attributes){ 0 }, STR(""), 1);
	struct batch *b = tally_batch(t, r);

	resource_free(r);
	return b;
}

#define scoped_batch scoped(batch_freep) struct batch *

static void processes_of_a_service_add_up(void **state)
{
	struct tally t = { .keeps = true };
	struct batch *b = process("shop", 1);

	(void)state;
	add(b, METRIC_SUM, "orders", "a", 3)->start_ns = 70;
	add(b, METRIC_SUM, "orders", "b", 5);
	give(&t, b, TALLY_LIVE);
	b = process("shop", 2);
	add(b, METRIC_SUM, "orders", "b", 20);
	add(b, METRIC_SUM, "orders", "a", 10);
	give(&t, b, TALLY_LIVE);

	scoped_batch sum = batch_of(&t);

	assert_int_equal(sum->n_points, 2);
	assert_int_equal(sum->point[0].integer, 13);
	assert_int_equal(sum->point[0].start_ns, 70);
	assert_int_equal(sum->point[1].integer, 25);
	assert_true(str_eq(attributes_text(sum->point[1].attributes, STR("k")), STR("b")));
	tally_fini(&t);
}

static void histograms_add_up_bucket_by_bucket(void **state)
{
	struct tally t = { .keeps = true };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct batch *b = process("shop", i);

		add_histogram(b, three, 3)->min = i + 1;
		give(&t, b, TALLY_DEAD);
	}

	scoped_batch sum = batch_of(&t);

	assert_int_equal(sum->n_points, 1);
	assert_int_equal(sum->point->count, 30);
	assert_true(sum->point->sum == 15 && sum->point->min == 1 && sum->point->max == 3);
	assert_int_equal(sum->point->buckets[3], 12);
	assert_true(sum->point->bounds != three && sum->point->bounds[2] == 3);
	tally_fini(&t);
}

static void what_is_only_borrowed_is_not_changed(void **state)
{
	scoped_batch one = process("shop", 1);
	scoped_batch other = process("shop", 2);
	struct tally t = { 0 };

	(void)state;
	add_histogram(one, three, 3);
	add_histogram(other, three, 3);
	tally_add(&t, one, TALLY_LIVE);
	tally_add(&t, other, TALLY_LIVE);

	scoped_batch sum = batch_of(&t);

	assert_int_equal(sum->point->buckets[3], 8);
	assert_int_equal(one->point->buckets[3], 4);
	tally_fini(&t);
}

static void other_bounds_begin_anew_and_are_counted(void **state)
{
	struct tally t = { .keeps = true };
	uint64_t before = stats_get(scrape_conflicts);
	size_t total = 0;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct batch *b = process("shop", i);

		add_histogram(b, i % 2 ? two : three, i % 2 ? 2 : 3);
		give(&t, b, TALLY_DEAD);
		if (i == 10)
			total = t.arena.total;
	}

	scoped_batch sum = batch_of(&t);

	assert_int_equal(sum->point->n_bounds, 2);
	assert_int_equal(sum->point->count, 6);
	assert_int_equal(stats_get(scrape_conflicts) - before, 1999);
	assert_int_equal(t.arena.total, total);
	tally_fini(&t);
}

static void points_of_an_instrument_lie_together(void **state)
{
	struct tally t = { .keeps = true };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct batch *b = process("shop", i);
		char value[8];

		snprintf(value, sizeof(value), "%d", i);
		add(b, METRIC_SUM, "one", value, 1);
		add(b, METRIC_SUM, "two", value, 1);
		give(&t, b, TALLY_LIVE);
	}

	scoped_batch sum = batch_of(&t);

	assert_int_equal(sum->n_points, 6);
	for (int i = 0; i < 6; i++)
		assert_true(str_eq(sum->point[i].name, i < 3 ? STR("one") : STR("two")));
	tally_fini(&t);
}

static void one_series_too_many_goes_to_overflow(void **state)
{
	struct tally t = { .keeps = true, .most = 4 };
	struct batch *b = process("shop", 1);

	(void)state;
	for (int i = 0; i < 10; i++) {
		char value[8];

		snprintf(value, sizeof(value), "%d", i);
		add(b, METRIC_SUM, "one", value, 1);
	}
	give(&t, b, TALLY_LIVE);

	scoped_batch sum = batch_of(&t);

	assert_int_equal(sum->n_points, 5);
	assert_int_equal(sum->point[4].integer, 6);
	assert_non_null(attributes_find(sum->point[4].attributes, STR("otel.metric.overflow")));
	tally_fini(&t);
}

/* ---- the ten modes --------------------------------------------------------------------------------- */

/* Three processes with 5 (set last), 3 and 9, of which the one with 9 is dead. */
static struct batch *gauges(struct ledger *l, struct tally *t, enum metric_kind kind,
			    enum gauge_mode mode)
{
	struct batch *live[2] = { process("shop", 1), process("shop", 2) };
	struct batch *dead = process("shop", 3);
	struct metric_point *p[3] = { add(live[0], kind, "g", "a", 5),
				      add(live[1], kind, "g", "a", 3),
				      add(dead, kind, "g", "a", 9) };
	struct account *a;
	struct batch *sum;

	for (int i = 0; i < 3; i++) {
		p[i]->mode = mode;
		p[i]->set_ns = i == 0 ? 30 : i == 1 ? 10 : 40;
	}
	ledger_fold(l, "", dead);
	a = ledger_find(l, "", dead->resource);
	account_tally(a, t);
	tally_add(t, live[0], TALLY_LIVE);
	tally_add(t, live[1], TALLY_LIVE);
	sum = batch_of(t);
	batch_free(live[0]);
	batch_free(live[1]);
	batch_free(dead);
	return sum;
}

static void combined_is(enum metric_kind kind, enum gauge_mode mode, size_t n, int64_t value)
{
	struct ledger l = { 0 };
	struct tally t = { .keeps = true };
	scoped_batch sum = gauges(&l, &t, kind, mode);

	assert_int_equal(sum->n_points, n);
	if (n == 1)
		assert_int_equal(sum->point->integer, value);
	else
		for (size_t i = 0; i < n; i++)
			assert_non_null(attributes_find(sum->point[i].attributes, STR("pid")));
	tally_fini(&t);
	ledger_fini(&l);
}

static void each_mode_combines_as_it_says(void **state)
{
	(void)state;
	combined_is(METRIC_GAUGE, GAUGE_ALL, 3, 0);
	combined_is(METRIC_GAUGE, GAUGE_LIVEALL, 2, 0);
	combined_is(METRIC_GAUGE, GAUGE_SUM, 1, 17);
	combined_is(METRIC_GAUGE, GAUGE_LIVESUM, 1, 8);
	combined_is(METRIC_GAUGE, GAUGE_MIN, 1, 3);
	combined_is(METRIC_GAUGE, GAUGE_LIVEMIN, 1, 3);
	combined_is(METRIC_GAUGE, GAUGE_MAX, 1, 9);
	combined_is(METRIC_GAUGE, GAUGE_LIVEMAX, 1, 5);
	combined_is(METRIC_GAUGE, GAUGE_MOSTRECENT, 1, 9);
	combined_is(METRIC_GAUGE, GAUGE_LIVEMOSTRECENT, 1, 5);
	combined_is(METRIC_UP_DOWN, GAUGE_LIVESUM, 1, 8);
	combined_is(METRIC_UP_DOWN, GAUGE_SUM, 1, 17);
	combined_is(METRIC_UP_DOWN, GAUGE_MAX, 1, 9);
}

static void settings_choose_modes_by_name(void **state)
{
	static const char block[] = "ORIEL_GAUGE_MODES=a=max, b = livesum ,c=silly,*=mostrecent";
	struct settings s = { { block, sizeof(block) } }, none = { { 0 } };
	uint64_t before = stats_get(settings_bad);

	(void)state;
	assert_int_equal(gauge_mode_of(&s, METRIC_GAUGE, STR("a")), GAUGE_MAX);
	assert_int_equal(gauge_mode_of(&s, METRIC_UP_DOWN, STR("a")), GAUGE_MAX);
	assert_int_equal(gauge_mode_of(&s, METRIC_GAUGE, STR("b")), GAUGE_LIVESUM);
	assert_int_equal(gauge_mode_of(&s, METRIC_GAUGE, STR("c")), GAUGE_MOSTRECENT);
	assert_int_equal(gauge_mode_of(&s, METRIC_UP_DOWN, STR("d")), GAUGE_LIVESUM);
	assert_int_equal(gauge_mode_of(&none, METRIC_GAUGE, STR("a")), GAUGE_LIVEALL);
	gauge_modes_check(&s);
	gauge_modes_check(&none);
	assert_int_equal(stats_get(settings_bad) - before, 1);
}

/* ---- the ledger ------------------------------------------------------------------------------------ */

static void ten_thousand_workers_take_the_space_of_a_few(void **state)
{
	struct ledger l = { 0 };
	size_t total = 0, text = 0;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		struct batch *b = process("shop", i + 1);

		add(b, METRIC_SUM, "orders", i % 2 ? "a" : "b", 1);
		add_histogram(b, three, 3);
		add(b, METRIC_GAUGE, "g", "a", i)->mode = GAUGE_ALL;
		add(b, METRIC_UP_DOWN, "waiting", "a", 1);
		ledger_fold(&l, "here", b);
		batch_free(b);
		if (i == 10) {
			total = l.account->dead.arena.total;
			text = l.account->dead.n;
		}
	}
	assert_int_equal(l.n, 1);
	assert_int_equal(l.account->dead.arena.total, total);
	assert_int_equal(l.account->dead.n, text);

	struct tally t = { 0 };

	account_tally(l.account, &t);

	scoped_batch sum = batch_of(&t);

	assert_int_equal(sum->n_points, 2 + 1 + LEDGER_DEAD);
	assert_int_equal(sum->point[0].integer + sum->point[1].integer, 10000);
	assert_int_equal(sum->point[2].count, 100000);
	tally_fini(&t);
	ledger_fini(&l);
}

static void services_and_places_have_accounts_of_their_own(void **state)
{
	scoped_batch shop = process("shop", 1);
	scoped_batch cart = process("cart", 2);
	struct ledger l = { 0 };

	(void)state;
	ledger_fold(&l, "here", shop);
	ledger_fold(&l, "here", cart);
	ledger_fold(&l, "there", shop);
	ledger_fold(&l, "here", shop);
	assert_int_equal(l.n, 3);
	assert_ptr_equal(ledger_find(&l, "here", shop->resource), l.account);
	assert_null(ledger_find(&l, "nowhere", shop->resource));
	ledger_fini(&l);
}

static void the_account_of_long_ago_goes_first_and_is_counted(void **state)
{
	struct ledger l = { 0 };
	uint64_t before = stats_get(totals_forgotten);

	(void)state;
	for (int i = 0; i <= LEDGER_ACCOUNTS; i++) {
		char service[16];

		snprintf(service, sizeof(service), "s%d", i);

		scoped_batch b = process(service, 1);

		add(b, METRIC_SUM, "orders", "a", 1);
		ledger_fold(&l, "", b);
	}

	scoped_batch first = process("s0", 1);
	scoped_batch second = process("s1", 1);

	assert_int_equal(l.n, LEDGER_ACCOUNTS);
	assert_null(ledger_find(&l, "", first->resource));
	assert_non_null(ledger_find(&l, "", second->resource));
	assert_int_equal(stats_get(totals_forgotten) - before, 1);
	ledger_fini(&l);
}

static void what_processes_have_in_common_is_the_service_s(void **state)
{
	scoped_batch one = process("shop", 1);
	scoped_batch two_ = process("shop", 2);
	struct resource *common = resource_common(one->resource, two_->resource);
	struct resource *same = resource_common(one->resource, one->resource);

	(void)state;
	assert_int_equal(common->attributes.n, 2);
	assert_int_equal(common->instance.n, 0);
	assert_true(str_eq(common->service, STR("shop")));
	assert_ptr_equal(same, one->resource);
	resource_free(common);
	resource_free(same);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processes_of_a_service_add_up),
		cmocka_unit_test(histograms_add_up_bucket_by_bucket),
		cmocka_unit_test(what_is_only_borrowed_is_not_changed),
		cmocka_unit_test(other_bounds_begin_anew_and_are_counted),
		cmocka_unit_test(points_of_an_instrument_lie_together),
		cmocka_unit_test(one_series_too_many_goes_to_overflow),
		cmocka_unit_test(each_mode_combines_as_it_says),
		cmocka_unit_test(settings_choose_modes_by_name),
		cmocka_unit_test(ten_thousand_workers_take_the_space_of_a_few),
		cmocka_unit_test(services_and_places_have_accounts_of_their_own),
		cmocka_unit_test(the_account_of_long_ago_goes_first_and_is_counted),
		cmocka_unit_test(what_processes_have_in_common_is_the_service_s),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
