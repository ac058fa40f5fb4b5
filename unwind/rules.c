/* SPDX-License-Identifier: Apache-2.0 */
/* Rules: the call frame instructions of an entry, run up to one address (DWARF 5, 6.4.2). */
#include "unwind/cursor.h"
#include "unwind/table.h"

enum {
	CFA_ADVANCE = 0x40,
	CFA_OFFSET = 0x80,
	CFA_RESTORE = 0xc0,
	CFA_NOP = 0x00,
	CFA_SET_LOC = 0x01,
	CFA_ADVANCE_1 = 0x02,
	CFA_ADVANCE_2 = 0x03,
	CFA_ADVANCE_4 = 0x04,
	CFA_OFFSET_EXTENDED = 0x05,
	CFA_RESTORE_EXTENDED = 0x06,
	CFA_UNDEFINED = 0x07,
	CFA_SAME_VALUE = 0x08,
	CFA_REGISTER = 0x09,
	CFA_REMEMBER_STATE = 0x0a,
	CFA_RESTORE_STATE = 0x0b,
	CFA_DEF_CFA = 0x0c,
	CFA_DEF_CFA_REGISTER = 0x0d,
	CFA_DEF_CFA_OFFSET = 0x0e,
	CFA_DEF_CFA_EXPRESSION = 0x0f,
	CFA_EXPRESSION = 0x10,
	CFA_OFFSET_EXTENDED_SF = 0x11,
	CFA_DEF_CFA_SF = 0x12,
	CFA_DEF_CFA_OFFSET_SF = 0x13,
	CFA_VAL_OFFSET = 0x14,
	CFA_VAL_OFFSET_SF = 0x15,
	CFA_VAL_EXPRESSION = 0x16,
	CFA_NEGATE_RA_STATE = 0x2d, /* aarch64: the return address is signed */
	CFA_ARGS_SIZE = 0x2e,
	CFA_NEGATIVE_OFFSET = 0x2f,
	REMEMBERED = 4,
	STEPS_MOST = 4096,
};

struct run {
	const struct unwind_entry *entry;
	struct cursor c;
	uint64_t location, pc;
	struct rules now, first, kept[REMEMBERED];
	unsigned n_kept, n_steps;
};

static void set(struct run *u, uint64_t reg, enum rule_kind kind, int64_t n)
{
	/* Vector registers and the like are of no interest. */
	if (reg >= UNWIND_REGISTERS)
		return;
	if (n < INT32_MIN || n > INT32_MAX)
		u->c.bad = true;
	else
		u->now.r[reg] = (struct rule){ (int32_t)n, (uint8_t)kind };
}

static void restore(struct run *u, uint64_t reg)
{
	if (reg < UNWIND_REGISTERS)
		u->now.r[reg] = u->first.r[reg];
}

static int64_t factored(struct run *u, int64_t n)
{
	int64_t v;

	if (__builtin_mul_overflow(n, u->entry->data_factor, &v))
		u->c.bad = true;
	return u->c.bad ? 0 : v;
}

static int64_t factored_unsigned(struct run *u)
{
	return factored(u, (int64_t)cursor_uleb(&u->c));
}

static int64_t factored_signed(struct run *u)
{
	return factored(u, cursor_sleb(&u->c));
}

/* Where an expression stands, told from the entry's base. */
static int64_t expression(struct run *u)
{
	int64_t at = (int64_t)(u->c.at - u->entry->base);

	cursor_skip(&u->c, cursor_uleb(&u->c));
	return at;
}

static void define(struct run *u, uint64_t reg, int64_t offset)
{
	u->now.cfa_register = reg;
	u->now.cfa_offset = offset;
	u->now.cfa_is_expression = false;
}

static void remember(struct run *u)
{
	if (u->n_kept == REMEMBERED)
		u->c.bad = true;
	else
		u->kept[u->n_kept++] = u->now;
}

static void recall(struct run *u)
{
	if (!u->n_kept)
		u->c.bad = true;
	else
		u->now = u->kept[--u->n_kept];
}

static void cfa_instruction(struct run *u, uint8_t op)
{
	struct cursor *c = &u->c;
	uint64_t reg;

	switch (op) {
	case CFA_DEF_CFA:
		reg = cursor_uleb(c);
		define(u, reg, (int64_t)cursor_uleb(c));
		break;
	case CFA_DEF_CFA_SF:
		reg = cursor_uleb(c);
		define(u, reg, factored_signed(u));
		break;
	case CFA_DEF_CFA_REGISTER:
		u->now.cfa_register = cursor_uleb(c);
		break;
	case CFA_DEF_CFA_OFFSET:
		u->now.cfa_offset = (int64_t)cursor_uleb(c);
		break;
	case CFA_DEF_CFA_OFFSET_SF:
		u->now.cfa_offset = factored_signed(u);
		break;
	case CFA_DEF_CFA_EXPRESSION:
		u->now.cfa_offset = expression(u);
		u->now.cfa_is_expression = true;
		break;
	case CFA_REMEMBER_STATE:
		remember(u);
		break;
	case CFA_RESTORE_STATE:
		recall(u);
		break;
	case CFA_ARGS_SIZE:
		cursor_uleb(c);
		break;
	case CFA_NOP:
	case CFA_NEGATE_RA_STATE:
		break;
	default:
		c->bad = true;
	}
}

static void register_instruction(struct run *u, uint8_t op)
{
	uint64_t reg = cursor_uleb(&u->c);

	switch (op) {
	case CFA_OFFSET_EXTENDED:
		set(u, reg, RULE_OFFSET, factored_unsigned(u));
		break;
	case CFA_NEGATIVE_OFFSET:
		set(u, reg, RULE_OFFSET, -factored_unsigned(u));
		break;
	case CFA_OFFSET_EXTENDED_SF:
		set(u, reg, RULE_OFFSET, factored_signed(u));
		break;
	case CFA_VAL_OFFSET:
		set(u, reg, RULE_VALUE, factored_unsigned(u));
		break;
	case CFA_VAL_OFFSET_SF:
		set(u, reg, RULE_VALUE, factored_signed(u));
		break;
	case CFA_RESTORE_EXTENDED:
		restore(u, reg);
		break;
	case CFA_UNDEFINED:
		set(u, reg, RULE_UNDEFINED, 0);
		break;
	case CFA_SAME_VALUE:
		set(u, reg, RULE_SAME, 0);
		break;
	case CFA_REGISTER:
		set(u, reg, RULE_REGISTER, (int64_t)cursor_uleb(&u->c));
		break;
	case CFA_EXPRESSION:
		set(u, reg, RULE_EXPRESSION, expression(u));
		break;
	case CFA_VAL_EXPRESSION:
		set(u, reg, RULE_VALUE_EXPRESSION, expression(u));
		break;
	default:
		u->c.bad = true;
	}
}

static bool is_of_register(uint8_t op)
{
	return (op >= CFA_OFFSET_EXTENDED && op <= CFA_REGISTER) || op == CFA_EXPRESSION ||
	       op == CFA_OFFSET_EXTENDED_SF || (op >= CFA_VAL_OFFSET && op <= CFA_VAL_EXPRESSION) ||
	       op == CFA_NEGATIVE_OFFSET;
}

static void instruction(struct run *u)
{
	uint8_t op = cursor_u8(&u->c), low = op & 0x3f;

	switch (op & 0xc0) {
	case CFA_ADVANCE:
		u->location += low * u->entry->code_factor;
		return;
	case CFA_OFFSET:
		set(u, low, RULE_OFFSET, factored_unsigned(u));
		return;
	case CFA_RESTORE:
		restore(u, low);
		return;
	}
	if (op >= CFA_ADVANCE_1 && op <= CFA_ADVANCE_4)
		u->location +=
			cursor_word(&u->c, 1u << (op - CFA_ADVANCE_1)) * u->entry->code_factor;
	else if (is_of_register(op))
		register_instruction(u, op);
	else
		cfa_instruction(u, op);
}

static bool instructions(struct run *u, const uint64_t range[2])
{
	u->c = cursor_at(u->c.space, range[0], range[1]);
	while (!cursor_done(&u->c) && u->location <= u->pc) {
		if (u->n_steps++ == STEPS_MOST)
			return false;
		instruction(u);
	}
	return !u->c.bad;
}

/* An instruction that moves past pc is the last one looked at: it changes nothing before it. */
bool rules_of(const struct unwind_space *s, const struct unwind_entry *e, uint64_t pc,
	      struct rules *out)
{
	struct run u;

	u.entry = e;
	u.c.space = s;
	u.pc = pc;
	u.n_kept = u.n_steps = 0;
	memset(&u.now, 0, sizeof(u.now));
	u.first = u.now;
	u.location = 0;
	if (!instructions(&u, e->first))
		return false;
	u.first = u.now;
	u.location = e->begin;
	if (!instructions(&u, e->second))
		return false;
	*out = u.now;
	return true;
}
