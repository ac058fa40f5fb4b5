/* SPDX-License-Identifier: Apache-2.0 */
#include "base/scoped.h"
#include "collect/ledger-file.h"
#include "model/point.h"
#include "model/stats.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct attribute shard = { STR("shard"), { VALUE_INT, .integer = 4 } };
static const struct scope scope = { .name = STR("shop"),
				    .version = STR("1"),
				    .schema_url = STR("https://s"),
				    .attributes = { &shard, 1, 0 } };
static const double bounds[] = { 1, 10 };
static const uint64_t buckets[] = { 1, 2, 3 }, powers[] = { 4, 0, 5 };
static const struct quantile quantile[] = { { 0.5, 1 }, { 0.99, 2 } };

struct desk {
	struct ledger ledger, again;
	struct tally tally[8]; /* what told() has borrowed from */
	struct batch *told[8];
	size_t n_told;
	struct ledger_file file;
	struct folded *folded;
	char dir[64];
};

static int setup(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	snprintf(d->dir, sizeof(d->dir), "/tmp/oriel-ledger-XXXXXX");
	assert_non_null(mkdtemp(d->dir));
	d->file.dir_fd = open(d->dir, O_RDONLY | O_DIRECTORY);
	memset(d->file.boot_id, 7, sizeof(d->file.boot_id));
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	struct desk *d = *state;

	ledger_discard(&d->file);
	close(d->file.dir_fd);
	assert_int_equal(rmdir(d->dir), 0);
	ledger_fini(&d->ledger);
	ledger_fini(&d->again);
	folded_free(d->folded);
	for (size_t i = 0; i < d->n_told; i++) {
		batch_free(d->told[i]);
		tally_fini(&d->tally[i]);
	}
	free(d);
	return 0;
}

static struct attribute text(const char *key, const char *value)
{
	return (struct attribute){ str_of(key), { VALUE_STRING, .text = str_of(value) } };
}

static struct batch *process(const char *service, int32_t pid)
{
	struct attribute who[] = { text("service.name", service), text("host.name", "here") };
	struct resource *r = resource_new((struct attributes){ who, 2, 0 }, STR("0123"), pid);
	struct batch *b = batch_new(r);

	resource_free(r);
	return b;
}

static struct metric_point *add(struct batch *b, enum metric_kind kind, const char *name, int64_t n)
{
	struct metric_point *p = batch_add_point(b);

	*p = (struct metric_point){ .kind = kind,
				    .name = str_of(name),
				    .unit = STR("s"),
				    .description = STR("about"),
				    .scope = &scope,
				    .integer = n,
				    .start_ns = 100,
				    .time_ns = 200,
				    .mode = GAUGE_MAX };
	return p;
}

static void add_counted(struct batch *b, enum metric_kind kind, const char *name)
{
	struct metric_point *p = add(b, kind, name, 0);

	p->count = kind == METRIC_HISTOGRAM ? 6 : 9;
	p->sum = 12.5;
	p->min = 0.5;
	p->max = 20;
	if (kind == METRIC_HISTOGRAM) {
		p->bounds = bounds;
		p->n_bounds = 2;
		p->buckets = buckets;
		return;
	}
	p->scale = -3;
	p->positive = (struct exponential_buckets){ -7, powers, 3 };
	p->quantile = kind == METRIC_SUMMARY ? quantile : NULL;
	p->n_quantiles = kind == METRIC_SUMMARY ? 2 : 0;
}

static void fold(struct desk *d, const char *place, const char *service, int32_t pid)
{
	static const struct value list[] = { { VALUE_INT, .integer = 3 },
					     { VALUE_STRING, .text = STR("x") } };
	struct attribute a[] = { { STR("code"), { VALUE_INT, .integer = 200 } },
				 { STR("ok"), { VALUE_BOOL, .boolean = true } },
				 { STR("share"), { VALUE_DOUBLE, .number = 0.5 } },
				 { STR("list"), { VALUE_ARRAY, .array = { list, 2 } } } };
	struct batch *b = process(service, pid);

	add(b, METRIC_SUM, "orders", 5)->attributes = (struct attributes){ a, 4, 0 };
	add(b, METRIC_GAUGE, "level", pid);
	add(b, METRIC_GAUGE, "own", pid)->mode = GAUGE_ALL;
	add_counted(b, METRIC_HISTOGRAM, "took");
	add_counted(b, METRIC_EXPONENTIAL, "waited");
	add_counted(b, METRIC_SUMMARY, "slept");
	ledger_fold(&d->ledger, place, b);
	batch_free(b);
}

static struct batch *told(struct desk *d, const struct account *a)
{
	struct tally *t = &d->tally[d->n_told];

	account_tally(a, t);
	d->told[d->n_told] = tally_batch(t, a->common);
	return d->told[d->n_told++];
}

static bool same_point(const struct metric_point *a, const struct metric_point *b)
{
	return a->kind == b->kind && str_eq(a->name, b->name) && str_eq(a->unit, b->unit) &&
	       str_eq(a->description, b->description) &&
	       attributes_same(a->attributes, b->attributes) && scope_same(a->scope, b->scope) &&
	       a->integer == b->integer && a->start_ns == b->start_ns && a->time_ns == b->time_ns &&
	       a->mode == b->mode && a->count == b->count && a->n_bounds == b->n_bounds &&
	       a->scale == b->scale && a->positive.n == b->positive.n &&
	       a->n_quantiles == b->n_quantiles && a->sum == b->sum && a->min == b->min &&
	       a->max == b->max;
}

static void load(struct desk *d)
{
	assert_int_equal(ledger_load(&d->again, &d->file, &d->folded), 0);
}

static void what_is_read_is_what_was_written(void **state)
{
	struct desk *d = *state;

	fold(d, "port 1", "shop", 1);
	fold(d, "port 1", "shop", 2);
	fold(d, "port 2", "cart", 3);
	assert_int_equal(ledger_save(&d->ledger, &d->file, NULL), 0);
	load(d);
	assert_int_equal(d->again.n, 2);
	for (struct account *a = d->ledger.account, *b = d->again.account; a;
	     a = a->next, b = b->next) {
		struct batch *x = told(d, a), *y = told(d, b);

		assert_string_equal(a->place, b->place);
		assert_true(attributes_same(a->common->attributes, b->common->attributes));
		assert_int_equal(x->n_points, y->n_points);
		for (size_t i = 0; i < x->n_points; i++)
			assert_true(same_point(&x->point[i], &y->point[i]));
	}
}

static void what_dies_later_is_added(void **state)
{
	struct desk *d = *state;
	struct batch *b;

	fold(d, "port", "shop", 1);
	ledger_save(&d->ledger, &d->file, NULL);
	ledger_fini(&d->ledger);
	assert_int_equal(ledger_load(&d->ledger, &d->file, &d->folded), 0);
	fold(d, "port", "shop", 2);
	assert_int_equal(d->ledger.n, 1);
	b = told(d, d->ledger.account);
	assert_int_equal(b->n_points, 7); /* "own" of each of both */
	assert_int_equal(b->point[0].integer, 10);
	for (size_t i = 0; i < b->n_points; i++) {
		const struct metric_point *p = &b->point[i];

		if (p->kind == METRIC_HISTOGRAM)
			assert_int_equal(p->buckets[2], 6);
		if (p->kind == METRIC_EXPONENTIAL)
			assert_int_equal(p->count, 18);
	}
}

static void names_of_segments_come_along(void **state)
{
	struct folded *names = NULL;
	struct desk *d = *state;

	folded_add(&names, "one.seg");
	folded_add(&names, "two.seg");
	assert_int_equal(ledger_save(&d->ledger, &d->file, names), 0);
	folded_free(names);
	load(d);
	assert_true(folded_take(&d->folded, "one.seg"));
	assert_false(folded_take(&d->folded, "one.seg"));
	assert_true(folded_take(&d->folded, "two.seg"));
	assert_null(d->folded);
}

static void where_nothing_is_nothing_is_read(void **state)
{
	uint64_t before = stats_get(totals_unread);
	struct desk *d = *state;

	load(d);
	assert_int_equal(d->again.n, 0);
	assert_int_equal(stats_get(totals_unread), before);
}

static void of_another_boot_it_is_none(void **state)
{
	uint64_t before = stats_get(totals_unread);
	struct desk *d = *state;

	fold(d, "port", "shop", 1);
	ledger_save(&d->ledger, &d->file, NULL);
	d->file.boot_id[3] ^= 1;
	load(d);
	assert_int_equal(d->again.n, 0);
	assert_int_equal(stats_get(totals_unread), before + 1);
}

static void cut_short_anywhere_it_is_none(void **state)
{
	struct folded *folded = NULL;
	struct desk *d = *state;
	struct out o = { 0 };

	fold(d, "port", "shop", 1);
	ledger_write(&o, &d->ledger, d->file.boot_id, NULL);
	assert_int_equal(o.error, 0);
	for (size_t n = 0; n < o.n; n++) {
		struct ledger l = { 0 };

		assert_false(ledger_read(&l, (struct str){ o.p, n }, d->file.boot_id, &folded));
		ledger_fini(&l);
	}
	for (size_t i = 40; i < o.n; i++) {
		struct ledger l = { 0 };

		o.p[i] ^= 0x10;
		assert_false(ledger_read(&l, out_all(&o), d->file.boot_id, &folded));
		o.p[i] ^= 0x10;
		ledger_fini(&l);
	}
	assert_null(folded);
	out_fini(&o);
}

static void a_file_of_somebody_else_s_is_not_read(void **state)
{
	struct desk *d = *state;

	fold(d, "port", "shop", 1);
	ledger_save(&d->ledger, &d->file, NULL);
	assert_int_equal(fchmodat(d->file.dir_fd, "totals", 0666, 0), 0);
	assert_true(ledger_load(&d->again, &d->file, &d->folded) < 0);
	assert_int_equal(d->again.n, 0);
}

static void what_cannot_be_written_leaves_what_was_there(void **state)
{
	struct desk *d = *state;

	fold(d, "port", "shop", 1);
	ledger_save(&d->ledger, &d->file, NULL);
	assert_int_equal(mkdirat(d->file.dir_fd, "totals.new", 0700), 0);
	fold(d, "port", "cart", 2);
	assert_true(ledger_save(&d->ledger, &d->file, NULL) < 0);
	load(d);
	assert_int_equal(d->again.n, 1);
	unlinkat(d->file.dir_fd, "totals.new", AT_REMOVEDIR);
}

static void ten_thousand_of_the_dead_take_no_more_room_than_ten(void **state)
{
	struct desk *d = *state;
	struct stat first, last;
	size_t room;

	for (int i = 0; i < 200; i++)
		fold(d, "port", "shop", i);
	ledger_save(&d->ledger, &d->file, NULL);
	assert_int_equal(fstatat(d->file.dir_fd, "totals", &first, 0), 0);
	room = d->ledger.account->dead.arena.total;
	for (int i = 0; i < 10000; i++)
		fold(d, "port", "shop", i);
	ledger_save(&d->ledger, &d->file, NULL);
	assert_int_equal(fstatat(d->file.dir_fd, "totals", &last, 0), 0);
	assert_int_equal(d->ledger.account->dead.arena.total, room);
	assert_int_equal(first.st_size, last.st_size);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_read_is_what_was_written),
		TEST(what_dies_later_is_added),
		TEST(names_of_segments_come_along),
		TEST(where_nothing_is_nothing_is_read),
		TEST(of_another_boot_it_is_none),
		TEST(cut_short_anywhere_it_is_none),
		TEST(a_file_of_somebody_else_s_is_not_read),
		TEST(what_cannot_be_written_leaves_what_was_there),
		TEST(ten_thousand_of_the_dead_take_no_more_room_than_ten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
