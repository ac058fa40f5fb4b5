/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fault: the fatal signals, noted and passed on.
 *
 * A handler in front of the program's own notes what came (lib/crash.h). Then the program's handler
 * is called as the kernel would have called it; or, where there is none, the default act follows:
 * the handler returns with the signal blocked, the instruction faults again, and the kernel, which
 * can't deliver it, ends the process as if we had never been: registers, core dump and exit status
 * are those of the instruction, and no system call was made that a sandbox could mind. Signals that
 * would not come again by themselves (raise, kill) are sent again to this thread; they are blocked
 * until this handler returns.
 *
 * What the program's own action is, it may say at any time: the agent stands before sigaction, and
 * what is set through it is kept in `own` (oriel_fault_sigaction). Without the agent, an action that
 * the program sets later replaces ours, and loses nothing but the note.
 *
 * SIGSEGV and SIGBUS stay deliverable inside the handler, because it reads what may not be readable
 * (lib/readable.h); they are blocked before the program's handler is called, if it wants that.
 *
 * One fault is our own doing: reading the time stamp counter where a sandbox forbids it. The
 * handler knows those instructions (lib/clock.h), steps over them, and has the process use another
 * clock from then on. It knows the vDSO's too, while this thread reads the clock through it. A thread
 * that has SIGSEGV blocked can't be helped: there the fault is fatal.
 *
 * Sanitizers have handlers of their own, which tell more: with one in the program we stand aside.
 */
#include "lib/fault.h"

#include "lib/clock.h"
#include "lib/crash.h"
#include "lib/modules.h"
#include "lib/process.h"
#include "lib/readable.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* Not SIGSYS: a call that a sandbox trapped doesn't trap again when its handler returns. */
static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };

enum {
	N_FATAL = sizeof(fatal) / sizeof(fatal[0]),
	BRIEF_AFTER = 64, /* faults that the program survived: it has them all the time */
	ALTERNATE = 32 << 10,
};

/*
 * The program's own action of a signal. Two of them, so that a handler never sees one that is being
 * changed: `which` is stored with release when the other one is whole.
 */
static struct own {
	_Atomic unsigned which;
	_Atomic unsigned n_survived;
	bool installed;
	struct sigaction action[2];
} own[N_FATAL];

static int fatal_index(int signal)
{
	for (int i = 0; i < N_FATAL; i++)
		if (fatal[i] == signal)
			return i;
	return -1;
}

static const struct sigaction *own_action(int i)
{
	return &own[i].action[atomic_load_explicit(&own[i].which, memory_order_acquire) & 1];
}

static void own_set(int i, const struct sigaction *action)
{
	unsigned next = atomic_load_explicit(&own[i].which, memory_order_relaxed) + 1;

	own[i].action[next & 1] = *action;
	atomic_store_explicit(&own[i].which, next, memory_order_release);
}

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

/* ---- passing on ------------------------------------------------------------------------------- */

/* Delivered again when this handler has returned: with the signal's default act. */
static void send_again(int signal)
{
	struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t this;

	sigemptyset(&usual.sa_mask);
	sigemptyset(&this);
	sigaddset(&this, signal);
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &this, NULL, _NSIG / 8);
	__sigaction(signal, &usual, NULL);
	syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), signal);
}

/* si_code > 0 of a fault comes from the instruction, which will fault again. */
static bool will_come_again(int signal, const siginfo_t *info)
{
	return signal != SIGABRT && info->si_code > 0 &&
	       !(signal == SIGBUS && info->si_code == BUS_MCEERR_AO);
}

static void default_act(int signal, const siginfo_t *info, ucontext_t *u)
{
	if (will_come_again(signal, info))
		sigaddset(&u->uc_sigmask, signal);
	else
		send_again(signal);
}

/* What the kernel has blocked for the program's handler, but for SIGSEGV and SIGBUS, is blocked. */
static void block_rest(const struct sigaction *action, int signal)
{
	sigset_t rest;

	sigemptyset(&rest);
	if (sigismember(&action->sa_mask, SIGSEGV))
		sigaddset(&rest, SIGSEGV);
	if (sigismember(&action->sa_mask, SIGBUS))
		sigaddset(&rest, SIGBUS);
	if ((signal == SIGSEGV || signal == SIGBUS) && !(action->sa_flags & SA_NODEFER))
		sigaddset(&rest, signal);
	if (!sigisemptyset(&rest))
		syscall(SYS_rt_sigprocmask, SIG_BLOCK, &rest, NULL, _NSIG / 8);
}

static void install(int i, const struct sigaction *action);

static void call_own(int i, const struct sigaction *action, siginfo_t *info, void *context)
{
	struct sigaction once = *action, usual = { .sa_handler = SIG_DFL };

	if (once.sa_flags & (int)SA_RESETHAND) {
		own_set(i, &usual);
		install(i, &usual);
	}
	block_rest(&once, fatal[i]);
	crash_handled();
	if (once.sa_flags & SA_SIGINFO)
		once.sa_sigaction(fatal[i], info, context);
	else
		once.sa_handler(fatal[i]);
	crash_survived();
	atomic_fetch_add_explicit(&own[i].n_survived, 1, memory_order_relaxed);
}

static void fault_handle(int signal, siginfo_t *info, void *context)
{
	int kept = errno, i = fatal_index(signal);
	const struct sigaction *action;
	bool has_own;

	if (info->si_code > 0 && (fault_is_clock(signal, context) || readable_was(context)))
		return;
	if (i < 0)
		return;
	action = own_action(i);
	has_own = action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN;
	crash_note(signal, info, context,
		   has_own && atomic_load_explicit(&own[i].n_survived, memory_order_relaxed) >=
				      BRIEF_AFTER);
	if (!has_own)
		default_act(signal, info, context);
	errno = kept;
	if (has_own)
		call_own(i, action, info, context);
}

/* ---- installing ------------------------------------------------------------------------------- */

/* Ours, called as the program wants its own to be; on an alternate stack where it has no wish. */
static void install(int i, const struct sigaction *action)
{
	struct sigaction ours = { .sa_sigaction = fault_handle, .sa_flags = SA_ONSTACK };

	sigemptyset(&ours.sa_mask);
	if (action->sa_handler == SIG_IGN) {
		__sigaction(fatal[i], action, NULL);
		return;
	}
	if (action->sa_handler != SIG_DFL) {
		ours.sa_flags = action->sa_flags & ~(int)SA_RESETHAND;
		ours.sa_mask = action->sa_mask;
		sigdelset(&ours.sa_mask, SIGSEGV);
		sigdelset(&ours.sa_mask, SIGBUS);
	}
	ours.sa_flags |= SA_SIGINFO;
	if (fatal[i] == SIGSEGV || fatal[i] == SIGBUS)
		ours.sa_flags |= SA_NODEFER;
	__sigaction(fatal[i], &ours, NULL);
}

/* A vfork child has actions of its own in the kernel, but ours in memory are its parent's. */
static bool is_vfork_child(void)
{
	return modules_block() && getpid() != process.segment->pid;
}

/* Ignored stays ignored: there is nothing fatal about it. */
int oriel_fault_sigaction(int signal, const struct sigaction *action, struct sigaction *before)
{
	int i = fatal_index(signal);
	struct sigaction was;

	if (i < 0 || !own[i].installed)
		return __sigaction(signal, action, before);
	was = *own_action(i);
	if (action && is_vfork_child()) {
		if (__sigaction(signal, action, NULL) != 0)
			return -1;
	} else if (action) {
		own_set(i, action);
		install(i, own_action(i));
	}
	if (before)
		*before = was;
	return 0;
}

void oriel_fault_sandbox(void)
{
	atomic_store_explicit(&process.may_call, false, memory_order_relaxed);
}

/* Is there a filter already? Then nothing is to be tried later on. */
static bool is_sandboxed(void)
{
	char text[4096], *line;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	line = strstr(text, "\nSeccomp:");
	return !line || strncmp(line, "\nSeccomp:\t0", 11) != 0;
}

void oriel_fault_watched(void)
{
	static bool once;

	if (!once)
		atomic_store_explicit(&process.may_call, !is_sandboxed(), memory_order_relaxed);
	once = true;
}

bool fault_is_installed(void)
{
	return own[0].installed;
}

bool oriel_fault_may_call(void)
{
	return own[0].installed && atomic_load_explicit(&process.may_call, memory_order_relaxed);
}

/*
 * So that a stack that is used up can be told. Only for a thread that has none: the one that starts
 * us here; the agent does the same for threads that it sees made.
 */
static void alternate_stack(void)
{
	static _Alignas(16) char room[ALTERNATE];
	stack_t now, ours = { .ss_sp = room, .ss_size = sizeof(room) };

	if (sigaltstack(NULL, &now) == 0 && now.ss_flags & SS_DISABLE)
		sigaltstack(&ours, NULL);
}

extern void __asan_init(void) __attribute__((weak));
extern void __hwasan_init(void) __attribute__((weak));
extern void __msan_init(void) __attribute__((weak));
extern void __tsan_init(void) __attribute__((weak));

static bool has_sanitizer(void)
{
	return __asan_init || __hwasan_init || __msan_init || __tsan_init;
}

void fault_install(void)
{
	if (has_sanitizer())
		return;
	crash_prepare();
	alternate_stack();
	for (int i = 0; i < N_FATAL; i++) {
		struct sigaction before;

		if (own[i].installed || __sigaction(fatal[i], NULL, &before) != 0)
			continue;
		own_set(i, &before);
		own[i].installed = true;
		install(i, own_action(i));
	}
}
