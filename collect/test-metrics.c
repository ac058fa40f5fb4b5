/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/by-hand.h"
#include "collect/guard.h"
#include "collect/metrics.h"
#include "collect/watches.h"
#include "model/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

struct room {
	struct hand_room at;
	struct intake *in;
	struct resource *resource;
	struct batch *batch;
};

static int setup(void **state)
{
	static struct room r;
	struct segment_header h;

	r = (struct room){ 0 };
	hand_layout(&h, 4);
	assert_true(hand_room_open(&r.at, &h));
	hand_publish(&r.at.s);
	assert_int_equal(intake_open(&r.in, r.at.dir, "a.segment"), 0);
	r.resource = resource_new((struct attributes){ 0 }, STR(""), 1);
	*state = &r;
	return 0;
}

static int teardown(void **state)
{
	struct room *r = *state;

	batch_free(r->batch);
	resource_free(r->resource);
	intake_close(r->in);
	hand_room_close(&r->at);
	return 0;
}

static unsigned char *area(struct room *r)
{
	return (unsigned char *)r->at.s.head + r->at.s.head->series_at;
}

/* An entry of that payload; where it lies. */
static uint32_t entry(struct room *r, uint16_t kind, void *head, size_t head_n, const void *rest,
		      size_t n)
{
	struct series_area *a = (void *)area(r);
	struct series_entry *e = head;
	uint32_t at = a->used;

	e->size = (uint32_t)((head_n + n + 7) & ~(size_t)7);
	e->kind = kind;
	memcpy(area(r) + at, head, head_n);
	memcpy(area(r) + at + head_n, rest, n);
	a->used = at + e->size;
	return at;
}

static uint32_t counter(struct room *r)
{
	struct instrument i = {
		.kind = INSTRUMENT_COUNTER, .name_n = 6, .unit_n = 7, .description_n = 6
	};

	return entry(r, SERIES_INSTRUMENT, &i, sizeof(i), "orders{order}Orders", 19);
}

static uint32_t point(struct room *r, uint32_t instrument, int64_t value)
{
	struct series s = {
		.instrument_at = instrument, .n_cells = 1, .attributes_n = 8, .start_real_ns = 5
	};
	char rest[16];

	memcpy(rest, &value, 8);
	memcpy(rest + 8, "\4\1\3\0kabc", 8);
	return entry(r, SERIES_POINT, &s, sizeof(s), rest, 16);
}

static const struct batch *snapshot(struct room *r)
{
	batch_free(r->batch);
	assert_int_equal(metrics_snapshot(&r->batch, r->in, r->resource, 1000), 0);
	return r->batch;
}

static void a_counter_is_a_point(void **state)
{
	struct room *r = *state;

	point(r, counter(r), 17);

	const struct metric_point *p = snapshot(r)->point;

	assert_int_equal(r->batch->n_points, 1);
	assert_int_equal(p->kind, METRIC_SUM);
	assert_int_equal(p->integer, 17);
	assert_true(str_eq(p->name, STR("orders")));
	assert_true(str_eq(p->unit, STR("{order}")));
	assert_true(str_eq(p->description, STR("Orders")));
	assert_true(str_eq(attributes_text(p->attributes, STR("k")), STR("abc")));
	assert_int_equal(p->start_ns, 5);
	assert_int_equal(p->time_ns, 1000);
}

static void a_histogram_counts_what_its_buckets_hold(void **state)
{
	struct room *r = *state;
	struct instrument i = { .kind = INSTRUMENT_HISTOGRAM, .name_n = 1, .n_bounds = 2 };
	struct series s = { .n_cells = HISTOGRAM_BUCKETS + 3 };
	double cells[HISTOGRAM_BUCKETS] = { 0, 2.5, 0.5, 2 };
	char bounds[17] = { 0 };
	uint64_t buckets[3] = { 1, 0, 4 };
	char rest[sizeof(cells) + sizeof(buckets)];

	memcpy(bounds, (double[]){ 1, 2 }, 16);
	bounds[16] = 'h';
	memcpy(rest, cells, sizeof(cells));
	memcpy(rest + sizeof(cells), buckets, sizeof(buckets));
	s.instrument_at = entry(r, SERIES_INSTRUMENT, &i, sizeof(i), bounds, sizeof(bounds));
	entry(r, SERIES_POINT, &s, sizeof(s), rest, sizeof(rest));

	const struct metric_point *p = snapshot(r)->point;

	assert_int_equal(p->count, 5);
	assert_true(p->sum == 2.5 && p->min == 0.5 && p->max == 2);
	assert_int_equal(p->n_bounds, 2);
	assert_true(p->bounds[1] == 2);
	assert_int_equal(p->buckets[2], 4);
}

static void a_gauge_tells_when_it_was_set(void **state)
{
	struct room *r = *state;
	struct instrument i = { .kind = INSTRUMENT_GAUGE, .name_n = 1 };
	struct series s = { .n_cells = GAUGE_SET_NS + 1 };
	uint64_t cells[] = { 7, 99 };

	s.instrument_at = entry(r, SERIES_INSTRUMENT, &i, sizeof(i), "g", 1);
	entry(r, SERIES_POINT, &s, sizeof(s), cells, sizeof(cells));
	assert_int_equal(snapshot(r)->point->integer, 7);
	assert_int_equal(r->batch->point->set_ns, 99);
}

/* An entry of n slots for the series, each with a value of its own: 1.5, 2.5, ... */
static void examples(struct room *r, uint32_t series, uint16_t n)
{
	struct exemplars e = { .n = n, .n_words = EXEMPLAR_WORDS };
	uint64_t slot[4][EXEMPLAR_WORDS];

	for (uint64_t i = 0; i < n; i++) {
		double v = (double)i + 0.5;

		memcpy(&slot[i], (uint64_t[]){ i + 1, 77, 5, 6, 7, 0, i + 1 }, sizeof(slot[i]));
		memcpy(&slot[i][EXEMPLAR_VALUE], &v, sizeof(v));
	}
	((struct series *)(area(r) + series))->exemplars_at =
		entry(r, SERIES_EXEMPLARS, &e, sizeof(e), slot, n * sizeof(slot[0]));
}

static uint32_t histogram(struct room *r)
{
	struct instrument i = { .kind = INSTRUMENT_HISTOGRAM, .name_n = 1, .n_bounds = 2 };
	struct series s = { .n_cells = HISTOGRAM_BUCKETS + 3 };
	uint64_t cells[HISTOGRAM_BUCKETS + 3] = { 0 };
	char bounds[17] = { 0 };

	memcpy(bounds, (double[]){ 1, 2 }, 16);
	bounds[16] = 'h';
	s.instrument_at = entry(r, SERIES_INSTRUMENT, &i, sizeof(i), bounds, sizeof(bounds));
	return entry(r, SERIES_POINT, &s, sizeof(s), cells, sizeof(cells));
}

/* The words of the slots of the series. */
static uint64_t *slots(struct room *r, uint32_t series)
{
	return (uint64_t *)(void *)(area(r) + ((struct series *)(area(r) + series))->exemplars_at +
				    sizeof(struct exemplars));
}

static void a_bucket_has_its_example(void **state)
{
	struct room *r = *state;

	examples(r, histogram(r), 3);

	const struct metric_point *p = snapshot(r)->point;

	assert_int_equal(p->n_exemplars, 3);
	assert_true(p->exemplar[1].is_double && p->exemplar[1].number == 1.5);
	assert_int_equal(p->exemplar[1].time_ns, 77);
	assert_int_equal(p->exemplar[1].trace_id.b[0], 5);
	assert_int_equal(p->exemplar[1].trace_id.b[8], 6);
	assert_int_equal(p->exemplar[1].span_id.b[0], 7);
}

static void an_example_that_is_torn_empty_or_of_another_bucket_is_none(void **state)
{
	struct room *r = *state;
	uint32_t at = histogram(r);
	uint64_t *slot;

	examples(r, at, 3);
	slot = slots(r, at);
	slot[EXEMPLAR_DONE]--; /* being written */
	slot[EXEMPLAR_WORDS] = slot[2 * EXEMPLAR_WORDS - 1] = 0;
	assert_int_equal(snapshot(r)->point->n_exemplars, 1);
	assert_true(r->batch->point->exemplar->number == 2.5);
	slot[2 * EXEMPLAR_WORDS + EXEMPLAR_VALUE] = 0;
	assert_int_equal(snapshot(r)->point->n_exemplars, 0);
}

static void examples_that_lie_are_none(void **state)
{
	struct room *r = *state;
	uint32_t at = point(r, counter(r), 1);
	struct exemplars *e;

	examples(r, at, 1);
	assert_int_equal(snapshot(r)->point->n_exemplars, 1);
	e = (void *)((unsigned char *)slots(r, at) - sizeof(*e));
	e->n_words = 8;
	assert_int_equal(snapshot(r)->point->n_exemplars, 0);
	e->n_words = EXEMPLAR_WORDS;
	e->n = 2;
	assert_int_equal(snapshot(r)->point->n_exemplars, 0);
	((struct series *)(area(r) + at))->exemplars_at = at;
	assert_int_equal(snapshot(r)->point->n_exemplars, 0);
	((struct series *)(area(r) + at))->exemplars_at = 0xfffffff8;
	assert_int_equal(snapshot(r)->point->n_exemplars, 0);
}

static void an_example_has_what_the_view_took(void **state)
{
	struct room *r = *state;
	uint32_t at = point(r, counter(r), 1);
	struct exemplars e = { .n = 1, .n_words = EXEMPLAR_WORDS + 2 };
	uint64_t slot[EXEMPLAR_WORDS + 2] = { 1, 77, 5, 6, 7, 4, 8, 0, 1 };

	memcpy(&slot[EXEMPLAR_ATTRIBUTES + 1], "\4\1\3\0kabc", 8);
	((struct series *)(area(r) + at))->exemplars_at =
		entry(r, SERIES_EXEMPLARS, &e, sizeof(e), slot, sizeof(slot));

	const struct exemplar *x = snapshot(r)->point->exemplar;

	assert_int_equal(x->integer, 4);
	assert_true(str_eq(attributes_text(x->attributes, STR("k")), STR("abc")));
	slots(r, at)[EXEMPLAR_ATTRIBUTES] = 9;
	assert_int_equal(snapshot(r)->point->exemplar->attributes.n, 0);
}

/* Of a scale, with these counts from index `low` on; the next ones are at `next`. */
static uint32_t buckets(struct room *r, int16_t scale, int32_t low, const uint64_t *count,
			uint32_t n, uint32_t next)
{
	struct buckets b = { .scale = scale, .n = BUCKETS_MOST, .next_at = next };
	uint64_t word[BUCKETS_MOST] = { 0 };

	b.range = (uint32_t)low | (uint64_t)(uint32_t)(low + (int32_t)n - 1) << 32;
	for (uint32_t i = 0; i < n; i++)
		word[buckets_word(low + (int32_t)i, BUCKETS_MOST)] = count[i];
	return entry(r, SERIES_BUCKETS, &b, sizeof(b), word, sizeof(word));
}

/* What it says of quantiles is that there is one, the median. */
static uint32_t exponential(struct room *r, uint8_t kind, uint32_t positive, uint32_t negative)
{
	struct instrument i = { .kind = kind, .name_n = 1, .n_bounds = 1 };
	struct series s = { .n_cells = EXPONENTIAL_CELLS };
	uint64_t cells[EXPONENTIAL_CELLS] = { [EXPONENTIAL_ZERO] = 2,
					      [EXPONENTIAL_FIRST] = positive,
					      [EXPONENTIAL_FIRST + 1] = negative };
	double sum[] = { 7.5, -3, 9 };
	char half[9] = { 0 };

	memcpy(half, &(double){ 0.5 }, 8);
	half[8] = 'e';
	memcpy(&cells[HISTOGRAM_SUM], sum, sizeof(sum));
	s.instrument_at = entry(r, SERIES_INSTRUMENT, &i, sizeof(i), half, sizeof(half));
	return entry(r, SERIES_POINT, &s, sizeof(s), cells, sizeof(cells));
}

static void buckets_of_several_scales_add_up_at_the_lowest(void **state)
{
	struct room *r = *state;
	uint32_t coarse = buckets(r, 0, -1, (uint64_t[]){ 1, 10, 100 }, 3, 0);
	uint32_t fine = buckets(r, 1, -2, (uint64_t[]){ 3, 4, 5 }, 3, coarse);

	exponential(r, INSTRUMENT_EXPONENTIAL, fine,
		    buckets(r, 3, 0, (uint64_t[]){ 1, 0, 1 }, 3, 0));

	const struct metric_point *p = snapshot(r)->point;

	assert_int_equal(p->kind, METRIC_EXPONENTIAL);
	assert_int_equal(p->scale, 0);
	assert_int_equal(p->positive.offset, -1);
	assert_int_equal(p->positive.n, 3);
	assert_int_equal(p->positive.count[0], 1 + 3 + 4);
	assert_int_equal(p->positive.count[1], 10 + 5);
	assert_int_equal(p->positive.count[2], 100);
	assert_int_equal(p->negative.n, 1);
	assert_int_equal(p->negative.count[0], 2);
	assert_int_equal(p->zero_count, 2);
	assert_int_equal(p->count, 127);
	assert_true(p->sum == 7.5 && p->min == -3 && p->max == 9);
}

static void a_summary_has_its_quantiles(void **state)
{
	struct room *r = *state;

	exponential(r, INSTRUMENT_SUMMARY, buckets(r, 0, 1, (uint64_t[]){ 100 }, 1, 0), 0);

	const struct metric_point *p = snapshot(r)->point;

	assert_int_equal(p->kind, METRIC_SUMMARY);
	assert_int_equal(p->n_quantiles, 1);
	assert_true(p->quantile->quantile == 0.5);
	assert_true(p->quantile->value > 2 && p->quantile->value < 4);
}

static void buckets_that_lie_are_left_out(void **state)
{
	struct room *r = *state;
	uint32_t at = buckets(r, 0, 1, (uint64_t[]){ 100 }, 1, 0);
	struct buckets *b = (void *)(area(r) + at);

	exponential(r, INSTRUMENT_EXPONENTIAL, at, at + 8);
	b->next_at = at; /* round and round */
	snapshot(r);
	b->next_at = 0;
	assert_int_equal(snapshot(r)->point->count, 102);
	b->range = 0x7fffffff80000000u;
	assert_int_equal(snapshot(r)->point->count, 2);
	b->range = 0x100000001u;
	b->scale = 21;
	assert_int_equal(snapshot(r)->point->count, 2);
	b->scale = 0;
	b->n = 161;
	assert_int_equal(snapshot(r)->point->count, 2);
	b->n = 0;
	assert_int_equal(snapshot(r)->point->count, 2);
}

static void what_lies_in_a_chunk_is_read_too(void **state)
{
	struct room *r = *state;
	uint32_t at = counter(r);
	unsigned char *page = r->at.s.chunks + 2 * CHUNK_SIZE + CHUNK_HEAD;
	const struct segment_header *h = r->at.s.head;

	/* the same entries, in the third chunk: places there count from series_at as well */
	memcpy(page, area(r), ((struct series_area *)area(r))->used);
	((struct series_area *)area(r))->used = sizeof(struct series_area);
	((struct series_area *)page)->used += sizeof(struct series) + 16;
	point(r, at, 5);
	memcpy(page + ((struct series_area *)page)->used - sizeof(struct series) - 16,
	       area(r) + sizeof(struct series_area), sizeof(struct series) + 16);
	((struct series *)(page + ((struct series_area *)page)->used - sizeof(struct series) - 16))
		->instrument_at = h->chunks_at - h->series_at + 2 * CHUNK_SIZE + CHUNK_HEAD + at;
	((struct series_entry *)(area(r) + sizeof(struct series_area)))->kind = SERIES_DEAD;
	assert_int_equal(metrics_snapshot(&r->batch, r->in, r->resource, 1000), 0);
	assert_null(r->batch);
	atomic_store(&r->at.s.state[2], CHUNK_SERIES);
	assert_int_equal(snapshot(r)->n_points, 1);
	assert_int_equal(r->batch->point->integer, 5);
	assert_true(str_eq(r->batch->point->name, STR("orders")));
}

/* A gauge of integers, and a word that says where its value is. */
static uint32_t watch(struct room *r, const void *address, uint16_t type)
{
	struct instrument i = { .kind = INSTRUMENT_GAUGE, .name_n = 1 };
	struct series s = { .n_cells = GAUGE_SET_NS + 1 };
	struct watch w = { .type = type, .address = (uint64_t)(uintptr_t)address };
	uint64_t cells[] = { 3, 50 };

	s.instrument_at = entry(r, SERIES_INSTRUMENT, &i, sizeof(i), "g", 1);
	w.series_at = entry(r, SERIES_POINT, &s, sizeof(s), cells, sizeof(cells));
	entry(r, SERIES_WATCH, &w, sizeof(w), "", 0);
	r->at.s.head->watches = 1;
	return r->at.s.head->watches;
}

static void a_watched_number_is_read_where_it_is(void **state)
{
	struct room *r = *state;
	short number = -12;

	watch(r, &number, 2 | WATCH_SIGNED);
	assert_int_equal(snapshot(r)->point->integer, 3);
	assert_int_equal(watches_read(r->in, getpid(), 70), 0);
	assert_int_equal(snapshot(r)->point->integer, -12);
	assert_int_equal(r->batch->point->set_ns, 70);
}

static void a_watch_that_lies_or_is_gone_leaves_the_value(void **state)
{
	struct room *r = *state;
	uint64_t bad = stats_get(records_bad), unread = stats_get(watches_unread);
	struct watch *w;

	watch(r, NULL, 8);
	w = (void *)(area(r) + ((struct series_area *)area(r))->used - sizeof(*w));
	assert_int_equal(watches_read(r->in, getpid(), 70), 0);
	w->address = 8;
	assert_int_equal(watches_read(r->in, getpid(), 70), 0);
	assert_int_equal(stats_get(watches_unread) - unread, 1);
	w->type = 16;
	assert_int_equal(watches_read(r->in, getpid(), 70), 0);
	w->type = 8;
	w->series_at = 0x7ffffff8;
	assert_int_equal(watches_read(r->in, getpid(), 70), 0);
	assert_int_equal(stats_get(records_bad) - bad, 2);
	assert_int_equal(snapshot(r)->point->integer, 3);
}

static void what_was_not_observed_last_is_gone(void **state)
{
	struct room *r = *state;
	struct instrument i = { .kind = INSTRUMENT_COUNTER, .name_n = 1, .observed_ns = 60 };
	struct series s = { .n_cells = GAUGE_SET_NS + 1 };
	uint64_t cells[] = { 3, 60 };

	s.instrument_at = entry(r, SERIES_INSTRUMENT, &i, sizeof(i), "c", 1);
	entry(r, SERIES_POINT, &s, sizeof(s), cells, sizeof(cells));
	cells[1] = 59;
	entry(r, SERIES_POINT, &s, sizeof(s), cells, sizeof(cells));
	assert_int_equal(snapshot(r)->n_points, 1);
}

static void a_later_snapshot_has_the_later_number(void **state)
{
	struct room *r = *state;
	uint32_t at = point(r, counter(r), 1);

	assert_int_equal(snapshot(r)->point->integer, 1);
	area(r)[at + sizeof(struct series)] = 9;
	assert_int_equal(snapshot(r)->point->integer, 9);
}

static void an_entry_that_is_not_whole_ends_the_walk(void **state)
{
	struct room *r = *state;
	uint32_t at = counter(r);

	point(r, at, 1);
	((struct series_entry *)(area(r) + point(r, at, 2)))->kind = SERIES_NONE;
	assert_int_equal(snapshot(r)->n_points, 1);
}

static void a_series_that_lies_is_counted_and_skipped(void **state)
{
	struct room *r = *state;
	uint32_t at = counter(r), lie = point(r, at, 1);
	uint64_t before = stats_get(records_bad);

	point(r, at, 2);
	((struct series *)(area(r) + lie))->instrument_at = 0x7ffffff0;
	assert_int_equal(snapshot(r)->n_points, 1);
	assert_int_equal(r->batch->point->integer, 2);
	((struct series *)(area(r) + lie))->instrument_at = at;
	((struct series *)(area(r) + lie))->n_cells = 60000;
	assert_int_equal(snapshot(r)->n_points, 1);
	assert_int_equal(stats_get(records_bad) - before, 2);
}

static void no_series_is_no_batch(void **state)
{
	assert_null(snapshot(*state));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_counter_is_a_point),
		TEST(a_histogram_counts_what_its_buckets_hold),
		TEST(a_gauge_tells_when_it_was_set),
		TEST(a_later_snapshot_has_the_later_number),
		TEST(an_entry_that_is_not_whole_ends_the_walk),
		TEST(a_series_that_lies_is_counted_and_skipped),
		TEST(no_series_is_no_batch),
		TEST(a_bucket_has_its_example),
		TEST(an_example_that_is_torn_empty_or_of_another_bucket_is_none),
		TEST(examples_that_lie_are_none),
		TEST(what_lies_in_a_chunk_is_read_too),
		TEST(a_watched_number_is_read_where_it_is),
		TEST(a_watch_that_lies_or_is_gone_leaves_the_value),
		TEST(what_was_not_observed_last_is_gone),
		TEST(an_example_has_what_the_view_took),
		TEST(buckets_of_several_scales_add_up_at_the_lowest),
		TEST(a_summary_has_its_quantiles),
		TEST(buckets_that_lie_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
