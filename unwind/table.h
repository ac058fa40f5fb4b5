/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table: the entry of .eh_frame for an address, and what it says of that address's frame.
 *
 *     struct unwind_entry e;
 *     if (table_find(space, &module, pc, &e) && rules_of(space, &e, pc, &rules)) ...
 *
 * The Linux Standard Base's chapter on exception frames, and DWARF's call frame instructions.
 */
#pragma once

#include "unwind/unwind.h"

struct unwind_entry {
	uint64_t base;	     /* that a rule's expression is told from: the module's eh_frame_hdr */
	uint64_t begin, end; /* the function */
	uint64_t first[2];   /* instructions for all that share the entry's head: from, to */
	uint64_t second[2];  /* of this function */
	uint64_t code_factor;
	int64_t data_factor;
	uint64_t return_register;
	bool is_signal; /* the frame of a signal's return: its caller's pc is exact */
};

bool table_find(const struct unwind_space *s, const struct unwind_module *m, uint64_t pc,
		struct unwind_entry *out);

enum rule_kind {
	RULE_SAME,
	RULE_UNDEFINED,
	RULE_OFFSET,	 /* saved at CFA + n */
	RULE_VALUE,	 /* is CFA + n */
	RULE_REGISTER,	 /* is in register n */
	RULE_EXPRESSION, /* saved at what the expression at base + n says */
	RULE_VALUE_EXPRESSION,
};

struct rule {
	int32_t n;
	uint8_t kind;
};

struct rules {
	struct rule r[UNWIND_REGISTERS];
	/* The canonical frame address: register + offset, or an expression. */
	uint64_t cfa_register;
	int64_t cfa_offset;
	bool cfa_is_expression; /* at base + cfa_offset */
};

bool rules_of(const struct unwind_space *s, const struct unwind_entry *e, uint64_t pc,
	      struct rules *out);

/* The expression at `at` (its length, then itself), beginning with `first` on its stack if there is one. */
bool expression_value(const struct unwind_space *s, const struct unwind_registers *r, uint64_t at,
		      const uint64_t *first, uint64_t *out);
