/* SPDX-License-Identifier: Apache-2.0 */
/* Which errors are of one kind, and what is kept of them. */
#include "store/shape.h"
#include "store/test-support.h"

static void shape_is(const char *text, const char *expected)
{
	char out[SHAPE_MOST];
	size_t n = shape_of(str_of(text), out, sizeof(out));

	assert_int_equal(n, strlen(expected));
	assert_memory_equal(out, expected, n);
}

static void a_shape_has_no_numbers_ids_or_quotations(void **state)
{
	(void)state;
	shape_is("order 4711 refused by \"bank 7\"", "order <n> refused by <text>");
	shape_is("no user 3f2504e0-4f89-11d3-9a0c-0305e82c3301 here", "no user <id> here");
	shape_is("at 0x7ffe1c in 3.5 ms", "at <n> in <n> ms");
	shape_is("commit deadbeef12 is gone", "commit <id> is gone");
	shape_is("can't open 'a b' of `c'", "can't open <text> of <text>");
	shape_is("10.0.0.1:8080 refused", "<n> refused");
	shape_is("defaced decade", "defaced decade");
	shape_is("line\nbreak", "line break");
	shape_is("it's \"open", "it's \"open");
	shape_is("", "");
	shape_is("worker12 failed", "worker<n> failed");
}

static struct value text_value(const char *text)
{
	return (struct value){ .type = VALUE_STRING, .text = str_of(text) };
}

static struct value frame(struct arena *arena, const char *function)
{
	struct attribute *a = arena_take_n(arena, struct attribute, 2);

	a[0] = (struct attribute){ STR("function"), text_value(function) };
	a[1] = (struct attribute){ STR("module"), text_value("/usr/bin/shop") };
	return (struct value){ .type = VALUE_MAP, .map = { a, 2 } };
}

/* One log record that is an error, at `time_ns`, from `function`. */
static struct batch *failing(const char *version, const char *message, const char *function,
			     uint64_t time_ns)
{
	struct attribute who[] = { { STR("service.name"), text_value("shop") },
				   { STR("service.version"), text_value(version) } };
	struct resource *r = resource_new((struct attributes){ who, 2, 0 }, (struct str){ 0 }, 7);
	struct batch *b = batch_new(r);
	struct log_record *l = batch_add_log(b);
	struct attribute *a = arena_take_n(&b->arena, struct attribute, 3);
	struct value *frames = arena_take_n(&b->arena, struct value, 2);

	frames[0] = frame(&b->arena, function);
	frames[1] = frame(&b->arena, "main");
	a[0] = (struct attribute){ STR("exception.type"), text_value("Refused") };
	a[1] = (struct attribute){ STR("exception.message"), text_value(message) };
	a[2] = (struct attribute){ STR("oriel.frames"),
				   { .type = VALUE_ARRAY, .array = { frames, 2 } } };
	l->time_ns = time_ns;
	l->severity = 17;
	memcpy(l->trace_id.b, &time_ns, sizeof(time_ns));
	l->trace_id.b[15] = 1;
	l->body = text_value(message);
	l->attributes = (struct attributes){ a, 3, 0 };
	resource_free(r);
	return b;
}

static void put(struct store *st, struct batch *b)
{
	assert_int_equal(store_write(st, &b, 1), 0);
	batch_free(b);
}

struct found {
	size_t n, n_releases, n_seen;
	uint64_t id, count, first_ns, last_ns, frames;
	char type[32], message[64], place[64], newest[64];
};

static void copy(char *to, size_t room, struct str text)
{
	snprintf(to, room, STR_FMT, STR_ARG(text));
}

static int take(const struct store_problem *p, void *you)
{
	struct found *f = you;

	if (f->n++)
		return 0;
	f->id = p->id;
	f->count = p->n;
	f->first_ns = p->first_ns;
	f->last_ns = p->last_ns;
	f->n_releases = p->n_releases;
	copy(f->type, sizeof(f->type), p->type);
	copy(f->message, sizeof(f->message), p->message);
	copy(f->place, sizeof(f->place), p->place);
	return 0;
}

static void take_detail(const struct store_problem_detail *d, void *you)
{
	struct found *f = you;

	f->n_seen = d->n_seen;
	if (d->n_seen)
		copy(f->newest, sizeof(f->newest), d->seen[0].message);
	f->frames = d->record ? attributes_find(d->record->attributes, STR("oriel.frames"))->array.n
			      : 0;
}

static struct found look(struct store *st, struct problem_filter filter)
{
	struct found f = { 0 };

	assert_int_equal(store_problems(st, &filter, take, &f), 0);
	if (f.n)
		assert_int_equal(store_problem(st, f.id, take_detail, &f), 0);
	return f;
}

static struct store *memory(void)
{
	struct store *st;

	assert_int_equal(store_open(&st, NULL), 0);
	return st;
}

static void errors_that_differ_by_numbers_are_of_one_kind(void **state)
{
	struct store *st = memory();
	struct found f;

	(void)state;
	put(st, failing("1.0", "order 1 refused", "pay", 1000));
	put(st, failing("1.1", "order 22 refused", "pay", 3000));
	put(st, failing("1.1", "order 333 refused", "pay", 2000));
	f = look(st, (struct problem_filter){ 0 });
	assert_int_equal(f.n, 1);
	assert_int_equal(f.count, 3);
	assert_int_equal(f.first_ns, 1000);
	assert_int_equal(f.last_ns, 3000);
	assert_int_equal(f.n_releases, 2);
	assert_int_equal(f.n_seen, 3);
	assert_int_equal(f.frames, 2);
	assert_string_equal(f.type, "Refused");
	assert_string_equal(f.message, "order <n> refused");
	assert_string_equal(f.place, "pay");
	assert_string_equal(f.newest, "order 22 refused");
	store_free(st);
}

static void the_same_words_from_elsewhere_are_another_kind(void **state)
{
	struct store *st = memory();

	(void)state;
	put(st, failing("1.0", "order 1 refused", "pay", 1000));
	put(st, failing("1.0", "order 1 refused", "pay_later", 2000));
	put(st, failing("1.0", "order 1 is lost", "pay", 3000));
	assert_int_equal(look(st, (struct problem_filter){ 0 }).n, 3);
	assert_int_equal(look(st, (struct problem_filter){ .text = STR("LOST") }).n, 1);
	assert_int_equal(look(st, (struct problem_filter){ .since_ns = 2000 }).n, 2);
	assert_int_equal(look(st, (struct problem_filter){ .service = STR("stock") }).n, 0);
	assert_int_equal(look(st, (struct problem_filter){ .limit = 2 }).n, 2);
	store_free(st);
}

static void only_the_newest_traces_stay(void **state)
{
	struct store *st = memory();
	struct found f;

	(void)state;
	for (uint64_t i = 1; i <= 60; i++)
		put(st, failing("1.0", "order 1 refused", "pay", i));
	f = look(st, (struct problem_filter){ 0 });
	assert_int_equal(f.count, 60);
	assert_int_equal(f.n_seen, STORE_OCCURRENCES);
	store_free(st);
}

static void an_exception_of_a_span_counts_and_a_crashs_does_not(void **state)
{
	struct store *st = memory();

	(void)state;
	for (int crash = 0; crash < 2; crash++) {
		struct resource *r = resource_new((struct attributes){ 0 }, (struct str){ 0 }, 7);
		struct batch *b = batch_new(r);
		struct span *s = batch_add_span(b);
		struct attribute a[] = { { STR("exception.type"), text_value("Timeout") },
					 { STR("oriel.crash"),
					   { .type = VALUE_BOOL, .boolean = true } } };
		struct span_event e = { .time_ns = 5,
					.name = STR("exception"),
					.attributes = { a, crash ? 2 : 1, 0 } };

		s->trace_id.b[0] = s->span_id.b[0] = 1;
		s->event = &e;
		s->n_events = 1;
		put(st, b);
		resource_free(r);
	}
	assert_int_equal(look(st, (struct problem_filter){ 0 }).count, 1);
	store_free(st);
}

static void there_is_a_most(void **state)
{
	struct store *st = memory();
	char name[16];

	(void)state;
	for (unsigned i = 0; i < 2010; i++) {
		snprintf(name, sizeof(name), "f%c%c%c", 'a' + i % 26, 'a' + i / 26 % 26,
			 'a' + i / 676);
		put(st, failing("1.0", "x", name, i + 1));
	}
	assert_in_range(look(st, (struct problem_filter){ .limit = 5000 }).n, 1900, 2000);
	store_free(st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shape_has_no_numbers_ids_or_quotations),
		cmocka_unit_test(errors_that_differ_by_numbers_are_of_one_kind),
		cmocka_unit_test(the_same_words_from_elsewhere_are_another_kind),
		cmocka_unit_test(only_the_newest_traces_stay),
		cmocka_unit_test(an_exception_of_a_span_counts_and_a_crashs_does_not),
		cmocka_unit_test(there_is_a_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
