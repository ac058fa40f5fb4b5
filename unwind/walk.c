/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/table.h"

#include <string.h>
#include <ucontext.h>

enum { FRAME_MOST = 16 << 20 }; /* a frame that is larger than this is taken for a mistake */

#if defined(__x86_64__)
void unwind_from_context(struct unwind_registers *r, const void *ucontext)
{
	static const unsigned char order[16] = { REG_RAX, REG_RDX, REG_RCX, REG_RBX,
						 REG_RSI, REG_RDI, REG_RBP, REG_RSP,
						 REG_R8,  REG_R9,  REG_R10, REG_R11,
						 REG_R12, REG_R13, REG_R14, REG_R15 };
	const ucontext_t *u = ucontext;

	for (unsigned i = 0; i < 16; i++)
		r->r[i] = (uint64_t)u->uc_mcontext.gregs[order[i]];
	r->pc = (uint64_t)u->uc_mcontext.gregs[REG_RIP];
	r->r[UNWIND_RETURN] = r->pc;
	r->known = 0x1ffff;
}

static uint64_t unsigned_address(uint64_t address)
{
	return address;
}
#else
void unwind_from_context(struct unwind_registers *r, const void *ucontext)
{
	const ucontext_t *u = ucontext;

	for (unsigned i = 0; i < 31; i++)
		r->r[i] = u->uc_mcontext.regs[i];
	r->r[UNWIND_SP] = u->uc_mcontext.sp;
	r->pc = u->uc_mcontext.pc;
	r->known = 0xffffffff;
}

/* Without the signature that pointer authentication puts above the address. */
static uint64_t unsigned_address(uint64_t address)
{
	return address & 0xffffffffffffu;
}
#endif

static bool read_word(const struct unwind_space *s, uint64_t at, uint64_t *to)
{
	return s->read(s->you, at, to, sizeof(*to));
}

/* ---- by tables -------------------------------------------------------------------------------- */

static bool frame_address(const struct unwind_space *s, const struct unwind_registers *r,
			  const struct unwind_entry *e, const struct rules *rules, uint64_t *cfa)
{
	if (rules->cfa_is_expression)
		return expression_value(s, r, e->base + (uint64_t)rules->cfa_offset, NULL, cfa);
	if (rules->cfa_register >= UNWIND_REGISTERS || !(r->known >> rules->cfa_register & 1))
		return false;
	*cfa = r->r[rules->cfa_register] + (uint64_t)rules->cfa_offset;
	return true;
}

/* False: it had a value, which can't be found. */
static bool register_value(const struct unwind_space *s, const struct unwind_registers *r,
			   const struct unwind_entry *e, struct rule rule, uint64_t cfa,
			   uint64_t *out)
{
	uint64_t at = cfa + (uint64_t)(int64_t)rule.n;

	switch ((enum rule_kind)rule.kind) {
	case RULE_OFFSET:
		return read_word(s, at, out);
	case RULE_VALUE:
		*out = at;
		return true;
	case RULE_REGISTER:
		if ((uint32_t)rule.n >= UNWIND_REGISTERS || !(r->known >> rule.n & 1))
			return false;
		*out = r->r[rule.n];
		return true;
	case RULE_EXPRESSION:
		return expression_value(s, r, e->base + (uint64_t)(int64_t)rule.n, &cfa, &at) &&
		       read_word(s, at, out);
	case RULE_VALUE_EXPRESSION:
		return expression_value(s, r, e->base + (uint64_t)(int64_t)rule.n, &cfa, out);
	case RULE_SAME:
	case RULE_UNDEFINED:
		break;
	}
	return false;
}

static enum unwind_outcome apply(const struct unwind_space *s, struct unwind_registers *r,
				 const struct unwind_entry *e, const struct rules *rules)
{
	struct unwind_registers up = *r;
	uint64_t cfa, back = e->return_register;

	if (rules->r[back].kind == RULE_UNDEFINED)
		return UNWIND_END;
	if (!frame_address(s, r, e, rules, &cfa))
		return UNWIND_LOST;
	for (unsigned i = 0; i < UNWIND_REGISTERS; i++) {
		struct rule rule = rules->r[i];

		if (rule.kind == RULE_SAME)
			continue;
		if (register_value(s, r, e, rule, cfa, &up.r[i]))
			up.known |= (uint64_t)1 << i;
		else
			up.known &= ~((uint64_t)1 << i);
	}
	if (rules->r[UNWIND_SP].kind == RULE_SAME) {
		up.r[UNWIND_SP] = cfa;
		up.known |= (uint64_t)1 << UNWIND_SP;
	}
	if (!(up.known >> back & 1))
		return UNWIND_LOST;
	up.pc = unsigned_address(up.r[back]);
	/* A frame that goes nowhere, or down the stack, would be walked for ever. */
	if (!e->is_signal && (up.r[UNWIND_SP] < r->r[UNWIND_SP] ||
			      (up.r[UNWIND_SP] == r->r[UNWIND_SP] && up.pc == r->pc)))
		return UNWIND_LOST;
	*r = up;
	return up.pc ? UNWIND_STEPPED : UNWIND_END;
}

static enum unwind_outcome step_by_table(const struct unwind_space *s, struct unwind_registers *r,
					 bool *exact)
{
	uint64_t pc = r->pc - !*exact;
	struct unwind_module m;
	struct unwind_entry e;
	struct rules rules;
	enum unwind_outcome o;

	if (!s->module(s->you, pc, &m) || !table_find(s, &m, pc, &e) ||
	    !rules_of(s, &e, pc, &rules))
		return UNWIND_LOST;
	o = apply(s, r, &e, &rules);
	if (o == UNWIND_STEPPED)
		*exact = e.is_signal;
	return o;
}

/* ---- without one ------------------------------------------------------------------------------ */

static bool is_code(const struct unwind_space *s, uint64_t pc)
{
	struct unwind_module m;

	return pc && s->module(s->you, pc - 1, &m);
}

static bool step_by_frame_pointer(const struct unwind_space *s, struct unwind_registers *r)
{
	uint64_t fp = r->r[UNWIND_FP], sp = r->r[UNWIND_SP], word[2];

	if (!(r->known >> UNWIND_FP & 1) || fp % 8 || fp < sp || fp - sp > FRAME_MOST ||
	    !s->read(s->you, fp, word, sizeof(word)))
		return false;
	word[1] = unsigned_address(word[1]);
	if (!is_code(s, word[1]))
		return false;
	r->pc = word[1];
	r->r[UNWIND_FP] = word[0];
	r->r[UNWIND_SP] = fp + sizeof(word);
	r->known = (uint64_t)1 << UNWIND_FP | (uint64_t)1 << UNWIND_SP;
	return true;
}

/* A call through a pointer to nowhere: the caller is where it would have returned to. */
static bool step_back(const struct unwind_space *s, struct unwind_registers *r)
{
#if defined(__x86_64__)
	uint64_t back;

	if (!read_word(s, r->r[UNWIND_SP], &back) || !is_code(s, back))
		return false;
	r->r[UNWIND_SP] += sizeof(back);
#else
	uint64_t back = unsigned_address(r->r[UNWIND_RETURN]);

	if (!(r->known >> UNWIND_RETURN & 1) || !is_code(s, back) || back == r->pc)
		return false;
	r->known &= ~((uint64_t)1 << UNWIND_RETURN);
#endif
	r->pc = back;
	return true;
}

enum unwind_outcome unwind_step(const struct unwind_space *s, struct unwind_registers *r,
				bool *exact, bool guess)
{
	bool innermost = *exact;
	enum unwind_outcome o = step_by_table(s, r, exact);

	if (o != UNWIND_LOST || !guess)
		return o;
	*exact = false;
	if (innermost && !is_code(s, r->pc + 1) && step_back(s, r))
		return UNWIND_GUESSED;
	if (step_by_frame_pointer(s, r))
		return UNWIND_GUESSED;
	return innermost && step_back(s, r) ? UNWIND_GUESSED : UNWIND_LOST;
}

size_t unwind_walk(const struct unwind_space *s, struct unwind_registers *r, uint64_t *to,
		   size_t most, bool guess)
{
	bool exact = true;
	size_t n = 0;

	while (n < most) {
		enum unwind_outcome o;

		to[n++] = r->pc;
		o = unwind_step(s, r, &exact, guess);
		if (o == UNWIND_END || o == UNWIND_LOST)
			break;
	}
	return n;
}
