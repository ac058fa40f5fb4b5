/* SPDX-License-Identifier: Apache-2.0 */
/* The request id as it goes with a context, and onto log records. */
#include "lib/test-segment.h"

#include "lib/carry.h"

static void set(struct oriel_context *c, const char *id, char out[ORIEL_REQUEST_ID_ROOM])
{
	*c = (struct oriel_context){ 0 };
	oriel_context_set_request_id(c, id, out);
}

static bool is_uuid(const char *id)
{
	for (int i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? id[i] != '-' : !strchr("0123456789abcdef", id[i]))
			return false;
	}
	return id[36] == '\0' && id[14] == '4' && strchr("89ab", id[19]);
}

static void valid_ones(void)
{
	static const char *const valid[] = { "a", "abc-123", "A_b-9", "0",
					     ("1234567890123456789012345678901234567890"
					      "123456789012345678901234") };
	static const char *const invalid[] = { "",
					       "a.b",
					       "a b",
					       "a\n",
					       "a:b",
					       "a=",
					       "\xff",
					       "a\r\nb",
					       ("1234567890123456789012345678901234567890"
						"1234567890123456789012345") };
	char out[ORIEL_REQUEST_ID_ROOM], other[ORIEL_REQUEST_ID_ROOM];
	struct oriel_context c;

	must(oriel_start(NULL) == 0);
	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
		set(&c, valid[i], out);
		must(strcmp(out, valid[i]) == 0);
		oriel_context_release(&c);
	}
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		set(&c, invalid[i], out);
		must(is_uuid(out));
		oriel_context_release(&c);
	}
	set(&c, NULL, other);
	must(is_uuid(other) && strcmp(out, other) != 0);
	oriel_context_release(&c);
}

static void an_id_that_is_not_valid_is_replaced_by_a_uuid(void **state)
{
	(void)state;
	assert_int_equal(seen_of(valid_ones).segments, 1);
}

static void goes_along(void)
{
	char out[ORIEL_REQUEST_ID_ROOM], baggage[8];
	struct oriel_context c;
	unsigned token;

	must(oriel_start(NULL) == 0);
	must(!oriel_request_id(out) && out[0] == '\0');
	oriel_context_parse(&c, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "k=v",
			    "user=7");
	oriel_context_set_request_id(&c, "r-1", NULL);
	token = oriel_context_attach(&c);
	ORIEL_SPAN ("inner") {
		must(oriel_request_id(out) && strcmp(out, "r-1") == 0);
		must(oriel_baggage_get("user", baggage, sizeof(baggage)) == 1 && baggage[0] == '7');
		oriel_baggage_set("more", "1");
		must(oriel_request_id(out) && strcmp(out, "r-1") == 0);
		oriel_set_request_id("r-2");
		must(oriel_request_id(out) && strcmp(out, "r-2") == 0);
		must(oriel_baggage_get("more", baggage, sizeof(baggage)) == 1);
		oriel_set_request_id("not valid");
		must(oriel_request_id(out) && strcmp(out, "r-2") == 0);
	}
	must(oriel_request_id(out) && strcmp(out, "r-1") == 0);
	oriel_context_detach(token);
	must(!oriel_request_id(out));
	oriel_context_release(&c);
}

static void it_goes_with_the_context_beside_baggage(void **state)
{
	(void)state;
	assert_int_equal(seen_of(goes_along).segments, 1);
}

static void at_once(void)
{
	static struct oriel_context c[CARRY_UNITS];
	char out[ORIEL_REQUEST_ID_ROOM];
	unsigned n = 0;

	must(oriel_start(NULL) == 0);
	for (int round = 0; round < 3; round++) {
		for (n = 0; n < CARRY_UNITS - 1; n++) {
			set(&c[n], NULL, out);
			must(c[n].carry != 0);
		}
		set(&c[n], NULL, out);
		must(c[n].carry == 0 && is_uuid(out));
		for (n = 0; n < CARRY_UNITS; n++)
			oriel_context_release(&c[n]);
	}
}

static void thousands_may_be_held_at_once_and_all_come_back(void **state)
{
	struct seen s = seen_of(at_once);

	(void)state;
	assert_int_equal(s.loss[LOSS_contexts_no_room], 3);
}

static void logs(void)
{
	struct oriel_context c;
	unsigned token;

	must(setenv("OTEL_TRACES_SAMPLER", "always_off", 1) == 0);
	must(oriel_start(NULL) == 0);
	set(&c, "planted-7", NULL);
	token = oriel_context_attach(&c);
	oriel_info("bare");
	oriel_info("full", oriel_int("a", 1));
	oriel_info("own", oriel_str("request_id", "mine"));
	oriel_context_detach(token);
	oriel_context_release(&c);
	oriel_info("outside");
}

/* A record's own stands behind it, and counts (collect/decode.h). */
static void every_log_record_has_it(void **state)
{
	struct seen s;

	(void)state;
	looked_for = "planted-7";
	s = seen_of(logs);
	assert_int_equal(s.n[RECORD_LOG], 4);
	assert_int_equal(s.bad, 0);
	assert_int_equal(s.found, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_that_is_not_valid_is_replaced_by_a_uuid),
		cmocka_unit_test(it_goes_with_the_context_beside_baggage),
		cmocka_unit_test(thousands_may_be_held_at_once_and_all_come_back),
		cmocka_unit_test(every_log_record_has_it),
	};

	return cmocka_run_group_tests_name("request id", tests, set_up, tear_down);
}
