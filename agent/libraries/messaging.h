/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messaging: one operation of a messaging client: span and metrics, by OpenTelemetry's conventions for
 * messaging (spans and metrics of theirs in development, as of 1.44).
 *
 *     messaging_begin(&c, &(struct messaging_seen){ .operation = MESSAGING_SEND, .client = &client,
 *                                                   .destination = topic, .scope = ... });
 *     messaging_inject(&c, set, carrier);         set(carrier, name, value) for each header to add
 *     messaging_end(&c, &(struct messaging_outcome){ .partition = 0, .offset = 42 });
 *
 * The struct is the watcher's from begin to end, which may be on different threads. The span is not
 * current unless the watcher attaches messaging_context.
 *
 *     send      PRODUCER   from the program's call until the broker has it; its context is the
 *                          message's, unless the program put one there: then a link to that
 *     poll      CLIENT     a batch was taken; a link to each message's context (messaging_link)
 *     process   CONSUMER   the program works on one message; child of the message's context, or of
 *                          what is current, and a link to the message's either way
 */
#pragma once

#include <stdint.h>

#include "base/str.h"
#include "oriel.h"

enum { MESSAGING_NAME_MOST = 96, MESSAGING_SPAN_MOST = 120 };

enum messaging_operation {
	MESSAGING_SEND,
	MESSAGING_POLL,
	MESSAGING_PROCESS,
};

/* Who sends or receives; the watcher keeps one per client. Empty: unknown. */
struct messaging_client {
	const char *system; /* static */
	char id[MESSAGING_NAME_MOST];
	char group[MESSAGING_NAME_MOST];
	char address[MESSAGING_NAME_MOST];
	int port; /* 0: none */
};

struct messaging_call {
	struct oriel_span span;
	uint64_t begin_ns;
	enum messaging_operation operation;
	const struct messaging_client *client;
	uint8_t destination_n;
	char destination[MESSAGING_NAME_MOST];
};

struct messaging_seen {
	enum messaging_operation operation;
	const struct messaging_client *client; /* stays until the end */
	struct str destination;		       /* empty: several */
	int partition;			       /* -1: unknown */
	int64_t offset;			       /* -1: unknown */
	struct str key;			       /* set only if it is text */
	int64_t body_bytes;		       /* -1: unknown, or several */
	bool tombstone;
	int64_t batch;		     /* more than 0: of this many messages */
	uint64_t begin_ns, start_ns; /* when it began, if not now: monotonic, and wall clock */
	const struct oriel_context *parent;   /* NULL: the current one */
	const struct oriel_context *creation; /* of the message, to link to; may be NULL */
	uint8_t scope;
};

void messaging_begin(struct messaging_call *c, const struct messaging_seen *seen);

static inline const struct oriel_context *messaging_context(const struct messaging_call *c)
{
	return &c->span.context;
}

void messaging_inject(const struct messaging_call *c,
		      void (*set)(void *carrier, const char *name, const char *value),
		      void *carrier);

void messaging_link(const struct messaging_call *c, const struct oriel_context *creation);

struct messaging_outcome {
	const char *error; /* error.type: a code's name; borrowed. NULL: none */
	int partition;	   /* if it is known only now; else -1 */
	int64_t offset;
};

/* A second call does nothing. */
void messaging_end(struct messaging_call *c, const struct messaging_outcome *o);

/* Messages were handed to the program; and how long it waited for those, if there is no span. */
void messaging_consumed(const struct messaging_client *client, struct str destination, int64_t n);
void messaging_polled(const struct messaging_client *client, struct str destination,
		      uint64_t begin_ns);

/* Makes the instruments, once; from a hook that is not on the hot path. */
void messaging_ready(void);
