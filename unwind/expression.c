/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expression: the part of DWARF's (5, 2.5) that frame tables use: linkers for their jump tables, libc
 * for signal frames, hand-written assembly.
 */
#include "unwind/cursor.h"
#include "unwind/table.h"

enum {
	OP_DEREF = 0x06,
	OP_CONST1U = 0x08,
	OP_CONST8S = 0x0f,
	OP_CONSTU = 0x10,
	OP_CONSTS = 0x11,
	OP_DUP = 0x12,
	OP_DROP = 0x13,
	OP_OVER = 0x14,
	OP_SWAP = 0x16,
	OP_AND = 0x1a,
	OP_MINUS = 0x1c,
	OP_MUL = 0x1e,
	OP_NEG = 0x1f,
	OP_NOT = 0x20,
	OP_OR = 0x21,
	OP_PLUS = 0x22,
	OP_PLUS_UCONST = 0x23,
	OP_SHL = 0x24,
	OP_SHR = 0x25,
	OP_XOR = 0x27,
	OP_EQ = 0x29,
	OP_GE = 0x2a,
	OP_GT = 0x2b,
	OP_LE = 0x2c,
	OP_LT = 0x2d,
	OP_NE = 0x2e,
	OP_LIT0 = 0x30,
	OP_LIT31 = 0x4f,
	OP_BREG0 = 0x70,
	OP_BREG31 = 0x8f,
	OP_DEREF_SIZE = 0x94,
	OP_NOP = 0x96,
	STACK = 16,
	LENGTH_MOST = 512,
};

struct machine {
	struct cursor c;
	const struct unwind_registers *r;
	uint64_t stack[STACK];
	unsigned n;
};

static void push(struct machine *m, uint64_t v)
{
	if (m->n == STACK)
		m->c.bad = true;
	else
		m->stack[m->n++] = v;
}

static uint64_t pop(struct machine *m)
{
	if (m->n)
		return m->stack[--m->n];
	m->c.bad = true;
	return 0;
}

static uint64_t deref(struct machine *m, uint64_t at, unsigned bytes)
{
	uint64_t v = 0;

	if (m->c.bad || bytes > 8 || !m->c.space->read(m->c.space->you, at, &v, bytes))
		m->c.bad = true;
	return v;
}

static uint64_t of_register(struct machine *m, unsigned reg)
{
	int64_t offset = cursor_sleb(&m->c);

	/* The program counter of this frame: x86-64's jump tables ask for it. */
	if (reg == UNWIND_RETURN && UNWIND_RETURN != 30)
		return m->r->pc + (uint64_t)offset;
	if (reg >= UNWIND_REGISTERS || !(m->r->known >> reg & 1)) {
		m->c.bad = true;
		return 0;
	}
	return m->r->r[reg] + (uint64_t)offset;
}

static uint64_t constant(struct machine *m, uint8_t op)
{
	unsigned which = op - OP_CONST1U, bytes = 1u << which / 2;

	return which % 2 ? (uint64_t)cursor_signed(&m->c, bytes) : cursor_word(&m->c, bytes);
}

static uint64_t of_two(struct machine *m, uint8_t op)
{
	uint64_t b = pop(m), a = pop(m);

	switch (op) {
	case OP_AND:
		return a & b;
	case OP_MINUS:
		return a - b;
	case OP_MUL:
		return a * b;
	case OP_OR:
		return a | b;
	case OP_PLUS:
		return a + b;
	case OP_SHL:
		return b < 64 ? a << b : 0;
	case OP_SHR:
		return b < 64 ? a >> b : 0;
	case OP_XOR:
		return a ^ b;
	case OP_EQ:
		return a == b;
	case OP_GE:
		return (int64_t)a >= (int64_t)b;
	case OP_GT:
		return (int64_t)a > (int64_t)b;
	case OP_LE:
		return (int64_t)a <= (int64_t)b;
	case OP_LT:
		return (int64_t)a < (int64_t)b;
	case OP_NE:
		return a != b;
	default:
		m->c.bad = true;
		return 0;
	}
}

static void stack_instruction(struct machine *m, uint8_t op)
{
	uint64_t a = pop(m), b;

	switch (op) {
	case OP_DUP:
		push(m, a);
		push(m, a);
		break;
	case OP_DROP:
		break;
	case OP_OVER:
		b = pop(m);
		push(m, b);
		push(m, a);
		push(m, b);
		break;
	case OP_SWAP:
		b = pop(m);
		push(m, a);
		push(m, b);
		break;
	}
}

static void step(struct machine *m)
{
	uint8_t op = cursor_u8(&m->c);

	if (op >= OP_LIT0 && op <= OP_LIT31)
		push(m, op - OP_LIT0);
	else if (op >= OP_BREG0 && op <= OP_BREG31)
		push(m, of_register(m, op - OP_BREG0));
	else if (op >= OP_CONST1U && op <= OP_CONST8S)
		push(m, constant(m, op));
	else if (op == OP_CONSTU)
		push(m, cursor_uleb(&m->c));
	else if (op == OP_CONSTS)
		push(m, (uint64_t)cursor_sleb(&m->c));
	else if (op == OP_DEREF)
		push(m, deref(m, pop(m), 8));
	else if (op == OP_DEREF_SIZE)
		push(m, deref(m, pop(m), cursor_u8(&m->c)));
	else if (op == OP_PLUS_UCONST)
		push(m, pop(m) + cursor_uleb(&m->c));
	else if (op == OP_NEG)
		push(m, -pop(m));
	else if (op == OP_NOT)
		push(m, ~pop(m));
	else if (op == OP_DUP || op == OP_DROP || op == OP_OVER || op == OP_SWAP)
		stack_instruction(m, op);
	else if (op != OP_NOP)
		push(m, of_two(m, op));
}

bool expression_value(const struct unwind_space *s, const struct unwind_registers *r, uint64_t at,
		      const uint64_t *first, uint64_t *out)
{
	struct machine m;
	uint64_t n;

	m.c = cursor_at(s, at, at + 10 < at ? at : at + 10);
	m.r = r;
	m.n = 0;
	n = cursor_uleb(&m.c);
	if (m.c.bad || n > LENGTH_MOST)
		return false;
	m.c.end = m.c.at + n;
	if (first)
		push(&m, *first);
	while (!cursor_done(&m.c))
		step(&m);
	if (m.c.bad || !m.n)
		return false;
	*out = m.stack[m.n - 1];
	return true;
}
