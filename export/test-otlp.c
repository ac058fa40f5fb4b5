/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/exporter.h"
#include "export/otlp-encode.h"
#include "export/otlp-json.h"
#include "export/test-server.h"

#include <time.h>
#include <zlib.h>
#include <zstd.h>

static const struct scope scope = { .name = { "shop", 4 }, .version = { "", 0 } };

/* A server, an exporter that leads to it, and a batch with two spans, one log and one point. */
struct scene {
	struct server server;
	void *otlp;
	struct resource *resource;
	struct batch *batch;
	atomic_bool stop;
	char block[1024], why[160];
	struct export_result result;
};

static void fill(struct batch *b)
{
	for (size_t i = 0; i < 2; i++) {
		struct span *s = batch_add_span(b);

		s->name = STR("GET /");
		s->scope = &scope;
		s->trace_id.b[0] = 1;
	}
	batch_add_log(b)->body = (struct value){ VALUE_STRING, .text = STR("hello") };
	batch_add_point(b)->name = STR("requests");
}

static void scene_open(struct scene *x, const struct reply *script, const char *const settings[])
{
	struct settings s;
	struct export_place place = { .signals = SIGNAL_ALL, .out_fd = -1, .stop = &x->stop };

	memset(x, 0, sizeof(*x));
	x->server.script = script;
	server_start(&x->server);
	s.block = server_settings(&x->server, x->block, sizeof(x->block), settings);
	x->resource = resource_new((struct attributes){ NULL, 0, 0 }, STR(""), 1);
	x->batch = batch_new(x->resource);
	fill(x->batch);
	assert_int_equal(exporter_find(STR("otlp"))->open(&x->otlp, &s, &place, x->why), 0);
	assert_string_equal(x->why, "");
}

static int scene_write(struct scene *x)
{
	return exporter_find(STR("otlp"))->write(x->otlp, &x->batch, 1, &x->result);
}

static void scene_close(struct scene *x)
{
	assert_null(exporter_find(STR("otlp"))->close(x->otlp));
	server_stop(&x->server);
	server_forget(&x->server);
	batch_free(x->batch);
	resource_free(x->resource);
}

#define SCRIPT(...) ((const struct reply[]){ __VA_ARGS__, { NULL, 0 } })
#define SETTINGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const char status_503[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
				 "Retry-After: 7\r\n\r\n";
static const char status_404[] = "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n"
				 "Content-Length: 8\r\n\r\nno such\x1b";

static void each_signal_goes_to_its_own_path(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x, SCRIPT({ OK_EMPTY, 0 }), NULL);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 0);
	assert_int_equal(x.server.n_requests, 3);
	assert_true(server_saw(&x.server, 0, "POST /v1/traces HTTP/1.1\r\n"));
	assert_true(server_saw(&x.server, 1, "POST /v1/logs HTTP/1.1\r\n"));
	assert_true(server_saw(&x.server, 2, "POST /v1/metrics HTTP/1.1\r\n"));
	scene_close(&x);
}

static void a_request_says_what_it_is(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x, SCRIPT({ OK_EMPTY, 0 }),
		   SETTINGS("OTEL_EXPORTER_OTLP_HEADERS=api-key=a%20b,x-empty="));
	assert_int_equal(scene_write(&x), 0);
	assert_true(server_saw(&x.server, 0, "\r\nContent-Type: application/x-protobuf\r\n"));
	assert_true(server_saw(&x.server, 0,
			       "\r\nUser-Agent: OTel-OTLP-Exporter-oriel/" ORIEL_VERSION "\r\n"));
	assert_true(server_saw(&x.server, 0, "\r\napi-key: a b\r\n"));
	assert_true(server_saw(&x.server, 0, "\r\nx-empty:\r\n"));
	assert_false(server_saw(&x.server, 0, "Expect"));
	scene_close(&x);
}

static void the_body_is_what_the_encoder_writes(void **state)
{
	struct out o = { 0 };
	struct scene x;

	(void)state;
	scene_open(&x, SCRIPT({ OK_EMPTY, 0 }), NULL);
	assert_int_equal(scene_write(&x), 0);
	otlp_encode(&o, SIGNAL_SPAN, (struct otlp_slice){ &x.batch, 1, 0, 2 });
	assert_int_equal(x.server.request[0].body.n, o.n);
	assert_memory_equal(x.server.request[0].body.p, o.p, o.n);
	out_fini(&o);
	scene_close(&x);
}

static void json_is_sent_as_json(void **state)
{
	struct out o = { 0 };
	struct scene x;

	(void)state;
	scene_open(&x,
		   SCRIPT({ "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
			    "Content-Length: 40\r\n\r\n"
			    "{\"partialSuccess\":{\"rejectedSpans\":\"1\"}}",
			    0 }),
		   SETTINGS("OTEL_EXPORTER_OTLP_PROTOCOL=http/json"));
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 3);
	assert_true(server_saw(&x.server, 0, "POST /v1/traces HTTP/1.1\r\n"));
	assert_true(server_saw(&x.server, 0, "\r\nContent-Type: application/json\r\n"));
	otlp_encode_json(&o, SIGNAL_SPAN, (struct otlp_slice){ &x.batch, 1, 0, 2 });
	assert_int_equal(x.server.request[0].body.n, o.n);
	assert_memory_equal(x.server.request[0].body.p, o.p, o.n);
	out_fini(&o);
	scene_close(&x);
}

/* What OTLP over HTTP calls retryable, and what stands beside it. */
static void only_the_listed_statuses_are_for_later(void **state)
{
	static const struct {
		int status;
		bool later;
	} row[] = { { 429, true },  { 502, true },  { 503, true },  { 504, true },
		    { 400, false }, { 401, false }, { 408, false }, { 500, false },
		    { 501, false }, { 505, false }, { 302, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct scene x;
		char text[80];

		snprintf(text, sizeof(text), "HTTP/1.1 %d Odd\r\nContent-Length: 0\r\n\r\n",
			 row[i].status);
		scene_open(&x, SCRIPT({ text, 0 }), NULL);
		assert_int_equal(scene_write(&x), row[i].later ? EXPORT_RETRY : 0);
		assert_int_equal(x.result.n_rejected, row[i].later ? 0 : 4);
		scene_close(&x);
	}
}

static void gzip_unpacks_to_the_same(void **state)
{
	struct out o = { 0 };
	struct scene x;
	Bytef plain[4096];
	z_stream z = { .next_out = plain, .avail_out = sizeof(plain) };

	(void)state;
	scene_open(&x, SCRIPT({ OK_EMPTY, 0 }), SETTINGS("OTEL_EXPORTER_OTLP_COMPRESSION=gzip"));
	assert_int_equal(scene_write(&x), 0);
	assert_true(server_saw(&x.server, 0, "\r\nContent-Encoding: gzip\r\n"));
	z.next_in = (Bytef *)x.server.request[0].body.p;
	z.avail_in = (uInt)x.server.request[0].body.n;
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	otlp_encode(&o, SIGNAL_SPAN, (struct otlp_slice){ &x.batch, 1, 0, 2 });
	assert_int_equal(z.total_out, o.n);
	assert_memory_equal(plain, o.p, o.n);
	inflateEnd(&z);
	out_fini(&o);
	scene_close(&x);
}

static void zstd_unpacks_to_the_same(void **state)
{
	struct out o = { 0 };
	struct scene x;
	struct str body;
	char plain[4096];

	(void)state;
	scene_open(&x, SCRIPT({ OK_EMPTY, 0 }), SETTINGS("OTEL_EXPORTER_OTLP_COMPRESSION=zstd"));
	assert_int_equal(scene_write(&x), 0);
	assert_true(server_saw(&x.server, 0, "\r\nContent-Encoding: zstd\r\n"));
	body = out_all(&x.server.request[0].body);
	otlp_encode(&o, SIGNAL_SPAN, (struct otlp_slice){ &x.batch, 1, 0, 2 });
	assert_int_equal(ZSTD_decompress(plain, sizeof(plain), body.p, body.n), o.n);
	assert_memory_equal(plain, o.p, o.n);
	out_fini(&o);
	scene_close(&x);
}

static void a_connection_is_kept(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x, SCRIPT({ OK_EMPTY, 0 }), NULL);
	assert_int_equal(scene_write(&x), 0);
	x.result = (struct export_result){ .n_rejected = 0 };
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.server.n_requests, 6);
	assert_int_equal(x.server.n_connections, 1);
	scene_close(&x);
}

static void later_is_a_retry_when_the_server_says(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x, SCRIPT({ status_503, 0 }), NULL);
	assert_int_equal(scene_write(&x), EXPORT_RETRY);
	assert_int_equal(x.result.retry_after_ms, 7000);
	assert_non_null(strstr(x.result.why, "503"));
	scene_close(&x);
}

static void a_date_is_as_good_as_seconds(void **state)
{
	time_t then = time(NULL) + 100;
	char reply[200], date[64];
	struct tm tm;
	struct scene x;

	(void)state;
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&then, &tm));
	snprintf(reply, sizeof(reply),
		 "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nRetry-After: %s\r\n\r\n",
		 date);
	scene_open(&x, SCRIPT({ reply, 0 }), NULL);
	assert_int_equal(scene_write(&x), EXPORT_RETRY);
	assert_in_range(x.result.retry_after_ms, 1, 100000);
	scene_close(&x);
}

static void a_retry_does_not_send_again_what_was_taken(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x, SCRIPT({ OK_EMPTY, 0 }, { status_503, 0 }, { OK_EMPTY, 0 }), NULL);
	assert_int_equal(scene_write(&x), EXPORT_RETRY);
	assert_int_equal(x.result.n_done[0], 2);
	assert_int_equal(x.result.n_done[1], 0);
	assert_int_equal(x.result.n_done[2], 1);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.server.n_requests, 4);
	assert_true(server_saw(&x.server, 3, "POST /v1/logs "));
	scene_close(&x);
}

static void a_refusal_counts_and_says_why(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x, SCRIPT({ status_404, 0 }, { OK_EMPTY, 0 }), NULL);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 2);
	assert_int_equal(x.server.n_requests, 3);
	assert_non_null(strstr(x.result.why, "404"));
	assert_non_null(strstr(x.result.why, "no such?"));
	scene_close(&x);
}

static void a_partial_success_counts_what_was_not_taken(void **state)
{
	static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n"
				    "Content-Length: 9\r\n\r\n\x0a\x07\x08\x01\x12\x03old";
	struct scene x;

	(void)state;
	scene_open(&x, SCRIPT({ reply, sizeof(reply) - 1 }, { OK_EMPTY, 0 }), NULL);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 1);
	assert_non_null(strstr(x.result.why, "rejected 1 of 2: old"));
	scene_close(&x);
}

static void nobody_rejects_more_than_was_sent(void **state)
{
	static const char reply[] =
		"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n\x0a\x04\x08\xff\xff\x7f";
	struct scene x;

	(void)state;
	scene_open(&x, SCRIPT({ reply, sizeof(reply) - 1 }), NULL);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 4);
	scene_close(&x);
}

static void a_web_page_is_no_receiver(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x,
		   SCRIPT({ "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
			    "Content-Length: 6\r\n\r\n<html>",
			    0 }),
		   NULL);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 4);
	assert_non_null(strstr(x.result.why, "web page"));
	scene_close(&x);
}

static void an_odd_answer_to_a_taken_request_is_told(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x, SCRIPT({ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nOK!", 0 }), NULL);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 0);
	assert_non_null(strstr(x.result.why, "not OTLP"));
	scene_close(&x);
}

static void a_redirect_is_not_followed(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x,
		   SCRIPT({ "HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\n"
			    "Content-Length: 0\r\n\r\n",
			    0 }),
		   NULL);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 4);
	assert_int_equal(x.server.n_requests, 3);
	assert_false(server_saw(&x.server, 1, "elsewhere"));
	scene_close(&x);
}

static void garbage_for_an_answer_is_a_refusal(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x, SCRIPT({ "\x16\x03\x01 this is no HTTP\r\n\r\n", 0 }), NULL);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 4);
	assert_true(x.result.why[0]);
	scene_close(&x);
}

static void a_cut_connection_is_a_retry(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x, SCRIPT({ CUT, 0 }), NULL);
	assert_int_equal(scene_write(&x), EXPORT_RETRY);
	assert_int_equal(x.result.n_done[0], 0);
	scene_close(&x);
}

static void a_server_that_says_nothing_is_a_retry(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x, SCRIPT({ HANG, 0 }), SETTINGS("OTEL_EXPORTER_OTLP_TIMEOUT=100"));
	assert_int_equal(scene_write(&x), EXPORT_RETRY);
	assert_int_equal(x.server.n_requests, 1);
	scene_close(&x);
}

static void *raise_stop(void *arg)
{
	struct scene *x = arg;

	while (!atomic_load(&x->server.n_requests))
		poll(NULL, 0, 1);
	atomic_store(&x->stop, true);
	return NULL;
}

/* With the longest time-out there is: only the flag can end it while this test runs. */
static void stop_ends_a_write_that_waits(void **state)
{
	struct scene x;
	pthread_t thread;

	(void)state;
	scene_open(&x, SCRIPT({ HANG, 0 }), SETTINGS("OTEL_EXPORTER_OTLP_TIMEOUT=600000"));
	assert_int_equal(pthread_create(&thread, NULL, raise_stop, &x), 0);
	assert_int_equal(scene_write(&x), EXPORT_RETRY);
	pthread_join(thread, NULL);
	scene_close(&x);
}

static void a_closed_port_is_a_retry(void **state)
{
	struct server s = { .script = NULL };
	struct export_result result = { .n_rejected = 0 };
	struct export_place place = { .signals = SIGNAL_SPAN, .out_fd = -1 };
	struct scene x;
	struct settings settings;
	void *otlp;

	(void)state;
	scene_open(&x, SCRIPT({ OK_EMPTY, 0 }), NULL);
	server_start(&s);
	server_stop(&s);
	settings.block = server_settings(&s, x.block, sizeof(x.block), NULL);
	assert_int_equal(exporter_find(STR("otlp"))->open(&otlp, &settings, &place, x.why), 0);
	assert_int_equal(exporter_find(STR("otlp"))->write(otlp, &x.batch, 1, &result),
			 EXPORT_RETRY);
	assert_non_null(strstr(result.why, "onnect"));
	exporter_find(STR("otlp"))->close(otlp);
	scene_close(&x);
}

static void an_endless_answer_is_left_unread(void **state)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n";
	size_t n = sizeof(head) - 1 + 99999999;
	char *reply = malloc(n);
	struct scene x;

	(void)state;
	memset(reply, 'x', n);
	memcpy(reply, head, sizeof(head) - 1);
	scene_open(&x, SCRIPT({ reply, n }), NULL);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 0);
	scene_close(&x);
	free(reply);
}

static void too_large_for_the_server_is_sent_in_halves(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x,
		   SCRIPT({ "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n", 0 },
			  { OK_EMPTY, 0 }),
		   NULL);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 0);
	assert_int_equal(x.server.n_requests, 5);
	assert_true(server_saw(&x.server, 2, "POST /v1/traces "));
	scene_close(&x);
}

/* What lies on disk can't be halved any more: 20 spans of 100 KiB are two requests that nginx takes unasked. */
static void what_waits_on_disk_is_in_requests_that_all_take(void **state)
{
	char dir[] = "/tmp/oriel-otlp-XXXXXX", command[80];
	size_t n = 100 << 10, items = 0;
	char *text = malloc(n);
	struct attribute a = { STR("k"), { VALUE_STRING, .text = { text, n } } };
	const struct exporter *otlp = exporter_find(STR("otlp"));
	struct spool *spool;
	struct spool_item item;
	struct out body = { 0 };
	struct scene x;

	(void)state;
	memset(text, 'x', n);
	scene_open(&x, SCRIPT({ OK_EMPTY, 0 }), NULL);
	for (size_t i = 0; i < 20; i++)
		batch_add_span(x.batch)->attributes = (struct attributes){ &a, 1, 0 };
	spool = mkdtemp(dir) ? spool_open(dir, "otlp", 100 << 20) : NULL;
	assert_non_null(spool);
	assert_int_equal(otlp->stow(x.otlp, &x.batch, 1, &x.result, spool), 0);
	while (spool_take(spool, true, &body, &item)) {
		assert_in_range(item.body.n, 1, 1 << 20);
		assert_int_equal(otlp->resend(x.otlp, &item, &x.result), 0);
		items += item.n_items;
		assert_true(spool_done(spool, &item));
	}
	assert_int_equal(items, 22 + 1 + 1);
	assert_in_range(x.server.n_requests, 3 + 2, 4 + 2);
	spool_close(spool);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	assert_int_equal(system(command), 0);
	out_fini(&body);
	free(text);
	scene_close(&x);
}

/* 70 spans of 1 MiB each: more than the 64 MiB that one request may have. */
static void no_request_passes_the_limit(void **state)
{
	size_t n = 1 << 20, sent = 0;
	char *text = malloc(n);
	struct attribute a = { STR("k"), { VALUE_STRING, .text = { text, n } } };
	struct scene x;

	(void)state;
	memset(text, 'x', n);
	scene_open(&x, SCRIPT({ OK_EMPTY, 0 }), NULL);
	for (size_t i = 0; i < 70; i++)
		batch_add_span(x.batch)->attributes = (struct attributes){ &a, 1, 0 };
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.server.n_requests, 4);
	for (size_t i = 0; i < 2; i++) {
		assert_true(server_saw(&x.server, i, "POST /v1/traces "));
		assert_true(x.server.request[i].body.n <= 64 << 20);
		sent += x.server.request[i].body.n;
	}
	assert_true(sent > 70 * n);
	scene_close(&x);
	free(text);
}

/* 100 spans, of which one hundredth is more than 20 bytes and less than 200. */
static void a_limit_of_requests_may_be_set(void **state)
{
	struct scene x;
	size_t traces = 0;

	(void)state;
	scene_open(&x, SCRIPT({ OK_EMPTY, 0 }),
		   (const char *[]){ "ORIEL_OTLP_MAX_REQUEST_SIZE=2000", NULL });
	for (size_t i = 0; i < 100; i++)
		batch_add_span(x.batch)->name = STR("a span with a name of a certain length");
	assert_int_equal(scene_write(&x), 0);
	for (size_t i = 0; i < x.server.n_requests && i < REQUESTS_MOST; i++) {
		traces += server_saw(&x.server, i, "POST /v1/traces ");
		assert_true(x.server.request[i].body.n <= 2000);
	}
	assert_in_range(traces, 3, 30);
	assert_int_equal(x.result.n_rejected, 0);
	scene_close(&x);
}

/* A partial success that begins behind the limit isn't read. */
static void a_limit_of_answers_may_be_set(void **state)
{
	static const char partial[] =
		"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 4\r\n\r\n"
		"\x0a\x02\x08\x01";
	struct scene x;

	(void)state;
	scene_open(&x, SCRIPT({ partial, sizeof(partial) - 1 }),
		   (const char *[]){ "ORIEL_OTLP_MAX_RESPONSE_SIZE=4", NULL });
	assert_int_equal(scene_write(&x), 0);
	assert_true(x.result.n_rejected > 0);
	scene_close(&x);
	scene_open(&x, SCRIPT({ partial, sizeof(partial) - 1 }),
		   (const char *[]){ "ORIEL_OTLP_MAX_RESPONSE_SIZE=3", NULL });
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 0);
	scene_close(&x);
}

static void one_item_too_large_does_not_stop_the_others(void **state)
{
	size_t n = 65 << 20;
	char *text = malloc(n);
	struct attribute a = { STR("k"), { VALUE_STRING, .text = { text, n } } };
	struct scene x;

	(void)state;
	memset(text, 'x', n);
	scene_open(&x, SCRIPT({ OK_EMPTY, 0 }), NULL);
	batch_add_span(x.batch)->attributes = (struct attributes){ &a, 1, 0 };
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 1);
	assert_int_equal(x.result.n_done[0], 3);
	scene_close(&x);
	free(text);
}

static void expect_where(const char *block, size_t n, const char *where)
{
	const struct exporter *kind = exporter_find(STR("otlp"));
	struct export_place place = { .signals = SIGNAL_SPAN | SIGNAL_LOG, .out_fd = -1 };
	struct settings s = { { block, n } };
	char why[160], to[200] = "";
	void *x;

	assert_int_equal(kind->open(&x, &s, &place, why), 0);
	kind->where(x, to, sizeof(to));
	assert_string_equal(to, where);
	kind->close(x);
}

#define WHERE(block, where) expect_where(block, sizeof(block), where)

static void people_are_shown_where_and_no_secrets(void **state)
{
	(void)state;
	WHERE("", "http://localhost:4318");
	WHERE("OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "http://localhost:4317");
	WHERE("OTEL_EXPORTER_OTLP_ENDPOINT=otelcol:4317", "http://otelcol:4317");
	WHERE("OTEL_EXPORTER_OTLP_ENDPOINT=https://me:secret@h/otlp?key=secret", "https://h/otlp");
	WHERE("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://h/mine?key=secret", "http://h/mine");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_signal_goes_to_its_own_path),
		cmocka_unit_test(a_request_says_what_it_is),
		cmocka_unit_test(the_body_is_what_the_encoder_writes),
		cmocka_unit_test(json_is_sent_as_json),
		cmocka_unit_test(people_are_shown_where_and_no_secrets),
		cmocka_unit_test(only_the_listed_statuses_are_for_later),
		cmocka_unit_test(gzip_unpacks_to_the_same),
		cmocka_unit_test(zstd_unpacks_to_the_same),
		cmocka_unit_test(a_connection_is_kept),
		cmocka_unit_test(later_is_a_retry_when_the_server_says),
		cmocka_unit_test(a_date_is_as_good_as_seconds),
		cmocka_unit_test(a_retry_does_not_send_again_what_was_taken),
		cmocka_unit_test(a_refusal_counts_and_says_why),
		cmocka_unit_test(a_partial_success_counts_what_was_not_taken),
		cmocka_unit_test(nobody_rejects_more_than_was_sent),
		cmocka_unit_test(a_web_page_is_no_receiver),
		cmocka_unit_test(an_odd_answer_to_a_taken_request_is_told),
		cmocka_unit_test(a_redirect_is_not_followed),
		cmocka_unit_test(garbage_for_an_answer_is_a_refusal),
		cmocka_unit_test(a_cut_connection_is_a_retry),
		cmocka_unit_test(a_server_that_says_nothing_is_a_retry),
		cmocka_unit_test(stop_ends_a_write_that_waits),
		cmocka_unit_test(a_closed_port_is_a_retry),
		cmocka_unit_test(an_endless_answer_is_left_unread),
		cmocka_unit_test(too_large_for_the_server_is_sent_in_halves),
		cmocka_unit_test(what_waits_on_disk_is_in_requests_that_all_take),
		cmocka_unit_test(no_request_passes_the_limit),
		cmocka_unit_test(a_limit_of_requests_may_be_set),
		cmocka_unit_test(a_limit_of_answers_may_be_set),
		cmocka_unit_test(one_item_too_large_does_not_stop_the_others),
	};

	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
