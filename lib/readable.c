/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/readable.h"

#include <string.h>
#include <ucontext.h>

/* A pair for each load: itself, and where it goes on if it failed; each told from its own place. */
extern const int32_t __start_oriel_readable[] __attribute__((weak, visibility("hidden")));
extern const int32_t __stop_oriel_readable[] __attribute__((weak, visibility("hidden")));

#define READABLE_PAIR \
	".pushsection oriel_readable, \"aR\"\n\t" \
	".balign 4\n\t" \
	".long 1b - .\n\t" \
	".long 2b - .\n\t" \
	".popsection"

/* `ok` is in the register that readable_was clears. */
#if defined(__x86_64__)
static bool load_word(uint64_t *to, uint64_t at)
{
	uint64_t ok = 1, v;

	__asm__ volatile("1: movq (%2), %1\n2:\n\t" READABLE_PAIR
			 : "+a"(ok), "=&d"(v)
			 : "r"(at)
			 : "memory");
	*to = v;
	return ok;
}

static bool load_byte(unsigned char *to, uint64_t at)
{
	uint64_t ok = 1, v;

	__asm__ volatile("1: movzbl (%2), %k1\n2:\n\t" READABLE_PAIR
			 : "+a"(ok), "=&d"(v)
			 : "r"(at)
			 : "memory");
	*to = (unsigned char)v;
	return ok;
}

static uint64_t context_pc(const ucontext_t *u)
{
	return (uint64_t)u->uc_mcontext.gregs[REG_RIP];
}

static void context_fail(ucontext_t *u, uint64_t pc)
{
	u->uc_mcontext.gregs[REG_RIP] = (greg_t)pc;
	u->uc_mcontext.gregs[REG_RAX] = 0;
}
#elif defined(__aarch64__)
static bool load_word(uint64_t *to, uint64_t at)
{
	register uint64_t ok __asm__("x0") = 1;
	uint64_t v;

	__asm__ volatile("1: ldr %1, [%2]\n2:\n\t" READABLE_PAIR
			 : "+r"(ok), "=&r"(v)
			 : "r"(at)
			 : "memory");
	*to = v;
	return ok;
}

static bool load_byte(unsigned char *to, uint64_t at)
{
	register uint64_t ok __asm__("x0") = 1;
	uint32_t v;

	__asm__ volatile("1: ldrb %w1, [%2]\n2:\n\t" READABLE_PAIR
			 : "+r"(ok), "=&r"(v)
			 : "r"(at)
			 : "memory");
	*to = (unsigned char)v;
	return ok;
}

static uint64_t context_pc(const ucontext_t *u)
{
	return u->uc_mcontext.pc;
}

static void context_fail(ucontext_t *u, uint64_t pc)
{
	u->uc_mcontext.pc = pc;
	u->uc_mcontext.regs[0] = 0;
}
#endif

bool readable_copy(void *to, uint64_t at, size_t n)
{
	unsigned char *p = to;

	if (at + n < at)
		return false;
	for (; n >= 8; n -= 8, at += 8, p += 8) {
		uint64_t word;

		if (!load_word(&word, at))
			return false;
		memcpy(p, &word, 8);
	}
	for (; n; n--, at++, p++)
		if (!load_byte(p, at))
			return false;
	return true;
}

static uint64_t place_of(const int32_t *told)
{
	return (uint64_t)(uintptr_t)told + (uint64_t)(int64_t)*told;
}

bool readable_was(void *ucontext)
{
	uint64_t pc = context_pc(ucontext);

	for (const int32_t *at = __start_oriel_readable; at < __stop_oriel_readable; at += 2) {
		if (place_of(at) != pc)
			continue;
		context_fail(ucontext, place_of(at + 1));
		return true;
	}
	return false;
}
