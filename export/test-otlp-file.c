/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/exporter.h"
#include "export/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory, and an exporter that writes into it what a batch with every signal holds. */
struct scene {
	char directory[64], path[128];
	void *state;
	const struct exporter *kind;
	struct resource *resource;
	struct batch *batch;
	struct export_result result;
	char why[160];
};

static void scene_open(struct scene *x, const char *name)
{
	char block[256];
	struct settings s = { { block, 0 } };
	struct export_place place = { .signals = SIGNAL_ALL, .out_fd = -1 };

	memset(x, 0, sizeof(*x));
	snprintf(x->directory, sizeof(x->directory), "/tmp/oriel-file-XXXXXX");
	assert_non_null(mkdtemp(x->directory));
	snprintf(x->path, sizeof(x->path), "%s/%s", x->directory, name);
	s.block.n = (size_t)snprintf(block, sizeof(block), "ORIEL_OTLP_FILE=%s", x->path) + 1;
	x->resource = resource_new((struct attributes){ NULL, 0, 0 }, STR(""), 1);
	x->batch = batch_new(x->resource);
	batch_add_span(x->batch)->name = STR("GET /");
	batch_add_span(x->batch)->name = STR("line\nend");
	batch_add_log(x->batch)->body = (struct value){ VALUE_STRING, .text = STR("hello") };
	batch_add_point(x->batch)->name = STR("requests");
	x->kind = exporter_find(STR("otlp_file"));
	assert_int_equal(x->kind->open(&x->state, &s, &place, x->why), 0);
}

static int scene_write(struct scene *x)
{
	x->result = (struct export_result){ .n_rejected = 0 };
	return x->kind->write(x->state, &x->batch, 1, &x->result);
}

static void scene_close(struct scene *x)
{
	char command[128];

	assert_null(x->kind->close(x->state));
	batch_free(x->batch);
	resource_free(x->resource);
	snprintf(command, sizeof(command), "rm -r %s", x->directory);
	assert_int_equal(system(command), 0);
}

/* How many lines, each of them an object whose only key is `key` (NULL: any). */
static size_t lines_of(const char *path, const char *key)
{
	FILE *f = fopen(path, "r");
	size_t n = 0, room = 0;
	char *line = NULL;

	assert_non_null(f);
	while (getline(&line, &room, f) > 0) {
		json_t *v = json_loads(line, 0, NULL);

		assert_int_equal(json_object_size(v), 1);
		assert_true(!key || json_object_get(v, key));
		json_decref(v);
		n++;
	}
	free(line);
	fclose(f);
	return n;
}

static void each_signal_is_a_line(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x, "all.jsonl");
	assert_string_equal(x.why, "");
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(x.result.n_rejected, 0);
	assert_int_equal(lines_of(x.path, NULL), 3);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(lines_of(x.path, NULL), 6);
	scene_close(&x);
}

static void a_file_for_each_signal_if_asked(void **state)
{
	struct scene x;
	char path[256];

	(void)state;
	scene_open(&x, "%s.jsonl");
	assert_int_equal(scene_write(&x), 0);
	snprintf(path, sizeof(path), "%s/traces.jsonl", x.directory);
	assert_int_equal(lines_of(path, "resourceSpans"), 1);
	snprintf(path, sizeof(path), "%s/logs.jsonl", x.directory);
	assert_int_equal(lines_of(path, "resourceLogs"), 1);
	snprintf(path, sizeof(path), "%s/metrics.jsonl", x.directory);
	assert_int_equal(lines_of(path, "resourceMetrics"), 1);
	scene_close(&x);
}

static void a_renamed_file_is_left_alone(void **state)
{
	struct scene x;
	char old[256];

	(void)state;
	scene_open(&x, "all.jsonl");
	assert_int_equal(scene_write(&x), 0);
	snprintf(old, sizeof(old), "%s/old", x.directory);
	assert_int_equal(rename(x.path, old), 0);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(lines_of(old, NULL), 3);
	assert_int_equal(lines_of(x.path, NULL), 3);
	assert_int_equal(unlink(x.path), 0);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(lines_of(x.path, NULL), 3);
	scene_close(&x);
}

static void a_directory_may_come_later(void **state)
{
	struct scene x;
	char directory[256];

	(void)state;
	scene_open(&x, "later/all.jsonl");
	assert_non_null(strstr(x.why, "No such file"));
	assert_int_equal(scene_write(&x), EXPORT_RETRY);
	assert_non_null(strstr(x.result.why, "No such file"));
	assert_int_equal(x.result.n_done[0], 0);
	snprintf(directory, sizeof(directory), "%s/later", x.directory);
	assert_int_equal(mkdir(directory, 0700), 0);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(lines_of(x.path, NULL), 3);
	scene_close(&x);
}

/* The process' limit is the full disk. */
static void a_line_that_does_not_fit_is_taken_back(void **state)
{
	struct rlimit before, little = { 700, RLIM_INFINITY };
	struct scene x;
	size_t lines;

	(void)state;
	scene_open(&x, "all.jsonl");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	little.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	for (size_t i = 0; i < 3; i++)
		scene_write(&x);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(x.result.n_done[0], 0);
	assert_non_null(strstr(x.result.why, "File too large"));
	lines = lines_of(x.path, NULL);
	assert_int_equal(scene_write(&x), 0);
	assert_int_equal(lines_of(x.path, NULL), lines + 3);
	scene_close(&x);
}

static void many_items_are_many_lines(void **state)
{
	struct scene x;

	(void)state;
	scene_open(&x, "all.jsonl");
	for (size_t i = 0; i < 20000; i++)
		batch_add_span(x.batch)->name = STR("GET /");
	assert_int_equal(scene_write(&x), 0);
	assert_true(lines_of(x.path, NULL) > 4);
	scene_close(&x);
}

static void standard_output_is_the_runs(void **state)
{
	const struct exporter *kind = exporter_find(STR("otlp/stdout"));
	struct settings s = { { "ORIEL_OTLP_FILE=/nowhere", 25 } };
	struct export_place place = { .signals = SIGNAL_SPAN };
	struct export_result result = { .n_rejected = 0 };
	struct resource *r = resource_new((struct attributes){ NULL, 0, 0 }, STR(""), 1);
	struct batch *b = batch_new(r);
	char why[160], text[256] = "";
	void *x;
	int fd[2];

	(void)state;
	batch_add_span(b);
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	place.out_fd = fd[1];
	assert_int_equal(kind->open(&x, &s, &place, why), 0);
	assert_int_equal(kind->write(x, &b, 1, &result), 0);
	assert_true(read(fd[0], text, sizeof(text) - 1) > 0);
	assert_memory_equal(text, "{\"resourceSpans\":", 17);
	assert_int_equal(text[strlen(text) - 1], '\n');
	kind->close(x);
	close(fd[0]);
	close(fd[1]);
	batch_free(b);
	resource_free(r);
}

static void a_relative_path_makes_no_sense(void **state)
{
	struct settings s = { { "ORIEL_OTLP_FILE=here", 21 } };
	struct export_place place = { .signals = SIGNAL_SPAN, .out_fd = -1 };
	char why[160];
	void *x;

	(void)state;
	assert_int_equal(exporter_find(STR("otlp_file"))->open(&x, &s, &place, why), -EINVAL);
	assert_non_null(strstr(why, "no absolute path"));
}

static void every_name_of_it_is_understood(void **state)
{
	static const char block[] = "OTEL_TRACES_EXPORTER=otlp_file/development\0"
				    "OTEL_LOGS_EXPORTER=experimental-otlp/stdout";
	struct settings s = { { block, sizeof(block) } };
	struct export_plan p;

	(void)state;
	export_plan(&p, &s);
	assert_int_equal(p.n_warnings, 0);
	assert_int_equal(p.n, 2);
	assert_string_equal(p.item[0].kind->name, "otlp_file");
	assert_string_equal(p.item[1].kind->name, "otlp/stdout");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_signal_is_a_line),
		cmocka_unit_test(a_file_for_each_signal_if_asked),
		cmocka_unit_test(a_renamed_file_is_left_alone),
		cmocka_unit_test(a_directory_may_come_later),
		cmocka_unit_test(a_line_that_does_not_fit_is_taken_back),
		cmocka_unit_test(many_items_are_many_lines),
		cmocka_unit_test(standard_output_is_the_runs),
		cmocka_unit_test(a_relative_path_makes_no_sense),
		cmocka_unit_test(every_name_of_it_is_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
