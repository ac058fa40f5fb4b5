/* SPDX-License-Identifier: Apache-2.0 */
#include "export/datadog-encode.h"
#include "export/msgpack.h"
#include "export/plan.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static struct out o;

static int tear_down(void **state)
{
	(void)state;
	out_fini(&o);
	return 0;
}

#define assert_wrote(literal) \
	do { \
		assert_int_equal(o.n, sizeof(literal) - 1); \
		assert_memory_equal(o.p, literal, sizeof(literal) - 1); \
		out_clear(&o); \
	} while (0)

/* The forms of the format's own specification. */
static void each_value_has_its_shortest_form(void **state)
{
	(void)state;
	msgpack_u64(&o, 127);
	msgpack_u64(&o, 128);
	msgpack_u64(&o, 256);
	msgpack_u64(&o, 65536);
	msgpack_u64(&o, 4294967296);
	assert_wrote("\x7f\xcc\x80\xcd\x01\x00\xce\x00\x01\x00\x00"
		     "\xcf\x00\x00\x00\x01\x00\x00\x00\x00");
	msgpack_f64(&o, 1);
	assert_wrote("\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00");
	msgpack_map(&o, 15);
	msgpack_map(&o, 16);
	msgpack_array(&o, 15);
	msgpack_array(&o, 65536);
	assert_wrote("\x8f\xde\x00\x10\x9f\xdd\x00\x01\x00\x00");
	msgpack_str(&o, STR("ab"));
	assert_wrote("\xa2"
		     "ab");
	msgpack_str(&o, STR("0123456789012345678901234567890X"));
	assert_wrote("\xd9\x20"
		     "0123456789012345678901234567890X");
}

static struct batch *spans(struct resource *r, const char *traces)
{
	struct batch *b = batch_new(r);

	for (; *traces; traces++) {
		struct span *s = batch_add_span(b);

		s->trace_id.b[15] = (uint8_t)(*traces - '0');
		s->span_id.b[7] = 1;
		s->name = STR("a");
	}
	return b;
}

static size_t encoded(const char *traces, size_t from, size_t to, size_t *left_out)
{
	struct resource *r = resource_new((struct attributes){ 0 }, STR(""), 1);
	struct batch *b = spans(r, traces);
	size_t n;

	out_clear(&o);
	n = datadog_encode(&o, (struct otlp_slice){ &b, 1, from, to }, left_out);
	batch_free(b);
	resource_free(r);
	return n;
}

/* One answer to one request; what came is in `to`. */
struct agent {
	int fd;
	char to[4096];
	size_t n;
};

static void *answer_once(void *you)
{
	static const char yes[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
	struct agent *a = you;
	int fd = accept(a->fd, NULL, NULL);

	while (!memmem(a->to, a->n, "\x91\x91", 2)) {
		ssize_t n = read(fd, a->to + a->n, sizeof(a->to) - a->n);

		if (n <= 0)
			break;
		a->n += (size_t)n;
	}
	if (write(fd, yes, sizeof(yes) - 1) < 0)
		a->n = 0;
	close(fd);
	return NULL;
}

static void the_agent_may_be_a_socket(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "/tmp/oriel-datadog-XXXXXX" };
	const struct exporter *kind = exporter_find(STR("datadog"));
	struct agent a = { .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	struct resource *r = resource_new((struct attributes){ 0 }, STR(""), 1);
	struct batch *b = spans(r, "1");
	struct export_place place = { .signals = SIGNAL_SPAN };
	struct export_result result = { .n_rejected = 0 };
	char block[200], why[160];
	pthread_t thread;
	void *x;
	int n;

	(void)state;
	assert_non_null(mkdtemp(at.sun_path));
	strcat(at.sun_path, "/apm.socket");
	assert_int_equal(bind(a.fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(a.fd, 1), 0);
	assert_int_equal(pthread_create(&thread, NULL, answer_once, &a), 0);
	n = snprintf(block, sizeof(block), "DD_TRACE_AGENT_URL=unix://%s", at.sun_path);
	assert_int_equal(kind->open(&x, &(struct settings){ { block, (size_t)n + 1 } }, &place,
				    why),
			 0);
	assert_string_equal(why, "");
	assert_int_equal(kind->write(x, &b, 1, &result), 0);
	kind->close(x);
	pthread_join(thread, NULL);
	assert_int_equal(strncmp(a.to, "POST /v0.4/traces HTTP/1.1\r\n", 28), 0);
	close(a.fd);
	unlink(at.sun_path);
	*strrchr(at.sun_path, '/') = '\0';
	rmdir(at.sun_path);
	batch_free(b);
	resource_free(r);
}

static void spans_of_a_trace_lie_together(void **state)
{
	size_t left_out;

	(void)state;
	assert_int_equal(encoded("12121", 0, 5, &left_out), 2);
	assert_memory_equal(o.p, "\x92\x93\x8c", 3);
	assert_int_equal(encoded("12121", 1, 3, &left_out), 2);
	assert_memory_equal(o.p, "\x92\x91\x8c", 3);
	assert_int_equal(encoded("", 0, 0, &left_out), 0);
	assert_wrote("\x90");
}

static void a_span_without_ids_is_left_out(void **state)
{
	size_t left_out;

	(void)state;
	assert_int_equal(encoded("101", 0, 3, &left_out), 1);
	assert_int_equal(left_out, 1);
}

static void its_own_switch_asks_where_nothing_else_does(void **state)
{
	static const char on[] = "DD_TRACE_ENABLED=Yes", off[] = "DD_TRACE_ENABLED=no",
			  other[] = "DD_TRACE_ENABLED=1\0OTEL_TRACES_EXPORTER=none";
	struct export_plan plan;

	(void)state;
	export_plan(&plan, &(struct settings){ { on, sizeof(on) } });
	assert_int_equal(plan.n, 1);
	assert_string_equal(plan.item[0].kind->name, "datadog");
	export_plan(&plan, &(struct settings){ { off, sizeof(off) } });
	assert_int_equal(plan.n, 0);
	export_plan(&plan, &(struct settings){ { other, sizeof(other) } });
	assert_int_equal(plan.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(each_value_has_its_shortest_form, tear_down),
		cmocka_unit_test(the_agent_may_be_a_socket),
		cmocka_unit_test_teardown(spans_of_a_trace_lie_together, tear_down),
		cmocka_unit_test_teardown(a_span_without_ids_is_left_out, tear_down),
		cmocka_unit_test_teardown(its_own_switch_asks_where_nothing_else_does, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
