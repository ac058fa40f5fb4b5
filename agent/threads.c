/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/threads.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "agent/agent.h"

enum { CARRIED_MOST = 1024 };

static struct watch watch;

static struct pool pool = { .item_bytes = sizeof(struct carried), .n = CARRIED_MOST };

static bool is_empty(const struct oriel_context *c)
{
	static const unsigned char none[sizeof(c->trace_id)];

	return !c->carry && memcmp(c->trace_id, none, sizeof(none)) == 0;
}

struct carried *threads_carry(void)
{
	struct oriel_context context;
	struct carried *c;
	int kept = errno;

	if (!watches(&watch))
		return NULL;
	context = oriel_context_capture();
	if (is_empty(&context))
		return NULL;
	c = pool_open(&pool) ? pool_take(&pool) : NULL;
	if (c) {
		c->context = context;
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

static void enter(struct inside *i, struct carried *c)
{
	i->context = c->context;
	pool_give(&pool, c);
	i->token = oriel_context_attach(&i->context);
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
	struct oriel_context now;
	int kept;

	if (__builtin_expect(!i, 1))
		return;
	kept = errno;
	now = oriel_context_capture();
	if (memcmp(now.span_id, i->context.span_id, sizeof(now.span_id)) == 0) {
		inherited = NULL;
		oriel_context_detach(i->token);
	}
	oriel_context_release(&now);
	errno = kept;
}

void *threads_begin(void *carried)
{
	struct carried *c = carried;
	void *(*start)(void *) = c->start;
	void *arg = c->arg, *result;
	struct inside inside;

	enter(&inside, c);
	pthread_cleanup_push(leave, &inside);
	result = start(arg);
	pthread_cleanup_pop(1);
	return result;
}

int threads_begin_c11(void *carried)
{
	struct carried *c = carried;
	int (*start)(void *) = c->start_c11;
	void *arg = c->arg;
	struct inside inside;
	int result;

	enter(&inside, c);
	pthread_cleanup_push(leave, &inside);
	result = start(arg);
	pthread_cleanup_pop(1);
	return result;
}

const struct watched watched_threads = {
	.name = "threads",
	.aliases = "pthread",
	.summary = "What is current goes with a thread that the program makes",
	.watch = &watch,
};
