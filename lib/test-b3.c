/* SPDX-License-Identifier: Apache-2.0 */
/* B3's vectors: every shape that openzipkin/b3-propagation knows, and what is none of them. */
#include "lib/b3.h"

#include "base/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define TRACE "80f198ee56343ba864fe8b2a57d3eff7"
#define SHORT "64fe8b2a57d3eff7"
#define LONG_OF_SHORT "0000000000000000" SHORT
#define SPAN "e457b5a2e4d86bd1"
#define PARENT "05e3ac9a4f6e3b90"
#define NO_TRACE "00000000000000000000000000000000"
#define NO_SPAN "0000000000000000"

/* "trace-span-how", "how" for a decision alone, or "no". */
static const char *text_of(bool good, const struct remote *b)
{
	static const char how[] = "?01d";
	static char text[64];
	size_t n = 0;

	if (!good)
		return "no";
	if (b->has_ids) {
		hex_write(text, b->trace_id, 16);
		text[32] = '-';
		hex_write(text + 33, b->span_id, 8);
		text[49] = '-';
		n = 50;
	}
	text[n] = how[b->sampling];
	text[n + 1] = '\0';
	return text;
}

static void the_single_field_has_all_these_shapes(void **state)
{
	static const char *const vector[][2] = {
		{ TRACE "-" SPAN "-1-" PARENT, TRACE "-" SPAN "-1" },
		{ TRACE "-" SPAN "-0-" PARENT, TRACE "-" SPAN "-0" },
		{ TRACE "-" SPAN "-d-" PARENT, TRACE "-" SPAN "-d" },
		{ TRACE "-" SPAN "-1", TRACE "-" SPAN "-1" },
		{ TRACE "-" SPAN "-0", TRACE "-" SPAN "-0" },
		{ TRACE "-" SPAN "-d", TRACE "-" SPAN "-d" },
		{ TRACE "-" SPAN, TRACE "-" SPAN "-?" },
		{ SHORT "-" SPAN "-1", LONG_OF_SHORT "-" SPAN "-1" },
		{ SHORT "-" SPAN, LONG_OF_SHORT "-" SPAN "-?" },
		{ "80F198EE56343BA864FE8B2A57D3EFF7-E457B5A2E4D86BD1-1", TRACE "-" SPAN "-1" },
		{ " " TRACE "-" SPAN "-1\t", TRACE "-" SPAN "-1" },
		{ "0", "0" },
		{ "1", "1" },
		{ "d", "d" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(vector) / sizeof(vector[0]); i++) {
		struct remote b = { 0 };
		bool good = b3_single(&b, str_of(vector[i][0]));

		assert_string_equal(text_of(good, &b), vector[i][1]);
	}
}

static void what_is_none_of_them_is_ignored(void **state)
{
	static const char *const vector[] = {
		"",
		"-",
		"2",
		"D",
		"true",
		"b3",
		TRACE,
		TRACE "-",
		TRACE "-" SPAN "-",
		TRACE "-" SPAN "-2",
		TRACE "-" SPAN "-1-",
		TRACE "-" SPAN "-1-" PARENT "-",
		TRACE "-" SPAN "-1-" PARENT "-1",
		TRACE "-" SPAN "-1-05e3",
		TRACE "-" SPAN "-" PARENT,
		TRACE "-" SPAN "-true",
		NO_TRACE "-" SPAN "-1",
		TRACE "-" NO_SPAN "-1",
		NO_SPAN "-" SPAN "-1",
		"80f198ee56343ba864fe8b2a57d3eff-" SPAN "-1",
		"80f198ee56343ba864fe8b2a57d3eff70-" SPAN "-1",
		TRACE "-e457b5a2e4d86bd-1",
		TRACE "-e457b5a2e4d86bd11-1",
		"g0f198ee56343ba864fe8b2a57d3eff7-" SPAN "-1",
		TRACE "-z457b5a2e4d86bd1-1",
		TRACE "_" SPAN "_1",
		TRACE "-" SPAN "-1, 0",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(vector) / sizeof(vector[0]); i++) {
		struct remote b = { .sampling = REMOTE_DEBUG };

		if (b3_single(&b, str_of(vector[i])))
			fail_msg("\"%s\" is taken", vector[i]);
		assert_true(b.sampling == REMOTE_DEBUG && !b.has_ids);
	}
}

static void several_fields_have_all_these_shapes(void **state)
{
	static const struct {
		const char *trace, *span, *sampled, *flags, *says;
	} vector[] = {
		{ TRACE, SPAN, "1", NULL, TRACE "-" SPAN "-1" },
		{ TRACE, SPAN, "0", NULL, TRACE "-" SPAN "-0" },
		{ TRACE, SPAN, "true", NULL, TRACE "-" SPAN "-1" },
		{ TRACE, SPAN, "False", NULL, TRACE "-" SPAN "-0" },
		{ TRACE, SPAN, NULL, NULL, TRACE "-" SPAN "-?" },
		{ TRACE, SPAN, "maybe", NULL, TRACE "-" SPAN "-?" },
		{ TRACE, SPAN, NULL, "1", TRACE "-" SPAN "-d" },
		{ TRACE, SPAN, "0", "1", TRACE "-" SPAN "-d" },
		{ TRACE, SPAN, "1", "0", TRACE "-" SPAN "-1" },
		{ TRACE, SPAN, "d", NULL, TRACE "-" SPAN "-d" },
		{ SHORT, SPAN, "1", NULL, LONG_OF_SHORT "-" SPAN "-1" },
		{ "64FE8B2A57D3EFF7", " E457B5A2E4D86BD1", "1", NULL, LONG_OF_SHORT "-" SPAN "-1" },
		{ NULL, NULL, "0", NULL, "0" },
		{ NULL, NULL, "1", NULL, "1" },
		{ NULL, NULL, NULL, "1", "d" },
		{ NO_TRACE, SPAN, "1", NULL, "1" },
		{ TRACE, NULL, "0", NULL, "0" },
		{ TRACE, NULL, NULL, NULL, "no" },
		{ NULL, SPAN, NULL, NULL, "no" },
		{ NO_TRACE, SPAN, NULL, NULL, "no" },
		{ TRACE, NO_SPAN, NULL, NULL, "no" },
		{ TRACE, "e457", NULL, NULL, "no" },
		{ "xyz", SPAN, NULL, "2", "no" },
		{ NULL, NULL, NULL, NULL, "no" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(vector) / sizeof(vector[0]); i++) {
		struct remote b = { 0 };
		bool good = b3_multi(&b, str_of(vector[i].trace), str_of(vector[i].span),
				     str_of(vector[i].sampled), str_of(vector[i].flags));

		assert_string_equal(text_of(good, &b), vector[i].says);
	}
}

static void what_is_written_can_be_read(void **state)
{
	static const char *const field[] = { TRACE "-" SPAN "-1", TRACE "-" SPAN "-0",
					     TRACE "-" SPAN "-d" };
	char text[B3_ROOM];
	struct remote b;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_true(b3_single(&b, str_of(field[i])));
		b3_write(text, b.trace_id, b.span_id, b.sampling);
		assert_string_equal(text, field[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_single_field_has_all_these_shapes),
		cmocka_unit_test(what_is_none_of_them_is_ignored),
		cmocka_unit_test(several_fields_have_all_these_shapes),
		cmocka_unit_test(what_is_written_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
