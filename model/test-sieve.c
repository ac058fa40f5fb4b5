/* SPDX-License-Identifier: Apache-2.0 */
#include "model/sieve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct redact rules;
static struct sieve sieve = { .rules = &rules };

static int set_up(void **state)
{
	(void)state;
	redact_default(&rules);
	return redact_read(&rules, STR("gone=drop"), NULL) ? 0 : -1;
}

static struct batch *batch_of_one(void)
{
	struct resource *r = resource_new((struct attributes){ 0 }, STR(""), 0);
	struct batch *b = batch_new(r);

	resource_free(r);
	return b;
}

static struct value text(const char *s)
{
	return (struct value){ VALUE_STRING, .text = str_of(s) };
}

static bool is(struct value v, const char *s)
{
	return v.type == VALUE_STRING && str_eq(v.text, str_of(s));
}

static void secrets_of_a_span_go_wherever_they_are(void **state)
{
	struct batch *b = batch_of_one();
	struct attribute of_event[] = { { STR("by"), text("4111111111111111") } };
	struct attribute of_span[] = { { STR("user"), text("bob") },
				       { STR("password"), text("hunter2") },
				       { STR("gone"), text("x") },
				       { STR("ssn"), { VALUE_INT, .integer = 17 } } };
	struct span_event event = { .name = STR("got Bearer abc123"),
				    .attributes = { of_event, 1, 0 } };
	struct span *s = batch_add_span(b);

	(void)state;
	s->name = STR("login pw=hunter2");
	s->status_message = STR("token: c0ffee");
	s->attributes = (struct attributes){ of_span, 4, 0 };
	s->event = &event;
	s->n_events = 1;
	assert_true(sieve_batch(&sieve, b));
	assert_true(str_eq(s->name, STR("login pw=[REDACTED]")));
	assert_true(str_eq(s->status_message, STR("token: [REDACTED]")));
	assert_int_equal(s->attributes.n, 3);
	assert_true(is(of_span[0].value, "bob") && is(of_span[1].value, "[REDACTED]") &&
		    is(of_span[2].value, "[REDACTED]"));
	assert_true(str_eq(event.name, STR("got Bearer [REDACTED]")));
	assert_true(is(of_event[0].value, "[REDACTED]"));
	batch_free(b);
}

static void secrets_that_are_nested_go_as_well(void **state)
{
	struct batch *b = batch_of_one();
	struct attribute inner[] = { { STR("name"), text("bob") }, { STR("pwd"), text("x") } };
	struct value list[] = { text("plain"), { VALUE_MAP, .map = { inner, 2 } } };
	struct log_record *l = batch_add_log(b);

	(void)state;
	l->body = (struct value){ VALUE_ARRAY, .array = { list, 2 } };
	assert_true(sieve_batch(&sieve, b));
	assert_true(is(list[0], "plain") && is(inner[0].value, "bob") &&
		    is(inner[1].value, "[REDACTED]"));
	batch_free(b);
}

static void a_point_keeps_its_numbers(void **state)
{
	struct batch *b = batch_of_one();
	struct attribute a[] = { { STR("api_key"), text("x") }, { STR("shop"), text("y") } };
	struct metric_point *p = batch_add_point(b);

	(void)state;
	p->integer = 17;
	p->attributes = (struct attributes){ a, 2, 0 };
	assert_true(sieve_batch(&sieve, b));
	assert_int_equal(p->integer, 17);
	assert_true(is(a[0].value, "[REDACTED]") && is(a[1].value, "y"));
	batch_free(b);
}

static void what_stands_for_a_value_stays(void **state)
{
	struct attribute a[] = { { STR("password"), text("hash:0123456789abcdef") } };
	struct attributes all = { a, 1, 0 };
	struct arena arena = { 0 };

	(void)state;
	assert_true(sieve_attributes(&sieve, &all, &arena));
	assert_true(is(a[0].value, "hash:0123456789abcdef"));
	arena_fini(&arena);
}

static void a_key_that_was_harmless_is_harmless_again(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct attribute a[] = { { STR("user.name"), text("bob") },
					 { STR("user.place"), text("bob") },
					 { STR("user.token"), text("bob") } };
		struct attributes all = { a, 3, 0 };
		struct arena arena = { 0 };

		assert_true(sieve_attributes(&sieve, &all, &arena));
		assert_true(is(a[0].value, "bob") && is(a[1].value, "bob"));
		assert_true(is(a[2].value, "[REDACTED]"));
		arena_fini(&arena);
	}
}

static void a_scope_is_sieved_once_and_anybodys_is_left_alone(void **state)
{
	static const struct scope ours = { .name = STR("ours") };
	struct attribute of_scope[] = { { STR("password"), text("hunter2") },
					{ STR("team"), text("cart") },
					{ STR("gone"), text("x") } };
	struct scope scope = { .name = STR("s"), .attributes = { of_scope, 3, 0 } };
	struct batch *b = batch_of_one();

	(void)state;
	for (int i = 0; i < 2; i++)
		batch_add_span(b)->scope = &scope;
	batch_add_span(b)->scope = &ours;
	assert_true(sieve_batch(&sieve, b));
	assert_int_equal(scope.attributes.n, 2);
	assert_false(is(of_scope[0].value, "hunter2"));
	assert_true(is(of_scope[1].value, "cart"));
	batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_of_a_span_go_wherever_they_are),
		cmocka_unit_test(secrets_that_are_nested_go_as_well),
		cmocka_unit_test(a_point_keeps_its_numbers),
		cmocka_unit_test(what_stands_for_a_value_stays),
		cmocka_unit_test(a_key_that_was_harmless_is_harmless_again),
		cmocka_unit_test(a_scope_is_sieved_once_and_anybodys_is_left_alone),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
