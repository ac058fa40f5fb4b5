/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/backtrace.h"

#include "base/hex.h"
#include "base/out.h"

#include <inttypes.h>
#include <stdio.h>

enum { FRAMES_MOST = 512, KEYS = 10, BUILD_ID_MOST = 64 };

struct making {
	struct backtrace *t;
	struct value *frame;
	size_t n;
	unsigned number; /* of the address; inlined frames share it */
	struct out text;
};

struct value backtrace_hex(struct arena *arena, uint64_t number)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "0x%" PRIx64, number);

	return (struct value){ .type = VALUE_STRING,
			       .text = arena_copy(arena, (struct str){ text, (size_t)n }) };
}

static struct value text_value(struct arena *arena, struct str text)
{
	return (struct value){ .type = VALUE_STRING, .text = arena_copy(arena, text) };
}

static struct value number_value(uint64_t n)
{
	return (struct value){ .type = VALUE_INT, .integer = (int64_t)n };
}

static void frame_add(struct attribute *a, size_t *n, const char *key, struct value v)
{
	if (v.type == VALUE_STRING && !v.text.n)
		return;
	a[(*n)++] = (struct attribute){ str_of(key), v };
}

static struct value frame_value(struct arena *arena, const struct symbol_frame *f)
{
	struct attribute *a = arena_take_n(arena, struct attribute, KEYS);
	char id[2 * BUILD_ID_MOST];
	size_t n = 0;

	if (!a)
		return (struct value){ 0 };
	frame_add(a, &n, "address", backtrace_hex(arena, f->address));
	frame_add(a, &n, "function", text_value(arena, f->function));
	frame_add(a, &n, "file", text_value(arena, f->file));
	if (f->line)
		frame_add(a, &n, "line", number_value(f->line));
	if (f->column)
		frame_add(a, &n, "column", number_value(f->column));
	if (f->inlined)
		frame_add(a, &n, "inlined", (struct value){ .type = VALUE_BOOL, .boolean = true });
	if (f->module) {
		size_t id_n = f->module->build_id_n;

		frame_add(a, &n, "module", text_value(arena, f->module->path));
		if (id_n <= BUILD_ID_MOST) {
			hex_write(id, f->module->build_id, id_n);
			frame_add(a, &n, "build_id",
				  text_value(arena, (struct str){ id, 2 * id_n }));
		}
		frame_add(a, &n, "offset", backtrace_hex(arena, f->file_address));
	}
	if (f->function.n && !f->inlined)
		frame_add(a, &n, "symbol_offset", number_value(f->offset));
	return (struct value){ .type = VALUE_MAP, .map = { a, n } };
}

/* "#2  0x000055d0c0de1189 take (shop.c:33) in /usr/bin/shop" */
static void frame_text(struct out *o, unsigned number, const struct symbol_frame *f)
{
	out_fmt(o, "#%-2u 0x%016" PRIx64 " ", number, f->address);
	if (f->function.n)
		out_str(o, f->function);
	else
		out_str(o, STR("??"));
	if (f->function.n && !f->file.n && f->offset)
		out_fmt(o, "+0x%" PRIx64, f->offset);
	if (f->file.n)
		out_fmt(o, " (" STR_FMT ":%u)", STR_ARG(f->file), f->line);
	if (f->inlined)
		out_str(o, STR(" inlined"));
	else if (f->module)
		out_fmt(o, " in " STR_FMT, STR_ARG(f->module->path));
	if (f->module && !f->file.n)
		out_fmt(o, "+0x%" PRIx64, f->file_address);
	out_char(o, '\n');
}

static void each_frame(const struct symbol_frame *f, void *you)
{
	struct making *m = you;

	if (m->n == FRAMES_MOST)
		return;
	m->frame[m->n++] = frame_value(m->t->arena, f);
	frame_text(&m->text, m->number, f);
}

void backtrace_make(struct backtrace *t, struct symbols *s, const uint64_t *address, size_t n)
{
	struct making m = { .t = t };

	m.frame = arena_take_n(t->arena, struct value, FRAMES_MOST);
	if (!m.frame)
		return;
	for (size_t i = 0; i < n; i++) {
		if (t->n_cut && i == t->cut_at) {
			out_fmt(&m.text, "    ... %zu more ...\n", t->n_cut);
			m.number += (unsigned)t->n_cut;
		}
		symbols_at(s, address[i], i > 0 || t->innermost_is_return, each_frame, &m);
		m.number++;
	}
	if (m.text.n && m.text.p[m.text.n - 1] == '\n')
		m.text.n--;
	t->frames = (struct value){ .type = VALUE_ARRAY, .array = { m.frame, m.n } };
	t->text = m.text.error ? (struct str){ 0 } : arena_copy(t->arena, out_all(&m.text));
	out_fini(&m.text);
}
