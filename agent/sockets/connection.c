/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `state` orders the directions and the end: entering is an acquire, leaving a release, and the last
 * one out of a connection that is gone gives it back. The queue's `last` is stored with release by
 * the requests' side and loaded with acquire by the responses'; `first` the other way round.
 */
#include "agent/sockets/connection.h"

#include <string.h>

#include "agent/agent.h"
#include "agent/sockets/current.h"
#include "agent/sockets/edit.h"
#include "agent/sockets/sockets.h"
#include "agent/sockets/whose.h"
#include "base/hot.h"

/* USUALS_MOST: of connections that send the same again and again. */
enum { CONNECTIONS_MOST = 16384, USUALS_MOST = 4096 };

/* connection.requests_over is one of these. */
enum { OVER_NOT, OVER_UNTIL_ANSWERED, OVER_AND_MISSED, OVER_FOR_GOOD };

static struct pool connections = { .item_bytes = sizeof(struct connection), .n = CONNECTIONS_MOST };
static struct pool usuals = { .item_bytes = sizeof(struct usual), .n = USUALS_MOST };
static struct pool usual_answers = { .item_bytes = sizeof(struct usual_answer), .n = USUALS_MOST };

_Static_assert(sizeof(struct connection) % 8 == 0 && sizeof(struct usual) % 8 == 0 &&
		       sizeof(struct usual_answer) % 8 == 0,
	       "pools want items of a multiple of 8");

bool connections_open(void)
{
	return pool_open(&connections) && pool_open(&usuals) && pool_open(&usual_answers) &&
	       pool_open(&sockets_exchanges) && pool_open(&sockets_readings) && edits_open();
}

static void exchange_end(struct connection *c, struct exchange *e, bool complete)
{
	if (exchange_is_served(e))
		served_end(c, e, complete);
	else
		called_end(c, e, complete);
}

/* By the responses' side, or when there are no sides any more. */
static void queue_pop(struct connection *c)
{
	uint32_t first = atomic_load_explicit(&c->first, memory_order_relaxed);

	atomic_store_explicit(&c->first, first + 1, memory_order_release);
}

/* ---- a connection's life ------------------------------------------------------------------------ */

static void peer_keep(struct connection *c, const struct sockaddr *peer, size_t n)
{
	size_t room = sizeof(c->peer);

	memset(&c->peer, 0, sizeof(c->peer));
	c->peer.any.sa_family = AF_UNSPEC;
	if (peer && ((peer->sa_family == AF_INET && n >= sizeof(struct sockaddr_in)) ||
		     (peer->sa_family == AF_INET6 && n >= sizeof(struct sockaddr_in6))))
		memcpy(&c->peer, peer, n < room ? n : room);
}

struct connection *connection_new(bool served, const struct sockaddr *peer, size_t peer_n)
{
	struct connection *c = pool_take(&connections);
	struct exchange *now;

	if (!c) {
		agent_missed("sockets");
		return NULL;
	}
	memset((char *)c + offsetof(struct connection, served), 0,
	       offsetof(struct connection, own) - offsetof(struct connection, served));
	atomic_store_explicit(&c->lost, false, memory_order_relaxed);
	c->served = served;
	peer_keep(c, peer, peer_n);
	http1_init(&c->requests, HTTP1_REQUEST);
	http1_init(&c->responses, HTTP1_RESPONSE);
	now = served ? NULL : current_exchange();
	if (now) {
		c->bound = now;
		c->bound_serial = atomic_load_explicit(&now->serial, memory_order_relaxed);
	}
	atomic_store_explicit(&c->state, 0, memory_order_release);
	return c;
}

/* What is sent until the connection closes is complete when it does, unless the peer had gone. */
static bool response_ends_here(const struct connection *c)
{
	return c->responses.until_close && !http1_is_idle(&c->responses) &&
	       !http1_in_head(&c->responses) && !c->reset;
}

void connection_free(struct connection *c)
{
	struct exchange *e;
	bool complete = response_ends_here(c);

	while ((e = connection_front(c))) {
		exchange_end(c, e, complete);
		queue_pop(c);
		exchange_let_go(e);
		complete = false;
	}
	if (c->prepared) {
		exchange_end(c, c->prepared, false);
		exchange_let_go(c->prepared);
		exchange_let_go(c->prepared);
	}
	if (c->sending)
		exchange_let_go(c->sending);
	reading_give(c->reading);
	if (c->usual)
		pool_give(&usuals, c->usual);
	if (c->usual_answer)
		pool_give(&usual_answers, c->usual_answer);
	edit_drop(c);
	pool_give(&connections, c);
}

/* Not while half of a field of ours has been sent: whoever finds that it is no use comes by again. */
static COLD void lose(struct connection *c)
{
	if (edit_is_under_way(c)) {
		c->requests_over = OVER_FOR_GOOD;
		return;
	}
	atomic_store_explicit(&c->lost, true, memory_order_relaxed);
}

/* ---- requests -------------------------------------------------------------------------------------- */

static HOT bool queue_push(struct connection *c, struct exchange *e)
{
	uint32_t last = atomic_load_explicit(&c->last, memory_order_relaxed);

	if (last - atomic_load_explicit(&c->first, memory_order_acquire) == PIPELINE_MOST)
		return false;
	c->queue[last % PIPELINE_MOST] = e;
	atomic_store_explicit(&c->last, last + 1, memory_order_release);
	return true;
}

static enum http1_to kind_of(const struct http1_head *h)
{
	struct str method = http1_method(h);

	return str_eq(method, STR("HEAD"))	? HTTP1_TO_HEAD
	       : str_eq(method, STR("CONNECT")) ? HTTP1_TO_CONNECT
						: HTTP1_TO_OTHER;
}

static struct exchange *exchange_begin(struct connection *c, struct reading *r,
				       const struct http1 *m)
{
	struct exchange *e = c->served ? served_begin(c, r) : called_begin(c, r);

	if (e) {
		e->to = (uint8_t)kind_of(&r->head);
		e->upgrade = m->upgrade;
		e->expects = m->expects;
	}
	return e;
}

/* False, no room: it is over, and its `sides` have let go of it. */
static bool request_queue(struct connection *c, struct exchange *e, int sides)
{
	if (queue_push(c, e))
		return true;
	agent_missed("sockets");
	exchange_end(c, e, false);
	while (sides--)
		exchange_let_go(e);
	return false;
}

/* The head is whole: false, it can't be followed. */
static bool request_begins(struct connection *c)
{
	struct exchange *e = c->prepared;

	c->spoken = true;
	if (!c->served)
		edit_ends(c, sockets_settings.inject);
	if (c->told) {
		c->told = false;
		return true;
	}
	c->prepared = NULL;
	if (!e)
		e = exchange_begin(c, c->reading, &c->requests);
	if (!e)
		return false;
	if (!request_queue(c, e, 2))
		return false;
	c->sending = e;
	return true;
}

static void request_goes_on(struct connection *c)
{
	if (c->sending)
		atomic_store_explicit(&c->sending->request_bytes, c->requests.body_n,
				      memory_order_relaxed);
}

static void request_ends(struct connection *c)
{
	struct exchange *e = c->sending;

	request_goes_on(c);
	if (c->requests.unsure)
		c->requests_over = OVER_FOR_GOOD;
	else if (e && e->upgrade)
		c->requests_over = OVER_UNTIL_ANSWERED;
	c->sending = NULL;
	if (e)
		exchange_let_go(e);
}

static COLD void requests_stop(struct connection *c)
{
	c->requests_over = OVER_FOR_GOOD;
	if (!connection_front(c))
		lose(c);
}

/* The head lies before `rest` in `in`, if it came in one piece. */
static void usual_learn(struct connection *c, struct str in, struct str rest)
{
	struct http1_usual u;
	struct usual *to = c->usual;

	if (!c->served || c->n_learned > USUAL_LEARNED_MOST || !c->n_learned++ ||
	    in.n - rest.n < c->requests.head_n ||
	    !http1_usual(&c->requests, rest.p - c->requests.head_n, &u) || u.n > USUAL_TEXT)
		return;
	c->usual = NULL;
	if (!to)
		to = pool_take(&usuals);
	if (!to)
		return;
	if (!served_know(&to->known, c, c->reading)) {
		pool_give(&usuals, to);
		return;
	}
	to->head = u;
	to->head.p = memcpy(to->text + USUAL_BEFORE, u.p, u.n);
	to->https = c->tls;
	to->n_targets = 0;
	c->usual = to;
}

/* Method and target of a request that was like those before but for these; both lie side by side. */
static void target_keep(struct usual *u, struct str method, struct str target)
{
	size_t n = method.n + 1 + target.n;

	u->known.same_n = 0;
	u->head.before = n <= USUAL_BEFORE ? (uint16_t)n : 0;
	u->method_n = (uint8_t)method.n;
	if (u->head.before)
		memcpy(u->text + USUAL_BEFORE - n, method.p, n);
}

static __attribute__((noinline)) struct exchange *begin_again(struct connection *c,
							      struct str method, struct str target)
{
	struct exchange *e = served_again(c, method, target);

	if (e)
		e->to = str_eq(method, STR("HEAD")) ? HTTP1_TO_HEAD : HTTP1_TO_OTHER;
	return e;
}

/* The last one, once more. When that happens first, its target is worth knowing. */
static struct exchange *begin_same(struct connection *c)
{
	struct usual *u = c->usual;
	struct str all = { u->text + USUAL_BEFORE - u->head.before, u->head.before },
		   method = str_first(all, u->method_n), target = str_from(all, u->method_n + 1u);

	if (__builtin_expect(!u->known.same_n, 0) && u->n_targets < USUAL_LEARNED_MOST &&
	    !str_eq(method, STR("HEAD"))) {
		u->n_targets++;
		served_know_target(c, method, target);
	}
	if (__builtin_expect(server_knows_target(&u->known), 1))
		return served_same(c);
	return begin_again(c, method, target);
}

/*
 * It is the responses' side's alone from when it is in the queue. Nothing is before it there: then it is what
 * this thread turns to, and it does so as long as it knows that it is there.
 */
static bool request_comes_whole(struct connection *c, struct exchange *e)
{
	if (!connection_front(c)) {
		current_set(e, true);
		c->turned = true;
	}
	return request_queue(c, e, 1);
}

/* A whole request like those before. False: it is to be read as any. */
static bool request_again(struct connection *c, struct str *in)
{
	struct usual *u = c->usual;
	struct str method, target;
	struct exchange *e;

	if (!u || u->https != c->tls || atomic_load_explicit(&whose_asked, memory_order_relaxed))
		return false;
	if (__builtin_expect(http1_same(&c->requests, &u->head, in), 1)) {
		e = begin_same(c);
	} else if (http1_again(&c->requests, &u->head, in, &method, &target)) {
		e = begin_again(c, method, target);
		target_keep(u, method, target);
	} else {
		return false;
	}
	if (__builtin_expect(!e || !request_comes_whole(c, e), 0))
		requests_stop(c);
	return true;
}

/* In whatever pieces they come. `in` is what is left of `whole`. */
static __attribute__((noinline)) void requests_read(struct connection *c, struct str whole,
						    struct str in)
{
	enum http1_event e;

	do {
		if (!c->reading && http1_is_idle(&c->requests) && in.n)
			c->reading = reading_take();
		if (!c->reading && (http1_is_idle(&c->requests) || http1_in_head(&c->requests)) &&
		    in.n) {
			requests_stop(c);
			return;
		}
		e = http1_next(&c->requests, c->reading ? &c->reading->head : NULL, &in);
		if (e == HTTP1_HEAD) {
			bool followed = request_begins(c);

			if (followed && c->reading)
				usual_learn(c, whole, in);
			reading_give(c->reading);
			c->reading = NULL;
			if (!followed) {
				requests_stop(c);
				return;
			}
		} else if (e == HTTP1_END) {
			request_ends(c);
			if (c->requests_over)
				return;
		}
	} while (http1_goes_on(e));
	if (e == HTTP1_NOT)
		requests_stop(c);
	request_goes_on(c);
	if (http1_is_idle(&c->requests)) {
		reading_give(c->reading);
		c->reading = NULL;
	}
}

static HOT void requests_feed(struct connection *c, struct str in)
{
	struct str whole = in;

	if (__builtin_expect(c->requests_over, 0)) {
		if (c->requests_over == OVER_UNTIL_ANSWERED)
			c->requests_over = OVER_AND_MISSED;
		return;
	}
	/* Switched off: what is under way is finished, and nothing begins. */
	if (__builtin_expect(http1_is_idle(&c->requests) && !watches(&sockets_watch), 0)) {
		requests_stop(c);
		return;
	}
	while (in.n && !c->requests_over && request_again(c, &in))
		;
	if (!c->requests_over && (in.n || !http1_is_idle(&c->requests)))
		requests_read(c, whole, in);
}

/* ---- responses ----------------------------------------------------------------------------------- */

static HOT void response_done(struct connection *c)
{
	struct exchange *e = connection_front(c);

	if (!e)
		return;
	/* Refused before its body was asked for: the client may send it, or not. */
	if (e->expects && !c->continued &&
	    !atomic_load_explicit(&e->request_bytes, memory_order_relaxed))
		c->requests_over = OVER_FOR_GOOD;
	c->continued = false;
	exchange_end(c, e, true);
	queue_pop(c);
	if (e->upgrade && c->requests_over == OVER_UNTIL_ANSWERED)
		c->requests_over = OVER_NOT;
	exchange_let_go(e);
	e = connection_front(c);
	if (!e && c->requests_over >= OVER_AND_MISSED)
		lose(c);
	if (e && exchange_is_served(e))
		current_set(e, false);
}

/* An answer to a head that isn't complete: too long, too slow, or too bad. */
static COLD void request_is_refused(struct connection *c)
{
	struct exchange *e;

	if (!c->served || !connection_enter(c, IN))
		return;
	if (c->reading && !c->told && http1_in_head(&c->requests) &&
	    http1_cut_short(&c->requests, &c->reading->head)) {
		e = exchange_begin(c, c->reading, &c->requests);
		if (e && queue_push(c, e)) {
			c->told = true;
			c->sending = e;
		} else if (e) {
			exchange_end(c, e, false);
			exchange_let_go(e);
			exchange_let_go(e);
		}
	}
	connection_leave(c, IN);
}

/* Not by what only announces another response. */
static bool is_told_its_id(const struct exchange *e)
{
	return sockets_settings.request_id && e && (e->status >= 200 || e->status == 101) &&
	       e->as.served.id[0] && server_id_header();
}

static void response_begins(struct connection *c)
{
	struct exchange *e;

	if (!connection_front(c))
		request_is_refused(c);
	e = connection_front(c);
	c->responses.to = e ? e->to : HTTP1_TO_OTHER;
	if (e)
		e->status = c->responses.status;
	if (c->served)
		edit_ends(c, is_told_its_id(e));
}

/* The head lies before `rest` in `in`, if it came in one piece. */
static COLD void answer_learn(struct connection *c, struct str in, struct str rest)
{
	struct usual_answer *to = c->usual_answer;

	if (c->n_answers_learned > USUAL_LEARNED_MOST || !c->n_answers_learned++ ||
	    in.n - rest.n < c->responses.head_n)
		return;
	if (!to && (to = pool_take(&usual_answers))) {
		to->n_endings = 0;
		to->ending.image_n = 0;
	}
	c->usual_answer = NULL;
	if (to && http1_alike_learn(&c->responses, rest.p - c->responses.head_n, &to->head))
		c->usual_answer = to;
	else if (to)
		pool_give(&usual_answers, to);
}

static enum http1_event response_next(struct connection *c, struct str whole, struct str *in)
{
	enum http1_event e;

	if (http1_is_idle(&c->responses) && c->usual_answer &&
	    http1_alike(&c->responses, &c->usual_answer->head, in))
		return HTTP1_HEAD;
	e = http1_next(&c->responses, NULL, in);
	if (e == HTTP1_HEAD)
		answer_learn(c, whole, *in);
	return e;
}

static HOT void responses_feed(struct connection *c, struct str in)
{
	struct str whole = in;
	enum http1_event e;

	if (http1_rest(&c->responses, in.n)) {
		response_done(c);
		return;
	}
	do {
		e = response_next(c, whole, &in);
		if (e == HTTP1_HEAD) {
			response_begins(c);
			if (!in.n && http1_awaits_body(&c->responses))
				return;
		} else if (e == HTTP1_END && c->responses.status >= 200) {
			response_done(c);
		} else if (e == HTTP1_END) {
			c->continued |= c->responses.status == 100;
		}
	} while (http1_goes_on(e) && (in.n || !http1_is_idle(&c->responses)));
	if (e == HTTP1_RAW)
		response_done(c);
	if (e == HTTP1_RAW || e == HTTP1_NOT)
		lose(c);
}

/* ---- what passes ------------------------------------------------------------------------------------ */

static bool is_requests(const struct connection *c, enum direction d)
{
	return c->served == (d == IN);
}

/* TLS begins with a handshake record, which no HTTP does. True: not for us. */
static bool is_cipher(struct connection *c, enum direction d, const struct iovec *v, bool plain)
{
	if (plain)
		c->tls = true;
	else if (!c->tls && !c->spoken && is_requests(c, d) && http1_is_idle(&c->requests) &&
		 v->iov_len && *(const unsigned char *)v->iov_base == 0x16)
		c->tls = true;
	return c->tls && !plain;
}

/* On the requests' side the answer may come, and all be over, in this very moment. */
static void turn_to_served(struct connection *c, bool new_request)
{
	struct exchange *e = c->turned ? NULL : connection_front(c);

	c->turned = false;
	if (!e || !exchange_hold(e))
		return;
	if (connection_front(c) == e &&
	    exchange_lives(e, atomic_load_explicit(&e->serial, memory_order_relaxed)))
		current_set(e, new_request);
	exchange_let_go(e);
}

static void turn_to_caller(struct connection *c)
{
	struct exchange *e = connection_front(c);

	if (e && e->parent && exchange_lives(e->parent, e->parent_serial))
		current_set(e->parent, false);
}

HOT void connection_passed(struct connection *c, enum direction d, const struct iovec *v, int n_v,
			   size_t n, bool plain)
{
	bool requests = is_requests(c, d);
	uint32_t last = atomic_load_explicit(&c->last, memory_order_relaxed);

	while (n_v && !v->iov_len) {
		v++;
		n_v--;
	}
	if (!n_v || ((plain || c->tls || !c->spoken) && is_cipher(c, d, v, plain)))
		return;
	if (!requests && !c->served)
		turn_to_caller(c);
	for (const struct iovec *end = v + n_v; v < end && n && !c->lost; v++) {
		struct str piece = { v->iov_base, v->iov_len < n ? v->iov_len : n };

		n -= piece.n;
		if (requests)
			requests_feed(c, piece);
		else
			responses_feed(c, piece);
	}
	if (requests && c->served)
		turn_to_served(c, last != atomic_load_explicit(&c->last, memory_order_relaxed));
}

void connection_skipped(struct connection *c, enum direction d, uint64_t n, bool plain)
{
	struct http1 *m = is_requests(c, d) ? &c->requests : &c->responses;
	enum http1_event e;

	if (c->tls != plain || (m == &c->requests && c->requests_over))
		return;
	e = http1_skip(m, n);
	if (e == HTTP1_NOT)
		lose(c);
	else if (m == &c->requests)
		requests_feed(c, (struct str){ 0 });
	else
		responses_feed(c, (struct str){ 0 });
}

void connection_ended(struct connection *c, enum direction d, bool reset)
{
	if (reset)
		c->reset = true;
	if (d == IN)
		c->peer_gone = true;
	if (reset || !response_ends_here(c) || c->served != (d == OUT))
		return;
	response_done(c);
	lose(c);
}

/* ---- what is going to be written --------------------------------------------------------------------- */

/* Of the message that begins here: is its head whole? `before`: bytes that are none of it (blank lines). */
static bool head_read(const struct http1 *m, struct reading *r, const struct iovec *v, int n_v,
		      struct http1 *probe, size_t *before)
{
	size_t n = 0;

	*probe = *m;
	for (int i = 0; i < n_v; i++) {
		struct str piece = { v[i].iov_base, v[i].iov_len };
		enum http1_event e = http1_next(probe, &r->head, &piece);

		n += v[i].iov_len - piece.n;
		if (e != HTTP1_MORE) {
			*before = n - probe->head_n;
			return e == HTTP1_HEAD;
		}
	}
	return false;
}

static void call_prepare(struct connection *c, const struct iovec *v, int n_v, bool plain)
{
	struct reading *r;
	struct http1 probe;
	size_t before;

	if (c->requests_over || !http1_is_idle(&c->requests) ||
	    ((c->prepared || connection_front(c)) && !sockets_settings.inject) ||
	    !watches(&sockets_watch))
		return;
	edit_drop(c);
	r = reading_take();
	if (!r)
		return;
	if (head_read(&c->requests, r, v, n_v, &probe, &before)) {
		if (!c->prepared)
			c->prepared = exchange_begin(c, r, &probe);
		if (c->prepared && sockets_settings.inject && !plain && !before)
			edit_request(c, c->prepared, v, n_v, probe.head_n);
	}
	reading_give(r);
}

static void answer_prepare(struct connection *c, const struct iovec *v, int n_v, bool plain)
{
	struct exchange *e = connection_front(c);

	if (!e || !sockets_settings.request_id || plain || !http1_is_idle(&c->responses))
		return;
	edit_drop(c);
	edit_response(c, e, v, n_v);
}

void connection_prepare(struct connection *c, const struct iovec *v, int n_v, bool plain)
{
	if (n_v && is_cipher(c, OUT, v, plain))
		return;
	if (c->served)
		answer_prepare(c, v, n_v, plain);
	else
		call_prepare(c, v, n_v, plain);
}
