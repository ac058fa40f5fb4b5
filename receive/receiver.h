/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receiver: what a request is worth, whatever it came over: unpacked, decoded, given away, counted.
 *
 *     struct receiver r;
 *     receiver_init(&r, &sink);
 *     how = receiver_take(&r, &(struct delivery){ .kind = SIGNAL_SPAN, .body = body }, &answer);
 *     receiver_fini(&r);
 *
 * Bodies are held in memory until they are whole; all of them together no more than
 * RECEIVER_HELD_MOST bytes. Any thread; receiver_take may wait some seconds for the sink.
 */
#pragma once

#include "receive/inflate.h"
#include "receive/otlp.h"

#include <stdatomic.h>

enum {
	BODY_MOST = 64 << 20, /* before and after it is unpacked */
	RECEIVER_HELD_MOST = 256 << 20,
	RUN_ID_DIGITS = 16,
	SENDER_ID = 32,
};

enum receive_form { FORM_PROTOBUF, FORM_JSON, FORM_ZIPKIN, FORM_ENVELOPE, N_FORMS };

struct delivery {
	enum signal kind;
	enum receive_form form;
	enum packing packing;
	struct str body;
	struct str run; /* of which `oriel run`, or empty */
};

enum receive_outcome {
	RECEIVE_OK,	 /* but for what was rejected */
	RECEIVE_BAD,	 /* no such message */
	RECEIVE_TOO_BIG, /* the body, or what it unpacks to */
	RECEIVE_UNKNOWN, /* such a body can't be read */
	RECEIVE_BUSY,	 /* nothing was taken; another time it will be */
};

struct receive_answer {
	uint64_t n_rejected;
	char why[RECEIPT_WHY];
};

struct receive_sink {
	/* Takes a reference of its own. False: there is no room just now. Any thread. */
	bool (*give)(struct batch *b, void *you);
	void *you;
};

struct receiver {
	struct receive_sink sink;
	struct sources known;
	struct redact redact; /* as the environment of the collector has it */
	_Atomic size_t held;
	_Atomic uint64_t last_ns; /* CLOCK_MONOTONIC; when something came last */
};

void receiver_init(struct receiver *r, const struct receive_sink *sink);
void receiver_fini(struct receiver *r);

enum receive_outcome receiver_take(struct receiver *r, const struct delivery *d,
				   struct receive_answer *answer);

/* Room for `n` more bytes of some body? They are to be let go. */
bool receiver_hold(struct receiver *r, size_t n);
void receiver_let_go(struct receiver *r, size_t n);
