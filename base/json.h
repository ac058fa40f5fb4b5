/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON, written: commas and escapes are not the caller's business. Home side only; reading JSON is
 * jansson's work.
 *
 *     struct json j = { .out = &o };
 *     json_open(&j, '{');
 *     json_key(&j, STR("name"));
 *     json_str(&j, name);                    invalid UTF-8 becomes U+FFFD
 *     json_close(&j, '}');
 *
 * Infinities and NaN become the strings "Infinity", "-Infinity", "NaN" (protobuf's JSON mapping).
 */
#pragma once

#include "base/out.h"

struct json {
	struct out *out;
	bool comma; /* the next value at this level needs one */
};

void json_open(struct json *j, char bracket);
void json_close(struct json *j, char bracket);
void json_key(struct json *j, struct str key);
/* A key that is plain ASCII, as those of our own are. */
void json_name(struct json *j, struct str name);
void json_str(struct json *j, struct str value);
void json_u64(struct json *j, uint64_t value);
void json_i64(struct json *j, int64_t value);
void json_f64(struct json *j, double value);
void json_bool(struct json *j, bool value);
void json_null(struct json *j);
void json_hex(struct json *j, const void *bytes, size_t n);
/* Whole JSON text that somebody else has written. */
void json_raw(struct json *j, struct str text);
/* 64-bit numbers that a browser would round: written as a string of digits. */
void json_u64_text(struct json *j, uint64_t value);
void json_i64_text(struct json *j, int64_t value);
void json_base64(struct json *j, struct str bytes); /* RFC 4648, padded */

/* Members with plain ASCII names. */
static inline void json_put_u64(struct json *j, struct str name, uint64_t value)
{
	json_name(j, name);
	json_u64(j, value);
}

static inline void json_put_u64_text(struct json *j, struct str name, uint64_t value)
{
	json_name(j, name);
	json_u64_text(j, value);
}

static inline void json_put_str(struct json *j, struct str name, struct str value)
{
	json_name(j, name);
	json_str(j, value);
}

static inline void json_put_hex(struct json *j, struct str name, const void *bytes, size_t n)
{
	json_name(j, name);
	json_hex(j, bytes, n);
}

/* The same, but none where there is nothing to say: an empty text, 0. */
static inline void json_some_u64(struct json *j, struct str name, uint64_t value)
{
	if (value)
		json_put_u64(j, name, value);
}

static inline void json_some_u64_text(struct json *j, struct str name, uint64_t value)
{
	if (value)
		json_put_u64_text(j, name, value);
}

static inline void json_some_str(struct json *j, struct str name, struct str value)
{
	if (value.n)
		json_put_str(j, name, value);
}
