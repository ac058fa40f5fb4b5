/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/stacks.h"

#include "base/fnv.h"
#include "collect/backtrace.h"
#include "collect/wreck.h"
#include "model/copy.h"
#include "model/stats.h"

#include <stdlib.h>

enum { STACK_MOST = 128 };

struct stacks {
	struct batch *batch;
	struct wreck wreck;
	struct stack_book made;
};

/* Of the addresses. */
static uint64_t hash_of(const struct value *stack)
{
	uint64_t h = FNV_START;

	for (size_t i = 0; i < stack->array.n; i++)
		h = fnv_add(h, &stack->array.item[i].integer, sizeof(int64_t));
	return h;
}

static const struct value *stack_of(const struct log_record *l)
{
	const struct value *v = attributes_find(l->attributes, STR(STACK_KEY));

	return v && v->type == VALUE_ARRAY ? v : NULL;
}

static const struct stack_named *book_find(const struct stack_book *book, uint64_t hash)
{
	for (size_t i = 0; i < book->n; i++)
		if (book->named[i].hash == hash)
			return &book->named[i];
	return NULL;
}

/* Room for one more; a full book begins anew. */
static struct stack_named *book_add(struct stack_book *book, uint64_t hash)
{
	if (!book->named)
		book->named = calloc(STACKS_BOOK, sizeof(*book->named));
	if (!book->named)
		return NULL;
	if (book->n == STACKS_BOOK) {
		arena_fini(&book->arena);
		book->n = 0;
	}
	book->named[book->n] = (struct stack_named){ .hash = hash };
	return &book->named[book->n++];
}

void stack_book_fini(struct stack_book *book)
{
	arena_fini(&book->arena);
	free(book->named);
	*book = (struct stack_book){ 0 };
}

/* The addresses make room for the trace; the frames come last. */
static bool record_name(struct log_record *l, struct arena *arena, const struct stack_named *named)
{
	struct attribute *a = arena_take_n(arena, struct attribute, l->attributes.n + 1);
	size_t n = 0;

	if (!a)
		return false;
	for (size_t i = 0; i < l->attributes.n; i++)
		if (!str_eq(l->attributes.item[i].key, STR(STACK_KEY)))
			a[n++] = l->attributes.item[i];
	a[n++] = (struct attribute){ STR("exception.stacktrace"),
				     { .type = VALUE_STRING,
				       .text = arena_copy(arena, named->text) } };
	a[n++] = (struct attribute){ STR("oriel.frames"), copy_value(arena, named->frames) };
	l->attributes.item = a;
	l->attributes.n = n;
	return true;
}

size_t stacks_known(struct stack_book *book, struct batch *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n_logs; i++) {
		const struct value *stack = b->log[i].severity < 17 ? NULL : stack_of(&b->log[i]);
		const struct stack_named *named = stack ? book_find(book, hash_of(stack)) : NULL;

		if (named)
			n += record_name(&b->log[i], &b->arena, named);
	}
	return n;
}

struct stacks *stacks_new(struct batch *b, struct intake *in)
{
	struct stacks *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	if (wreck_read(&s->wreck, in) < 0) {
		free(s);
		return NULL;
	}
	s->batch = b;
	return s;
}

static void stack_work(struct stacks *s, struct symbols *symbols, const struct value *stack,
		       uint64_t hash)
{
	struct backtrace t = { .arena = &s->made.arena, .innermost_is_return = true };
	struct stack_named *named = s->made.n < STACKS_BOOK ? book_add(&s->made, hash) : NULL;
	uint64_t address[STACK_MOST];
	size_t n = 0;

	for (; n < stack->array.n && n < STACK_MOST; n++)
		address[n] = (uint64_t)stack->array.item[n].integer;
	if (!named)
		return;
	backtrace_make(&t, symbols, address, n);
	named->frames = t.frames;
	named->text = t.text;
}

void stacks_work(struct stacks *s)
{
	struct symbols *symbols = symbols_new(s->wreck.module, s->wreck.n_modules);
	struct batch *b = s->batch;

	for (size_t i = 0; symbols && i < b->n_logs; i++) {
		const struct value *stack = b->log[i].severity < 17 ? NULL : stack_of(&b->log[i]);

		if (stack && !book_find(&s->made, hash_of(stack)))
			stack_work(s, symbols, stack, hash_of(stack));
	}
	symbols_free(symbols);
	stacks_known(&s->made, b);
}

void stacks_learn(const struct stacks *s, struct stack_book *book)
{
	for (size_t i = 0; i < s->made.n; i++) {
		const struct stack_named *from = &s->made.named[i];
		struct stack_named *to =
			book_find(book, from->hash) ? NULL : book_add(book, from->hash);

		if (!to)
			continue;
		to->frames = copy_value(&book->arena, from->frames);
		to->text = arena_copy(&book->arena, from->text);
	}
}

struct batch *stacks_batch(struct stacks *s)
{
	struct batch *b = s->batch;

	s->batch = NULL;
	return b;
}

struct stacks *stacks_free(struct stacks *s)
{
	if (!s)
		return NULL;
	batch_free(s->batch);
	wreck_fini(&s->wreck);
	stack_book_fini(&s->made);
	free(s);
	return NULL;
}
