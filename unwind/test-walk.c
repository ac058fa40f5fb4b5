/* SPDX-License-Identifier: Apache-2.0 */
/* Walks of this very process, beside glibc's backtrace(). */
#include "unwind/unwind.h"

#include <alloca.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

enum { MOST = 128 };

static bool read_self(void *you, uint64_t at, void *to, size_t n)
{
	struct iovec mine = { to, n }, theirs = { (void *)(uintptr_t)at, n };

	(void)you;
	return process_vm_readv(getpid(), &mine, 1, &theirs, 1, 0) == (ssize_t)n;
}

static bool module_of_self(void *you, uint64_t pc, struct unwind_module *out)
{
	struct dl_find_object found;

	(void)you;
	if (_dl_find_object((void *)(uintptr_t)pc, &found) != 0)
		return false;
	out->begin = (uint64_t)(uintptr_t)found.dlfo_map_start;
	out->end = (uint64_t)(uintptr_t)found.dlfo_map_end;
	out->eh_frame_hdr = (uint64_t)(uintptr_t)found.dlfo_eh_frame;
	return true;
}

static const struct unwind_space self = { read_self, module_of_self, NULL };

static struct {
	uint64_t ours[MOST];
	void *theirs[MOST];
	size_t n_ours, n_theirs;
	bool guess;
} seen;

static __attribute__((noinline)) void look(void)
{
	struct unwind_registers r;

	seen.n_theirs = (size_t)backtrace(seen.theirs, MOST);
	unwind_here(&r);
	seen.n_ours = unwind_walk(&self, &r, seen.ours, MOST, seen.guess);
}

/*
 * From the outermost on: the innermost differ by the instruction that asked, and theirs may begin with
 * frames of its own (a signal's, a sanitizer's).
 */
static void both_saw_the_same(void)
{
	assert_true(seen.n_ours > 2 && seen.n_theirs >= seen.n_ours);
	for (size_t i = 1; i < seen.n_ours; i++)
		assert_int_equal(seen.ours[seen.n_ours - i],
				 (uint64_t)(uintptr_t)seen.theirs[seen.n_theirs - i]);
}

static __attribute__((noinline)) int deep(int n)
{
	volatile char *used = alloca(64 + 16 * (size_t)(n % 3));

	used[0] = (char)n;
	if (n == 0)
		look();
	else
		deep(n - 1);
	return used[0];
}

static void a_recursion_is_walked_to_its_end(void **state)
{
	(void)state;
	deep(40);
	both_saw_the_same();
}

static int compare(const void *a, const void *b)
{
	if (!seen.n_ours)
		look();
	return *(const int *)a - *(const int *)b;
}

static void callbacks_of_a_library_are_walked_through(void **state)
{
	int number[64];

	(void)state;
	for (int i = 0; i < 64; i++)
		number[i] = (i * 37) % 64;
	seen.n_ours = 0;
	qsort(number, 64, sizeof(number[0]), compare);
	both_saw_the_same();
}

static void on_signal(int signal)
{
	(void)signal;
	deep(3);
}

static void a_signals_frame_is_walked_through(void **state)
{
	(void)state;
	signal(SIGUSR1, on_signal);
	raise(SIGUSR1);
	both_saw_the_same();
}

static struct unwind_registers interrupted;

static void on_context(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	unwind_from_context(&interrupted, context);
	seen.n_ours = unwind_walk(&self, &interrupted, seen.ours, MOST, true);
	seen.n_theirs = (size_t)backtrace(seen.theirs, MOST);
}

static void what_a_signal_interrupted_is_walked_from_its_registers(void **state)
{
	struct sigaction action = { .sa_sigaction = on_context,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t stack = { .ss_sp = malloc(65536), .ss_size = 65536 };

	(void)state;
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	both_saw_the_same();
	/* Theirs has the handler and the signal's frame before it; and the interrupted one is exact. */
	assert_true(seen.n_theirs >= seen.n_ours + 2);
	assert_int_equal(seen.ours[0],
			 (uint64_t)(uintptr_t)seen.theirs[seen.n_theirs - seen.n_ours]);
	stack.ss_flags = SS_DISABLE;
	sigaltstack(&stack, NULL);
	free(stack.ss_sp);
}

static sigjmp_buf back;
static uint64_t fell[MOST];
static size_t n_fell;

static void on_fault(int signal, siginfo_t *info, void *context)
{
	struct unwind_registers r;

	(void)signal;
	(void)info;
	unwind_from_context(&r, context);
	n_fell = unwind_walk(&self, &r, fell, MOST, true);
	siglongjmp(back, 1);
}

static void (*volatile nowhere)(void);

static __attribute__((noinline)) void calls_nowhere(void)
{
	nowhere();
	__asm__ volatile("" ::: "memory");
}

static bool is_within(uint64_t pc, void (*function)(void), size_t size)
{
	return pc > (uint64_t)(uintptr_t)function && pc <= (uint64_t)(uintptr_t)function + size;
}

static void who_called_a_null_pointer_is_found(void **state)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO }, before;

	(void)state;
	sigaction(SIGSEGV, &action, &before);
	n_fell = 0;
	if (!sigsetjmp(back, 1))
		calls_nowhere();
	sigaction(SIGSEGV, &before, NULL);
	assert_true(n_fell > 3);
	assert_int_equal(fell[0], 0);
	assert_true(is_within(fell[1], calls_nowhere, 64));
}

#if defined(__x86_64__)
/* push rbp; mov rbp, rsp; call *rdi; pop rbp; ret */
static const unsigned char code[] = { 0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3 };

static bool module_or_made(void *you, uint64_t pc, struct unwind_module *out)
{
	uint64_t made = (uint64_t)(uintptr_t)you;

	if (pc < made || pc >= made + sizeof(code))
		return module_of_self(NULL, pc, out);
	*out = (struct unwind_module){ made, made + 4096, 0 };
	return true;
}

static void *made;

static __attribute__((noinline)) void look_through_made(void)
{
	struct unwind_space space = { read_self, module_or_made, made };
	struct unwind_registers r;

	unwind_here(&r);
	seen.n_ours = unwind_walk(&space, &r, seen.ours, MOST, seen.guess);
}

static void code_without_a_table_is_walked_by_its_frame_pointer(void **state)
{
	size_t with, without;

	(void)state;
	made = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(made, code, sizeof(code));
	mprotect(made, 4096, PROT_READ | PROT_EXEC);
	seen.guess = true;
	((void (*)(void (*)(void)))(uintptr_t)made)(look_through_made);
	with = seen.n_ours;
	seen.guess = false;
	((void (*)(void (*)(void)))(uintptr_t)made)(look_through_made);
	without = seen.n_ours;
	seen.guess = true;
	assert_true(with > 5);
	assert_int_equal(without, 2);
	assert_int_equal(seen.ours[1], (uint64_t)(uintptr_t)made + 6);
}
#endif

static void an_unreadable_stack_ends_the_walk(void **state)
{
	struct unwind_registers r;
	uint64_t to[4];

	(void)state;
	unwind_here(&r);
	r.r[UNWIND_SP] = 8;
	r.r[UNWIND_FP] = 16;
	assert_int_equal(unwind_walk(&self, &r, to, 4, true), 1);
}

static void there_are_no_more_than_asked_for(void **state)
{
	struct unwind_registers r;
	uint64_t to[2];

	(void)state;
	unwind_here(&r);
	assert_int_equal(unwind_walk(&self, &r, to, 2, true), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recursion_is_walked_to_its_end),
		cmocka_unit_test(callbacks_of_a_library_are_walked_through),
		cmocka_unit_test(a_signals_frame_is_walked_through),
		cmocka_unit_test(what_a_signal_interrupted_is_walked_from_its_registers),
		cmocka_unit_test(who_called_a_null_pointer_is_found),
#if defined(__x86_64__)
		cmocka_unit_test(code_without_a_table_is_walked_by_its_frame_pointer),
#endif
		cmocka_unit_test(an_unreadable_stack_ends_the_walk),
		cmocka_unit_test(there_are_no_more_than_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
