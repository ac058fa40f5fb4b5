/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trace tree: the spans and logs of one trace, as trace-text.c draws them: each span below its
 * parent, earliest first, its logs beneath it. Parents are foreign; they may be missing, each
 * other's, or a chain of thousands.
 */
#pragma once

#include "base/arena.h"
#include "model/telemetry.h"
#include "view/trace-text.h"

enum { NONE = -1 }; /* no such line or log */

struct line {
	struct trace_id trace_id;
	struct span_id id, parent;
	uint64_t start_ns, end_ns;
	struct str name, service, note;
	enum span_kind kind;
	bool error, open, shown;
	int first_child, next, first_log; /* NONE: no such */
	unsigned depth;
	uint64_t last_for; /* bit i: the ancestor at depth i has no sibling after it */
};

struct note {
	struct span_id span;
	uint64_t time_ns;
	int severity;
	struct str severity_text, body, service;
	struct attributes attributes;
	int next;
	bool shown;
};

struct trace_text {
	struct arena arena;
	struct line *line;
	struct note *log;
	size_t n_lines, room_lines, n_logs, room_logs, n_left_out;
	int *by_id;
	uint64_t start_ns, end_ns;
};

/* Sorts and links; `top` is the first line without a parent. -ENOMEM. */
int trace_tree_build(struct trace_text *t, int *top);

/* Each span once, parents first. */
void trace_tree_walk(struct trace_text *t, int top,
		     void (*visit)(struct trace_text *, struct line *, void *), void *you);
