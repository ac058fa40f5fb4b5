/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"
#include "base/out.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *text_of(double v)
{
	static char text[64];
	struct out o = { 0 };

	out_f64(&o, v);
	assert_true(o.n < sizeof(text));
	memcpy(text, o.p, o.n);
	text[o.n] = '\0';
	out_fini(&o);
	return text;
}

/* What libc's own digits say, by trial. */
static const char *shortest(double v)
{
	static char text[64];

	for (int n = 15; n <= 17; n++) {
		snprintf(text, sizeof(text), "%.*g", n, v);
		if (strtod(text, NULL) == v)
			break;
	}
	return text;
}

static void usual_numbers_are_written_as_people_do(void **state)
{
	(void)state;
	assert_string_equal(text_of(0), "0");
	assert_string_equal(text_of(-0.0), "-0");
	assert_string_equal(text_of(1), "1");
	assert_string_equal(text_of(-2.5), "-2.5");
	assert_string_equal(text_of(0.1), "0.1");
	assert_string_equal(text_of(0.1 + 0.2), "0.30000000000000004");
	assert_string_equal(text_of(0.0005), "0.0005");
	assert_string_equal(text_of(123456789012345), "123456789012345");
	assert_string_equal(text_of(1e21), "1e+21");
	assert_string_equal(text_of(1e-7), "1e-07");
}

static void what_is_no_number_has_no_digits(void **state)
{
	struct decimal d;

	(void)state;
	assert_false(decimal_of(NAN, &d));
	assert_false(decimal_of(INFINITY, &d));
	assert_false(decimal_of(-1, &d));
	assert_false(decimal_of(0, &d));
	assert_false(decimal_of(1e15, &d));
}

static uint64_t random_bits(void)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static void any_number_is_what_the_c_library_would_write(void **state)
{
	(void)state;
	for (int i = 0; i < 400000; i++) {
		double v = ldexp((double)(random_bits() >> (i % 50 + 8)),
				 (int)(random_bits() % 64) - 60);

		if (strcmp(text_of(v), shortest(v)) != 0)
			assert_string_equal(text_of(v), shortest(v));
		assert_true(strtod(text_of(v), NULL) == v);
	}
}

static void powers_of_two_and_their_neighbours_read_back(void **state)
{
	(void)state;
	for (int i = -14; i < 50; i++) {
		double v = ldexp(1, i);

		assert_true(strtod(text_of(v), NULL) == v);
		assert_true(strtod(text_of(nextafter(v, 0)), NULL) == nextafter(v, 0));
		assert_true(strtod(text_of(nextafter(v, 1e300)), NULL) == nextafter(v, 1e300));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usual_numbers_are_written_as_people_do),
		cmocka_unit_test(what_is_no_number_has_no_digits),
		cmocka_unit_test(any_number_is_what_the_c_library_would_write),
		cmocka_unit_test(powers_of_two_and_their_neighbours_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
