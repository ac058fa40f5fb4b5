/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of the context, as they are on log records. Each fact runs in a child of its own. */
#include "lib/test-segment.h"

#include "lib/thread.h"
#include "lib/watcher.h"

#include <pthread.h>

/* The last value of a key, as home counts it: a text, or "#" and a number; NULL: none. */
static const char *value_of(const struct record_log *r, const char *key)
{
	const char *p = (const char *)(r + 1) + r->head.text_n;
	const char *end = (const char *)r + r->head.size - r->head.pad_n;
	static char text[4096];
	bool found = false;

	while (p < end) {
		bool is_known = p[0] & WIRE_KNOWN;
		size_t key_n = is_known ? 0 : (uint8_t)p[1];
		struct str its = is_known ? wire_key((uint8_t)p[1]) : (struct str){ p + 4, key_n };
		uint16_t n;

		memcpy(&n, p + 2, sizeof(n));
		if (str_eq(its, str_of(key))) {
			found = true;
			if ((p[0] & ~WIRE_KNOWN) == WIRE_INT)
				snprintf(text, sizeof(text), "#%d",
					 *(const uint8_t *)(p + 4 + key_n));
			else
				snprintf(text, sizeof(text), "%.*s", (int)n, p + 4 + key_n);
		}
		p += 4 + key_n + n;
	}
	must(p == end);
	return found ? text : NULL;
}

static const struct record_log *last_log(void)
{
	static const struct record_log *log[64];

	return log[own_logs(log, 64) - 1];
}

static bool is(const char *key, const char *value)
{
	const char *its;

	oriel_info("now");
	its = value_of(last_log(), key);
	return value ? its && strcmp(its, value) == 0 : !its;
}

static void bound(void)
{
	must(oriel_start(NULL) == 0);
	must(is("tenant", NULL));
	oriel_fields_bind(oriel_str("tenant", "acme"), oriel_int("cart", 7));
	must(is("tenant", "acme") && is("cart", "#7"));
	oriel_fields_bind(oriel_str("tenant", "other"), oriel_str("more", ""));
	must(is("tenant", "other") && is("cart", "#7") && is("more", ""));
	oriel_fields_unbind("tenant");
	oriel_fields_unbind("nothing");
	oriel_fields_unbind(NULL);
	must(is("tenant", NULL) && is("cart", "#7"));
	oriel_info("own", oriel_int("cart", 9));
	must(strcmp(value_of(last_log(), "cart"), "#9") == 0);
	oriel_fields_clear();
	must(is("cart", NULL) && is("more", NULL));
	oriel_fields_clear();
}

static void fields_are_on_each_record_until_they_are_taken_off(void **state)
{
	(void)state;
	seen_of(bound);
}

static void scoped(void)
{
	char id[ORIEL_REQUEST_ID_ROOM], value[32];

	must(oriel_start(NULL) == 0);
	oriel_fields_bind(oriel_str("a", "1"));
	oriel_set_request_id("abc");
	ORIEL_SPAN ("inner") {
		oriel_fields_bind(oriel_str("b", "2"));
		oriel_baggage_set("bag", "age");
		must(is("a", "1") && is("b", "2") && is("request_id", "abc"));
		must(oriel_baggage_get("bag", value, sizeof(value)) == 3);
	}
	must(is("a", "1") && is("b", NULL));
	oriel_fields_clear();
	must(oriel_request_id(id) && strcmp(id, "abc") == 0 && is("request_id", "abc"));
}

static void they_end_with_their_span_and_leave_the_rest_of_the_context_alone(void **state)
{
	(void)state;
	seen_of(scoped);
}

static void *elsewhere(void *you)
{
	unsigned token = oriel_context_attach(you);

	must(is("a", "1"));
	oriel_context_detach(token);
	must(is("a", NULL));
	return NULL;
}

static void carried(void)
{
	struct oriel_context c;
	pthread_t thread;
	int status;
	pid_t pid;

	must(oriel_start(NULL) == 0);
	oriel_fields_bind(oriel_str("a", "1"));
	c = oriel_context_capture();
	oriel_fields_clear();
	pthread_create(&thread, NULL, elsewhere, &c);
	pthread_join(thread, NULL);
	oriel_context_release(&c);
	oriel_fields_bind(oriel_str("a", "2"));
	pid = fork();
	if (pid == 0)
		_exit(is("a", "2") ? 0 : 98);
	must(waitpid(pid, &status, 0) == pid && status == 0);
}

static void they_go_where_the_context_goes(void **state)
{
	(void)state;
	seen_of(carried);
}

static void too_many(void)
{
	char key[8], value[64];

	must(oriel_start(NULL) == 0);
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (int i = 0; i < 20; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		oriel_fields_bind(oriel_str(key, value));
	}
	must(is("k0", value) && is("k13", value) && is("k19", NULL));
	must(process.segment->loss[LOSS_attributes_no_room] > 0);
}

static void what_has_no_room_is_counted(void **state)
{
	(void)state;
	seen_of(too_many);
}

static void request(void)
{
	struct oriel_context c = { 0 };
	char id[ORIEL_REQUEST_ID_ROOM];
	unsigned token;

	must(oriel_start(NULL) == 0);
	oriel_context_begin_request(&c, "r-1", id,
				    ORIEL_WITH(known_str(KEY_METHOD, "GET"),
					       known_str(KEY_PATH, "/cart")));
	must(strcmp(id, "r-1") == 0);
	token = oriel_context_attach(&c);
	must(is("method", "GET") && is("path", "/cart") && is("request_id", "r-1"));
	oriel_fields_bind(oriel_str("path", "/other"));
	must(is("method", "GET") && is("path", "/other"));
	oriel_context_detach(token);
	must(is("method", NULL));
	oriel_context_release(&c);
}

static void a_request_has_its_method_and_path(void **state)
{
	(void)state;
	seen_of(request);
}

/* One that fits where most do, one that is too long for that, one with a secret in it. */
static void request_without_id(void)
{
	static const char secret[] = "/card/4111111111111111/of";
	char id[ORIEL_REQUEST_ID_ROOM], read[ORIEL_REQUEST_ID_ROOM], path[241];
	const char *const paths[] = { "/", path, secret };

	must(oriel_start(NULL) == 0);
	memset(path, '/', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	for (int i = 0; i < 6; i++) {
		struct oriel_context c = { 0 };
		unsigned token;

		oriel_context_begin_request(&c, NULL, i < 3 ? id : NULL,
					    ORIEL_WITH(known_str(KEY_METHOD, "GET"),
						       known_str(KEY_PATH, paths[i % 3])));
		token = oriel_context_attach(&c);
		must(oriel_request_id(read) == (i < 3) && (i >= 3 || strcmp(id, read) == 0));
		must(is("method", "GET") && is("path", paths[i % 3]) == (i % 3 < 2));
		must(is("request_id", i < 3 ? id : NULL));
		oriel_context_detach(token);
		oriel_context_release(&c);
	}
}

static void a_request_without_an_id_gets_one_if_one_is_wanted(void **state)
{
	(void)state;
	seen_of(request_without_id);
}

static void off(void)
{
	oriel_fields_bind(oriel_str("a", "1"));
	oriel_fields_unbind("a");
	oriel_fields_clear();
	oriel_context_begin_request(&(struct oriel_context){ 0 }, NULL, NULL, ORIEL_WITH());
}

static void without_a_start_nothing_happens(void **state)
{
	(void)state;
	assert_int_equal(seen_of(off).segments, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fields_are_on_each_record_until_they_are_taken_off),
		TEST(they_end_with_their_span_and_leave_the_rest_of_the_context_alone),
		TEST(they_go_where_the_context_goes),
		TEST(what_has_no_room_is_counted),
		TEST(a_request_has_its_method_and_path),
		TEST(a_request_without_an_id_gets_one_if_one_is_wanted),
		TEST(without_a_start_nothing_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
