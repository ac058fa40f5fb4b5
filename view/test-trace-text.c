/* SPDX-License-Identifier: Apache-2.0 */
#include "view/trace-text.h"

#include "store/test-support.h"
#include "view/terminal-text.h"

static void give(struct trace_text *t, struct batch *b)
{
	for (size_t i = 0; i < b->n_spans; i++)
		assert_int_equal(trace_text_span(&b->span[i], b->resource, t), 0);
	for (size_t i = 0; i < b->n_logs; i++)
		assert_int_equal(trace_text_log(&b->log[i], b->resource, i + 1, t), 0);
	batch_free(b);
}

static struct span *timed(struct span *s, uint64_t start_us, uint64_t end_us)
{
	s->start_ns = start_us * 1000;
	s->end_ns = end_us * 1000;
	return s;
}

static struct trace_text *an_order(void)
{
	struct trace_text *t = trace_text_new();
	struct batch *shop = batch_of("storefront", "", 1), *stock = batch_of("stock", "", 2);
	struct span *s = timed(add_span(shop, 1, 5, 1, "INSERT orders"), 12000, 13100);

	s->kind = SPAN_CLIENT;
	s->attributes = attributes_of(shop, 1,
				      text_of("db.query.text", "INSERT INTO orders VALUES (?, ?)"));
	s = timed(add_span(shop, 1, 1, 0, "GET"), 0, 14200);
	s->kind = SPAN_SERVER;
	s->attributes = attributes_of(shop, 2, text_of("http.route", "/orders"),
				      int_of("http.response.status_code", 200));
	s = timed(add_span(shop, 1, 2, 1, "GET"), 1000, 11000);
	s->kind = SPAN_CLIENT;
	s->attributes = attributes_of(shop, 2, text_of("http.request.method", "GET"),
				      text_of("server.address", "stock.local"));
	s = timed(add_span(stock, 1, 3, 2, "GET /stock/{part}"), 2000, 9000);
	s->kind = SPAN_SERVER;
	s->status = STATUS_ERROR;
	s->attributes = attributes_of(stock, 1, int_of("http.response.status_code", 500));
	timed(add_span(stock, 1, 4, 3, "SELECT parts"), 3000, 3900);
	struct log_record *l = add_log(stock, 1, 3, 13, "out of parts");

	l->attributes = attributes_of(stock, 1, int_of("part", 17));
	give(t, stock);
	give(t, shop);
	return t;
}

static void expect(struct trace_text *t, struct trace_text_look look, const char *text)
{
	struct out o = { 0 };

	trace_text_write(t, &look, &o);
	out_char(&o, '\0');
	assert_int_equal(o.error, 0);
	assert_string_equal(o.p, text);
	out_fini(&o);
	trace_text_free(t);
}

static void a_trace_is_a_tree_with_bars(void **state)
{
	(void)state;
	expect(an_order(), (struct trace_text_look){ .width = 100 },
	       "trace 00000000000000000000000000000001  14.2 ms  5 spans  2 services  1 log  1 error\n"
	       "  GET /orders              storefront  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━   14.2 ms  200\n"
	       "  ├─ GET stock.local       storefront    ━━━━━━━━━━━━━━━━━━━━╸         10.0 ms\n"
	       "  │  └─ GET /stock/{part}  stock           ━━━━━━━━━━━━━━╸             7.00 ms  ✗ 500\n"
	       "  │     │ WARN out of parts part=17\n"
	       "  │     └─ SELECT parts    stock             ━━                         900 µs\n"
	       "  └─ INSERT orders         storefront                          ╺━━     1.10 ms  INSERT INTO orders …\n");
}

static void without_unicode_it_is_drawn_in_ascii(void **state)
{
	(void)state;
	expect(an_order(), (struct trace_text_look){ .width = 80, .ascii = true },
	       "trace 00000000000000000000000000000001  14.2 ms  5 spans  2 services  1 log  1 error\n"
	       "  GET /orders              storefront  =================   14.2 ms  200\n"
	       "  |- GET stock.local       storefront   =============      10.0 ms\n"
	       "  |  `- GET /stock/{part}  stock         =========         7.00 ms  ! 500\n"
	       "  |     | WARN out of parts part=17\n"
	       "  |     `- SELECT parts    stock          ==                900 µs\n"
	       "  `- INSERT orders         storefront                ==    1.10 ms  INSERT INTO…\n");
}

static void nothing_foreign_reaches_the_terminal(void **state)
{
	struct trace_text *t = trace_text_new();
	struct batch *b = batch_of("sh\033[31mop", "", 1);
	struct out o = { 0 };
	struct span *s = add_span(b, 1, 1, 0,
				  "a\033]0;title\007\r\n\xff\xc2\x9b"
				  "b\xe2\x80\xae");

	(void)state;
	s->status = STATUS_ERROR;
	s->status_message = STR("\033[2J");
	add_log(b, 1, 1, 9, "\033[2J\nbody")->severity_text = STR("\033[1m");
	give(t, b);
	trace_text_write(t, &(struct trace_text_look){ .width = 100 }, &o);
	for (size_t i = 0; i < o.n; i++)
		assert_true((unsigned char)o.p[i] >= 0x20 || o.p[i] == '\n');
	out_char(&o, '\0');
	assert_non_null(strstr(o.p, "a·]0;title···\xef\xbf\xbd·b·"));
	assert_null(strstr(o.p, "\xc2\x9b"));
	assert_null(strstr(o.p, "\xe2\x80\xae"));
	out_fini(&o);
	trace_text_free(t);
}

static size_t lines_of(struct trace_text *t)
{
	struct out o = { 0 };
	size_t n = 0;

	trace_text_write(t, &(struct trace_text_look){ .colour = true, .width = 60 }, &o);
	for (size_t i = 0; i < o.n; i++)
		n += o.p[i] == '\n';
	out_fini(&o);
	trace_text_free(t);
	return n;
}

static void spans_that_are_each_others_parents_are_shown_once(void **state)
{
	struct trace_text *t = trace_text_new();
	struct batch *b = batch_of("shop", "", 1);

	(void)state;
	add_span(b, 1, 1, 2, "a");
	add_span(b, 1, 2, 1, "b");
	add_span(b, 1, 3, 3, "its own parent");
	add_span(b, 1, 4, 99, "parent not here");
	give(t, b);
	assert_int_equal(lines_of(t), 5);
}

static void a_chain_of_thousands_is_no_danger(void **state)
{
	struct trace_text *t = trace_text_new();
	struct batch *b = batch_of("shop", "", 1);

	(void)state;
	for (uint16_t i = 1; i <= 9000; i++) {
		struct span *s = add_span(b, 1, 0, 0, "deeper");
		uint16_t parent = (uint16_t)(i - 1);

		memcpy(s->span_id.b, &i, sizeof(i));
		memcpy(s->parent_id.b, &parent, sizeof(parent));
	}
	give(t, b);
	assert_int_equal(lines_of(t), 9001);
}

static void spans_beyond_the_limit_are_counted(void **state)
{
	struct trace_text *t = trace_text_new();
	struct batch *b = batch_of("shop", "", 1);

	(void)state;
	for (uint16_t i = 1; i <= 20005; i++)
		memcpy(add_span(b, 1, 0, 0, "many")->span_id.b, &i, sizeof(i));
	give(t, b);
	assert_int_equal(lines_of(t), 20002);
}

static void an_open_span_says_so(void **state)
{
	struct trace_text *t = trace_text_new();
	struct batch *b = batch_of("shop", "", 1);
	struct out o = { 0 };

	(void)state;
	timed(add_span(b, 1, 1, 0, "hangs"), 0, 5000000);
	assert_int_equal(trace_text_open_span(&b->span[0], b->resource, t), 0);
	trace_text_write(t, &(struct trace_text_look){ 0 }, &o);
	out_char(&o, '\0');
	assert_non_null(strstr(o.p, "5.00 s  still open"));
	out_fini(&o);
	batch_free(b);
	trace_text_free(t);
}

static void durations_have_three_digits_or_so(void **state)
{
	const struct {
		uint64_t ns;
		const char *text;
	} pair[] = { { 0, "0 ns" },
		     { 999, "999 ns" },
		     { 1834000, "1.83 ms" },
		     { 830000, "830 µs" },
		     { 14200000, "14.2 ms" },
		     { 1500000000, "1.50 s" },
		     { 99000000000, "99.0 s" },
		     { 3600000000000, "3600 s" } };

	(void)state;
	for (size_t i = 0; i < sizeof(pair) / sizeof(pair[0]); i++) {
		struct out o = { 0 };
		size_t columns = terminal_duration(&o, pair[i].ns);

		assert_int_equal(columns, terminal_columns(out_all(&o)));
		out_char(&o, '\0');
		assert_string_equal(o.p, pair[i].text);
		out_fini(&o);
	}
}

static void long_text_ends_in_an_ellipsis(void **state)
{
	struct out o = { 0 };

	(void)state;
	assert_int_equal(terminal_text(&o, STR("abcdef"), 4), 4);
	assert_int_equal(terminal_text(&o, STR("日本語"), 4), 3);
	assert_int_equal(terminal_text(&o, STR("日本"), 4), 4);
	assert_true(str_eq(out_all(&o), STR("abc…日…日本")));
	out_fini(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trace_is_a_tree_with_bars),
		cmocka_unit_test(without_unicode_it_is_drawn_in_ascii),
		cmocka_unit_test(nothing_foreign_reaches_the_terminal),
		cmocka_unit_test(spans_that_are_each_others_parents_are_shown_once),
		cmocka_unit_test(a_chain_of_thousands_is_no_danger),
		cmocka_unit_test(spans_beyond_the_limit_are_counted),
		cmocka_unit_test(an_open_span_says_so),
		cmocka_unit_test(durations_have_three_digits_or_so),
		cmocka_unit_test(long_text_ends_in_an_ellipsis),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
