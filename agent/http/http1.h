/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1: one direction of a connection, followed as its bytes pass, in whatever pieces.
 *
 *     http1_init(&m, HTTP1_REQUEST);
 *     do {
 *             e = http1_next(&m, head, &bytes);      takes bytes from the slice
 *     } while (http1_goes_on(e));
 *
 * Each message gives HTTP1_HEAD, then HTTP1_END; HTTP1_MORE says that the slice is used up. What
 * doesn't begin as HTTP/1 is HTTP1_NOT at its first byte that can't be, and stays so; a body in a
 * framing that makes no sense, too. After 101, or 2xx to CONNECT, comes HTTP1_RAW, which stays.
 *
 * What frames a message is always read; the header fields are kept in `head`, which may be NULL
 * (then they are not), must be the same from a message's first byte to its HTTP1_HEAD, and is
 * cleared when a message begins. Cookies and credentials are not kept.
 *
 * Pure: nothing is allocated, no byte is kept but in the two structs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum http1_kind { HTTP1_REQUEST, HTTP1_RESPONSE };

enum http1_event {
	HTTP1_MORE,
	HTTP1_HEAD,
	HTTP1_END,
	HTTP1_RAW,
	HTTP1_NOT,
};

/* What a response answers, which says whether it has a body. */
enum http1_to { HTTP1_TO_OTHER, HTTP1_TO_HEAD, HTTP1_TO_CONNECT };

enum {
	HTTP1_FIELDS = 48,
	HTTP1_KEPT = 4096, /* bytes of request line and fields that are kept */
	HTTP1_LINE = 256,  /* a longer line is kept only if there is room for it */
	HTTP1_TARGET = 1024,
	HTTP1_TAIL = 12,
	HTTP1_START = 64,
};

struct http1_field {
	uint16_t name, name_n, value, value_n; /* in `text`, with NUL */
};

struct http1_head {
	uint16_t method_n, target, target_n; /* the method is at 0 */
	uint16_t n_fields;
	uint16_t used;
	bool cut; /* something did not fit */
	struct http1_field field[HTTP1_FIELDS];
	char text[HTTP1_KEPT + HTTP1_LINE];
};

struct http1 {
	/* of the message whose HTTP1_HEAD has come */
	uint8_t minor;	 /* HTTP/1.x */
	uint8_t to;	 /* enum http1_to: the caller's, at HTTP1_HEAD at the latest; stays */
	uint16_t status; /* of a response */
	bool chunked, has_length;
	bool upgrade;	  /* a request asks for another protocol (CONNECT does, too) */
	bool expects;	  /* a request waits for 100 before its body */
	bool unsure;	  /* framed in a way that another reader might read otherwise */
	bool until_close; /* a response that ends with its connection */
	uint64_t body_n;  /* bytes of the body so far, without chunks' sizes */
	uint32_t head_n;  /* bytes since the message began, to the end of its head */

	uint8_t kind, state, blanks;
	bool proxied;	 /* a line of the PROXY protocol was passed over */
	uint32_t line_n; /* bytes of the line that is being read */
	uint64_t left;	 /* of the body, or of a chunk */
	char start[HTTP1_START];
	char tail[HTTP1_TAIL];
};

void http1_init(struct http1 *m, enum http1_kind kind);
enum http1_event http1_next(struct http1 *m, struct http1_head *head, struct str *bytes);

static inline bool http1_goes_on(enum http1_event e)
{
	return e == HTTP1_HEAD || e == HTTP1_END;
}

/*
 * n bytes passed that nobody showed us: fine within a body, HTTP1_NOT elsewhere. An end that was
 * reached is told by the next http1_next, which may have no bytes.
 */
enum http1_event http1_skip(struct http1 *m, uint64_t n);

/* Between messages: the next byte begins one. */
enum { HTTP1_IDLE };

static inline bool http1_is_idle(const struct http1 *m)
{
	return m->state == HTTP1_IDLE;
}

/* Has the message begun, its head not being complete? */
bool http1_in_head(const struct http1 *m);

/*
 * The answer came before the head was complete: make what there is of the request line readable in
 * `head`, with the fields so far. False if there isn't even a method. Afterwards the message goes on
 * as before; its head's texts are not to be read again.
 */
bool http1_cut_short(const struct http1 *m, struct http1_head *head);

static inline struct str http1_method(const struct http1_head *h)
{
	return (struct str){ h->text, h->method_n };
}

static inline struct str http1_target(const struct http1_head *h)
{
	return (struct str){ h->text + h->target, h->target_n };
}

/* The first field of that name, as text with NUL; NULL: none. Case doesn't matter. */
const char *http1_value(const struct http1_head *h, const char *name);
size_t http1_count(const struct http1_head *h, const char *name);

/* All fields of that name as one list, as much as fits; NULL: none. */
const char *http1_list(const struct http1_head *h, const char *name, char *out, size_t size);
