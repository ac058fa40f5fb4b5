/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edit: what is changed in the head of a message on its way out. Off unless asked for.
 *
 *     program's bytes      GET / HTTP/1.1\r\n                      Host: x\r\n\r\n
 *     on the wire          GET / HTTP/1.1\r\n traceparent: ..\r\n  Host: x\r\n\r\n
 *
 * Fields of ours go in behind the first line, as bytes that the program isn't told of; a traceparent
 * that it passes on gets our span's id in place of its parent's, byte for byte. Positions are those
 * of the message, so a write that takes only part of it, even of our own bytes, is gone on with by
 * the program's next one: nothing is kept back, nothing is sent on our own, nothing waits.
 *
 * A head that isn't whole in the first bytes of one write (a blank line may stand before it), is there in
 * pieces that end within a line, or begins a write of more than EDIT_TAKES pieces is not edited (counted).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

struct connection;
struct exchange;

/* An insertion makes two pieces more, an id that lies in two pieces another two. */
enum { EDIT_PIECES = 48, EDIT_TAKES = EDIT_PIECES - 5, EDIT_TEXT = 640 };

/* A write in its edited form, on the caller's stack: about 1.5 KiB. */
struct outgoing {
	int n, hidden; /* the piece that the program knows nothing of; -1: none here */
	struct iovec v[EDIT_PIECES];
	char text[EDIT_TEXT];
};

bool edits_open(void);
void edit_drop(struct connection *c); /* if there is one */

/* The head of a message has passed: one that was to be edited and was not is counted. */
void edit_ends(struct connection *c, bool wanted);

/* For the thread that has entered OUT, and knows that no byte of the message has passed; drop first. */
void edit_request(struct connection *c, const struct exchange *e, const struct iovec *v, int n_v,
		  size_t head_n);
void edit_response(struct connection *c, const struct exchange *e, const struct iovec *v, int n_v);

/*
 * Has only a part of ours been sent? The other side may ask, too: its memory doesn't go, and an answer that was
 * right a moment ago is good enough.
 */
bool edit_is_under_way(const struct connection *c);

/* False: write what the program wants to write. */
bool outgoing_make(struct outgoing *o, const struct connection *c, const struct iovec *v, int n_v);

/* n bytes of it were taken; how many of the program's? `c` may be NULL: nobody follows it any more. */
size_t outgoing_passed(const struct outgoing *o, struct connection *c, size_t n);
