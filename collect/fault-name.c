/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/fault-name.h"

#include "wire/crash.h"

#include <signal.h>

/* X(signal, code, sentence) */
#define CODES(X) \
	X(SIGSEGV, SEGV_MAPERR, "address not mapped") \
	X(SIGSEGV, SEGV_ACCERR, "memory protected against this access") \
	X(SIGSEGV, SEGV_BNDERR, "bounds check failed") \
	X(SIGSEGV, SEGV_PKUERR, "memory protected by its key") \
	X(SIGBUS, BUS_ADRALN, "address not aligned") \
	X(SIGBUS, BUS_ADRERR, "beyond the end of a mapped file") \
	X(SIGBUS, BUS_OBJERR, "memory failed") \
	X(SIGBUS, BUS_MCEERR_AR, "memory failed") \
	X(SIGBUS, BUS_MCEERR_AO, "memory failed") \
	X(SIGFPE, FPE_INTDIV, "integer division by zero") \
	X(SIGFPE, FPE_INTOVF, "integer overflow") \
	X(SIGFPE, FPE_FLTDIV, "division by zero") \
	X(SIGFPE, FPE_FLTOVF, "floating point overflow") \
	X(SIGFPE, FPE_FLTUND, "floating point underflow") \
	X(SIGFPE, FPE_FLTRES, "inexact floating point result") \
	X(SIGFPE, FPE_FLTINV, "invalid floating point operation") \
	X(SIGILL, ILL_ILLOPC, "illegal instruction") \
	X(SIGILL, ILL_ILLOPN, "illegal instruction") \
	X(SIGILL, ILL_ILLADR, "illegal addressing mode") \
	X(SIGILL, ILL_ILLTRP, "illegal trap") \
	X(SIGILL, ILL_PRVOPC, "privileged instruction") \
	X(SIGILL, ILL_PRVREG, "privileged register")

static const struct code {
	int signal, code;
	const char *name, *about;
} codes[] = {
#define X(signal, code, about) { signal, code, #code, about },
	CODES(X)
#undef X
};

static const struct code *code_of(int signal, int code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].signal == signal && codes[i].code == code)
			return &codes[i];
	return NULL;
}

const char *fault_about(int signal, int code)
{
	const struct code *c = code_of(signal, code);

	if (c)
		return c->about;
	if (code == SI_KERNEL)
		return signal == SIGSEGV ? "an address that no program can have"
					 : "raised by the kernel";
	if (signal == SIGABRT)
		return "abort() was called";
	return code <= 0 ? "sent by a program" : "fault";
}

const char *fault_code_name(int signal, int code)
{
	const struct code *c = code_of(signal, code);

	if (c)
		return c->name;
	return code == SI_KERNEL  ? "SI_KERNEL"
	       : code == SI_USER  ? "SI_USER"
	       : code == SI_TKILL ? "SI_TKILL"
	       : code == SI_QUEUE ? "SI_QUEUE"
				  : NULL;
}

bool fault_has_address(int signal, int code)
{
	return code_of(signal, code) != NULL && signal != SIGFPE;
}

const char *fault_register(uint32_t machine, unsigned number)
{
	static const char *const x86[] = { "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp",
					   "r8",  "r9",	 "r10", "r11", "r12", "r13", "r14", "r15" };
	static const char *const arm[] = { "x0",  "x1",	 "x2",	"x3",  "x4",  "x5",  "x6",  "x7",
					   "x8",  "x9",	 "x10", "x11", "x12", "x13", "x14", "x15",
					   "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23",
					   "x24", "x25", "x26", "x27", "x28", "x29", "lr",  "sp" };

	if (number == CRASH_REGISTERS)
		return machine == CRASH_X86_64 ? "rip" : "pc";
	if (machine == CRASH_X86_64)
		return number < 16 ? x86[number] : NULL;
	return machine == CRASH_AARCH64 && number < 32 ? arm[number] : NULL;
}

/* ---- C++ -------------------------------------------------------------------------------------- */

/* One "5Error"; false: something else stands there. */
static bool name_part(struct out *o, struct str *rest)
{
	size_t n = 0, digits = 0;

	while (digits < rest->n && digits < 4 && rest->p[digits] >= '0' && rest->p[digits] <= '9')
		n = n * 10 + (size_t)(rest->p[digits++] - '0');
	if (!digits || n > rest->n - digits)
		return false;
	out_bytes(o, rest->p + digits, n);
	*rest = str_from(*rest, digits + n);
	return true;
}

/* Plain and nested names; anything with templates stays as the compiler wrote it. */
void fault_exception_name(struct out *o, struct str mangled)
{
	struct str rest = mangled;
	bool nested, good = true;
	size_t before = o->n;

	if (rest.n && rest.p[0] == '*')
		rest = str_from(rest, 1);
	nested = str_starts(rest, STR("N"));
	rest = str_from(rest, nested);
	if (str_starts(rest, STR("St"))) {
		out_str(o, STR("std::"));
		rest = str_from(rest, 2);
	}
	good = name_part(o, &rest);
	while (good && nested && rest.n && rest.p[0] != 'E') {
		out_str(o, STR("::"));
		good = name_part(o, &rest);
	}
	if (good && rest.n == (size_t)nested)
		return;
	o->n = before;
	if (str_eq(mangled, STR("i")))
		out_str(o, STR("int"));
	else if (str_eq(mangled, STR("PKc")))
		out_str(o, STR("const char *"));
	else
		out_str(o, mangled);
}

bool fault_is_way_to_abort(struct str function, struct str module)
{
	static const struct str way[] = {
#define W(name) { name, sizeof(name) - 1 }
		W("__pthread_kill_implementation"),
		W("__pthread_kill_internal"),
		W("pthread_kill"),
		W("__pthread_kill"),
		W("__GI___pthread_kill"),
		W("raise"),
		W("__GI_raise"),
		W("gsignal"),
		W("abort"),
		W("__GI_abort"),
		W("__libc_message"),
		W("malloc_printerr"),
		W("__assert_fail_base"),
		W("__assert_fail"),
		W("__GI___assert_fail"),
		W("__fortify_fail"),
		W("__GI___fortify_fail"),
		W("__chk_fail"),
		W("__GI___chk_fail"),
		W("__stack_chk_fail"),
		W("kill"),
#undef W
	};

	for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++)
		if (str_eq(function, way[i]))
			return true;
	while (str_cut(module, '/').found)
		module = str_cut(module, '/').tail;
	return str_starts(module, STR("libc.so")) || str_starts(module, STR("libstdc++.so"));
}
