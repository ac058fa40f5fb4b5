/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/wreck.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>

static void end_text(char *text, size_t room)
{
	text[room - 1] = '\0';
}

/* The ring's oldest frame is the innermost of those that are kept. */
static void frames_order(struct wreck *w)
{
	const struct crash_block *b = &w->block;
	uint32_t n = b->n_frames < CRASH_STEPS ? b->n_frames : CRASH_STEPS;
	uint32_t first = n < CRASH_FIRST ? n : CRASH_FIRST, beyond = n - first;
	uint32_t last = beyond < CRASH_LAST ? beyond : CRASH_LAST;

	memcpy(w->frame, b->first, first * sizeof(w->frame[0]));
	for (uint32_t i = 0; i < last; i++)
		w->frame[first + i] = b->last[(beyond - last + i) % CRASH_LAST];
	w->n_frames = first + last;
	w->n_cut = beyond - last;
	w->cut_at = first;
}

static bool module_next(const char *bytes, size_t n, size_t at, struct crash_module *m)
{
	if (n - at < sizeof(*m))
		return false;
	memcpy(m, bytes + at, sizeof(*m));
	return m->size % 8 == 0 && m->size >= sizeof(*m) && m->size <= n - at &&
	       m->path_n <= m->size - sizeof(*m) && m->build_id_n <= CRASH_BUILD_ID &&
	       m->begin < m->end;
}

static int modules_take(struct wreck *w, size_t n, const char *program)
{
	const char *bytes = w->bytes + sizeof(struct crash_block);
	struct crash_module m;
	size_t count = 0, at;

	n -= sizeof(struct crash_block);
	if (w->block.modules_used < n)
		n = w->block.modules_used;
	for (at = 0; module_next(bytes, n, at, &m); at += m.size)
		count++;
	w->module = calloc(count + 1, sizeof(*w->module));
	if (!w->module)
		return ERR(-ENOMEM);
	for (at = 0; w->n_modules < count && module_next(bytes, n, at, &m); at += m.size) {
		const char *here = bytes + at;

		w->module[w->n_modules++] = (struct symbol_module){
			.path = m.path_n ? (struct str){ here + sizeof(m), m.path_n }
					 : str_of(program),
			.begin = m.begin,
			.end = m.end,
			.bias = m.bias,
			.build_id = (const uint8_t *)here + offsetof(struct crash_module, build_id),
			.build_id_n = m.build_id_n,
		};
	}
	return 0;
}

int wreck_take(struct wreck *w, char *bytes, size_t n, const char *program)
{
	int r = 0;

	*w = (struct wreck){ .bytes = bytes };
	if (n < sizeof(w->block))
		return 0;
	memcpy(&w->block, bytes, sizeof(w->block));
	end_text(w->block.thread, sizeof(w->block.thread));
	end_text(w->block.exception, sizeof(w->block.exception));
	end_text(w->block.message, sizeof(w->block.message));
	frames_order(w);
	r = modules_take(w, n, program);
	if (r < 0)
		wreck_fini(w);
	return TRACE(r);
}

struct area_step {
	const struct intake *in;
	char *to;
};

static void area_step(void *you)
{
	struct area_step *s = you;

	memcpy(s->to, s->in->map + s->in->head.crash_at, s->in->head.crash_size);
}

int wreck_read(struct wreck *w, struct intake *in)
{
	size_t n = in->head.crash_size;
	struct area_step s = { in, malloc(n + 1) };
	int r;

	*w = (struct wreck){ 0 };
	if (!s.to)
		return ERR(-ENOMEM);
	r = intake_step(in, area_step, &s);
	if (r < 0) {
		free(s.to);
		return r;
	}
	return TRACE(wreck_take(w, s.to, n, in->head.program));
}

void wreck_fini(struct wreck *w)
{
	free(w->module);
	free(w->bytes);
	*w = (struct wreck){ 0 };
}
