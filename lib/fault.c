/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fault: the fatal signals, noted and passed on.
 *
 * A fault notes its signal, code, address and thread in the segment, puts back the action that was
 * there before, and returns: the instruction faults again and meets that action as if we had never
 * been, so core dump and exit status stay what they were. Signals that would not come again by
 * themselves (abort, kill) are sent again to this thread; they wait until this handler returns.
 *
 * One fault is our own doing: reading the time stamp counter where a sandbox forbids it. The
 * handler knows those instructions (lib/clock.h), steps over them, and has the process use another
 * clock from then on. It knows the vDSO's too, while this thread reads the clock through it. A thread
 * that has SIGSEGV blocked can't be helped: there the fault is fatal.
 */
#include "lib/fault.h"

#include "lib/clock.h"
#include "lib/process.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* Not SIGSYS: a call that a sandbox trapped doesn't trap again when its handler returns. */
static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };

enum { N_FATAL = sizeof(fatal) / sizeof(fatal[0]) };

static struct sigaction before[N_FATAL];

#if defined(__x86_64__)
extern const int32_t __start_oriel_tsc[] __attribute__((weak, visibility("hidden")));
extern const int32_t __stop_oriel_tsc[] __attribute__((weak, visibility("hidden")));

enum { RDTSC_SIZE = 2, RDTSCP_SIZE = 3 };

/* The vDSO's own rdtsc or rdtscp, within clock_slow; what it makes of the number is read anew. */
static bool fault_is_vdso(const unsigned char *at, greg_t *rip)
{
	if (!clock_in_vdso)
		return false;
	if (at[0] == 0x0f && at[1] == 0x31)
		*rip += RDTSC_SIZE;
	else if (at[0] == 0x0f && at[1] == 0x01 && at[2] == 0xf9)
		*rip += RDTSCP_SIZE;
	else
		return false;
	atomic_store_explicit(&process.clock, CLOCK_COARSE, memory_order_relaxed);
	return true;
}

static bool fault_is_clock(int signal, ucontext_t *u)
{
	greg_t *rip = &u->uc_mcontext.gregs[REG_RIP];

	if (signal != SIGSEGV)
		return false;
	if (fault_is_vdso((const unsigned char *)(uintptr_t)*rip, rip))
		return true;
	for (const int32_t *at = __start_oriel_tsc; at < __stop_oriel_tsc; at++) {
		if ((greg_t)(uintptr_t)((const char *)at + *at) != *rip)
			continue;
		atomic_store_explicit(&process.clock, CLOCK_COARSE, memory_order_relaxed);
		*rip += RDTSC_SIZE;
		return true;
	}
	return false;
}
#else
static bool fault_is_clock(int signal, ucontext_t *u)
{
	(void)signal;
	(void)u;
	return false;
}
#endif

static void fault_note(int signal, const siginfo_t *info, uint32_t tid)
{
	struct segment_header *s = process.segment;

	/* A vfork child shares our memory, and a wiped mark means that the segment isn't mapped here. */
	if (!s || atomic_load_explicit(process.wiped, memory_order_relaxed) != WIPE_MARK)
		return;
	atomic_store_explicit(&s->fatal_code, (uint32_t)info->si_code, memory_order_relaxed);
	atomic_store_explicit(&s->fatal_address, (uint64_t)(uintptr_t)info->si_addr,
			      memory_order_relaxed);
	atomic_store_explicit(&s->fatal_tid, tid, memory_order_relaxed);
	atomic_store_explicit(&s->fatal_signal, (uint32_t)signal, memory_order_release);
}

static void fault_handle(int signal, siginfo_t *info, void *context)
{
	int kept = errno, i = 0;
	pid_t tid;

	if (fault_is_clock(signal, context))
		return;
	while (i < N_FATAL && fatal[i] != signal)
		i++;
	tid = (pid_t)syscall(SYS_gettid);
	fault_note(signal, info, (uint32_t)tid);
	if (i < N_FATAL)
		sigaction(signal, &before[i], NULL);
	/* si_code > 0 of a fault comes from the instruction, which will fault again. */
	if (signal == SIGABRT || info->si_code <= 0)
		syscall(SYS_tgkill, getpid(), tid, signal);
	errno = kept;
}

/*
 * On the program's own alternate stack where it has one. A program that sets its action later
 * replaces ours and loses nothing but the note.
 */
void fault_install(void)
{
	struct sigaction action = { .sa_sigaction = fault_handle,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigemptyset(&action.sa_mask);
	for (int i = 0; i < N_FATAL; i++) {
		if (sigaction(fatal[i], NULL, &before[i]) != 0)
			continue;
		/* Ignored stays ignored: there is nothing fatal about it. */
		if (before[i].sa_handler != SIG_IGN)
			sigaction(fatal[i], &action, NULL);
	}
}
