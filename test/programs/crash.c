/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crash: some threads at work, and one that dies as it is told, three functions deep, in a span.
 *
 *     crash HOW [before|after|stack|small]...
 *
 * HOW: segv bus fpe ill abort assert heap fortify smash null raise overflow wild
 *      survive     it faults, comes back by siglongjmp, and ends well
 *      own-exit    its own handler says so and exits with 7
 *      own-abort   its own handler calls abort
 *      own-raise   its own handler raises the signal anew, with the default act
 *      main        the first thread's stack is used up
 *
 *     before, after   handlers of its own for all of it, that reset and return, set before or after
 *                     oriel_start
 *     stack           an alternate stack of its own in the thread
 *     small           a thread with 16 KiB of stack
 *
 * Prints the id of the trace first.
 */
#undef NDEBUG
#include <oriel.h>

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FUNCTION static __attribute__((noinline))

enum { WORKERS = 3, SMALL = 16384 };

static const char *how;
static bool alternate, small;
static sigjmp_buf back;
static volatile int zero, sink;
static void (*volatile nowhere)(void);
static volatile uintptr_t low = 8;

static bool is(const char *name)
{
	return strcmp(how, name) == 0;
}

FUNCTION int go_deeper(int n)
{
	volatile char used[512];

	used[n % 512] = (char)n;
	if (n < 0)
		return 0;
	return go_deeper(n + 1) + used[n % 512];
}

FUNCTION void beyond_a_file(void)
{
	char name[] = "/tmp/crash-XXXXXX";
	int fd = mkstemp(name);
	char *p;

	unlink(name);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	p[1] = 1;
	sink = 3;
}

FUNCTION void corrupt_heap(void)
{
	char *volatile p = malloc(24), *volatile again = p;

	free(p);
	free(again);
	sink = 3; /* a last call leaves no frame */
}

extern void *__memcpy_chk(void *to, const void *from, size_t n, size_t room);
extern void __stack_chk_fail(void);

FUNCTION void copy_too_much(void)
{
	char room[8];
	volatile size_t n = 16;

	__memcpy_chk(room, "0123456789abcdef", n, sizeof(room));
	sink = room[0];
}

FUNCTION void die_here(void)
{
	if (is("segv") || is("survive") || is("own-exit") || is("own-abort") || is("own-raise"))
		*(volatile int *)low = 1;
	if (is("wild"))
		*(volatile int *)(low + 0x8000000000000000u) = 1;
	if (is("bus"))
		beyond_a_file();
	if (is("fpe"))
		sink = 7654321 / zero;
	if (is("ill"))
		__builtin_trap();
	if (is("abort"))
		abort();
	if (is("assert"))
		assert(!"all is well");
	if (is("heap"))
		corrupt_heap();
	if (is("fortify"))
		copy_too_much();
	if (is("smash"))
		__stack_chk_fail();
	if (is("null"))
		nowhere();
	if (is("raise"))
		raise(SIGSEGV);
	if (is("overflow") || is("main"))
		sink = go_deeper(0);
	sink = 1;
}

FUNCTION void check_out(void)
{
	if (is("survive") && sigsetjmp(back, 1)) {
		oriel_info("survived");
		return;
	}
	die_here();
	sink = 2;
}

FUNCTION void serve(void)
{
	char trace[33];

	ORIEL_SPAN ("checkout", oriel_int("cart", 7)) {
		oriel_trace_id(trace);
		puts(trace);
		fflush(stdout);
		ORIEL_SPAN ("pay") {
			oriel_warn("about to crash", oriel_str("how", how));
			check_out();
		}
	}
}

static void on_survive(int number)
{
	(void)number;
	siglongjmp(back, 1);
}

static void on_own(int number)
{
	static const char text[] = "own handler\n";

	if (write(1, text, sizeof(text) - 1) < 0)
		_exit(9);
	if (is("own-exit"))
		_exit(7);
	if (is("own-abort"))
		abort();
	signal(number, SIG_DFL);
	if (number == SIGABRT || is("raise") || is("own-raise"))
		raise(number);
}

static void handlers(void)
{
	struct sigaction action = { .sa_handler = is("survive") ? on_survive : on_own };
	static const int all[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		sigaction(all[i], &action, NULL);
	if (!is("own-abort"))
		signal(SIGABRT, action.sa_handler);
}

static void *crasher(void *arg)
{
	pthread_setname_np(pthread_self(), "crasher");
	if (alternate) {
		stack_t mine = { .ss_sp = malloc(65536), .ss_size = 65536 };

		sigaltstack(&mine, NULL);
	}
	serve();
	return arg;
}

static void *worker(void *arg)
{
	for (;;)
		ORIEL_SPAN ("work") {
			oriel_debug("working");
			usleep(1000);
		}
	return arg;
}

int main(int argc, char **argv)
{
	bool before = false, after = false;
	pthread_attr_t attributes;
	pthread_t thread;

	if (argc < 2)
		return 2;
	how = argv[1];
	for (int i = 2; i < argc; i++) {
		before |= strcmp(argv[i], "before") == 0;
		after |= strcmp(argv[i], "after") == 0;
		alternate |= strcmp(argv[i], "stack") == 0;
		small |= strcmp(argv[i], "small") == 0;
	}
	if (before)
		handlers();
	oriel_start(ORIEL_OPTIONS(.service = "crash", .version = "1.2.3"));
	if (after)
		handlers();
	for (int i = 0; i < WORKERS; i++)
		pthread_create(&thread, NULL, worker, NULL);
	if (is("main")) {
		serve();
		return 0;
	}
	pthread_attr_init(&attributes);
	if (small)
		pthread_attr_setstacksize(&attributes, SMALL);
	pthread_create(&thread, &attributes, crasher, NULL);
	pthread_join(thread, NULL);
	return 0;
}
