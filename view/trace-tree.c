/* SPDX-License-Identifier: Apache-2.0 */
#include "view/trace-tree.h"

#include "base/err.h"
#include "model/copy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { SPANS_MOST = 20000, LOGS_MOST = 20000 };

struct trace_text *trace_text_new(void)
{
	return calloc(1, sizeof(struct trace_text));
}

struct trace_text *trace_text_free(struct trace_text *t)
{
	if (!t)
		return NULL;
	arena_fini(&t->arena);
	free(t->line);
	free(t->log);
	free(t->by_id);
	free(t);
	return NULL;
}

static void *room_for(void **array, size_t *n, size_t *room, size_t size, size_t most)
{
	if (*n == most)
		return NULL;
	if (*n == *room) {
		size_t more = *room ? *room * 2 : 32;
		void *p = realloc(*array, more * size);

		if (!p)
			return NULL;
		*array = p;
		*room = more;
	}
	return memset((char *)*array + size * (*n)++, 0, size);
}

static struct str joined(struct arena *a, struct str first, const char *between, struct str second)
{
	size_t n = strlen(between);
	char *p = arena_take(a, first.n + n + second.n + 1);

	if (!p)
		return first;
	memcpy(p, first.p, first.n);
	memcpy(p + first.n, between, n);
	memcpy(p + first.n + n, second.p, second.n);
	return (struct str){ p, first.n + n + second.n };
}

static bool str_has(struct str s, struct str part)
{
	return part.n == 0 || (s.n >= part.n && memmem(s.p, s.n, part.p, part.n));
}

/* "GET" with a route, or where a call goes, unless the name says so itself. */
static struct str name_of(struct trace_text *t, const struct span *s)
{
	struct str route = attributes_text(s->attributes, STR("http.route"));
	struct str host = attributes_text(s->attributes, STR("server.address"));
	struct str path = attributes_text(s->attributes, STR("url.path"));
	struct str name = arena_copy(&t->arena, s->name);

	if (s->kind == SPAN_SERVER && !str_has(name, route.n ? route : path))
		return joined(&t->arena, name, " ", route.n ? route : path);
	if (s->kind == SPAN_CLIENT && host.n &&
	    attributes_find(s->attributes, STR("http.request.method")) && !str_has(name, host))
		return joined(&t->arena, name, " ", host);
	return name;
}

static struct str ending_of(const struct span *s)
{
	if (s->status_message.n)
		return s->status_message;
	if (s->end == SPAN_ORPHANED)
		return STR("its process is gone");
	if (s->end == SPAN_ABANDONED)
		return STR("abandoned");
	return attributes_text(s->attributes, STR("error.type"));
}

static struct str note_of(struct trace_text *t, const struct span *s)
{
	int64_t status = attributes_int(s->attributes, STR("http.response.status_code"), 0);
	struct str sql = attributes_text(s->attributes, STR("db.query.text"));
	struct str why = ending_of(s);
	char text[24];
	struct str note = { text,
			    status ? (size_t)snprintf(text, sizeof(text), "%d", (int)status) : 0 };

	if (s->status == STATUS_ERROR && why.n && !str_eq(why, note))
		return joined(&t->arena, note, note.n ? " " : "", why);
	if (!note.n && sql.n && !str_has(s->name, sql))
		return arena_copy(&t->arena, sql);
	return arena_copy(&t->arena, note);
}

static int add_line(struct trace_text *t, const struct span *s, const struct resource *from,
		    bool open)
{
	struct line *l =
		room_for((void **)&t->line, &t->n_lines, &t->room_lines, sizeof(*l), SPANS_MOST);

	if (!l) {
		t->n_left_out++;
		return 0;
	}
	l->trace_id = s->trace_id;
	l->id = s->span_id;
	l->parent = s->parent_id;
	l->start_ns = s->start_ns;
	l->end_ns = s->end_ns > s->start_ns ? s->end_ns : s->start_ns;
	l->name = name_of(t, s);
	l->service = arena_copy(&t->arena, from->service);
	l->note = note_of(t, s);
	l->kind = s->kind;
	l->error = s->status == STATUS_ERROR;
	l->open = open;
	return 0;
}

int trace_text_span(const struct span *s, const struct resource *from, void *you)
{
	return add_line(you, s, from, false);
}

int trace_text_open_span(const struct span *s, const struct resource *from, void *you)
{
	return add_line(you, s, from, true);
}

int trace_text_log(const struct log_record *l, const struct resource *from, uint64_t cursor,
		   void *you)
{
	struct trace_text *t = you;
	struct note *n =
		room_for((void **)&t->log, &t->n_logs, &t->room_logs, sizeof(*n), LOGS_MOST);

	(void)cursor;
	if (!n) {
		t->n_left_out++;
		return 0;
	}
	n->span = l->span_id;
	n->time_ns = l->time_ns;
	n->severity = l->severity;
	n->severity_text = arena_copy(&t->arena, l->severity_text);
	n->body =
		arena_copy(&t->arena, l->body.type == VALUE_STRING ? l->body.text : l->event_name);
	n->service = arena_copy(&t->arena, from->service);
	n->attributes = copy_attributes(&t->arena, l->attributes);
	n->next = NONE;
	return 0;
}

static int compare_ids(const void *pa, const void *pb, void *you)
{
	const struct line *line = you;

	return memcmp(&line[*(const int *)pa].id, &line[*(const int *)pb].id,
		      sizeof(struct span_id));
}

static int find_line(const struct trace_text *t, struct span_id id)
{
	size_t from = 0, to = t->n_lines;

	while (from < to) {
		size_t middle = (from + to) / 2;
		int r = memcmp(&t->line[t->by_id[middle]].id, &id, sizeof(id));

		if (r == 0)
			return t->by_id[middle];
		if (r < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return NONE;
}

static int latest_first(const void *pa, const void *pb)
{
	const struct line *a = pa, *b = pb;

	return a->start_ns > b->start_ns ? -1 : a->start_ns < b->start_ns;
}

static int latest_log_first(const void *pa, const void *pb)
{
	const struct note *a = pa, *b = pb;

	return a->time_ns > b->time_ns ? -1 : a->time_ns < b->time_ns;
}

/* Children and logs hang below their span, earliest first: pushed to the front, latest first. */
int trace_tree_build(struct trace_text *t, int *top)
{
	qsort(t->line, t->n_lines, sizeof(*t->line), latest_first);
	if (t->n_logs)
		qsort(t->log, t->n_logs, sizeof(*t->log), latest_log_first);
	free(t->by_id);
	t->by_id = malloc((t->n_lines + 1) * sizeof(*t->by_id));
	if (!t->by_id)
		return ERR(-ENOMEM);
	for (size_t i = 0; i < t->n_lines; i++) {
		struct line *l = &t->line[i];

		t->by_id[i] = (int)i;
		l->first_child = l->next = l->first_log = NONE;
		l->shown = false;
		if (!i || l->start_ns < t->start_ns)
			t->start_ns = l->start_ns;
		if (!i || l->end_ns > t->end_ns)
			t->end_ns = l->end_ns;
	}
	qsort_r(t->by_id, t->n_lines, sizeof(*t->by_id), compare_ids, t->line);
	*top = NONE;
	for (size_t i = 0; i < t->n_lines; i++) {
		int parent =
			span_id_is_set(t->line[i].parent) ? find_line(t, t->line[i].parent) : NONE;
		int *list = parent == NONE || parent == (int)i ? top : &t->line[parent].first_child;

		t->line[i].next = *list;
		*list = (int)i;
	}
	for (size_t i = 0; i < t->n_logs; i++) {
		int at = span_id_is_set(t->log[i].span) ? find_line(t, t->log[i].span) : NONE;

		t->log[i].shown = at != NONE;
		if (at == NONE)
			continue;
		t->log[i].next = t->line[at].first_log;
		t->line[at].first_log = (int)i;
	}
	return 0;
}

/*
 * Walks the tree without recursion: a hostile trace may be a chain of thousands. `visit` sees each
 * span once, parents first. What only a ring of parents holds is reached from the outside later.
 */
static void walk(struct trace_text *t, int top, unsigned depth0,
		 void (*visit)(struct trace_text *, struct line *, void *), void *you)
{
	int *stack = malloc((t->n_lines + 1) * sizeof(*stack));
	size_t n = 0;

	if (!stack)
		return;
	if (top != NONE) {
		t->line[top].depth = depth0;
		t->line[top].last_for = 0;
		stack[n++] = top;
	}
	while (n) {
		struct line *l = &t->line[stack[--n]];
		uint64_t ancestors = l->last_for;

		if (l->shown)
			continue;
		l->shown = true;
		if (l->next != NONE && n < t->n_lines) {
			t->line[l->next].depth = l->depth;
			t->line[l->next].last_for = ancestors;
			stack[n++] = l->next;
		} else if (l->depth < 64) {
			l->last_for |= (uint64_t)1 << l->depth;
		}
		if (l->first_child != NONE && n < t->n_lines) {
			t->line[l->first_child].depth = l->depth + 1;
			t->line[l->first_child].last_for = l->last_for;
			stack[n++] = l->first_child;
		}
		visit(t, l, you);
	}
	free(stack);
}

void trace_tree_walk(struct trace_text *t, int top,
		     void (*visit)(struct trace_text *, struct line *, void *), void *you)
{
	for (size_t i = 0; i < t->n_lines; i++)
		t->line[i].shown = false;
	walk(t, top, 0, visit, you);
	for (size_t i = t->n_lines; i-- > 0;)
		if (!t->line[i].shown)
			walk(t, (int)i, 0, visit, you);
}
