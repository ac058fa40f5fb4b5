/* SPDX-License-Identifier: Apache-2.0 */
#include "store/blob.h"
#include "store/blob-form.h"

#include "store/test-support.h"

#include <errno.h>

/* Knows one word, as number 7. */
static uint32_t give_word(struct str text, void *you)
{
	(void)you;
	return str_eq(text, STR("http.route")) ? 7 : 0;
}

static struct str word_of(uint64_t id, void *you)
{
	(void)you;
	return id == 7 ? STR("http.route") : STR("?");
}

static void write_span(struct out *o, const struct span *s)
{
	struct blob_writer w = { o, give_word, NULL };

	blob_write_span(&w, s);
	assert_int_equal(o->error, 0);
}

static int read_span(struct str bytes, struct arena *a, struct span *s)
{
	struct blob_reader r = { bytes, a, word_of, NULL, 0 };

	return blob_read_span(&r, s);
}

static void every_type_of_value_comes_back(void **state)
{
	const struct value inner[] = { { .type = VALUE_STRING, .text = STR("a") },
				       { .type = VALUE_EMPTY } };
	const struct attribute pair[] = { { STR("k"),
					    { .type = VALUE_INT, .integer = INT64_MIN } } };
	const struct attribute item[] = {
		{ STR("http.route"), { .type = VALUE_STRING, .text = STR("/x") } },
		{ STR("bool"), { .type = VALUE_BOOL, .boolean = true } },
		{ STR("int"), { .type = VALUE_INT, .integer = INT64_MAX } },
		{ STR("double"), { .type = VALUE_DOUBLE, .number = -0.1 } },
		{ STR("bytes"), { .type = VALUE_BYTES, .text = STR("\0\xff") } },
		{ STR("array"), { .type = VALUE_ARRAY, .array = { inner, 2 } } },
		{ STR("map"), { .type = VALUE_MAP, .map = { pair, 1 } } },
		{ STR(""), { .type = VALUE_EMPTY } },
	};
	struct span s = { .attributes = { item, 8, 5 } }, back = { 0 };
	struct out o = { 0 };
	struct arena a = { 0 };
	const struct attribute *got;

	(void)state;
	write_span(&o, &s);
	assert_int_equal(read_span(out_all(&o), &a, &back), 0);
	got = back.attributes.item;
	assert_int_equal(back.attributes.n, 8);
	assert_int_equal(back.attributes.dropped, 5);
	assert_true(str_eq(attributes_text(back.attributes, STR("http.route")), STR("/x")));
	assert_true(got[1].value.boolean);
	assert_true(got[2].value.integer == INT64_MAX);
	assert_true(got[3].value.number == -0.1);
	assert_int_equal(got[4].value.type, VALUE_BYTES);
	assert_true(str_eq(got[4].value.text, STR("\0\xff")));
	assert_int_equal(got[5].value.array.n, 2);
	assert_true(str_eq(got[5].value.array.item[0].text, STR("a")));
	assert_true(got[6].value.map.item[0].value.integer == INT64_MIN);
	assert_int_equal(got[7].value.type, VALUE_EMPTY);
	arena_fini(&a);
	out_fini(&o);
}

static void a_known_word_takes_one_byte(void **state)
{
	const struct attribute known = { STR("http.route"), { .type = VALUE_EMPTY } };
	const struct attribute unknown = { STR("http.rout1"), { .type = VALUE_EMPTY } };
	struct span s = { .attributes = { &known, 1, 0 } };
	struct out o = { 0 };
	size_t with;

	(void)state;
	write_span(&o, &s);
	with = o.n;
	out_clear(&o);
	s.attributes.item = &unknown;
	write_span(&o, &s);
	assert_int_equal(o.n - with, 11);
	out_fini(&o);
}

static void what_lies_too_deep_is_kept_as_empty(void **state)
{
	struct value v[40] = { [39] = { .type = VALUE_INT, .integer = 1 } };
	struct attribute item = { STR("deep"), { .type = VALUE_ARRAY, .array = { &v[0], 1 } } };
	struct span s = { .attributes = { &item, 1, 0 } }, back = { 0 };
	struct out o = { 0 };
	struct arena a = { 0 };
	size_t depth = 0;

	(void)state;
	for (int i = 0; i < 39; i++)
		v[i] = (struct value){ .type = VALUE_ARRAY, .array = { &v[i + 1], 1 } };
	write_span(&o, &s);
	assert_int_equal(read_span(out_all(&o), &a, &back), 0);

	const struct value *at = &back.attributes.item[0].value;

	for (; at->type == VALUE_ARRAY; at = at->array.item)
		depth++;
	assert_int_equal(depth, BLOB_DEPTH);
	assert_int_equal(at->type, VALUE_EMPTY);
	arena_fini(&a);
	out_fini(&o);
}

static void a_scope_comes_back_whole(void **state)
{
	const struct attribute item = { STR("shard"), { .type = VALUE_INT, .integer = 4 } };
	const struct scope all = { .name = STR("http.route"),
				   .version = STR("http.route"),
				   .schema_url = STR("http.route"),
				   .attributes = { &item, 1, 2 } };
	const struct scope nameless = { .attributes = { &item, 1, 0 } };
	const struct scope *const scope[] = { &all, &nameless };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct span s = { .name = STR("http.route"), .scope = scope[i] }, back = { 0 };
		struct out o = { 0 };
		struct arena a = { 0 };

		write_span(&o, &s);
		assert_int_equal(read_span(out_all(&o), &a, &back), 0);
		assert_true(scope_same(back.scope, scope[i]));
		assert_int_equal(back.scope->attributes.dropped, scope[i]->attributes.dropped);
		arena_fini(&a);
		out_fini(&o);
	}
}

static void a_blob_cut_anywhere_is_an_error(void **state)
{
	const struct attribute item = { STR("key"),
					{ .type = VALUE_STRING, .text = STR("value") } };
	const struct span_event event = { 5, STR("event"), { &item, 1, 0 } };
	const struct span_link link = { .attributes = { &item, 1, 0 } };
	const struct scope scope = { .name = STR("scope"), .attributes = { &item, 1, 0 } };
	struct span s = { .name = STR("name"),
			  .scope = &scope,
			  .trace_state = STR("s"),
			  .attributes = { &item, 1, 0 },
			  .event = &event,
			  .n_events = 1,
			  .link = &link,
			  .n_links = 1,
			  .thread_id = 300 };
	struct out o = { 0 };

	(void)state;
	write_span(&o, &s);
	for (size_t n = 0; n <= o.n; n++) {
		struct arena a = { 0 };
		struct span back = { 0 };

		assert_int_equal(read_span(str_first(out_all(&o), n), &a, &back),
				 n < o.n ? -EBADMSG : 0);
		arena_fini(&a);
	}
	out_fini(&o);
}

static void a_count_larger_than_the_bytes_takes_no_memory(void **state)
{
	/* members: attributes; name: an empty text; then 2^49 attributes */
	struct str bytes = STR("\x20\0\0\xff\xff\xff\xff\xff\xff\xff");
	struct arena a = { 0 };
	struct span back = { 0 };

	(void)state;
	assert_int_equal(read_span(bytes, &a, &back), -EBADMSG);
	assert_true(a.total <= 4096);
	arena_fini(&a);
}

static void text_is_found_in_values_in_any_case(void **state)
{
	const struct value inner = { .type = VALUE_STRING, .text = STR("In A List") };
	const struct attribute item[] = { { STR("the.key"),
					    { .type = VALUE_ARRAY, .array = { &inner, 1 } } },
					  { STR("n"), { .type = VALUE_INT, .integer = 4711 } } };
	const struct {
		struct str needle;
		bool found;
	} ask[] = { { STR("in a list"), true },
		    { STR("name"), true },
		    { STR("471"), true },
		    { STR("the.key"), false },
		    { STR("listen"), false } };
	struct span s = { .name = STR("The NAME"), .attributes = { item, 2, 0 } };
	struct out o = { 0 };

	(void)state;
	write_span(&o, &s);
	for (size_t i = 0; i < sizeof(ask) / sizeof(ask[0]); i++) {
		struct arena a = { 0 };
		struct blob_reader r = { out_all(&o), &a, word_of, NULL, 0 };

		assert_int_equal(blob_span_holds(&r, ask[i].needle), ask[i].found);
		arena_fini(&a);
	}
	out_fini(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_of_value_comes_back),
		cmocka_unit_test(a_known_word_takes_one_byte),
		cmocka_unit_test(what_lies_too_deep_is_kept_as_empty),
		cmocka_unit_test(a_scope_comes_back_whole),
		cmocka_unit_test(a_blob_cut_anywhere_is_an_error),
		cmocka_unit_test(a_count_larger_than_the_bytes_takes_no_memory),
		cmocka_unit_test(text_is_found_in_values_in_any_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
