/* SPDX-License-Identifier: Apache-2.0 */
/*
 * W3C: the header formats of Trace Context (level 1 and 2) and Baggage, read strictly. Pure
 * functions over slices; every byte is foreign.
 */
#pragma once

#include "base/str.h"
#include "oriel.h"

/* Trace Context 3.2. False leaves *out alone. */
bool w3c_traceparent(struct oriel_context *out, struct str header);

/* Trace Context 3.3: is it a valid list of at most 32 members? */
bool w3c_tracestate_valid(struct str header);

enum { BAGGAGE_MOST = 8192 };

/* Baggage 3.2: is it a valid list of at most 8,192 bytes? */
bool w3c_baggage_valid(struct str header);

/* The member `key` of a valid list: the whole member, and its value without properties. */
bool w3c_baggage_find(struct str header, struct str key, struct str *member, struct str *value);

/* RFC 7230's token, which a baggage key must be. */
bool w3c_token_valid(struct str s);

/* Percent-encoding of a value: how long, and written. Decoding: bytes written, at most n. */
size_t w3c_encoded_n(struct str value);
char *w3c_encode(char *to, struct str value);
size_t w3c_decode(char *to, size_t n, struct str value); /* the whole length, as if n were enough */
