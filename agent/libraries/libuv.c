/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libuv: work that is queued runs in the context of who queued it, and so does the callback that
 * comes after it. Nothing is recorded here.
 *
 * libuv starts the threads of its pool when the first work comes. They would keep that one's context
 * for ever, so nothing is current while they are made, and each work brings its own, be it none.
 */
#include "agent/agent.h"

#include <errno.h>
#include <string.h>
#include <uv.h>

#include "agent/pool.h"
#include "agent/real.h"
#include "agent/table.h"

enum { WORKS_MOST = 4096 };

struct work {
	struct pool_item item;
	uv_work_cb work;
	uv_after_work_cb after;
	struct oriel_context context;
};

static struct watch watch;
static struct real_library library;
static struct real queue = { .name = "uv_queue_work", .library = &library };

static struct pool works = { .item_bytes = sizeof(struct work), .n = WORKS_MOST };

static struct table_slot slots[2 * WORKS_MOST];
static const struct table work_of = { slots, 2 * WORKS_MOST };

/* On a thread of the pool. */
static void run(uv_work_t *request)
{
	const struct work *w = table_get(&work_of, request);
	int kept = errno;
	unsigned token;

	if (!w)
		return;
	token = oriel_context_attach(&w->context);
	errno = kept;
	w->work(request);
	kept = errno;
	oriel_context_detach(token);
	errno = kept;
}

/* On the loop's thread. The program may free the request in its callback, or queue it again. */
static void after(uv_work_t *request, int status)
{
	struct work *w = table_remove(&work_of, request);
	struct oriel_context context;
	uv_after_work_cb own;
	int kept = errno;
	unsigned token;

	if (!w)
		return;
	context = w->context;
	own = w->after;
	pool_give(&works, w);
	if (own) {
		token = oriel_context_attach(&context);
		errno = kept;
		own(request, status);
		kept = errno;
		oriel_context_detach(token);
	}
	oriel_context_release(&context);
	errno = kept;
}

static struct work *work_new(uv_work_t *request, uv_work_cb work, uv_after_work_cb own)
{
	struct work *w = pool_open(&works) ? pool_take(&works) : NULL;

	if (!w)
		return NULL;
	w->work = work;
	w->after = own;
	w->context = oriel_context_capture();
	if (table_put(&work_of, request, w))
		return w;
	oriel_context_release(&w->context);
	pool_give(&works, w);
	return NULL;
}

static void work_forget(uv_work_t *request)
{
	struct work *w = table_remove(&work_of, request);

	if (w) {
		oriel_context_release(&w->context);
		pool_give(&works, w);
	}
}

HOOK int uv_queue_work(uv_loop_t *loop, uv_work_t *request, uv_work_cb work, uv_after_work_cb own)
{
	static const struct oriel_context nothing;
	__typeof__(uv_queue_work) *real = (__typeof__(uv_queue_work) *)real_of(&queue);
	int kept = errno, r;
	unsigned token;

	if (!real)
		return UV_ENOSYS;
	if (!work || !watches(&watch))
		return real(loop, request, work, own);
	if (!work_new(request, work, own)) {
		agent_missed("libuv");
		errno = kept;
		return real(loop, request, work, own);
	}
	token = oriel_context_attach(&nothing);
	errno = kept;
	r = real(loop, request, run, after);
	kept = errno;
	oriel_context_detach(token);
	if (r)
		work_forget(request);
	errno = kept;
	return r;
}

const struct watched watched_libuv = {
	.name = "libuv",
	.aliases = "uv",
	.summary = "Queued work runs in the context of who queued it",
	.watch = &watch,
	.passes = contexts_pass,
};
