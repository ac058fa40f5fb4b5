/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Responses of libmicrohttpd: which are for one request alone, so that its id may be written in.
 *
 * A response may be made once and queued for many requests, from many threads, and its list of
 * fields has no lock. One that a thread makes, queues once and lets go of (MHD_destroy_response),
 * in this order and with no other one made in between, can't be queued by anybody else any more;
 * MHD writes the fields after the handler has returned. So the field is added when it is let go of.
 * That is what most programs do, and libmicrohttpd itself for its own errors. A response that is
 * kept has no request id of ours.
 */
#pragma once

#include <microhttpd.h>
#include <stdint.h>

struct mhd_mine {
	struct MHD_Response *response;	   /* the last that this thread has made */
	struct MHD_Connection *connection; /* that it was queued for; NULL: not yet */
	int64_t bytes;			   /* of its body; -1: not known */
};

extern __thread struct mhd_mine mhd_mine;

/* Every response, when it was made. */
static inline struct MHD_Response *mhd_made(struct MHD_Response *r, int64_t bytes)
{
	mhd_mine = (struct mhd_mine){ .response = r, .bytes = bytes };
	return r;
}

/* How long its body is, if this thread has just made it; else -1. */
static inline int64_t mhd_bytes(const struct MHD_Response *r)
{
	return r && mhd_mine.response == r ? mhd_mine.bytes : -1;
}

static inline void mhd_queued(struct MHD_Response *r, struct MHD_Connection *connection)
{
	if (mhd_mine.response != r)
		return;
	if (mhd_mine.connection)
		mhd_mine.response = NULL;
	mhd_mine.connection = connection;
}

/* The connection that the response is for alone, or NULL. It is let go of now. */
static inline struct MHD_Connection *mhd_let_go(const struct MHD_Response *r)
{
	struct MHD_Connection *connection = mhd_mine.connection;

	if (mhd_mine.response != r)
		return NULL;
	mhd_mine = (struct mhd_mine){ 0 };
	return connection;
}

/* A connection goes on while the program still has the response. */
static inline void mhd_resumed(void)
{
	mhd_mine = (struct mhd_mine){ 0 };
}
