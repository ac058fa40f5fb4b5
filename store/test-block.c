/* SPDX-License-Identifier: Apache-2.0 */
/* Traces that came together are found as those that came one by one. */
#include "store/inside.h"

#include "store/test-support.h"

enum { TRACES = 300, SEEN = 1024 };

/* The same traces: many at once, which are in blocks, and one at a time, which are rows. */
struct pair {
	char folder[32], path[2][64];
	struct store *st[2];
};

static int open_pair(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	snprintf(p->folder, sizeof(p->folder), "/tmp/oriel-block-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	for (int i = 0; i < 2; i++) {
		snprintf(p->path[i], sizeof(p->path[i]), "%s/%d.db", p->folder, i);
		assert_int_equal(store_open(&p->st[i], p->path[i]), 0);
	}
	*state = p;
	return 0;
}

static int close_pair(void **state)
{
	struct pair *p = *state;
	char path[80];

	for (int i = 0; i < 2; i++) {
		store_free(p->st[i]);
		unlink(p->path[i]);
		snprintf(path, sizeof(path), "%s-wal", p->path[i]);
		unlink(path);
		snprintf(path, sizeof(path), "%s-shm", p->path[i]);
		unlink(path);
	}
	rmdir(p->folder);
	free(p);
	return 0;
}

static struct trace_id id_of(uint64_t n)
{
	struct trace_id id;
	uint64_t part[2] = { (n + 1) * 0x9e3779b97f4a7c15u, (n + 1) * 0xbf58476d1ce4e5b9u };

	memcpy(id.b, part, sizeof(id.b));
	return id;
}

static const char *const run_name[] = { "00000000000000aa", "00000000000000bb" };

static struct batch *run_batch(int run)
{
	return batch_of(run ? "stock" : "shop", run_name[run], 1 + run);
}

static struct span *add(struct batch *b, uint64_t n, uint8_t id, uint8_t parent, const char *name)
{
	struct span *s = add_span(b, 0, id, parent, "");

	s->name = arena_copy(&b->arena, str_of(name));
	s->trace_id = id_of(n);
	s->start_ns = 1000000 + n * 7919 % TRACES * 1000 + id; /* not in the order of arrival */
	s->end_ns = s->start_ns + n * 13 % 101 * 100;
	return s;
}

/* A request, in some a call, some of which fail; every 40th is a long one. */
static void add_trace(struct batch *b, uint64_t n)
{
	char route[32], name[40];
	struct span *s;

	snprintf(route, sizeof(route), "/r/%d", (int)(n % 7));
	snprintf(name, sizeof(name), "GET %s", route);
	s = add(b, n, 1, n % 11 ? 0 : 9, name);
	s->kind = SPAN_SERVER;
	s->attributes = attributes_of(b, 3, text_of("http.route", route),
				      int_of("http.response.status_code", n % 5 ? 200 : 404),
				      text_of("url.path", n % 3 ? "/some/path" : "/other"));
	for (uint8_t i = 0; i < (n % 40 ? n % 3 : 70); i++) {
		s = add(b, n, 2 + i, 1, "call");
		s->kind = SPAN_CLIENT;
		s->status = n % 9 ? STATUS_UNSET : STATUS_ERROR;
	}
}

static void add_more(struct batch *b, uint64_t n)
{
	add(b, n, 100, 1, "late")->end_ns += n * 1000;
}

static void write_pair(struct pair *p, uint64_t from, uint64_t step, uint64_t to,
		       void (*fill)(struct batch *, uint64_t))
{
	struct batch *all[2] = { run_batch(0), run_batch(1) };

	for (uint64_t n = from; n < to; n += step) {
		struct batch *one = run_batch(n % 4 == 0);

		fill(all[n % 4 == 0], n);
		fill(one, n);
		assert_int_equal(store_write(p->st[1], &one, 1), 0);
		batch_free(one);
	}
	assert_int_equal(store_write(p->st[0], all, 2), 0);
	batch_free(all[0]);
	batch_free(all[1]);
}

/* ---- what a list says, in a form that can be compared --------------------------------------------- */

struct seen {
	size_t n;
	uint64_t cursor;
	struct trace_id id[SEEN];
	char text[SEEN][200];
};

static int see(const struct trace_summary *t, void *you)
{
	struct seen *to = you;

	assert_true(to->n < SEEN);
	to->cursor = t->cursor;
	to->id[to->n] = t->trace_id;
	snprintf(to->text[to->n++], sizeof(to->text[0]),
		 STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT
			 "|%d|%d|%d|%llu+%llu|%u,%u,%u|%zu|%d",
		 STR_ARG(t->name), STR_ARG(t->run), STR_ARG(t->service), STR_ARG(t->route),
		 STR_ARG(t->path), t->http_status, t->kind, t->status,
		 (unsigned long long)t->start_ns, (unsigned long long)t->duration_ns, t->n_spans,
		 t->n_errors, t->n_logs, t->n_services, t->has_root);
	return 0;
}

struct spans_seen {
	size_t n;
	uint64_t sum;
};

static int see_span(const struct span *s, const struct resource *r, void *you)
{
	struct spans_seen *to = you;

	assert_non_null(r);
	to->n++;
	to->sum += (s->start_ns * 31 + s->end_ns) * (s->span_id.b[7] + 1u) + s->name.n +
		   s->attributes.n * 1000003;
	return 0;
}

static void lists_are_the_same(struct pair *p, struct trace_filter f)
{
	static struct seen seen[2];

	for (int i = 0; i < 2; i++) {
		seen[i].n = 0;
		assert_int_equal(store_traces(p->st[i], &f, see, &seen[i]), 0);
	}
	assert_int_equal(seen[0].n, seen[1].n);
	for (size_t i = 0; i < seen[0].n; i++) {
		struct spans_seen spans[2] = { 0 };

		assert_string_equal(seen[0].text[i], seen[1].text[i]);
		assert_memory_equal(&seen[0].id[i], &seen[1].id[i], sizeof(seen[0].id[i]));
		for (int k = 0; k < 2; k++)
			assert_int_equal(store_trace_spans(p->st[k], seen[k].id[i], see_span,
							   &spans[k]),
					 0);
		assert_int_equal(spans[0].n, spans[1].n);
		assert_true(spans[0].sum == spans[1].sum);
	}
}

static void all_lists_are_the_same(struct pair *p)
{
	const struct trace_filter filter[] = {
		{ .limit = SEEN },
		{ .limit = 10 },
		{ .limit = SEEN, .run = STR("00000000000000bb") },
		{ .limit = SEEN, .service = STR("shop") },
		{ .limit = SEEN, .service = STR("nobody") },
		{ .limit = SEEN, .route = STR("/r/3") },
		{ .limit = SEEN, .name = STR("GET /r/2") },
		{ .limit = SEEN, .http_status = 404 },
		{ .limit = SEEN, .errors_only = true },
		{ .limit = SEEN, .min_ns = 5000 },
		{ .limit = SEEN, .max_ns = 5000 },
		{ .limit = SEEN, .since_ns = 1100000 },
		{ .limit = SEEN, .until_ns = 1100001 },
		{ .limit = SEEN, .since_ns = 1050000, .until_ns = 1060000, .route = STR("/r/1") },
		{ .limit = SEEN, .text = STR("/OTHER") },
		{ .limit = SEEN, .text = STR("late") },
	};

	for (size_t i = 0; i < sizeof(filter) / sizeof(filter[0]); i++)
		lists_are_the_same(p, filter[i]);
}

/* ---- the facts ------------------------------------------------------------------------------------- */

static void what_is_in_a_block_is_found_as_a_row_is(void **state)
{
	struct pair *p = *state;

	write_pair(p, 0, 1, TRACES, add_trace);
	assert_int_equal(ask(p->st[1]->writer.sql, "SELECT count(*) FROM block"), 0);
	assert_true(ask(p->st[0]->writer.sql, "SELECT sum(n) FROM block") > TRACES / 2);
	all_lists_are_the_same(p);
}

static void a_trace_that_goes_on_leaves_its_block(void **state)
{
	struct pair *p = *state;
	int64_t rows;

	write_pair(p, 0, 1, TRACES, add_trace);
	rows = ask(p->st[0]->writer.sql, "SELECT count(*) FROM trace");
	write_pair(p, 1, 3, TRACES, add_more);
	assert_true(ask(p->st[0]->writer.sql, "SELECT count(*) FROM trace") > rows);
	all_lists_are_the_same(p);
	write_pair(p, 1, 2, TRACES, add_more);
	all_lists_are_the_same(p);
}

static void who_opens_the_file_finds_them(void **state)
{
	struct pair *p = *state;

	write_pair(p, 0, 1, TRACES, add_trace);
	for (int i = 0; i < 2; i++) {
		store_free(p->st[i]);
		assert_int_equal(store_open(&p->st[i], p->path[i]), 0);
	}
	all_lists_are_the_same(p);
	write_pair(p, 0, 4, TRACES, add_more);
	all_lists_are_the_same(p);
}

static void a_span_of_a_block_given_again_is_kept_once(void **state)
{
	struct pair *p = *state;
	struct batch *b = run_batch(0);
	struct spans_seen spans = { 0 };

	for (uint64_t n = 1; n < 30; n++)
		add(b, n, 1, 0, "GET");
	assert_int_equal(store_write(p->st[0], &b, 1), 0);
	assert_int_equal(ask(p->st[0]->writer.sql, "SELECT n FROM block"), 29);
	b->again = true;
	assert_int_equal(store_write(p->st[0], &b, 1), 0);
	batch_free(b);
	assert_int_equal(store_trace_spans(p->st[0], id_of(1), see_span, &spans), 0);
	assert_int_equal(spans.n, 1);
}

/* Each trace comes once, and once more when it changed. */
static void who_follows_sees_each_change(void **state)
{
	struct pair *p = *state;
	static struct seen seen;
	struct store_cursors at;
	uint64_t cursor;

	write_pair(p, 0, 1, 100, add_trace);
	assert_int_equal(store_cursors(p->st[0], &at), 0);
	write_pair(p, 100, 1, TRACES, add_trace);
	seen.n = 0;
	assert_int_equal(store_traces(p->st[0],
				      &(struct trace_filter){ .after = at.trace, .limit = 70 }, see,
				      &seen),
			 0);
	cursor = seen.cursor;
	assert_int_equal(store_traces(p->st[0],
				      &(struct trace_filter){ .after = cursor, .limit = SEEN }, see,
				      &seen),
			 0);
	assert_int_equal(seen.n, TRACES - 100);
	for (size_t i = 0; i < seen.n; i++)
		for (size_t k = i + 1; k < seen.n; k++)
			assert_memory_not_equal(&seen.id[i], &seen.id[k], sizeof(seen.id[i]));
	cursor = seen.cursor;
	write_pair(p, 10, 40, TRACES, add_more);
	seen.n = 0;
	assert_int_equal(store_traces(p->st[0],
				      &(struct trace_filter){ .after = cursor, .limit = SEEN }, see,
				      &seen),
			 0);
	assert_int_equal(seen.n, 8);
	for (size_t i = 0; i < seen.n; i++) {
		struct trace_id id = id_of(10 + 40 * i);

		assert_memory_equal(&seen.id[i], &id, sizeof(id));
	}
}

static void a_run_that_goes_takes_its_blocks(void **state)
{
	struct pair *p = *state;

	for (int i = 0; i < 2; i++)
		for (int k = 0; k < 2; k++) {
			struct str id = str_of(run_name[k]);

			assert_int_equal(store_run_started(p->st[i],
							   &(struct store_run){
								   .id = id,
								   .started_ns =
									   1u + (unsigned)k }),
					 0);
			assert_int_equal(store_run_ended(p->st[i], id, 10, 0), 0);
		}
	write_pair(p, 0, 1, TRACES, add_trace);
	for (int i = 0; i < 2; i++)
		store_limit(p->st[i], 1 << 30, 1);
	for (uint64_t n = 0; n < 40; n++) /* a step each */
		write_pair(p, 4 * n, 1, 4 * n + 1, add_more);
	lists_are_the_same(p, (struct trace_filter){ .limit = SEEN, .name = STR("GET /r/2") });
	assert_int_equal(ask(p->st[0]->writer.sql, "SELECT count(*) FROM run"), 1);
	assert_int_equal(ask(p->st[0]->writer.sql, "SELECT count(DISTINCT run) FROM block"), 1);
}

static void a_block_that_lies_is_read_without_harm(void **state)
{
	static const char *const lie[] = {
		"UPDATE block SET n = 1 << 60",
		"UPDATE block SET n = -1",
		"UPDATE block SET heads = zeroblob(10000)",
		"UPDATE block SET heads = substr(heads, 1, 3000)",
		"UPDATE block SET spans = substr(spans, 1, 50)",
		"UPDATE block SET heads = randomblob(length(heads))",
		"UPDATE block SET spans = randomblob(length(spans))",
		"UPDATE block SET spans = X'FFFFFFFF' || substr(spans, 5)",
		"UPDATE block SET spans = X'10000000' || substr(spans, 5)",
		"UPDATE block SET spans = NULL, heads = NULL",
		"UPDATE block SET no = no + 3",
		"INSERT INTO lifted SELECT no, -1 FROM block",
	};
	struct pair *p = *state;
	static struct seen seen;

	for (size_t i = 0; i < sizeof(lie) / sizeof(lie[0]); i++) {
		struct spans_seen spans = { 0 };

		write_pair(p, i * 30, 1, i * 30 + 30, add_trace);
		assert_int_equal(sqlite3_exec(p->st[0]->writer.sql, lie[i], NULL, NULL, NULL),
				 SQLITE_OK);
		seen.n = 0;
		assert_int_equal(store_traces(p->st[0], &(struct trace_filter){ .limit = SEEN },
					      see, &seen),
				 0);
		for (uint64_t n = 0; n < 30; n++)
			store_trace_spans(p->st[0], id_of(i * 30 + n), see_span, &spans);
		write_pair(p, i * 30, 3, i * 30 + 30, add_more);
	}
}

#define WITH_PAIR(fact) cmocka_unit_test_setup_teardown(fact, open_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PAIR(what_is_in_a_block_is_found_as_a_row_is),
		WITH_PAIR(a_trace_that_goes_on_leaves_its_block),
		WITH_PAIR(who_opens_the_file_finds_them),
		WITH_PAIR(a_span_of_a_block_given_again_is_kept_once),
		WITH_PAIR(who_follows_sees_each_change),
		WITH_PAIR(a_run_that_goes_takes_its_blocks),
		WITH_PAIR(a_block_that_lies_is_read_without_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
