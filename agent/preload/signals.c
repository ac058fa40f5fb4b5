/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program does with fatal signals goes to liboriel, whose handler stands in front of its own
 * (lib/fault.h). Other signals pass through. And prctl: who enters a sandbox, or says that he will,
 * gets no system calls of ours from then on.
 */
#include "agent/preload/preload.h"

#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/agent.h"
#include "lib/fault.h"

#define CALLS(X) \
	X(signal) \
	X(sysv_signal)

PRELOAD_TABLE(CALLS);

static bool is_fatal(int number)
{
	return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL ||
	       number == SIGABRT;
}

HOOK int sigaction(int number, const struct sigaction *action, struct sigaction *before)
{
	return oriel_fault_sigaction(number, action, before);
}

static sighandler_t set(int number, sighandler_t handler, int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags }, before;

	sigemptyset(&action.sa_mask);
	if (!(flags & (int)SA_NODEFER))
		sigaddset(&action.sa_mask, number);
	return oriel_fault_sigaction(number, &action, &before) == 0 ? before.sa_handler : SIG_ERR;
}

HOOK sighandler_t signal(int number, sighandler_t handler)
{
	if (!is_fatal(number) && REAL(signal))
		return REAL(signal)(number, handler);
	return set(number, handler, SA_RESTART);
}

/* System V's, which programs get that ask for X/Open: once, and not blocked meanwhile. */
HOOK sighandler_t sysv_signal(int number, sighandler_t handler)
{
	if (!is_fatal(number) && REAL(sysv_signal))
		return REAL(sysv_signal)(number, handler);
	return set(number, handler, (int)SA_RESETHAND | (int)SA_NODEFER);
}

HOOK sighandler_t __sysv_signal(int number, sighandler_t handler)
{
	return sysv_signal(number, handler);
}

/* As libc's: the arguments that are there, and what happens to lie behind them. */
HOOK int prctl(int option, ...)
{
	unsigned long a[4];
	va_list list;

	va_start(list, option);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(list, unsigned long);
	va_end(list);
	if (option == PR_SET_SECCOMP || option == PR_SET_NO_NEW_PRIVS)
		oriel_fault_sandbox();
	return (int)syscall(SYS_prctl, (long)option, a[0], a[1], a[2], a[3]);
}
