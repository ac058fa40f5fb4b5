/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libevent: what a callback asked for in an event loop runs later in the context of now, so that a
 * loop that serves many connections gives each its own parent.
 *
 *     event_base_once     the callback is ours, with the context, until it has run
 *     event_add           for one turn (without EV_PERSIST): likewise
 *     event_add, EV_PERSIST; bufferevent_setcb
 *                         the context counts only while the request lives that it is of; a
 *                         connection that the first request has opened isn't its for good
 *
 * An event's callback is changed in place, between event_add and its firing (or event_del), and put
 * back before the program's callback runs. The loop reads callback and argument one by one, so that
 * is done only by the thread that runs the event's loop, and never by another.
 *
 * Left as they are: signal events, event_active without event_add, evdns, listeners, and what the
 * libraries register for themselves. A version of libevent that we don't know is left alone.
 */
#include "agent/libraries/libevent.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/event_struct.h>

#include "agent/agent.h"
#include "agent/life.h"
#include "agent/pool.h"
#include "agent/real.h"
#include "agent/table.h"

#define CALLS(X) \
	X(event_add) \
	X(event_del) \
	X(event_base_loop) \
	X(event_base_dispatch) \
	X(event_base_once) \
	X(event_get_callback) \
	X(event_get_callback_arg) \
	X(event_get_assignment) \
	X(event_get_version_number) \
	X(event_get_struct_event_size) \
	X(bufferevent_setcb) \
	X(bufferevent_getcb) \
	X(bufferevent_get_base)

static struct real_library library;
REAL_TABLE(CALLS);

/* A callback that waits. */
struct deferred {
	struct pool_item item;
	struct oriel_context context;
	struct life life;
	void *arg;
	event_callback_fn call;
	struct event *event;
};

struct stream {
	struct pool_item item;
	struct oriel_context context;
	struct life life;
	void *arg;
	bufferevent_data_cb read, write;
	bufferevent_event_cb event;
};

enum { DEFERRED_MOST = 8192, STREAMS_MOST = 4096 };

static struct pool deferreds = { .item_bytes = sizeof(struct deferred), .n = DEFERRED_MOST };
static struct pool streams = { .item_bytes = sizeof(struct stream), .n = STREAMS_MOST };

static struct table_slot stream_slots[2 * STREAMS_MOST];
static const struct table stream_of = { stream_slots, 2 * STREAMS_MOST };

static struct watch watch;
struct real_library libevent_extra;
static _Atomic uint32_t n_streams; /* most programs have none */

static __thread const struct event_base *looping; /* the loop that this thread runs */

bool libevent_is_known(void)
{
	static _Atomic signed char known;
	signed char k = atomic_load_explicit(&known, memory_order_relaxed);

	if (k)
		return k > 0;
	k = REAL(event_get_version_number) && REAL(event_get_struct_event_size) &&
			    REAL(event_get_version_number)() >> 16 == 0x0201 &&
			    REAL(event_get_struct_event_size)() == sizeof(struct event)
		    ? 1
		    : -1;
	if (k < 0)
		agent_missed("libevent");
	atomic_store_explicit(&known, k, memory_order_relaxed);
	return k > 0;
}

/* False, and then there is nothing to release: no context is current. */
static bool context_take(struct oriel_context *c)
{
	*c = oriel_context_capture();
	return c->carry || *(const uint64_t *)(const void *)c->span_id;
}

static bool is_program(const void *caller)
{
	return !real_calls_itself(&library, caller) && !real_calls_itself(&libevent_extra, caller);
}

/* ---- events --------------------------------------------------------------------------------- */

static void fired(evutil_socket_t fd, short what, void *arg);

static bool event_is_ours(const struct event *event)
{
	return event->ev_evcallback.evcb_cb_union.evcb_callback == fired;
}

static void event_restore(struct event *event, struct deferred *d)
{
	event->ev_evcallback.evcb_cb_union.evcb_callback = d->call;
	event->ev_evcallback.evcb_arg = d->arg;
}

static void deferred_drop(struct deferred *d)
{
	oriel_context_release(&d->context);
	pool_give(&deferreds, d);
}

static void call_in(const struct oriel_context *c, struct life life, const struct deferred *d,
		    evutil_socket_t fd, short what)
{
	event_callback_fn call = d->call;
	void *arg = d->arg;
	struct life before = life_now;
	unsigned token = oriel_context_attach(c);
	struct oriel_context held = oriel_context_capture(); /* `d` may go meanwhile */
	int kept;

	life_now = life;
	call(fd, what, arg);
	kept = errno;
	life_now = before;
	oriel_context_detach(token);
	oriel_context_release(&held);
	errno = kept;
}

/* The program's callback may free its event, or add it again. */
static void fired(evutil_socket_t fd, short what, void *arg)
{
	struct deferred *d = arg, now = { .context = d->context, .call = d->call, .arg = d->arg };
	bool once = !(d->event->ev_events & EV_PERSIST);

	if (once || !life_goes_on(d->life)) {
		struct life life = d->life;

		event_restore(d->event, d);
		pool_give(&deferreds, d);
		call_in(once ? &now.context : NULL, once ? life : life_now, &now, fd, what);
		oriel_context_release(&now.context);
	} else {
		call_in(&d->context, d->life, &now, fd, what);
	}
}

/* The context of now for the event's next turn. */
static void event_defer(struct event *event)
{
	struct deferred *d = event_is_ours(event) ? event->ev_evcallback.evcb_arg : NULL;
	struct oriel_context c;

	if ((event->ev_events & EV_SIGNAL) ||
	    ((event->ev_events & EV_PERSIST) && !life_goes_on(life_now)) || !context_take(&c))
		return;
	if (d) {
		oriel_context_release(&d->context);
	} else {
		d = pool_open(&deferreds) ? pool_take(&deferreds) : NULL;
		if (!d) {
			agent_missed("libevent");
			oriel_context_release(&c);
			return;
		}
		d->call = event->ev_evcallback.evcb_cb_union.evcb_callback;
		d->arg = event->ev_evcallback.evcb_arg;
		d->event = event;
		event->ev_evcallback.evcb_cb_union.evcb_callback = fired;
		event->ev_evcallback.evcb_arg = d;
	}
	d->context = c;
	d->life = life_now;
}

HOOK int event_add(struct event *event, const struct timeval *timeout)
{
	int kept = errno;

	if (!REAL(event_add))
		return -1;
	if (event && looping && event->ev_base == looping && watches(&watch) &&
	    is_program(__builtin_return_address(0)))
		event_defer(event);
	errno = kept;
	return REAL(event_add)(event, timeout);
}

/*
 * The real one first: it waits for a callback that runs in another thread. What a callback deletes
 * of its own is not ours any more. event_free comes here, too.
 */
HOOK int event_del(struct event *event)
{
	int r, kept;

	if (!REAL(event_del))
		return -1;
	r = REAL(event_del)(event);
	if (__builtin_expect(event && event_is_ours(event), 0)) {
		struct deferred *d = event->ev_evcallback.evcb_arg;

		kept = errno;
		event_restore(event, d);
		deferred_drop(d);
		errno = kept;
	}
	return r;
}

HOOK event_callback_fn event_get_callback(const struct event *event)
{
	if (!REAL(event_get_callback))
		return NULL;
	if (event_is_ours(event))
		return ((struct deferred *)event->ev_evcallback.evcb_arg)->call;
	return REAL(event_get_callback)(event);
}

HOOK void *event_get_callback_arg(const struct event *event)
{
	if (!REAL(event_get_callback_arg))
		return NULL;
	if (event_is_ours(event))
		return ((struct deferred *)event->ev_evcallback.evcb_arg)->arg;
	return REAL(event_get_callback_arg)(event);
}

HOOK void event_get_assignment(const struct event *event, struct event_base **base,
			       evutil_socket_t *fd, short *events, event_callback_fn *call,
			       void **arg)
{
	if (!REAL(event_get_assignment))
		return;
	REAL(event_get_assignment)(event, base, fd, events, call, arg);
	if (!event_is_ours(event))
		return;
	if (call)
		*call = ((struct deferred *)event->ev_evcallback.evcb_arg)->call;
	if (arg)
		*arg = ((struct deferred *)event->ev_evcallback.evcb_arg)->arg;
}

/* ---- a callback for once ------------------------------------------------------------------------ */

static void fired_once(evutil_socket_t fd, short what, void *arg)
{
	struct deferred *d = arg, now = { .context = d->context, .call = d->call, .arg = d->arg };
	struct life life = d->life;

	pool_give(&deferreds, d);
	call_in(&now.context, life, &now, fd, what);
	oriel_context_release(&now.context);
}

/* Any thread may ask for one. */
HOOK int event_base_once(struct event_base *base, evutil_socket_t fd, short events,
			 event_callback_fn call, void *arg, const struct timeval *timeout)
{
	struct oriel_context c;
	struct deferred *d;
	int r, kept = errno;

	if (!REAL(event_base_once))
		return -1;
	if (!call || !watches(&watch) || call == fired_once ||
	    !is_program(__builtin_return_address(0)) || !context_take(&c))
		return REAL(event_base_once)(base, fd, events, call, arg, timeout);
	d = pool_open(&deferreds) ? pool_take(&deferreds) : NULL;
	if (!d) {
		agent_missed("libevent");
		oriel_context_release(&c);
		errno = kept;
		return REAL(event_base_once)(base, fd, events, call, arg, timeout);
	}
	d->context = c;
	d->life = life_now;
	d->call = call;
	d->arg = arg;
	errno = kept;
	r = REAL(event_base_once)(base, fd, events, fired_once, d, timeout);
	kept = errno;
	if (r != 0)
		deferred_drop(d);
	errno = kept;
	return r;
}

/* ---- bufferevents --------------------------------------------------------------------------------- */

/* What a callback needs: by value, as the callback may set others and free the stream. */
struct turn {
	struct stream stream;
	struct life before;
	struct oriel_context held;
	unsigned token;
};

static void turn_begin(struct turn *t, const struct stream *s)
{
	bool lives = life_goes_on(s->life);
	int kept = errno;

	t->stream.arg = s->arg;
	t->stream.read = s->read;
	t->stream.write = s->write;
	t->stream.event = s->event;
	t->before = life_now;
	t->token = oriel_context_attach(lives ? &s->context : NULL);
	t->held = lives ? oriel_context_capture() : (struct oriel_context){ 0 };
	if (lives)
		life_now = s->life;
	errno = kept;
}

static void turn_end(struct turn *t)
{
	int kept = errno;

	life_now = t->before;
	oriel_context_detach(t->token);
	oriel_context_release(&t->held);
	errno = kept;
}

static void stream_read(struct bufferevent *b, void *arg)
{
	struct turn t;

	turn_begin(&t, arg);
	t.stream.read(b, t.stream.arg);
	turn_end(&t);
}

static void stream_write(struct bufferevent *b, void *arg)
{
	struct turn t;

	turn_begin(&t, arg);
	t.stream.write(b, t.stream.arg);
	turn_end(&t);
}

static void stream_event(struct bufferevent *b, short what, void *arg)
{
	struct turn t;

	turn_begin(&t, arg);
	t.stream.event(b, what, t.stream.arg);
	turn_end(&t);
}

static struct stream *stream_new(const struct bufferevent *b)
{
	struct stream *s = pool_open(&streams) ? pool_take(&streams) : NULL;

	if (s && table_put(&stream_of, b, s)) {
		atomic_fetch_add_explicit(&n_streams, 1, memory_order_relaxed);
		return s;
	}
	if (s)
		pool_give(&streams, s);
	agent_missed("libevent");
	return NULL;
}

/* bufferevent_free comes here, too, with no callbacks. */
HOOK void bufferevent_setcb(struct bufferevent *b, bufferevent_data_cb read,
			    bufferevent_data_cb write, bufferevent_event_cb event, void *arg)
{
	struct stream *before = NULL, *s = NULL;
	struct oriel_context c;
	int kept = errno;

	if (!REAL(bufferevent_setcb))
		return;
	if (atomic_load_explicit(&n_streams, memory_order_relaxed))
		before = table_remove(&stream_of, b);
	if ((read || write || event) && watches(&watch) && looping && life_goes_on(life_now) &&
	    is_program(__builtin_return_address(0)) && REAL(bufferevent_get_base) &&
	    REAL(bufferevent_get_base)(b) == looping && context_take(&c)) {
		s = stream_new(b);
		if (!s) {
			oriel_context_release(&c);
		} else {
			s->context = c;
			s->life = life_now;
			s->arg = arg;
			s->read = read;
			s->write = write;
			s->event = event;
		}
	}
	errno = kept;
	if (s)
		REAL(bufferevent_setcb)
	(b, read ? stream_read : NULL, write ? stream_write : NULL, event ? stream_event : NULL, s);
	else REAL(bufferevent_setcb)(b, read, write, event, arg);
	if (before) {
		kept = errno;
		atomic_fetch_sub_explicit(&n_streams, 1, memory_order_relaxed);
		oriel_context_release(&before->context);
		pool_give(&streams, before);
		errno = kept;
	}
}

HOOK void bufferevent_getcb(struct bufferevent *b, bufferevent_data_cb *read,
			    bufferevent_data_cb *write, bufferevent_event_cb *event, void **arg)
{
	const struct stream *s = table_get(&stream_of, b);

	if (!REAL(bufferevent_getcb))
		return;
	REAL(bufferevent_getcb)(b, read, write, event, arg);
	if (!s)
		return;
	if (read)
		*read = s->read;
	if (write)
		*write = s->write;
	if (event)
		*event = s->event;
	if (arg)
		*arg = s->arg;
}

/* ---- the loop --------------------------------------------------------------------------------------- */

HOOK int event_base_loop(struct event_base *base, int flags)
{
	const struct event_base *before = looping;
	int r;

	if (!REAL(event_base_loop))
		return -1;
	looping = libevent_is_known() ? base : NULL;
	r = REAL(event_base_loop)(base, flags);
	looping = before;
	return r;
}

HOOK int event_base_dispatch(struct event_base *base)
{
	const struct event_base *before = looping;
	int r;

	if (!REAL(event_base_dispatch))
		return -1;
	looping = libevent_is_known() ? base : NULL;
	r = REAL(event_base_dispatch)(base);
	looping = before;
	return r;
}

const struct watched watched_libevent = {
	.name = "libevent",
	.summary = "Context of a request in the callbacks that it waits for",
	.aliases = "event",
	.watch = &watch,
	.passes = contexts_pass,
};
