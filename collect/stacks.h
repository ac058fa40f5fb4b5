/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks: log records that carry return addresses (oriel_error_here) get their backtraces.
 *
 *     if (b->n_stacks && stacks_known(&p->book, b) < b->n_stacks)
 *             s = stacks_new(b, p->in);       takes b; then stacks_work(s) where it may take its time,
 *                                             stacks_learn(s, &p->book), stacks_batch(s), stacks_free(s)
 *
 * A service that fails fails in few places, so what a stack turned out to be is kept, and each one is
 * worked out once. "oriel.stack" of such a record becomes "exception.stacktrace" and "oriel.frames".
 */
#pragma once

#include "collect/intake.h"
#include "model/batch.h"

#define STACK_KEY "oriel.stack"

enum { STACKS_BOOK = 256 };

struct stack_book {
	struct arena arena;
	struct stack_named {
		uint64_t hash;
		struct value frames;
		struct str text;
	} * named; /* STACKS_BOOK of them; NULL: none yet */
	size_t n;
};

void stack_book_fini(struct stack_book *book);

/* Names what the book knows; how many that were. */
size_t stacks_known(struct stack_book *book, struct batch *b);

struct stacks;

/* NULL: no memory, and `b` stays the caller's. */
struct stacks *stacks_new(struct batch *b, struct intake *in);
void stacks_work(struct stacks *s);
void stacks_learn(const struct stacks *s, struct stack_book *book);
struct batch *stacks_batch(struct stacks *s); /* the caller's again */
struct stacks *stacks_free(struct stacks *s);
