/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/threads.h"

#include <alloca.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "agent/agent.h"
#include "lib/fault.h"

enum {
	CARRIED_MOST = 1024,
	ALTERNATE = 32 << 10,
	STACK_LARGE = 512 << 10, /* one that can spare that */
};

static struct watch watch;

static struct pool pool = { .item_bytes = sizeof(struct carried), .n = CARRIED_MOST };

static bool is_empty(const struct oriel_context *c)
{
	static const unsigned char none[sizeof(c->trace_id)];

	return !c->carry && memcmp(c->trace_id, none, sizeof(none)) == 0;
}

/* Without a system call, and without the lock that libc's own default is behind. */
static size_t stack_size(const pthread_attr_t *attributes)
{
	static _Atomic size_t usual;
	size_t size = 0;

	if (attributes)
		return pthread_attr_getstacksize(attributes, &size) == 0 ? size : 0;
	size = atomic_load_explicit(&usual, memory_order_relaxed);
	if (!size) {
		pthread_attr_t all;

		if (pthread_getattr_default_np(&all) != 0)
			return 0;
		pthread_attr_getstacksize(&all, &size);
		pthread_attr_destroy(&all);
		atomic_store_explicit(&usual, size, memory_order_relaxed);
	}
	return size;
}

struct carried *threads_carry(const pthread_attr_t *attributes)
{
	struct oriel_context context;
	struct carried *c;
	int kept = errno;
	bool alternate;

	if (!watches(&watch))
		return NULL;
	context = oriel_context_capture();
	alternate = oriel_fault_may_call() && stack_size(attributes) >= STACK_LARGE;
	if (is_empty(&context) && !alternate)
		return NULL;
	c = pool_open(&pool) ? pool_take(&pool) : NULL;
	if (c) {
		c->context = context;
		c->alternate = alternate;
	} else {
		oriel_context_release(&context);
		agent_missed("threads");
	}
	errno = kept;
	return c;
}

void threads_drop(struct carried *c)
{
	oriel_context_release(&c->context);
	pool_give(&pool, c);
}

struct inside {
	struct oriel_context context;
	unsigned token;
};

static __thread struct inside *inherited;

/* A context that is empty isn't attached: what the environment says stays current. */
static void enter(struct inside *i, struct carried *c)
{
	i->context = c->context;
	i->token = is_empty(&i->context) ? 0 : oriel_context_attach(&i->context);
	pool_give(&pool, c);
	inherited = i->token ? i : NULL;
}

static void leave(void *inside)
{
	struct inside *i = inside;

	if (inherited)
		oriel_context_detach(i->token);
	inherited = NULL;
	oriel_context_release(&i->context);
}

/* What the thread itself has begun stays, and with it what that is part of. */
void threads_wait(void)
{
	struct inside *i = inherited;

	if (__builtin_expect(!i, 1))
		return;
	if (oriel_context_leave(i->token))
		inherited = NULL;
}

/* ---- the alternate stack ----------------------------------------------------------------------- */

/* `room` lies in the caller's frame, which is there until the thread ends. */
static bool alternate_use(void *room)
{
	stack_t now, ours = { .ss_sp = room, .ss_size = ALTERNATE };

	return sigaltstack(NULL, &now) == 0 && now.ss_flags & SS_DISABLE &&
	       sigaltstack(&ours, NULL) == 0;
}

/* Destructors of the thread's own data run later, where that frame was. */
static void alternate_leave(void *room)
{
	stack_t now, none = { .ss_flags = SS_DISABLE };

	if (sigaltstack(NULL, &now) == 0 && now.ss_sp == room)
		sigaltstack(&none, NULL);
}

/* Asked again: a sandbox may have been entered since the thread was made. */
static bool alternate_may(const struct carried *c)
{
	return c->alternate && oriel_fault_may_call();
}

/* ---- the beginning ---------------------------------------------------------------------------- */

static void *begin(struct carried *c, void *(*start)(void *), void *arg)
{
	struct inside inside;
	void *result;

	enter(&inside, c);
	pthread_cleanup_push(leave, &inside);
	result = start(arg);
	pthread_cleanup_pop(1);
	return result;
}

static __attribute__((noinline)) void *begin_alternate(struct carried *c, void *(*start)(void *),
						       void *arg)
{
	void *room = alloca(ALTERNATE), *result = NULL;

	if (!alternate_use(room))
		return begin(c, start, arg);
	pthread_cleanup_push(alternate_leave, room);
	result = begin(c, start, arg);
	pthread_cleanup_pop(1);
	return result;
}

void *threads_begin(void *carried)
{
	struct carried *c = carried;
	void *(*start)(void *) = c->start;
	void *arg = c->arg;

	return alternate_may(c) ? begin_alternate(c, start, arg) : begin(c, start, arg);
}

/* C11's start functions return an int. */
struct c11 {
	int (*start)(void *arg);
	void *arg;
};

static void *start_c11(void *pair)
{
	const struct c11 *c = pair;

	return (void *)(intptr_t)c->start(c->arg);
}

int threads_begin_c11(void *carried)
{
	struct carried *c = carried;
	struct c11 pair = { c->start_c11, c->arg };

	return (int)(intptr_t)(alternate_may(c) ? begin_alternate(c, start_c11, &pair)
						: begin(c, start_c11, &pair));
}

const struct watched watched_threads = {
	.name = "threads",
	.aliases = "pthread",
	.summary = "What is current goes with a thread that the program makes",
	.watch = &watch,
	.passes = contexts_pass,
};
