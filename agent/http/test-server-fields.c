/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "agent/http/server-fields.h"
#include "lib/watcher.h"

static uint16_t n_made, n_kept;
static bool no_room;

void oriel_context_keep(struct oriel_context *c)
{
	n_kept += c->carry != 0;
}

static void make(struct oriel_context *c, const char *method, struct str path)
{
	(void)method;
	(void)path;
	n_made++;
	c->carry = no_room ? 0 : n_made;
}

static uint16_t of(const char *method, const char *path)
{
	return server_fields(method, str_of(path), make).carry;
}

static void they_are_made_once(void **state)
{
	static const char get[] = "GET", put[] = "PUT";
	uint16_t one = of(get, "/a"), two = of(put, "/a"), three = of(get, "/b"),
		 four = of(get, "");

	(void)state;
	assert_int_equal(n_made, 4);
	assert_int_equal(n_kept, 4);
	assert_true(one != two && one != three && two != three && four);
	assert_int_equal(of(get, "/a"), one);
	assert_int_equal(of(put, "/a"), two);
	assert_int_equal(of(get, ""), four);
	assert_int_equal(n_made, 4);
}

static void long_paths_have_none(void **state)
{
	char path[66];

	(void)state;
	memset(path, 'a', sizeof(path));
	path[64] = '\0';
	n_made = 100;
	assert_int_equal(of("GET", path), 101);
	path[64] = 'a';
	path[65] = '\0';
	assert_int_equal(of("GET", path), 0);
	assert_int_equal(n_made, 101);
}

static void nothing_is_kept_where_there_is_no_room(void **state)
{
	(void)state;
	n_kept = 0;
	no_room = true;
	assert_int_equal(of("GET", "/none"), 0);
	assert_int_equal(of("GET", "/none"), 0);
	assert_int_equal(n_kept, 0);
	no_room = false;
}

static void there_is_an_end_to_them(void **state)
{
	char path[20];

	(void)state;
	n_made = 1000;
	for (int i = 0; i < 2000; i++) {
		snprintf(path, sizeof(path), "/%d", i);
		of("GET", path);
	}
	assert_in_range(n_made, 1001, 1128);
	assert_int_equal(of("GET", "/1999"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_made_once),
		cmocka_unit_test(long_paths_have_none),
		cmocka_unit_test(nothing_is_kept_where_there_is_no_room),
		cmocka_unit_test(there_is_an_end_to_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
