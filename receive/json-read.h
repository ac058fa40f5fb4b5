/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON, read where it lies: value by value, without a tree. A tree of 64 MiB of brackets would take
 * gigabytes; this takes a cursor.
 *
 *     struct json_reader r = { .at = text.p, .end = text.p + text.n };
 *     struct json_loop in = { 0 };
 *     while (json_member(&r, &in, &key)) {
 *             if (str_eq(key, STR("name")))
 *                     json_text(&r, &name);
 *             else
 *                     json_skip(&r);
 *     }
 *     if (!json_whole(&r)) ...               what is wrong is at r.at
 *
 * Every value must be taken, by one of these, before the next. After an error (sticky) all of them come
 * back at once with nothing. Text without escapes is borrowed from what is read, other text from
 * `scratch`, which lasts until json_reader_fini; keys may have escapes, too.
 */
#pragma once

#include "base/arena.h"

struct json_reader {
	const char *at, *end;
	struct arena scratch;
	bool bad;
};

struct json_loop {
	bool begun;
};

enum json_kind {
	JSON_IS_NOTHING, /* the end, or what is no value */
	JSON_IS_OBJECT,
	JSON_IS_ARRAY,
	JSON_IS_TEXT,
	JSON_IS_NUMBER,
	JSON_IS_TRUE,
	JSON_IS_FALSE,
	JSON_IS_NULL,
};

enum json_kind json_peek(struct json_reader *r);

/* The next member of an object, whose value comes next; the next element of an array. */
bool json_member(struct json_reader *r, struct json_loop *in, struct str *key);
bool json_element(struct json_reader *r, struct json_loop *in);

bool json_text(struct json_reader *r, struct str *text);
bool json_number(struct json_reader *r, struct str *digits); /* as it is written */
bool json_truth(struct json_reader *r, bool *truth);
bool json_skip(struct json_reader *r);

/* Is there nothing after it, and was nothing wrong? */
bool json_whole(struct json_reader *r);

void json_reader_fini(struct json_reader *r);
