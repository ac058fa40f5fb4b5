/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Document: a BSON document (bsonspec.org), read where it lies, without trusting its lengths.
 *
 *     struct str in = document_elements(bytes);              empty if that is no document
 *     for (struct document_value v; document_next(&in, &v);) ...
 *     if (document_find(bytes, "cursor", &v)) ...            the first of that name
 *
 * What makes no sense ends the reading; nothing is allocated.
 */
#pragma once

#include <stdint.h>

#include "base/str.h"

enum document_type {
	DOCUMENT_DOUBLE = 1,
	DOCUMENT_STRING = 2,
	DOCUMENT_DOCUMENT = 3,
	DOCUMENT_ARRAY = 4,
	DOCUMENT_INT32 = 16,
	DOCUMENT_INT64 = 18,
};

struct document_value {
	uint8_t type;
	struct str name;
	struct str value; /* its bytes; of a string the text alone */
};

struct str document_elements(struct str bytes);
bool document_next(struct str *in, struct document_value *v);
bool document_find(struct str bytes, const char *name, struct document_value *v);

/* How many elements an array or document has; it stops at the first that makes no sense. */
int64_t document_count(struct str bytes);

/* Of a number of any type; false: it is none. */
bool document_integer(const struct document_value *v, int64_t *out);

/*
 * What a command looks like: {"find":"orders","filter":{"name":"?"}}. Names as they are, each value
 * a "?", of an array the first item; but the first value if it is text. What the driver adds (lsid,
 * $db, ...) is left out. Bytes that were written: less than `size`, cut where it is full.
 */
size_t document_shape(struct str bytes, char *out, size_t size);
