/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/console-line.h"
#include "export/console-text.h"
#include "export/destination.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define AT_NS (1700000000u * UINT64_C(1000000000) + 123000000u)

static struct resource *shop(void)
{
	struct attribute who = { STR("service.name"), { VALUE_STRING, .text = STR("shop") } };

	return resource_new((struct attributes){ &who, 1, 0 }, STR(""), 1);
}

static void looks_like(struct value v, const char *text)
{
	struct out o = { 0 };

	console_value(&o, &v);
	out_char(&o, '\0');
	assert_string_equal(o.p, text);
	out_fini(&o);
}

static void text_looks_like(struct str s, const char *text)
{
	looks_like((struct value){ VALUE_STRING, .text = s }, text);
}

static void plain_text_needs_no_quotes(void **state)
{
	(void)state;
	text_looks_like(STR("/cart/7"), "/cart/7");
	text_looks_like(STR("sm\xc3\xb8rrebr\xc3\xb8"
			    "d"),
			"sm\xc3\xb8rrebr\xc3\xb8"
			"d");
}

static void text_with_blanks_gets_quotes(void **state)
{
	(void)state;
	text_looks_like(STR("a b"), "\"a b\"");
	text_looks_like(STR("a=b"), "\"a=b\"");
	text_looks_like(STR(""), "\"\"");
	text_looks_like(STR("say \"no\\\""), "\"say \\\"no\\\\\\\"\"");
}

static void nothing_reaches_the_terminal_that_it_would_act_on(void **state)
{
	(void)state;
	text_looks_like(STR("\x1b[2J"), "\"\\x1b[2J\"");
	text_looks_like(STR("a\r\n\tb"), "\"a\\r\\n\\tb\"");
	text_looks_like(STR("\x7f"), "\\x7f");
	text_looks_like(STR("a\xc2\x9b"
			    "31m"),
			"a\\u{9b}31m"); /* CSI as one character */
	text_looks_like(STR("a\xe2\x80\xae"
			    "b"),
			"a\\u{202e}b"); /* right to left from here */
	text_looks_like(STR("a\xff\xc3"), "a\\xff\\xc3");
	text_looks_like((struct str){ "a\0b", 3 }, "\"a\\x00b\"");
}

static void long_text_is_cut_and_says_so(void **state)
{
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text));
	struct out o = { 0 };

	console_text(&o, (struct str){ text, sizeof(text) });
	assert_true(str_ends(out_all(&o), STR("… (600 bytes more)")));
	out_fini(&o);
}

static void every_type_has_a_form(void **state)
{
	struct value item[] = { { VALUE_INT, .integer = -1 }, { VALUE_BOOL, .boolean = true } };
	struct attribute pair = { STR("k"), { VALUE_ARRAY, .array = { item, 2 } } };

	(void)state;
	looks_like((struct value){ VALUE_MAP, .map = { &pair, 1 } }, "{k=[-1, true]}");
	looks_like((struct value){ VALUE_BYTES, .text = STR("\x01\xff") }, "0x01ff");
	looks_like((struct value){ VALUE_DOUBLE, .number = 0.1 }, "0.1");
	looks_like((struct value){ VALUE_EMPTY, .integer = 0 }, "(empty)");
}

static void endless_nesting_ends(void **state)
{
	struct value level[100] = { { VALUE_INT, .integer = 1 } };

	(void)state;
	for (size_t i = 1; i < 100; i++)
		level[i] = (struct value){ VALUE_ARRAY, .array = { &level[i - 1], 1 } };
	looks_like(level[99], "[[[[[[[…]]]]]]]");
}

static void expect_span(const struct span *s, bool colour, const char *text)
{
	struct out o = { 0 };
	struct resource *r = shop();
	struct console_line l = { .out = &o, .colour = colour, .resource = r };

	console_span(&l, s);
	out_char(&o, '\0');
	assert_string_equal(o.p, text);
	out_fini(&o);
	resource_free(r);
}

static void a_span_is_a_line(void **state)
{
	struct attribute a = { STR("url.path"), { VALUE_STRING, .text = STR("/cart/7") } };
	struct span s = { .kind = SPAN_SERVER,
			  .name = STR("GET /cart/{id}"),
			  .end_ns = AT_NS,
			  .start_ns = AT_NS - 12345678,
			  .attributes = { &a, 1, 0 },
			  .trace_id = { { 0x4b, 0xf9 } },
			  .span_id = { { 1 } } };

	(void)state;
	expect_span(&s, false,
		    "22:13:20.123 shop       server      12.3 ms GET /cart/{id}  url.path=/cart/7"
		    "  trace=4bf90000000000000000000000000000 span=0100000000000000\n");
}

static void an_error_says_what_it_was(void **state)
{
	struct span s = { .kind = SPAN_CLIENT,
			  .name = STR("GET"),
			  .end_ns = AT_NS,
			  .start_ns = AT_NS - 999,
			  .status = STATUS_ERROR,
			  .status_message = STR("refused\n") };

	(void)state;
	expect_span(&s, false,
		    "22:13:20.123 shop       client       999 ns GET ERROR: refused\\n\n");
	expect_span(
		&s, true,
		"\x1b[2m22:13:20.123 \x1b[0m\x1b[36mshop\x1b[0m       \x1b[34mclient\x1b[0m       "
		"999 ns \x1b[1;31mGET\x1b[0m\x1b[31m ERROR: refused\\n\x1b[0m\n");
}

static void events_follow_with_their_time_in_the_span(void **state)
{
	struct attribute a = { STR("k"), { VALUE_INT, .integer = 1 } };
	struct span_event e = { AT_NS - 1500000, STR("retry"), { &a, 1, 0 } };
	struct span s = { .kind = SPAN_INTERNAL,
			  .name = STR("work"),
			  .end_ns = AT_NS,
			  .start_ns = AT_NS - 3000000,
			  .event = &e,
			  .n_events = 1 };

	(void)state;
	expect_span(&s, false,
		    "22:13:20.123 shop       internal    3.00 ms work | +1.50 ms retry k=1\n");
}

static void durations_have_three_digits(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = { { 0, "     0 ns" },	    { 999, "   999 ns" },
		      { 1000, "  1.00 µs" },	    { 999499, "   999 µs" },
		      { 999999, "  1.00 ms" },	    { 12345678, "  12.3 ms" },
		      { 1500000000, "   1.50 s" },  { 99900000000, "   99.9 s" },
		      { 185000000000, " 3 m 05 s" } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct span s = { .kind = SPAN_INTERNAL,
				  .name = STR("x"),
				  .end_ns = AT_NS,
				  .start_ns = AT_NS - cases[i].ns };
		char text[100];

		snprintf(text, sizeof(text), "22:13:20.123 shop       internal  %s x\n",
			 cases[i].text);
		expect_span(&s, false, text);
	}
}

static void a_log_is_a_line_in_the_same_columns(void **state)
{
	struct log_record r = { .time_ns = AT_NS,
				.severity = 13,
				.event_name = STR("stock"),
				.body = { VALUE_STRING, .text = STR("is low") } };
	struct out o = { 0 };
	struct resource *who = shop();

	(void)state;
	console_log(&(struct console_line){ .out = &o, .resource = who }, &r);
	out_char(&o, '\0');
	assert_string_equal(o.p, "22:13:20.123 shop       WARN                stock: is low\n");
	out_fini(&o);
	resource_free(who);
}

static void a_point_is_a_line_with_its_unit(void **state)
{
	struct metric_point p = { .kind = METRIC_HISTOGRAM,
				  .name = STR("latency"),
				  .unit = STR("s"),
				  .time_ns = AT_NS,
				  .count = 4,
				  .sum = 2,
				  .min = 0.25,
				  .max = 1 };
	struct out o = { 0 };
	struct resource *who = shop();

	(void)state;
	console_point(&(struct console_line){ .out = &o, .resource = who }, &p);
	p = (struct metric_point){ .kind = METRIC_SUM,
				   .name = STR("n"),
				   .unit = STR("1"),
				   .time_ns = AT_NS,
				   .integer = -3 };
	console_point(&(struct console_line){ .out = &o, .resource = who }, &p);
	out_char(&o, '\0');
	assert_string_equal(
		o.p, "22:13:20.123 shop       histogram           latency 4 values, mean 0.5, "
		     "0.25 to 1 s\n"
		     "22:13:20.123 shop       sum                 n -3\n");
	out_fini(&o);
	resource_free(who);
}

/* An exporter on a descriptor, and a batch of n spans with long names. */
struct scene {
	void *console;
	struct batch *batch;
	struct export_result result;
	atomic_bool stop;
	char why[160];
};

static void scene_open(struct scene *x, int fd, size_t n)
{
	struct export_place place = { .signals = SIGNAL_SPAN, .out_fd = fd, .stop = &x->stop };
	struct settings none = { { "", 0 } };
	struct resource *r = shop();

	memset(x, 0, sizeof(*x));
	x->batch = batch_new(r);
	resource_free(r);
	for (size_t i = 0; i < n; i++)
		batch_add_span(x->batch)->name = STR("a name that is neither long nor short");
	batch_add_log(x->batch);
	assert_int_equal(exporter_find(STR("console"))->open(&x->console, &none, &place, x->why),
			 0);
}

static int scene_write(struct scene *x)
{
	return exporter_find(STR("console"))->write(x->console, &x->batch, 1, &x->result);
}

static void scene_close(struct scene *x)
{
	assert_null(exporter_find(STR("console"))->close(x->console));
	batch_free(x->batch);
}

static size_t count_lines(int fd)
{
	size_t lines = 0;
	char text[4096];
	ssize_t n;

	while ((n = read(fd, text, sizeof(text))) > 0)
		for (ssize_t i = 0; i < n; i++)
			lines += text[i] == '\n';
	return lines;
}

static void a_file_gets_every_line(void **state)
{
	FILE *f = tmpfile();
	struct scene x;

	(void)state;
	scene_open(&x, fileno(f), 1000);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 0);
	assert_int_equal(lseek(fileno(f), 0, SEEK_SET), 0);
	assert_int_equal(count_lines(fileno(f)), 1000);
	scene_close(&x);
	fclose(f);
}

/* The end where the service writes too stays as it was: blocking. */
static void a_shared_pipe_is_not_made_non_blocking(void **state)
{
	struct scene x;
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	scene_open(&x, fd[1], 1);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(fcntl(fd[1], F_GETFL) & O_NONBLOCK, 0);
	scene_close(&x);
	close(fd[1]);
	assert_int_equal(count_lines(fd[0]), 1);
	close(fd[0]);
}

/* What is not counted as rejected is in the pipe, line for line. */
static void a_pipe_that_nobody_reads_costs_lines_and_counts_them(void **state)
{
	struct scene x;
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	scene_open(&x, fd[1], 5000);
	assert_int_equal(scene_write(&x), 0);
	assert_in_range(x.result.n_rejected, 1, 4999);
	assert_string_equal(x.result.why, "nobody reads the output");
	scene_close(&x);
	close(fd[1]);
	assert_int_equal(count_lines(fd[0]), 5000 - x.result.n_rejected);
	close(fd[0]);
}

static void a_socket_that_nobody_reads_is_no_different(void **state)
{
	struct scene x;
	int fd[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	scene_open(&x, fd[1], 50000);
	assert_int_equal(scene_write(&x), 0);
	assert_in_range(x.result.n_rejected, 1, 49999);
	scene_close(&x);
	close(fd[1]);
	assert_true(count_lines(fd[0]) >= 50000 - x.result.n_rejected);
	close(fd[0]);
}

static void the_end_does_not_wait_for_a_reader(void **state)
{
	struct scene x;
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	scene_open(&x, fd[1], 10);
	atomic_store(&x.stop, true);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 10);
	scene_close(&x);
	close(fd[0]);
	close(fd[1]);
}

/* Through a destination, because its thread is what blocks the signal that this raises. */
static void a_reader_that_is_gone_kills_nobody(void **state)
{
	struct export_place place = { .signals = SIGNAL_SPAN, .out_fd = -1 };
	struct settings none = { { "", 0 } };
	struct destination_limits limits = { .delay_ms = 1 };
	struct destination_state seen;
	struct destination *d;
	struct scene x;
	char why[160];
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	scene_open(&x, fd[1], 10);
	place.out_fd = fd[1];
	assert_int_equal(destination_new(&d, exporter_find(STR("console")), &none, &place, limits,
					 why),
			 0);
	close(fd[0]);
	destination_offer(d, x.batch);
	assert_true(destination_flush(d, 600000));
	destination_state(d, &seen);
	assert_int_equal(seen.dropped, 10);
	assert_non_null(strstr(seen.why, strerror(EPIPE)));
	destination_free(d, 600000);
	scene_close(&x);
	close(fd[1]);
}

static size_t count_colours(const char *setting)
{
	struct settings s = { { setting, strlen(setting) + 1 } };
	struct export_place place = { .signals = SIGNAL_SPAN, .out_fd = -1 };
	struct export_result result = { .n_rejected = 0 };
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	char text[8192], why[160];
	size_t n = 0;
	void *console;
	struct scene x;

	assert_true(master >= 0 && !grantpt(master) && !unlockpt(master));
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	scene_open(&x, slave, 1);
	place.out_fd = slave;
	assert_int_equal(exporter_find(STR("console"))->open(&console, &s, &place, why), 0);
	assert_int_equal(exporter_find(STR("console"))->write(console, &x.batch, 1, &result), 0);
	assert_int_equal(result.n_rejected, 0);
	ssize_t got = read(master, text, sizeof(text));

	for (ssize_t i = 0; i < got; i++)
		n += text[i] == '\x1b';
	exporter_find(STR("console"))->close(console);
	scene_close(&x);
	close(slave);
	close(master);
	return n;
}

static void colour_is_for_terminals_that_want_it(void **state)
{
	(void)state;
	assert_true(count_colours("") > 0);
	assert_int_equal(count_colours("NO_COLOR=1"), 0);
}

static void without_an_output_there_is_no_console(void **state)
{
	struct export_place place = { .signals = SIGNAL_SPAN, .out_fd = -1 };
	struct settings none = { { "", 0 } };
	void *console;
	char why[160];

	(void)state;
	assert_int_equal(exporter_find(STR("console"))->open(&console, &none, &place, why),
			 -EINVAL);
	assert_non_null(strstr(why, "no output"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_needs_no_quotes),
		cmocka_unit_test(text_with_blanks_gets_quotes),
		cmocka_unit_test(nothing_reaches_the_terminal_that_it_would_act_on),
		cmocka_unit_test(long_text_is_cut_and_says_so),
		cmocka_unit_test(every_type_has_a_form),
		cmocka_unit_test(endless_nesting_ends),
		cmocka_unit_test(a_span_is_a_line),
		cmocka_unit_test(an_error_says_what_it_was),
		cmocka_unit_test(events_follow_with_their_time_in_the_span),
		cmocka_unit_test(durations_have_three_digits),
		cmocka_unit_test(a_log_is_a_line_in_the_same_columns),
		cmocka_unit_test(a_point_is_a_line_with_its_unit),
		cmocka_unit_test(a_file_gets_every_line),
		cmocka_unit_test(a_shared_pipe_is_not_made_non_blocking),
		cmocka_unit_test(a_pipe_that_nobody_reads_costs_lines_and_counts_them),
		cmocka_unit_test(a_socket_that_nobody_reads_is_no_different),
		cmocka_unit_test(the_end_does_not_wait_for_a_reader),
		cmocka_unit_test(a_reader_that_is_gone_kills_nobody),
		cmocka_unit_test(colour_is_for_terminals_that_want_it),
		cmocka_unit_test(without_an_output_there_is_no_console),
	};

	setenv("TZ", "UTC", 1);
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
