/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unwind: from a thread's registers to its callers, by the tables that compilers leave for
 * exceptions (.eh_frame), and by frame pointers where there is no table.
 *
 *     struct unwind_space space = { .read = read, .module = module, .you = me };
 *     struct unwind_registers r;
 *     unwind_from_context(&r, ucontext);
 *     n = unwind_walk(&space, &r, address, 64, &how);
 *
 * For guests and home alike, so it calls nothing but its caller's two functions and memcpy: no
 * allocation, no lock, no system call; signal handlers may. All memory, also the tables, is read
 * through `read`, which says false for what can't be read; nothing of what it brings is believed.
 * About 1.5 KiB of stack.
 *
 * address[0] is where the thread was; the others are return addresses, one behind the call.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers of registers are DWARF's of this machine. */
#if defined(__x86_64__)
enum { UNWIND_REGISTERS = 17, UNWIND_FP = 6, UNWIND_SP = 7, UNWIND_RETURN = 16 };
#elif defined(__aarch64__)
enum { UNWIND_REGISTERS = 32, UNWIND_FP = 29, UNWIND_SP = 31, UNWIND_RETURN = 30 };
#else
#error "unwind/ knows x86-64 and aarch64"
#endif

struct unwind_registers {
	uint64_t pc;
	uint64_t r[UNWIND_REGISTERS];
	uint64_t known; /* a bit a register */
};

/* An object in memory: its mapped range, and where its .eh_frame_hdr lies (0: it has none). */
struct unwind_module {
	uint64_t begin, end;
	uint64_t eh_frame_hdr;
};

struct unwind_space {
	bool (*read)(void *you, uint64_t at, void *to, size_t n);
	/* The module that has this address. */
	bool (*module)(void *you, uint64_t pc, struct unwind_module *out);
	void *you;
};

enum unwind_outcome {
	UNWIND_STEPPED,
	UNWIND_END,	/* the outermost frame, as its table says */
	UNWIND_LOST,	/* no table for this, or one that makes no sense; `r` is as it was */
	UNWIND_GUESSED, /* by frame pointer, or the word on top of the stack */
};

/*
 * One frame up. `exact` says that pc is the very instruction: of the innermost frame and of what a
 * signal interrupted; else it is a return address, and the call before it counts. Gets the same for
 * the next frame. With `guess` false only tables are believed.
 */
enum unwind_outcome unwind_step(const struct unwind_space *s, struct unwind_registers *r,
				bool *exact, bool guess);

/* How many addresses went to `to`; `r` is used up. */
size_t unwind_walk(const struct unwind_space *s, struct unwind_registers *r, uint64_t *to,
		   size_t most, bool guess);

/* From a signal handler's third argument. */
void unwind_from_context(struct unwind_registers *r, const void *ucontext);

/* The caller's own registers, of the frame that it is called in. */
#if defined(__x86_64__)
#define unwind_here(registers) \
	do { \
		struct unwind_registers *here_ = (registers); \
		*here_ = (struct unwind_registers){ 0 }; \
		__asm__ volatile("lea 0(%%rip), %%rax\n\t" \
				 "movq %%rax, (%0)\n\t" \
				 "movq %%rbx, 32(%0)\n\t" \
				 "movq %%rbp, 56(%0)\n\t" \
				 "movq %%rsp, 64(%0)\n\t" \
				 "movq %%r12, 104(%0)\n\t" \
				 "movq %%r13, 112(%0)\n\t" \
				 "movq %%r14, 120(%0)\n\t" \
				 "movq %%r15, 128(%0)" \
				 : \
				 : "r"(here_) \
				 : "rax", "memory"); \
		here_->known = 1u << 3 | 1u << 6 | 1u << 7 | 0xfu << 12; \
	} while (0)
#elif defined(__aarch64__)
#define unwind_here(registers) \
	do { \
		struct unwind_registers *here_ = (registers); \
		*here_ = (struct unwind_registers){ 0 }; \
		__asm__ volatile("adr x9, .\n\t" \
				 "str x9, [%0]\n\t" \
				 "stp x19, x20, [%0, #160]\n\t" \
				 "stp x21, x22, [%0, #176]\n\t" \
				 "stp x23, x24, [%0, #192]\n\t" \
				 "stp x25, x26, [%0, #208]\n\t" \
				 "stp x27, x28, [%0, #224]\n\t" \
				 "stp x29, x30, [%0, #240]\n\t" \
				 "mov x9, sp\n\t" \
				 "str x9, [%0, #256]" \
				 : \
				 : "r"(here_) \
				 : "x9", "memory"); \
		here_->known = 0xfff80000u; \
	} while (0)
#endif
