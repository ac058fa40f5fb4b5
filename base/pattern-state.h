/* SPDX-License-Identifier: Apache-2.0 */
/* What a compiled pattern's states do: between base/pattern-compile.c and base/pattern.c. */
#pragma once

#include "base/pattern.h"

enum pattern_op {
	OP_BYTE,   /* arg: which */
	OP_CLASS,  /* arg: which of the pattern's classes */
	OP_SPLIT,  /* to the next state and to `to` */
	OP_JUMP,   /* to `to` */
	OP_ASSERT, /* arg: enum pattern_assertion; if it holds, to the next */
	OP_FOUND,
};

enum pattern_assertion {
	ASSERT_BEGIN,	   /* \A, and ^ */
	ASSERT_END,	   /* \Z */
	ASSERT_LAST,	   /* $: at the end, or before a newline that ends the text */
	ASSERT_LINE_BEGIN, /* (?m)^ */
	ASSERT_LINE_END,   /* (?m)$ */
	ASSERT_WORD,	   /* \b */
	ASSERT_NOT_WORD,   /* \B */
	N_ASSERTIONS,
};

/* Where a pattern can begin: its `anchored`, `skips` and `first`, once its states are there. */
void pattern_look_ahead(struct pattern *p);
