/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crash: the block is written in the order of what is surest. Facts and registers can't fail; the
 * walk reads a stack that may be broken; the loader's list and libc's words may be anything. Each
 * part is visible as soon as it is there, so that whatever stops us leaves what came before.
 */
#include "lib/crash.h"

#include "lib/modules.h"
#include "lib/process.h"
#include "lib/readable.h"
#include "lib/thread.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum {
	SPINS = 1 << 22, /* for another thread's note, which takes well under a millisecond */
	NESTED_DEEP = 256 << 10, /* a handler's own frames, at most */
	HANDLING_S = 10,	 /* a handler that takes longer has left by longjmp */
};

/* libc's: text of an assertion or of what was found broken, set before it aborts. */
struct abort_text {
	unsigned size;
	char text[];
};

static struct {
	const struct abort_text *const *abort_text;
	void *const *(*exception_type)(void);
	pthread_t self; /* who wrote the block last, and where its handler's frame was */
	uint64_t frame;
	uint64_t mono_s;
} crash;

extern void *__cxa_current_exception_type(void) __attribute__((weak));

void crash_prepare(void)
{
	crash.abort_text = dlsym(RTLD_DEFAULT, "__abort_msg");
}

static uint64_t nanoseconds(clockid_t clock)
{
	struct timespec t = { 0 };

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- who may write ---------------------------------------------------------------------------- */

/*
 * Is this from within the program's handler for what is noted already, another signal or the same one
 * raised anew? Then the frames of that handler lie between: deeper in the same stack.
 */
static bool is_nested(const struct crash_block *b, uint32_t signal, int code, uint64_t sp)
{
	return atomic_load_explicit(&b->fate, memory_order_relaxed) == CRASH_HANDLED &&
	       pthread_equal(crash.self, pthread_self()) && (b->signal != signal || code <= 0) &&
	       sp <= crash.frame && crash.frame - sp < NESTED_DEEP;
}

/*
 * Raised by that handler while it was blocked, and delivered when it returned: the same signal at the
 * very place that is noted already, with less to say.
 */
static bool is_repeated(const struct crash_block *b, uint32_t signal, int code,
			const struct unwind_registers *r)
{
	return code <= 0 && b->signal == signal && pthread_equal(crash.self, pthread_self()) &&
	       b->pc == r->pc && b->reg[UNWIND_SP] == r->r[UNWIND_SP];
}

/* Another thread's handler is at work on what may have led to this. */
static bool is_others(const struct crash_block *b, uint64_t now_s)
{
	return atomic_load_explicit(&b->fate, memory_order_relaxed) == CRASH_HANDLED &&
	       !pthread_equal(crash.self, pthread_self()) &&
	       now_s - crash.mono_s < (uint64_t)HANDLING_S;
}

/*
 * Acquire: pairs with the release of who wrote before. The one that comes second waits a moment, so
 * that what it does next doesn't end the process before the first one is done.
 */
static bool claim(struct crash_block *b)
{
	uint32_t was = atomic_load_explicit(&b->state, memory_order_relaxed);

	for (int i = 0; i < SPINS; i++) {
		if (was == CRASH_WRITING)
			was = atomic_load_explicit(&b->state, memory_order_relaxed);
		else if (i)
			return false;
		else if (atomic_compare_exchange_strong_explicit(&b->state, &was, CRASH_WRITING,
								 memory_order_acquire,
								 memory_order_relaxed))
			return true;
	}
	return false;
}

/* ---- what is written -------------------------------------------------------------------------- */

static void write_facts(struct crash_block *b, int signal, const siginfo_t *info)
{
	struct thread *t = thread_if_any();
	const struct entry *top = t ? thread_top(t) : NULL;

	atomic_store_explicit(&b->then_signal, 0, memory_order_relaxed);
	atomic_store_explicit(&b->fate, CRASH_DEFAULT, memory_order_relaxed);
	atomic_store_explicit(&b->n_frames, 0, memory_order_relaxed);
	b->code = info->si_code;
	b->address = info->si_code > 0 ? (uint64_t)(uintptr_t)info->si_addr : 0;
	b->real_ns = nanoseconds(CLOCK_REALTIME_COARSE);
	b->mono_ns = nanoseconds(CLOCK_MONOTONIC_COARSE);
	b->tid = thread_tid();
	memset(b->trace_id, 0, sizeof(b->trace_id));
	b->span_id = 0;
	if (top) {
		memcpy(b->trace_id, &top->trace_id[0], 8);
		memcpy(b->trace_id + 8, &top->trace_id[1], 8);
		b->span_id = top->span_id;
		b->trace_flags = entry_flags(top);
	}
	b->thread[0] = b->exception[0] = b->message[0] = '\0';
	/* Release: who sees the signal sees these. */
	atomic_store_explicit(&b->signal, (uint32_t)signal, memory_order_release);
}

static void write_registers(struct crash_block *b, const struct unwind_registers *r)
{
	_Static_assert(sizeof(r->r) <= sizeof(b->reg), "registers fit");
#if defined(__x86_64__)
	b->machine = CRASH_X86_64;
#else
	b->machine = CRASH_AARCH64;
#endif
	memcpy(b->reg, r->r, sizeof(r->r));
	b->pc = r->pc;
	atomic_signal_fence(memory_order_seq_cst);
	b->known = r->known;
}

static void write_frames(struct crash_block *b, struct unwind_registers *r)
{
	bool exact = true;

	for (uint32_t n = 0; n < CRASH_STEPS; n++) {
		enum unwind_outcome o;

		if (n < CRASH_FIRST)
			b->first[n] = r->pc;
		else
			b->last[(n - CRASH_FIRST) % CRASH_LAST] = r->pc;
		atomic_store_explicit(&b->n_frames, n + 1, memory_order_release);
		o = unwind_step(&modules_space, r, &exact, true);
		if (o == UNWIND_END || o == UNWIND_LOST)
			return;
	}
}

static void write_modules(struct crash_block *b)
{
	uint32_t n = atomic_load_explicit(&b->n_frames, memory_order_relaxed);
	uint32_t beyond = n > CRASH_FIRST ? n - CRASH_FIRST : 0;

	modules_seize(b);
	for (uint32_t i = 0; i < n && i < CRASH_FIRST; i++)
		modules_note(b, b->first[i] - (i > 0));
	for (uint32_t i = 0; i < beyond && i < CRASH_LAST; i++)
		modules_note(b, b->last[i] - 1);
	modules_note_all(b);
}

/* Printable text only; `room` counts a NUL. */
static void write_text(char *to, size_t room, uint64_t from, size_t most)
{
	size_t n = 0;

	for (; n + 1 < room && n < most; n++)
		if (!readable_copy(to + n, from + n, 1) || !to[n])
			break;
	to[n] = '\0';
}

/* What a program lets libc say may hold what must not leave it, as any text. */
static void redact_message(struct crash_block *b)
{
	struct str said = str_of(b->message);
	char clean[sizeof(b->message)];
	size_t n;

	if (!redact_is_loud(said.p, said.n))
		return;
	n = redact_text(&process.redact, said, clean, sizeof(clean) - 1);
	memcpy(b->message, clean, n);
	b->message[n] = '\0';
}

/* libstdc++ has the name behind the type's first word. */
static void write_words(struct crash_block *b, int signal)
{
	const struct abort_text *text;
	uint64_t type = 0, name;
	unsigned size;

	if (signal != SIGABRT)
		return;
	if (crash.abort_text &&
	    readable_copy(&text, (uint64_t)(uintptr_t)crash.abort_text, sizeof(text)) && text &&
	    readable_copy(&size, (uint64_t)(uintptr_t)text, sizeof(size)))
		write_text(b->message, sizeof(b->message), (uint64_t)(uintptr_t)text->text, size);
	redact_message(b);
	if (__cxa_current_exception_type)
		type = (uint64_t)(uintptr_t)__cxa_current_exception_type();
	if (type && readable_copy(&name, type + 8, sizeof(name)))
		write_text(b->exception, sizeof(b->exception), name, sizeof(b->exception));
}

static void write_rest(struct crash_block *b, int signal, struct unwind_registers *r)
{
	write_frames(b, r);
	write_modules(b);
	write_words(b, signal);
	if (process.may_call)
		prctl(PR_GET_NAME, b->thread);
}

void crash_note(int signal, const siginfo_t *info, const void *ucontext, bool brief)
{
	struct crash_block *b = modules_block();
	struct unwind_registers r;
	uint64_t now_s;

	if (!b)
		return;
	unwind_from_context(&r, ucontext);
	if (is_repeated(b, (uint32_t)signal, info->si_code, &r)) {
		atomic_store_explicit(&b->fate, CRASH_DEFAULT, memory_order_release);
		return;
	}
	if (is_nested(b, (uint32_t)signal, info->si_code, r.r[UNWIND_SP])) {
		atomic_store_explicit(&b->then_signal, (uint32_t)signal, memory_order_release);
		return;
	}
	now_s = nanoseconds(CLOCK_MONOTONIC_COARSE) / 1000000000u;
	if (is_others(b, now_s) || !claim(b))
		return;
	crash.self = pthread_self();
	crash.frame = (uint64_t)(uintptr_t)__builtin_frame_address(0);
	crash.mono_s = now_s;
	write_facts(b, signal, info);
	write_registers(b, &r);
	if (!brief)
		write_rest(b, signal, &r);
	/* Release: pairs with the next one's claim, and with the collector. */
	atomic_store_explicit(&b->state, CRASH_WHOLE, memory_order_release);
}

static void set_fate(enum crash_fate fate)
{
	struct crash_block *b = modules_block();

	if (b && pthread_equal(crash.self, pthread_self()))
		atomic_store_explicit(&b->fate, fate, memory_order_release);
}

void crash_handled(void)
{
	set_fate(CRASH_HANDLED);
}

void crash_survived(void)
{
	struct crash_block *b = modules_block();

	set_fate(CRASH_SURVIVED);
	if (b)
		b->n_survived++;
}
