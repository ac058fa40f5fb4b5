/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "agent/libraries/mhd-options.h"

static struct mhd_options o;

static bool read_options(int first, ...)
{
	va_list options;
	bool r;

	va_start(options, first);
	r = mhd_options_read(&o, options);
	va_end(options);
	return r;
}

static void *uri_log(void *cls, const char *uri, struct MHD_Connection *c)
{
	(void)uri;
	(void)c;
	return cls;
}

static void completed(void *cls, struct MHD_Connection *c, void **con_cls,
		      enum MHD_RequestTerminationCode code)
{
	(void)cls;
	(void)c;
	(void)con_cls;
	(void)code;
}

static void the_callbacks_are_taken_out_and_the_rest_stays(void **state)
{
	int a, b, c;

	(void)state;
	assert_true(read_options(0, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)1 << 40,
				 MHD_OPTION_URI_LOG_CALLBACK, uri_log, &a,
				 MHD_OPTION_CONNECTION_TIMEOUT, 30u, MHD_OPTION_NOTIFY_COMPLETED,
				 completed, &b, MHD_OPTION_SOCK_ADDR, &c, MHD_OPTION_END));
	assert_ptr_equal(o.uri_log, uri_log);
	assert_ptr_equal(o.uri_log_cls, &a);
	assert_ptr_equal(o.completed, completed);
	assert_ptr_equal(o.completed_cls, &b);
	assert_int_equal(o.n, 3);
	assert_int_equal(o.item[0].value, (intptr_t)1 << 40);
	assert_int_equal(o.item[1].option, MHD_OPTION_CONNECTION_TIMEOUT);
	assert_int_equal(o.item[1].value, 30);
	assert_ptr_equal(o.item[2].ptr_value, &c);
}

static void arrays_within_arrays_become_flat(void **state)
{
	struct MHD_OptionItem inner[] = {
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)completed, inner },
		{ MHD_OPTION_THREAD_POOL_SIZE, 4, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem outer[] = {
		{ MHD_OPTION_ARRAY, 0, inner },
		{ MHD_OPTION_CONNECTION_LIMIT, 5, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};

	(void)state;
	assert_true(read_options(0, MHD_OPTION_ARRAY, outer, MHD_OPTION_END));
	assert_ptr_equal(o.completed, completed);
	assert_ptr_equal(o.completed_cls, inner);
	assert_int_equal(o.n, 2);
	assert_int_equal(o.item[0].value, 4);
	assert_int_equal(o.item[1].value, 5);
}

static void an_array_within_itself_is_refused(void **state)
{
	struct MHD_OptionItem loop[] = { { MHD_OPTION_ARRAY, 0, NULL },
					 { MHD_OPTION_END, 0, NULL } };

	(void)state;
	loop[0].ptr_value = loop;
	assert_false(read_options(0, MHD_OPTION_ARRAY, loop, MHD_OPTION_END));
}

static void an_unknown_option_is_refused(void **state)
{
	(void)state;
	assert_false(read_options(0, 4711, 1, MHD_OPTION_END));
	assert_false(read_options(0, -5, 1, MHD_OPTION_END));
}

static void too_many_options_are_refused(void **state)
{
	static struct MHD_OptionItem many[MHD_OPTIONS_MOST + 2];

	(void)state;
	for (int i = 0; i <= MHD_OPTIONS_MOST; i++)
		many[i] = (struct MHD_OptionItem){ MHD_OPTION_CONNECTION_LIMIT, i + 1, NULL };
	assert_false(read_options(0, MHD_OPTION_ARRAY, many, MHD_OPTION_END));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_callbacks_are_taken_out_and_the_rest_stays),
		cmocka_unit_test(arrays_within_arrays_become_flat),
		cmocka_unit_test(an_array_within_itself_is_refused),
		cmocka_unit_test(an_unknown_option_is_refused),
		cmocka_unit_test(too_many_options_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
