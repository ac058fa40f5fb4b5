/* SPDX-License-Identifier: Apache-2.0 */
/* Telemetry and temporary stores for the tests of store/ and view/. Tests only: needs cmocka. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/scoped.h"
#include "model/copy.h"
#include "store/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline struct attribute text_of(const char *key, const char *value)
{
	struct value v = { .type = VALUE_STRING, .text = str_of(value) };

	return (struct attribute){ str_of(key), v };
}

static inline struct attribute int_of(const char *key, int64_t value)
{
	struct value v = { .type = VALUE_INT, .integer = value };

	return (struct attribute){ str_of(key), v };
}

static inline struct attributes attributes_of(struct batch *b, int n, ...)
{
	struct attribute item[16];
	va_list ap;

	assert_true(n <= 16);
	va_start(ap, n);
	for (int i = 0; i < n; i++)
		item[i] = va_arg(ap, struct attribute);
	va_end(ap);
	return copy_attributes(&b->arena, (struct attributes){ item, (size_t)n, 0 });
}

static inline struct trace_id trace_of(uint8_t n)
{
	return (struct trace_id){ .b = { [15] = n } };
}

static inline struct span_id span_of(uint8_t n)
{
	return (struct span_id){ .b = { [7] = n } };
}

static inline struct batch *batch_of(const char *service, const char *run, int32_t pid)
{
	struct attribute item[] = { text_of("service.name", service),
				    text_of("service.instance.id", "one"),
				    int_of("process.pid", pid) };
	struct resource *r = resource_new((struct attributes){ item, 3, 0 }, str_of(run), pid);
	struct batch *b = batch_new(r);

	assert_non_null(b);
	resource_free(r);
	return b;
}

/* Parent 0: a root. */
static inline struct span *add_span(struct batch *b, uint8_t trace, uint8_t id, uint8_t parent,
				    const char *name)
{
	struct span *s = batch_add_span(b);

	assert_non_null(s);
	s->trace_id = trace_of(trace);
	s->span_id = span_of(id);
	s->parent_id = span_of(parent);
	s->kind = SPAN_INTERNAL;
	s->name = str_of(name);
	s->start_ns = s->end_ns = 1000;
	return s;
}

/* Trace 0: of none. */
static inline struct log_record *add_log(struct batch *b, uint8_t trace, uint8_t span, int severity,
					 const char *body)
{
	struct log_record *l = batch_add_log(b);

	assert_non_null(l);
	l->trace_id = trace_of(trace);
	l->span_id = span_of(span);
	l->severity = severity;
	l->body = (struct value){ .type = VALUE_STRING, .text = str_of(body) };
	return l;
}

/* The first number of what SQL says. */
static inline int64_t ask(sqlite3 *sql, const char *what)
{
	sqlite3_stmt *s;
	int64_t v;

	assert_int_equal(sqlite3_prepare_v2(sql, what, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	v = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return v;
}

struct seen_traces {
	size_t n;
	int stop_with;
	struct {
		char name[64], service[32], route[32], method[16], path[64], services[64];
		int http_status, status;
		uint32_t n_spans, n_errors, n_logs;
		uint64_t start_ns, duration_ns, cursor;
		size_t n_path;
		bool has_root;
	} at[16];
};

static inline int see_trace(const struct trace_summary *t, void *you)
{
	struct seen_traces *seen = you;
	size_t i = seen->n++, n = 0;

	assert_true(i < 16);
	snprintf(seen->at[i].name, 64, STR_FMT, STR_ARG(t->name));
	snprintf(seen->at[i].service, 32, STR_FMT, STR_ARG(t->service));
	snprintf(seen->at[i].route, 32, STR_FMT, STR_ARG(t->route));
	snprintf(seen->at[i].method, 16, STR_FMT, STR_ARG(t->method));
	snprintf(seen->at[i].path, 64, STR_FMT, STR_ARG(t->path));
	seen->at[i].n_path = t->path.n;
	seen->at[i].services[0] = '\0';
	for (size_t k = 0; k < t->n_services && n < 40; k++)
		n += (size_t)snprintf(seen->at[i].services + n, 64 - n, STR_FMT " ",
				      STR_ARG(t->services[k]));
	seen->at[i].http_status = t->http_status;
	seen->at[i].status = t->status;
	seen->at[i].n_spans = t->n_spans;
	seen->at[i].n_errors = t->n_errors;
	seen->at[i].n_logs = t->n_logs;
	seen->at[i].start_ns = t->start_ns;
	seen->at[i].duration_ns = t->duration_ns;
	seen->at[i].cursor = t->cursor;
	seen->at[i].has_root = t->has_root;
	return seen->stop_with;
}

struct seen_logs {
	size_t n;
	char body[16][64];
	struct trace_id trace_id[16];
};

static inline int see_log(const struct log_record *l, const struct resource *r, uint64_t cursor,
			  void *you)
{
	struct seen_logs *seen = you;
	size_t i = seen->n++;

	(void)r;
	assert_true(cursor > 0);
	assert_true(i < 16);
	snprintf(seen->body[i], 64, STR_FMT, STR_ARG(l->body.text));
	seen->trace_id[i] = l->trace_id;
	return 0;
}

struct seen_red {
	size_t n;
	char service[8][32], route[8][32];
	struct store_red at[8];
};

/* A folder of its own, removed with everything in it. */
static inline void folder_new(char *path, size_t room)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(path, room, "%s/oriel-test-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(path));
}

static inline void folder_remove(const char *path)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -r '%s'", path);
	assert_int_equal(system(command), 0);
}

static char disk_folder[200];
static char disk_file[240];

static inline int open_on_disk(void **state)
{
	struct store *st;

	folder_new(disk_folder, sizeof(disk_folder));
	snprintf(disk_file, sizeof(disk_file), "%s/data.db", disk_folder);
	assert_int_equal(store_open(&st, disk_file), 0);
	*state = st;
	return 0;
}

static inline int close_on_disk(void **state)
{
	store_free(*state);
	folder_remove(disk_folder);
	return 0;
}
