/* SPDX-License-Identifier: Apache-2.0 */
/* A crash's frames, registers and images as Sentry wants them. */
#include "export/sentry-stack.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TEXT(key, text_) \
	{ \
		STR(key), \
		{ \
			.type = VALUE_STRING, .text = STR(text_) \
		} \
	}
#define MAP(items) \
	{ \
		.type = VALUE_MAP, .map = { items, sizeof(items) / sizeof(items[0]) } \
	}

static void says(void (*write)(struct json *j, struct attributes a), struct attributes a,
		 const char *expected)
{
	struct out o = { 0 };
	struct json j = { .out = &o };

	json_open(&j, '{');
	write(&j, a);
	json_close(&j, '}');
	out_char(&o, '\0');
	assert_int_equal(o.error, 0);
	assert_string_equal(o.p, expected);
	out_fini(&o);
}

static void the_outermost_frame_is_first(void **state)
{
	struct attribute inner[] = { TEXT("function", "die"),
				     TEXT("file", "/src/shop.c"),
				     { STR("line"), { .type = VALUE_INT, .integer = 42 } },
				     TEXT("module", "/usr/bin/shop"),
				     TEXT("address", "0x10") };
	struct attribute outer[] = { TEXT("function", "start"), TEXT("module", "/lib/libc.so.6") };
	struct value frame[] = { MAP(inner), MAP(outer) };
	struct attribute registers[] = { TEXT("rip", "0x10") };
	struct attribute all[] = {
		{ STR("oriel.frames"), { .type = VALUE_ARRAY, .array = { frame, 2 } } },
		{ STR("oriel.registers"), MAP(registers) },
		{ STR("oriel.crash"), { .type = VALUE_BOOL, .boolean = true } },
		{ STR("signal.number"), { .type = VALUE_INT, .integer = 11 } },
		TEXT("signal.name", "SIGSEGV"),
		{ STR("thread.id"), { .type = VALUE_INT, .integer = 7 } },
	};

	(void)state;
	says(sentry_stack_json, (struct attributes){ all, 6, 0 },
	     "{\"mechanism\":{\"type\":\"signalhandler\",\"handled\":false,\"synthetic\":true,"
	     "\"meta\":{\"signal\":{\"number\":11,\"name\":\"SIGSEGV\",\"code\":0}}},"
	     "\"thread_id\":7,\"stacktrace\":{\"frames\":["
	     "{\"function\":\"start\",\"package\":\"/lib/libc.so.6\",\"in_app\":false},"
	     "{\"function\":\"die\",\"filename\":\"shop.c\",\"abs_path\":\"/src/shop.c\","
	     "\"lineno\":42,\"instruction_addr\":\"0x10\",\"package\":\"/usr/bin/shop\","
	     "\"in_app\":true}],\"registers\":{\"rip\":\"0x10\"}}}");
}

static void an_image_has_a_debug_id(void **state)
{
	struct attribute module[] = { TEXT("path", "/usr/bin/shop"),
				      TEXT("build_id", "0123456789abcdef0123456789abcdef01234567"),
				      TEXT("begin", "0x1000"), TEXT("end", "0x3000") };
	struct value modules[] = { MAP(module) };
	struct attribute all[] = {
		{ STR("oriel.modules"), { .type = VALUE_ARRAY, .array = { modules, 1 } } },
	};

	(void)state;
	says(sentry_threads_json, (struct attributes){ all, 1, 0 },
	     "{\"debug_meta\":{\"images\":[{\"type\":\"elf\",\"image_addr\":\"0x1000\","
	     "\"image_size\":8192,\"debug_id\":\"67452301-ab89-efcd-0123-456789abcdef\","
	     "\"code_id\":\"0123456789abcdef0123456789abcdef01234567\","
	     "\"code_file\":\"/usr/bin/shop\"}]}}");
}

static void without_frames_there_is_nothing(void **state)
{
	(void)state;
	says(sentry_stack_json, (struct attributes){ 0 }, "{}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_outermost_frame_is_first),
		cmocka_unit_test(an_image_has_a_debug_id),
		cmocka_unit_test(without_frames_there_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
