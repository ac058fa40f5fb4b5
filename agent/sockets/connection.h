/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connection: a stream socket whose bytes may be HTTP/1, followed in both directions.
 *
 *                          requests                                 responses
 *     served       IN  -> follower -> exchange -> [queue of 16] -> follower <- OUT
 *     called       OUT -> follower -> exchange -> [queue of 16] -> follower <- IN
 *
 * An exchange begins with the head of its request and ends with its response. One thread at a time
 * is inside each direction; whoever finds another there doesn't wait: the connection is no longer
 * watched (counted). The queue has one writer, the requests' side, and one reader, the responses'.
 *
 * What isn't HTTP, or isn't any more, is forgotten at once, and costs nothing from then on.
 */
#pragma once

#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "agent/http/http1-known.h"
#include "agent/sockets/exchange.h"

enum direction { IN, OUT };

enum { PIPELINE_MOST = 16 };

struct edit;

/*
 * What the requests of one connection have in common: clients that keep it send the same fields again
 * and again, and some the same request. Learned from the second, and again when they have changed, if not too
 * often.
 */
enum { USUAL_BEFORE = 256, USUAL_TEXT = 512, USUAL_LEARNED_MOST = 8 };

struct usual {
	struct pool_item item;
	bool https;
	uint8_t method_n, n_targets; /* n_targets: learned so often */
	struct http1_usual head;     /* at text + USUAL_BEFORE; method and target end there */
	struct server_known known;
	char text[USUAL_BEFORE + USUAL_TEXT];
};

/* The same of responses. */
struct usual_answer {
	_Alignas(8) struct pool_item item;
	uint8_t n_endings; /* learned so often */
	struct server_ending ending;
	struct http1_alike head;
};

/*
 * What every message needs lies together: the kernel's work for it leaves little of this in the nearest cache.
 */
struct connection {
	struct pool_item item;
	_Atomic uint32_t state; /* enum connection_state */
	_Atomic bool
		lost; /* forget it; set by who finds it taken, maybe when it is another's already */
	bool served;
	_Atomic bool tls; /* what passes is cipher text; the SSL_* calls know the rest */
	_Atomic uint8_t requests_over; /* what follows on the requests' side isn't followed */
	bool told;		       /* the head that is being read has its exchange already */
	_Atomic bool spoken;	       /* a message was HTTP */
	bool continued;		       /* the server has asked for the body */
	bool turned;		       /* to what it serves, in the call that is under way */
	uint8_t n_learned;	       /* 1: the first request was there */
	uint8_t n_answers_learned;
	_Atomic uint32_t first, last;
	struct usual *usual;
	struct usual_answer *usual_answer;
	struct reading *reading;  /* of a request's head that comes in pieces */
	struct exchange *sending; /* its request isn't complete */
	struct http1 requests, responses;
	struct exchange *queue[PIPELINE_MOST];
	struct exchange *prepared; /* begun before its head was written */
	struct edit *edit;	   /* of the message that is being written */
	_Atomic uint32_t n_descriptors;
	_Atomic bool peer_gone; /* it sends no more */
	_Atomic bool reset;	/* it is not there any more */
	uint32_t bound_serial;
	struct exchange *bound; /* of a called one: what was served when it was connected */
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} peer;				  /* or AF_UNSPEC */
	_Alignas(64) struct exchange own; /* no other connection's, so its serial goes on */
};

enum connection_state {
	CONNECTION_BUSY_IN = 1 << IN,
	CONNECTION_BUSY_OUT = 1 << OUT,
	CONNECTION_GONE = 4,
};

bool connections_open(void); /* at the start */

/* For descriptors: NULL, no room, counted. */
struct connection *connection_new(bool served, const struct sockaddr *peer, size_t peer_n);
void connection_free(struct connection *c); /* by the last one out of it */

static inline bool connection_enter(struct connection *c, enum direction d)
{
	uint32_t state = atomic_load_explicit(&c->state, memory_order_relaxed);

	while (!(state & (1u << d | CONNECTION_GONE)))
		if (single_exchange(&c->state, &state, state | 1u << d))
			return true;
	return false;
}

static inline void connection_leave(struct connection *c, enum direction d)
{
	uint32_t was = single_fetch_sub(&c->state, 1u << d);

	if (__builtin_expect(was == (1u << d | CONNECTION_GONE), 0))
		connection_free(c);
}

/* Its last descriptor is. */
static inline void connection_gone(struct connection *c)
{
	uint32_t was = atomic_fetch_or_explicit(&c->state, CONNECTION_GONE, memory_order_acq_rel);

	if (was == 0)
		connection_free(c);
}

/*
 * The following are for who has entered that direction. `plain` tells clear text that TLS carries
 * from what passes through the descriptor. The first n bytes of `v` have passed.
 */
void connection_passed(struct connection *c, enum direction d, const struct iovec *v, int n_v,
		       size_t n, bool plain);
void connection_skipped(struct connection *c, enum direction d, uint64_t n, bool plain);

/* A direction has come to its end: end of file, shutdown, or an error. */
void connection_ended(struct connection *c, enum direction d, bool reset);

/* The program is going to write this: begins what must have begun when it arrives. */
void connection_prepare(struct connection *c, const struct iovec *v, int n_v, bool plain);

/* ---- among the files of sockets ------------------------------------------------------------------ */

struct exchange *served_begin(struct connection *c, struct reading *r);
struct exchange *served_again(struct connection *c, struct str method, struct str target);
struct exchange *served_same(struct connection *c);
bool served_know(struct server_known *known, const struct connection *c, const struct reading *r);
void served_know_target(struct connection *c, struct str method, struct str target);
void served_end(struct connection *c, struct exchange *e, bool complete);

/* NULL: not one that we understand. */
struct exchange *called_begin(struct connection *c, struct reading *r);
void called_end(struct connection *c, struct exchange *e, bool complete);

static inline struct exchange *connection_front(const struct connection *c)
{
	uint32_t first = atomic_load_explicit(&c->first, memory_order_relaxed);

	if (first == atomic_load_explicit(&c->last, memory_order_acquire))
		return NULL;
	return c->queue[first % PIPELINE_MOST];
}
