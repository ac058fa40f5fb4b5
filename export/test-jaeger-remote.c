/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/jaeger-remote.h"
#include "export/protobuf.h"
#include "export/test-server.h"
#include "wire/control.h"

#define HALF (1ull << 63)
#define JSON(rate) \
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 46\r\n\r\n" \
	"{\"probabilisticSampling\":{\"samplingRate\":" rate "}}"

static struct strategy s;

static const char *json(const char *text)
{
	return jaeger_strategy_json(&s, str_of(text));
}

static void a_share_is_a_strategy(void **state)
{
	(void)state;
	assert_null(json("{\"strategyType\":\"PROBABILISTIC\",\"probabilisticSampling\":"
			 "{\"samplingRate\":0.5}}"));
	assert_true(s.threshold == HALF && !s.n && !s.limit_ns && !s.lower_ns);
	assert_null(json("{\"strategyType\":0,\"probabilisticSampling\":{\"samplingRate\":1}}"));
	assert_true(s.threshold == UINT64_MAX);
	assert_null(json("{\"probabilisticSampling\":{\"samplingRate\":0}}"));
	assert_true(s.threshold == 0);
}

static void so_many_a_second_are_one(void **state)
{
	(void)state;
	assert_null(json("{\"strategyType\":\"RATE_LIMITING\",\"rateLimitingSampling\":"
			 "{\"maxTracesPerSecond\":4}}"));
	assert_true(s.limit_ns == 250000000 && s.threshold == UINT64_MAX);
	assert_null(json("{\"rateLimitingSampling\":{\"maxTracesPerSecond\":0}}"));
	assert_true(s.threshold == 0 && s.limit_ns == 0);
}

static void shares_by_names_go_before_the_rest(void **state)
{
	(void)state;
	assert_null(json(
		"{\"strategyType\":\"PROBABILISTIC\",\"probabilisticSampling\":"
		"{\"samplingRate\":1},\"operationSampling\":{\"defaultSamplingProbability\":0.5,"
		"\"defaultLowerBoundTracesPerSecond\":0.1,\"perOperationStrategies\":["
		"{\"operation\":\"GET /a\",\"probabilisticSampling\":{\"samplingRate\":0}},"
		"{\"operation\":\"GET /a\",\"probabilisticSampling\":{\"samplingRate\":1}},"
		"{\"operation\":\"\",\"probabilisticSampling\":{\"samplingRate\":1}}]}}"));
	assert_true(s.threshold == HALF && s.lower_ns == 10000000000 && !s.limit_ns);
	assert_int_equal(s.n, 2);
	assert_true(s.operation[0].name == control_name("GET /a", 6));
	assert_true(s.operation[0].threshold == 0);
	assert_null(json("{\"operationSampling\":{\"defaultSamplingProbability\":1,"
			 "\"perOperationStrategies\":null}}"));
	assert_int_equal(s.n, 0);
}

static void those_without_room_are_counted(void **state)
{
	struct out o = { 0 };

	(void)state;
	out_str(&o, STR("{\"operationSampling\":{\"defaultSamplingProbability\":1,"
			"\"perOperationStrategies\":["));
	for (int i = 0; i < STRATEGY_OPERATIONS + 3; i++)
		out_fmt(&o,
			"%s{\"operation\":\"%d\",\"probabilisticSampling\":{\"samplingRate\":1}}",
			i ? "," : "", i);
	out_str(&o, STR("]}}"));
	assert_null(jaeger_strategy_json(&s, out_all(&o)));
	assert_int_equal(s.n, STRATEGY_OPERATIONS);
	assert_int_equal(s.n_left_out, 3);
	out_fini(&o);
}

static void what_makes_no_sense_changes_nothing(void **state)
{
	static const char *const bad[] = {
		"",
		"no strategy",
		"[]",
		"{}",
		"{\"probabilisticSampling\":{}}",
		"{\"probabilisticSampling\":{\"samplingRate\":1.5}}",
		"{\"probabilisticSampling\":{\"samplingRate\":-0.1}}",
		"{\"probabilisticSampling\":{\"samplingRate\":\"1\"}}",
		"{\"rateLimitingSampling\":{}}",
		"{\"rateLimitingSampling\":{\"maxTracesPerSecond\":-1}}",
		"{\"operationSampling\":{}}",
		"{\"operationSampling\":{\"defaultSamplingProbability\":1,\"perOperationStrategies\":"
		"{}}}",
		"{\"operationSampling\":{\"defaultSamplingProbability\":1,\"perOperationStrategies\":["
		"{\"operation\":\"a\"}]}}",
		"{\"operationSampling\":{\"defaultSamplingProbability\":1,\"perOperationStrategies\":["
		"{\"probabilisticSampling\":{\"samplingRate\":1}}]}}",
	};

	(void)state;
	s = (struct strategy){ .threshold = 7 };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(json(bad[i]));
	assert_true(s.threshold == 7);
}

/* As Jaeger's collector encodes it. */
static void put_operations(struct out *o)
{
	struct proto_message all = proto_open(o, 4, PROTO_ABOUT_100), one, share;

	proto_double_always(o, 1, 0.5);
	proto_double_always(o, 2, 2);
	one = proto_open(o, 3, PROTO_ABOUT_100);
	proto_string(o, 1, STR("GET /a"));
	share = proto_open(o, 2, PROTO_ABOUT_100);
	proto_double_always(o, 1, 1);
	proto_close(o, share);
	proto_close(o, one);
	proto_close(o, all);
}

static void protobuf_says_the_same(void **state)
{
	struct proto_message part;
	struct out o = { 0 };

	(void)state;
	part = proto_open(&o, 2, PROTO_ABOUT_100);
	proto_double_always(&o, 1, 0.5);
	proto_close(&o, part);
	assert_null(jaeger_strategy_protobuf(&s, out_all(&o)));
	assert_true(s.threshold == HALF && !s.n);

	put_operations(&o);
	assert_null(jaeger_strategy_protobuf(&s, out_all(&o)));
	assert_true(s.threshold == HALF && s.lower_ns == 500000000);
	assert_int_equal(s.n, 1);
	assert_true(s.operation[0].name == control_name("GET /a", 6));
	assert_true(s.operation[0].threshold == UINT64_MAX);

	out_clear(&o);
	proto_u64_always(&o, 1, 1);
	part = proto_open(&o, 3, PROTO_ABOUT_100);
	proto_u64_always(&o, 1, 10);
	proto_close(&o, part);
	assert_null(jaeger_strategy_protobuf(&s, out_all(&o)));
	assert_true(s.limit_ns == 100000000);
	for (size_t n = 1; n < o.n; n++)
		assert_non_null(jaeger_strategy_protobuf(&s, (struct str){ o.p, n }));

	out_clear(&o);
	part = proto_open(&o, 2, PROTO_ABOUT_100);
	proto_double_always(&o, 1, __builtin_nan(""));
	proto_close(&o, part);
	assert_non_null(jaeger_strategy_protobuf(&s, out_all(&o)));
	assert_non_null(jaeger_strategy_protobuf(&s, STR("")));
	out_fini(&o);
}

/* ---- asked ------------------------------------------------------------------------------------------ */

static char why[JAEGER_WHY];

static int ask(const struct server *server, const char *path, const atomic_bool *stop)
{
	char endpoint[64];
	struct jaeger_question q = { endpoint, "my shop", 5000, stop };

	snprintf(endpoint, sizeof(endpoint), "http://me:secret@127.0.0.1:%u%s", server->port, path);
	why[0] = '\0';
	return jaeger_remote_ask(&q, &s, why);
}

static void an_endpoint_with_a_path_is_asked_for_json(void **state)
{
	static const struct reply script[] = { { JSON("0.5"), 0 }, { NULL, 0 } };
	struct server server = { .script = script };

	(void)state;
	server_start(&server);
	assert_int_equal(ask(&server, "/api/sampling", NULL), 0);
	assert_true(s.threshold == HALF);
	assert_int_equal(ask(&server, "/sampling?x=1", NULL), 0);
	server_stop(&server);
	assert_true(server_saw(&server, 0, "GET /api/sampling?service=my%20shop HTTP/1.1"));
	assert_true(server_saw(&server, 0, "Accept: application/json"));
	assert_true(server_saw(&server, 1, "GET /sampling?x=1&service=my%20shop HTTP/1.1"));
	server_forget(&server);
}

static void who_does_not_speak_grpc_is_asked_at_sampling(void **state)
{
	static const struct reply script[] = {
		{ "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 0 },
		{ JSON("0.5"), 0 },
		{ NULL, 0 }
	};
	struct server server = { .script = script };

	(void)state;
	server_start(&server);
	assert_int_equal(ask(&server, "/", NULL), 0);
	assert_true(s.threshold == HALF);
	server_stop(&server);
	assert_true(server_saw(&server, 0, "PRI * HTTP/2.0"));
	assert_true(server_saw(&server, 1, "GET /sampling?service=my%20shop HTTP/1.1"));
	server_forget(&server);
}

static void failures_say_why_and_no_password(void **state)
{
	static const struct reply script[] = {
		{ "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 0 },
		{ JSON("2.0"), 0 },
		{ NULL, 0 }
	};
	struct server server = { .script = script };
	struct jaeger_question q = { "ftp://x", "s", 100, NULL };

	(void)state;
	server_start(&server);
	assert_true(ask(&server, "/x", NULL) < 0);
	assert_non_null(strstr(why, "/x: HTTP status 404"));
	assert_null(strstr(why, "secret"));
	assert_true(ask(&server, "/x", NULL) < 0);
	assert_non_null(strstr(why, "the answer makes no sense: a share is none from 0 to 1"));
	server_stop(&server);
	server_forget(&server);
	assert_true(ask(&server, "", NULL) < 0);
	assert_null(strstr(why, "secret"));
	assert_true(jaeger_remote_ask(&q, &s, why) < 0);
	assert_non_null(strstr(why, "the scheme is neither http nor https"));
}

static void who_leaves_does_not_wait(void **state)
{
	static const struct reply script[] = { { HANG, 0 }, { NULL, 0 } };
	struct server server = { .script = script };
	atomic_bool stop = true;

	(void)state;
	server_start(&server);
	assert_true(ask(&server, "/x", &stop) < 0);
	assert_non_null(strstr(why, "the collector leaves"));
	server_stop(&server);
	server_forget(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_share_is_a_strategy),
		cmocka_unit_test(so_many_a_second_are_one),
		cmocka_unit_test(shares_by_names_go_before_the_rest),
		cmocka_unit_test(those_without_room_are_counted),
		cmocka_unit_test(what_makes_no_sense_changes_nothing),
		cmocka_unit_test(protobuf_says_the_same),
		cmocka_unit_test(an_endpoint_with_a_path_is_asked_for_json),
		cmocka_unit_test(who_does_not_speak_grpc_is_asked_at_sampling),
		cmocka_unit_test(failures_say_why_and_no_password),
		cmocka_unit_test(who_leaves_does_not_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
