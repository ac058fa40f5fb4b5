/* SPDX-License-Identifier: Apache-2.0 */
#include "view/trace-text.h"

#include "base/hex.h"
#include "view/terminal-text.h"
#include "view/trace-tree.h"

enum {
	WIDTH_DEFAULT = 100,
	WIDTH_LEAST = 60,
	BAR_MOST = 30,
	DURATION_COLUMNS = 8,
	DEPTH_MOST = 12, /* of indentation */
};

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

#define RESET "\033[0m"
#define DIM "\033[2m"
#define BOLD "\033[1m"
#define RED "\033[31m"
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
	int top, r;

	if (!t->n_lines)
		return;
	r = trace_tree_build(t, &top);
	if (r < 0) {
		to->error = r;
		return;
	}
	trace_tree_walk(t, top, measure, &c);
	divide(&c);
	write_title(&c);
	trace_tree_walk(t, top, show, &c);
	for (size_t i = t->n_logs; i-- > 0;)
		if (!t->log[i].shown)
			write_log(&c, &t->log[i], NULL);
	if (t->n_left_out)
		out_fmt(to, "  and %zu more that are not shown\n", t->n_left_out);
}
