/* SPDX-License-Identifier: Apache-2.0 */
/* The store when the disk, the file or another process is against it. */
#include "store/inside.h"

#include "model/stats.h"
#include "store/test-support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct trace_id wide_trace(uint32_t n)
{
	struct trace_id id = { .b = { 1 } };

	memcpy(id.b + 12, &n, sizeof(n));
	return id;
}

/* `n` traces of one span each, about 600 bytes on disk. */
static int write_many(struct store *st, uint32_t first, uint32_t n, const char *run)
{
	struct batch *b = batch_of("shop", run, 1);
	char text[400];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (uint32_t i = 0; i < n; i++) {
		struct span *s = add_span(b, 1, 1, 0, "GET");

		s->trace_id = wide_trace(first + i);
		s->start_ns = 1000 + first + i;
		s->end_ns = s->start_ns + 10;
		s->attributes = attributes_of(b, 1, text_of("filler", text));
		if (i % 8 == 0)
			add_log(b, 0, 0, 9, "hello")->time_ns = s->start_ns;
	}

	int r = store_write(st, &b, 1);

	batch_free(b);
	return r;
}

static int count_one(const struct trace_summary *t, void *you)
{
	(void)t;
	++*(size_t *)you;
	return 0;
}

static size_t count_all(struct store *st)
{
	size_t n = 0;

	assert_int_equal(store_traces(st, &(struct trace_filter){ .limit = 1000000 }, count_one,
				      &n),
			 0);
	return n;
}

static int oldest_start(const struct trace_summary *t, void *you)
{
	*(uint64_t *)you = t->start_ns;
	return 0;
}

static void reopening_finds_everything(void **state)
{
	struct store *st = *state;

	assert_int_equal(write_many(st, 0, 100, ""), 0);
	store_free(st);
	assert_int_equal(store_open(&st, disk_file), 0);
	*state = st;
	assert_int_equal(count_all(st), 100);
	assert_int_equal(write_many(st, 50, 100, ""), 0);
	assert_int_equal(count_all(st), 150);
}

static void the_file_is_only_for_its_owner(void **state)
{
	struct stat at;

	(void)state;
	assert_int_equal(stat(disk_file, &at), 0);
	assert_int_equal(at.st_mode & 0777, 0600);
}

static void a_second_process_reads_while_we_write(void **state)
{
	struct store *st = *state;
	int status, pipes[2];
	char go = 0;

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(write_many(st, 0, 100, ""), 0);

	pid_t child = fork();

	if (child == 0) {
		struct store *other;

		if (read(pipes[0], &go, 1) != 1 || store_open(&other, disk_file) < 0)
			_exit(99);
		_exit((int)(count_all(other) / 10));
	}
	assert_true(child > 0);

	/* The parent is in the middle of a transaction while the child looks. */
	assert_int_equal(db_begin(&st->writer, DB_BEGIN_WRITE), 0);
	assert_int_equal(write(pipes[1], &go, 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 10);
	assert_int_equal(db_commit(&st->writer), 0);
	close(pipes[0]);
	close(pipes[1]);
}

static void a_second_process_may_write_too(void **state)
{
	struct store *st = *state, *other;

	assert_int_equal(write_many(st, 0, 10, ""), 0);
	assert_int_equal(store_open(&other, disk_file), 0);
	assert_int_equal(write_many(other, 10, 10, ""), 0);
	assert_int_equal(write_many(st, 20, 10, ""), 0);
	store_free(other);
	assert_int_equal(count_all(st), 30);
}

static void a_full_disk_is_an_error_not_a_crash(void **state)
{
	struct store *st = *state;
	uint64_t written = stats_get(store_written);

	assert_int_equal(write_many(st, 0, 100, ""), 0);
	assert_int_equal(stats_get(store_written) - written, 113);
	sqlite3_exec(st->writer.sql, "PRAGMA max_page_count = 40", NULL, NULL, NULL);
	assert_int_equal(write_many(st, 100, 2000, ""), -ENOSPC);
	assert_int_equal(store_state(st), -ENOSPC);
	assert_non_null(strstr(store_why(), "full"));
	assert_int_equal(count_all(st), 100);
	sqlite3_exec(st->writer.sql, "PRAGMA max_page_count = 4000", NULL, NULL, NULL);
	assert_int_equal(write_many(st, 100, 2000, ""), 0);
	assert_int_equal(store_state(st), 0);
	assert_int_equal(count_all(st), 2100);
}

static void a_file_that_may_not_grow_is_an_error_not_a_signal(void **state)
{
	struct store *st = *state;
	struct rlimit before, small = { 65536, 65536 };

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);

	int r = write_many(st, 0, 2000, "");

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(r < 0);
	assert_int_equal(count_all(st), 0);
	assert_int_equal(write_many(st, 0, 20, ""), 0);
	assert_int_equal(count_all(st), 20);
}

static void words_of_a_failed_write_are_forgotten(void **state)
{
	struct store *st = *state;

	sqlite3_exec(st->writer.sql, "PRAGMA max_page_count = 40", NULL, NULL, NULL);
	assert_int_equal(write_many(st, 0, 2000, "00000000000000aa"), -ENOSPC);
	sqlite3_exec(st->writer.sql, "PRAGMA max_page_count = 4000", NULL, NULL, NULL);
	assert_int_equal(write_many(st, 0, 10, "00000000000000bb"), 0);
	assert_int_equal(write_many(st, 10, 10, "00000000000000aa"), 0);

	size_t n = 0;
	struct trace_filter f = { .run = STR("00000000000000aa") };

	assert_int_equal(store_traces(st, &f, count_one, &n), 0);
	assert_int_equal(n, 10);
}

static void a_newer_file_is_refused_with_a_reason(void **state)
{
	struct store *st = *state;

	sqlite3_exec(st->writer.sql, "PRAGMA user_version = 999", NULL, NULL, NULL);
	store_free(st);
	*state = NULL;
	assert_int_equal(store_open(&st, disk_file), -EPROTONOSUPPORT);
	assert_non_null(strstr(store_why(), "newer Oriel"));
}

#define FORM_6 \
	"DROP TABLE block; DROP TABLE lifted; DROP TABLE place;" \
	"CREATE TABLE place(hash INTEGER, no INTEGER, PRIMARY KEY(hash, no)) WITHOUT ROWID;" \
	"INSERT INTO place SELECT place_hash(trace_id), no FROM trace; UPDATE last SET placed = no;"

#define FORM_5 \
	FORM_6 \
	"INSERT INTO span SELECT no << 20, start_ns, spans FROM trace WHERE length(spans);" \
	"ALTER TABLE trace RENAME TO trace_6; DROP INDEX trace_start; DROP INDEX trace_error; DROP INDEX trace_cursor;" \
	"CREATE TABLE trace(no INTEGER PRIMARY KEY, trace_id BLOB NOT NULL, cursor INTEGER," \
	" start_ns INTEGER, end_ns INTEGER, root_ns INTEGER, n_spans INTEGER, n_errors INTEGER," \
	" n_logs INTEGER, root INTEGER, kind INTEGER, status INTEGER, http_status INTEGER," \
	" service INTEGER, run INTEGER, route INTEGER, method INTEGER, name BLOB, facts BLOB, path BLOB);" \
	"INSERT INTO trace SELECT no, trace_id, cursor, start_ns, end_ns, start_ns, n_spans, n_errors, 3, 1," \
	" 2, 2, 404, 0, run, 0, 0, name, facts, '/of/5' FROM trace_6;" \
	"DROP TABLE trace_6;" \
	"CREATE INDEX trace_start ON trace(start_ns) WHERE n_spans > 0;" \
	"CREATE INDEX trace_cursor ON trace(cursor) WHERE cursor & 1048575;"

#define FORM_4 \
	FORM_5 \
	"CREATE TABLE request(start_ns INTEGER, id INTEGER, run INTEGER, service INTEGER," \
	" route INTEGER, method INTEGER, resource INTEGER, server INTEGER, error INTEGER," \
	" duration_ns INTEGER, PRIMARY KEY(start_ns, id)) WITHOUT ROWID;" \
	"INSERT INTO request SELECT first_ns, no, run, (SELECT id FROM word WHERE text =" \
	" CAST('shop' AS BLOB)), 0, 0, 1, 1, 0, 10 FROM requests;" \
	"DROP TABLE requests;"

#define FORM_3 \
	FORM_4 \
	"DROP TABLE place; ALTER TABLE last DROP COLUMN placed; ALTER TABLE span RENAME TO packs;" \
	"CREATE TABLE span(id INTEGER PRIMARY KEY, span_id INTEGER, parent_id INTEGER," \
	" resource INTEGER, start_ns INTEGER, duration_ns INTEGER, what INTEGER, data BLOB);" \
	"INSERT INTO span SELECT id, 1 << 56, 0, 1, start_ns, 10, 0, substr(data, 42) FROM packs;" \
	"DROP TABLE packs;" \
	"CREATE UNIQUE INDEX trace_of ON trace(trace_id);"

static const char *const earlier[] = {
	FORM_3 "ALTER TABLE trace DROP COLUMN path; DROP TABLE problem; DROP TABLE problem_release;"
	       "DROP TABLE problem_trace; PRAGMA user_version = 1",
	FORM_3 "DROP TABLE problem; DROP TABLE problem_release; DROP TABLE problem_trace;"
	       "PRAGMA user_version = 2",
	FORM_3 "PRAGMA user_version = 3",
	FORM_4 "PRAGMA user_version = 4",
	FORM_5 "PRAGMA user_version = 5",
	FORM_6 "PRAGMA user_version = 6",
};

static int count_calls(const struct store_red *red, void *you)
{
	assert_true(str_eq(red->service, STR("shop")));
	*(size_t *)you += red->n;
	return 0;
}

/* As write_many made it. */
static int count_whole(const struct span *s, const struct resource *r, void *you)
{
	assert_non_null(r);
	assert_true(str_eq(s->name, STR("GET")) && s->span_id.b[7] == 1);
	assert_true(s->start_ns == 1000 && s->end_ns == 1010 && s->attributes.n == 1);
	++*(size_t *)you;
	return 0;
}

/* Its traces are found, and go on. */
static void a_file_of_an_earlier_form_is_brought_up(void **state)
{
	struct store *st = *state;

	for (size_t i = 0; i < sizeof(earlier) / sizeof(earlier[0]); i++) {
		struct seen_traces seen = { 0 };
		size_t spans = 0, calls = 0;

		assert_int_equal(write_many(st, 0, 1, ""), 0);
		assert_int_equal(sqlite3_exec(st->writer.sql, earlier[i], NULL, NULL, NULL),
				 SQLITE_OK);
		store_free(st);
		assert_int_equal(store_open(&st, disk_file), 0);
		*state = st;
		assert_int_equal(store_services(st, STR(""), 0, 0, count_calls, &calls), 0);
		/* Up to form 4 all of it is the server's now; from form 5 on requests are as they are. */
		assert_int_equal(calls, 1 + 3 * (i < 4 ? i : 3));
		assert_int_equal(write_many(st, 0, 1, ""), 0);
		assert_int_equal(write_many(st, 1, 1, ""), 0);
		assert_int_equal(store_traces(st, &(struct trace_filter){ 0 }, see_trace, &seen),
				 0);
		assert_int_equal(seen.n, 2);
		assert_int_equal(seen.at[1].n_spans, 2 + 2 * i);
		assert_int_equal(store_trace_spans(st, wide_trace(0), count_whole, &spans), 0);
		assert_int_equal(spans, 2 + 2 * i);
		assert_string_equal(seen.at[1].path, i ? "/of/5" : "");
		assert_int_equal(seen.at[1].http_status, 404);
		assert_int_equal(seen.at[1].n_logs, 3);
	}
}

/* Enough that an overflow leaves the memory that a write has anyway. */
static void a_number_of_spans_that_lies_is_not_believed(void **state)
{
	struct store *st = *state;
	struct batch *b = batch_of("shop", "", 1);

	for (int i = 0; i < 100000; i++)
		add_span(b, 1, 1, 0, "GET")->trace_id = wide_trace(0);
	assert_int_equal(store_write(st, &b, 1), 0);
	batch_free(b);
	assert_int_equal(sqlite3_exec(st->writer.sql, "UPDATE trace SET n_spans = (1 << 61) + 1",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	b = batch_of("shop", "", 1);
	b->again = true;
	add_span(b, 1, 2, 0, "GET")->trace_id = wide_trace(0);
	assert_int_equal(store_write(st, &b, 1), 0);
	batch_free(b);
}

static void somebody_elses_database_is_left_alone(void **state)
{
	char path[260];
	sqlite3 *sql;
	struct store *st;

	(void)state;
	snprintf(path, sizeof(path), "%s/other.db", disk_folder);
	assert_int_equal(sqlite3_open(path, &sql), SQLITE_OK);
	sqlite3_exec(sql, "CREATE TABLE mine(x)", NULL, NULL, NULL);
	sqlite3_close(sql);
	assert_int_equal(store_open(&st, path), -EBADMSG);
	assert_non_null(strstr(store_why(), "not one of Oriel's"));
}

static void a_file_that_is_no_database_is_an_error(void **state)
{
	struct store *st;
	char path[260], junk[8192];

	(void)state;
	snprintf(path, sizeof(path), "%s/junk.db", disk_folder);
	memset(junk, 'j', sizeof(junk));

	FILE *f = fopen(path, "w");

	assert_int_equal(fwrite(junk, 1, sizeof(junk), f), sizeof(junk));
	fclose(f);
	assert_int_equal(store_open(&st, path), -EBADMSG);
}

static void a_damaged_file_is_an_error_not_a_crash(void **state)
{
	struct store *st = *state;
	char junk[4096];
	struct stat at;

	assert_int_equal(write_many(st, 0, 3000, ""), 0);
	store_free(st);
	memset(junk, 0xa5, sizeof(junk));

	int fd = open(disk_file, O_RDWR);

	assert_int_equal(fstat(fd, &at), 0);
	for (off_t i = 3 * 8192; i + (off_t)sizeof(junk) < at.st_size; i += 8192)
		assert_int_equal(pwrite(fd, junk, sizeof(junk), i), sizeof(junk));
	close(fd);
	st = NULL;
	*state = NULL;
	if (store_open(&st, disk_file) == 0) {
		size_t n = 0;

		assert_true(store_traces(st, &(struct trace_filter){ .text = STR("y") }, count_one,
					 &n) < 0);
		assert_int_equal(n, 0);
		assert_int_equal(write_many(st, 5000, 10, ""), -EBADMSG);
	}
	*state = st;
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
	struct store *st;

	(void)state;
	assert_int_equal(store_open(&st, "/nonexistent/folder/data.db"), -ENOENT);
}

static void the_oldest_goes_when_there_are_too_many_bytes(void **state)
{
	struct store *st = *state;
	uint64_t used, oldest = 0;

	store_limit(st, 2 << 20, 1000);
	for (uint32_t i = 0; i < 40; i++)
		assert_int_equal(write_many(st, i * 1000, 1000, ""), 0);
	assert_int_equal(store_bytes(st, &used), 0);
	assert_true(used < 4 << 20);
	assert_true(count_all(st) >= 2000);
	assert_int_equal(store_traces(st, &(struct trace_filter){ .limit = 1000000 }, oldest_start,
				      &oldest),
			 0);
	assert_true(oldest > 1000 + 20000);

	struct seen_logs seen = { 0 };

	assert_int_equal(store_logs(st, &(struct log_filter){ .until_ns = 11000 }, see_log, &seen),
			 0);
	assert_int_equal(seen.n, 0);
}

static int run_number(const struct store_run *run, void *you)
{
	++*(size_t *)you;
	(void)run;
	return 0;
}

static void the_oldest_run_goes_with_its_traces(void **state)
{
	struct store *st = *state;
	struct store_run run = { .id = STR("00000000000000aa"), .started_ns = 500 };
	size_t n = 0;

	store_limit(st, 1 << 30, 1);
	assert_int_equal(store_run_started(st, &run), 0);
	assert_int_equal(store_run_ended(st, run.id, 600, 0), 0);
	assert_int_equal(write_many(st, 0, 100, "00000000000000aa"), 0);
	run = (struct store_run){ .id = STR("00000000000000bb"), .started_ns = 700 };
	assert_int_equal(store_run_started(st, &run), 0);
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(write_many(st, 1000 + i, 1, "00000000000000bb"), 0);
	assert_int_equal(store_runs(st, 10, run_number, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(count_all(st), 6);
}

static void cursors_never_go_back(void **state)
{
	struct store *st = *state;
	struct store_cursors before, after;

	assert_int_equal(write_many(st, 0, 8000, ""), 0);
	assert_int_equal(store_cursors(st, &before), 0);
	store_limit(st, 1, 1000);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(write_many(st, 8000 + i, 1, ""), 0);
	assert_int_equal(store_cursors(st, &after), 0);
	assert_true(after.trace > before.trace);
	assert_true(after.log > before.log);
}

static void in_memory_everything_is_found_too(void **state)
{
	struct store *st;

	(void)state;
	assert_int_equal(store_open(&st, NULL), 0);
	assert_int_equal(write_many(st, 0, 10, ""), 0);
	assert_int_equal(count_all(st), 10);
	store_free(st);
}

struct reading {
	struct store *st;
	_Atomic bool stop;
	_Atomic unsigned failed;
};

static void *read_on(void *you)
{
	struct reading *r = you;

	while (!r->stop) {
		size_t n = 0;
		struct store_cursors at;

		if (store_traces(r->st, &(struct trace_filter){ .limit = 20 }, count_one, &n) < 0 ||
		    store_cursors(r->st, &at) < 0)
			r->failed++;
	}
	return NULL;
}

static void many_threads_read_while_one_writes(void **state)
{
	struct reading r = { .st = *state };
	pthread_t thread[6];

	for (size_t i = 0; i < 6; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, read_on, &r), 0);
	for (uint32_t i = 0; i < 20; i++)
		assert_int_equal(write_many(r.st, i * 50, 50, ""), 0);
	r.stop = true;
	for (size_t i = 0; i < 6; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(r.failed, 0);
	assert_int_equal(count_all(r.st), 1000);
}

#define WITH_STORE(fact) cmocka_unit_test_setup_teardown(fact, open_on_disk, close_on_disk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(reopening_finds_everything),
		WITH_STORE(the_file_is_only_for_its_owner),
		WITH_STORE(a_second_process_reads_while_we_write),
		WITH_STORE(a_second_process_may_write_too),
		WITH_STORE(a_full_disk_is_an_error_not_a_crash),
		WITH_STORE(a_file_that_may_not_grow_is_an_error_not_a_signal),
		WITH_STORE(words_of_a_failed_write_are_forgotten),
		WITH_STORE(a_newer_file_is_refused_with_a_reason),
		WITH_STORE(a_file_of_an_earlier_form_is_brought_up),
		WITH_STORE(a_number_of_spans_that_lies_is_not_believed),
		WITH_STORE(somebody_elses_database_is_left_alone),
		WITH_STORE(a_file_that_is_no_database_is_an_error),
		WITH_STORE(a_damaged_file_is_an_error_not_a_crash),
		WITH_STORE(a_folder_that_is_not_there_is_an_error),
		WITH_STORE(the_oldest_goes_when_there_are_too_many_bytes),
		WITH_STORE(the_oldest_run_goes_with_its_traces),
		WITH_STORE(cursors_never_go_back),
		WITH_STORE(in_memory_everything_is_found_too),
		WITH_STORE(many_threads_read_while_one_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
