/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1, known: messages that are as one before was, and the quick way past their heads, in which nothing
 * is looked at that is known to be the same.
 */
#pragma once

#include "agent/http/http1.h"

/*
 * What follows a request's target, to the end of its head, if it frames no body and asks for nothing:
 * " HTTP/1.1", the fields, the empty line. http1_usual finds it in a message whose HTTP1_HEAD has just
 * come and whose head, head_n bytes, begins at `p`; false: not that sort. `before`, 0 from there, may be set
 * to the bytes of method and target if they lie before `p`: then http1_same knows them, too.
 */
struct http1_usual {
	const char *p;
	uint16_t n, line_n; /* of it all; of it on the first line, without '\n' */
	uint16_t before;
	uint8_t minor;
};
bool http1_usual(const struct http1 *m, const char *p, struct http1_usual *out);

/*
 * The quick way for a request that has nothing new but its method and target. True: the message is
 * over, its bytes are taken, and both lie in them. Else nothing has happened.
 */
bool http1_again(struct http1 *m, const struct http1_usual *u, struct str *bytes,
		 struct str *method, struct str *target);

/* The quicker way for one that has nothing new at all. */
bool http1_same(struct http1 *m, const struct http1_usual *u, struct str *bytes);

/*
 * A response's head as the next ones may be, but for their date and the digits of their length.
 * http1_alike_learn makes it of one whose HTTP1_HEAD has just come and whose head begins at `p`;
 * false: it is too long, or of another sort. http1_alike is the quick way for one like it that `bytes`
 * begins with: true, its HTTP1_HEAD has come. Else nothing has happened.
 */
enum { HTTP1_ALIKE = 400 };

struct http1_alike {
	uint64_t left; /* by the length that it has now */
	uint16_t n, status;
	uint8_t minor;
	bool has_length;
	uint16_t date, date_n, length, length_n; /* n 0: none */
	uint16_t from[3], to[3];		 /* what lies between them */
	char text[HTTP1_ALIKE];
};
bool http1_alike_learn(const struct http1 *m, const char *p, struct http1_alike *a);
bool http1_alike(struct http1 *m, struct http1_alike *a, struct str *bytes);

/*
 * A head has come, and nothing behind it: true, a body of the length that was told is to follow. Else
 * http1_next says what follows.
 */
bool http1_awaits_body(struct http1 *m);

/* Are these n bytes just what is left of a body whose length was told? True: the message is over. */
bool http1_rest(struct http1 *m, size_t n);
