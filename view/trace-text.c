/* SPDX-License-Identifier: Apache-2.0 */
#include "view/trace-text.h"

#include "base/arena.h"
#include "base/hex.h"
#include "model/copy.h"
#include "view/terminal-text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	SPANS_MOST = 20000,
	LOGS_MOST = 20000,
	NONE = -1,
	WIDTH_DEFAULT = 100,
	WIDTH_LEAST = 60,
	BAR_MOST = 30,
	DURATION_COLUMNS = 8,
	DEPTH_MOST = 12, /* of indentation */
};

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
static bool build(struct trace_text *t, int *top)
{
	qsort(t->line, t->n_lines, sizeof(*t->line), latest_first);
	if (t->n_logs)
		qsort(t->log, t->n_logs, sizeof(*t->log), latest_log_first);
	free(t->by_id);
	t->by_id = malloc((t->n_lines + 1) * sizeof(*t->by_id));
	if (!t->by_id)
		return false;
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
	return true;
}

/* How the page is divided. */
struct columns {
	const struct trace_text *t;
	const struct trace_text_look *look;
	struct out *to;
	size_t name, service, bar, note;
	unsigned depth; /* what lies deeper is indented no further */
};

static unsigned indent(const struct columns *c, const struct line *l)
{
	return l->depth < c->depth ? l->depth : c->depth;
}

#define RESET  "\033[0m"
#define DIM    "\033[2m"
#define BOLD   "\033[1m"
#define RED    "\033[31m"
#define YELLOW "\033[33m"

static void colour(const struct columns *c, const char *code)
{
	if (c->look->colour)
		out_str(c->to, str_of(code));
}

/* The same service has the same colour in every trace. Red means errors, so it isn't among them. */
static const char *service_colour(struct str service)
{
	static const char *const code[] = { "\033[36m", "\033[35m", "\033[34m",
					    "\033[32m", "\033[96m", "\033[95m" };
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < service.n; i++)
		h = (h ^ (unsigned char)service.p[i]) * 16777619u;
	return code[(h >> 8) % 6];
}

static void branches(const struct columns *c, const struct line *l, bool own)
{
	unsigned depth = indent(c, l);

	colour(c, DIM);
	for (unsigned i = 1; i < depth + !own; i++)
		out_str(c->to, l->last_for >> i & 1 ? STR("   ")
			       : c->look->ascii	    ? STR("|  ")
						    : STR("│  "));
	if (own && depth) {
		bool last = l->last_for >> depth & 1;

		if (c->look->ascii)
			out_str(c->to, last ? STR("`- ") : STR("|- "));
		else
			out_str(c->to, last ? STR("└─ ") : STR("├─ "));
	}
	colour(c, RESET);
}

/* Two positions a column: a half line where a span begins or ends within one. */
static void bar(const struct columns *c, const struct line *l)
{
	uint64_t whole = c->t->end_ns - c->t->start_ns;
	double scale = whole ? 2.0 * (double)c->bar / (double)whole : 0;
	size_t from = (size_t)((double)(l->start_ns - c->t->start_ns) * scale);
	size_t to = (size_t)((double)(l->end_ns - c->t->start_ns) * scale + 0.999);

	if (!whole)
		to = 2 * c->bar;
	if (from > 2 * c->bar - 1)
		from = 2 * c->bar - 1;
	if (to > 2 * c->bar)
		to = 2 * c->bar;
	if (to <= from)
		to = from + 1;
	colour(c, l->error ? RED : service_colour(l->service));
	for (size_t i = 0; i < c->bar; i++) {
		bool left = 2 * i >= from && 2 * i < to,
		     right = 2 * i + 1 >= from && 2 * i + 1 < to;

		if (c->look->ascii)
			out_char(c->to, left || right ? '=' : ' ');
		else
			out_str(c->to, left && right ? STR("━")
				       : left	     ? STR("╸")
				       : right	     ? STR("╺")
						     : STR(" "));
	}
	colour(c, RESET);
}

static void duration(const struct columns *c, const struct line *l)
{
	char text[48];
	struct out o = { text, 0, sizeof(text), sizeof(text), 0 };
	size_t n = terminal_duration(&o, l->end_ns - l->start_ns);

	terminal_blanks(c->to, n < DURATION_COLUMNS ? DURATION_COLUMNS - n : 0);
	out_str(c->to, out_all(&o));
}

/* The tree's part of a line and its end; what is left of the columns is blank. */
static void cell(const struct columns *c, struct str text, size_t columns)
{
	size_t used = terminal_text(c->to, text, columns);

	terminal_blanks(c->to, columns - used);
}

static void write_note(const struct columns *c, const struct line *l)
{
	size_t left = c->note;

	if (!l->error && !l->open && !l->note.n)
		return;
	out_str(c->to, STR("  "));
	if (l->open) {
		colour(c, YELLOW);
		out_str(c->to, STR("still open "));
	} else if (l->error) {
		colour(c, RED);
		out_str(c->to, c->look->ascii ? STR("! ") : STR("✗ "));
		left -= 2;
	} else {
		colour(c, DIM);
	}
	terminal_text(c->to, l->note.n || !l->error || l->open ? l->note : STR("error"), left);
	colour(c, RESET);
}

static void write_line(const struct columns *c, const struct line *l)
{
	unsigned depth = indent(c, l);

	out_str(c->to, STR("  "));
	branches(c, l, true);
	colour(c, l->error ? BOLD RED : BOLD);
	cell(c, l->name, c->name - 3 * depth);
	colour(c, RESET);
	out_str(c->to, STR("  "));
	colour(c, service_colour(l->service));
	cell(c, l->service, c->service);
	colour(c, RESET);
	out_str(c->to, STR("  "));
	bar(c, l);
	out_str(c->to, STR("  "));
	duration(c, l);
	write_note(c, l);
	out_char(c->to, '\n');
}

static struct str severity_name(const struct note *n)
{
	static const char *const name[] = {
		"", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"
	};

	if (n->severity_text.n)
		return n->severity_text;
	return str_of(name[n->severity >= 1 && n->severity <= 24 ? (n->severity + 3) / 4 : 0]);
}

static void write_value(const struct columns *c, const struct value *v, size_t left)
{
	switch (v->type) {
	case VALUE_BOOL:
		out_str(c->to, v->boolean ? STR("true") : STR("false"));
		break;
	case VALUE_INT:
		out_i64(c->to, v->integer);
		break;
	case VALUE_DOUBLE:
		out_f64(c->to, v->number);
		break;
	case VALUE_STRING:
		terminal_text(c->to, v->text, left < 40 ? left : 40);
		break;
	default:
		out_str(c->to, c->look->ascii ? STR("...") : STR("…"));
	}
}

static void write_log(const struct columns *c, const struct note *n, const struct line *under)
{
	size_t left = c->name + c->service + c->bar + 12 + c->note;

	out_str(c->to, STR("  "));
	if (under) {
		unsigned depth = indent(c, under);

		branches(c, under, false);
		colour(c, DIM);
		out_str(c->to, under->first_child == NONE ? STR("  ")
			       : c->look->ascii		  ? STR("| ")
							  : STR("│ "));
		colour(c, RESET);
		left -= 3 * (size_t)depth + 2;
	}
	colour(c, n->severity >= 17 ? RED : n->severity >= 13 ? YELLOW : DIM);
	terminal_text(c->to, severity_name(n), 10);
	colour(c, RESET);
	out_char(c->to, ' ');
	left -= 11 < left ? 11 : left;

	size_t used = terminal_text(c->to, n->body, left);

	left -= used;
	colour(c, DIM);
	for (size_t i = 0; i < n->attributes.n && i < 6 && left > 12; i++) {
		size_t before = c->to->n;

		out_char(c->to, ' ');
		terminal_text(c->to, n->attributes.item[i].key, left / 2);
		out_char(c->to, '=');
		write_value(c, &n->attributes.item[i].value, left / 2);

		size_t more = c->to->n - before;

		left -= more < left ? more : left;
	}
	colour(c, RESET);
	out_char(c->to, '\n');
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

static void walk_all(struct trace_text *t, int top,
		     void (*visit)(struct trace_text *, struct line *, void *), void *you)
{
	for (size_t i = 0; i < t->n_lines; i++)
		t->line[i].shown = false;
	walk(t, top, 0, visit, you);
	for (size_t i = t->n_lines; i-- > 0;)
		if (!t->line[i].shown)
			walk(t, (int)i, 0, visit, you);
}

static void measure(struct trace_text *t, struct line *l, void *you)
{
	struct columns *c = you;
	size_t name = terminal_columns(l->name) + 3 * (size_t)indent(c, l);
	size_t service = terminal_columns(l->service);

	(void)t;
	if (name > c->name)
		c->name = name;
	if (service > c->service)
		c->service = service;
}

static void divide(struct columns *c)
{
	size_t width = c->look->width ? c->look->width : WIDTH_DEFAULT, left;

	if (width < WIDTH_LEAST)
		width = WIDTH_LEAST;
	if (c->service > 16)
		c->service = 16;
	left = width - 2 - 2 - c->service - 2 - 2 - DURATION_COLUMNS - 2;
	if (c->name > left * 5 / 10)
		c->name = left * 5 / 10;
	if (c->name < 12)
		c->name = 12;
	if (c->depth > (c->name - 8) / 3)
		c->depth = (unsigned)(c->name - 8) / 3;
	left -= c->name;
	c->bar = left * 6 / 10 < BAR_MOST ? left * 6 / 10 : BAR_MOST;
	if (c->bar < 6)
		c->bar = 6;
	c->note = left > c->bar + 8 ? left - c->bar : 8;
}

static void show(struct trace_text *t, struct line *l, void *you)
{
	const struct columns *c = you;

	write_line(c, l);
	for (int i = l->first_log; i != NONE; i = t->log[i].next)
		write_log(c, &t->log[i], l);
}

static size_t count_services(const struct trace_text *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_lines && n < 100; i++) {
		bool before = false;

		for (size_t k = 0; k < i && !before; k++)
			before = str_eq(t->line[i].service, t->line[k].service);
		n += !before;
	}
	return n;
}

static void counted(const struct columns *c, size_t n, const char *one, const char *many)
{
	out_fmt(c->to, "  %zu %s", n, n == 1 ? one : many);
}

static void write_title(const struct columns *c)
{
	const struct trace_text *t = c->t;
	char id[32];
	size_t errors = 0;

	for (size_t i = 0; i < t->n_lines; i++)
		errors += t->line[i].error;
	hex_write(id, t->line[0].trace_id.b, 16);
	colour(c, DIM);
	out_str(c->to, STR("trace "));
	out_bytes(c->to, id, sizeof(id));
	colour(c, RESET);
	out_str(c->to, STR("  "));
	colour(c, BOLD);
	terminal_duration(c->to, t->end_ns - t->start_ns);
	colour(c, RESET);
	counted(c, t->n_lines, "span", "spans");
	counted(c, count_services(t), "service", "services");
	if (t->n_logs)
		counted(c, t->n_logs, "log", "logs");
	if (errors) {
		colour(c, RED);
		counted(c, errors, "error", "errors");
		colour(c, RESET);
	}
	out_char(c->to, '\n');
}

void trace_text_write(struct trace_text *t, const struct trace_text_look *look, struct out *to)
{
	struct columns c = { .t = t, .look = look, .to = to, .depth = DEPTH_MOST };
	int top;

	if (!t->n_lines)
		return;
	if (!build(t, &top)) {
		to->error = -ENOMEM;
		return;
	}
	walk_all(t, top, measure, &c);
	divide(&c);
	write_title(&c);
	walk_all(t, top, show, &c);
	for (size_t i = t->n_logs; i-- > 0;)
		if (!t->log[i].shown)
			write_log(&c, &t->log[i], NULL);
	if (t->n_left_out)
		out_fmt(to, "  and %zu more that are not shown\n", t->n_left_out);
}
