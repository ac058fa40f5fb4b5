/* SPDX-License-Identifier: Apache-2.0 */
/* Row: attributes as they lie in a record (wire/record.h), written by this library; one by one. */
#pragma once

#include "base/str.h"
#include "wire/keys.h"
#include "wire/record.h"

struct row_item {
	enum wire_type type;
	struct str key, value, whole;
};

/* False at its end, and at what makes no sense. */
static inline bool row_next(struct str *row, struct row_item *out)
{
	uint8_t head[2];
	uint16_t value_n;
	size_t key_n;

	if (row->n < WIRE_ATTRIBUTE_HEAD)
		return false;
	memcpy(head, row->p, sizeof(head));
	memcpy(&value_n, row->p + sizeof(head), sizeof(value_n));
	key_n = head[0] & WIRE_KNOWN ? 0 : head[1];
	out->whole = str_first(*row, WIRE_ATTRIBUTE_HEAD + key_n + value_n);
	if (out->whole.n != WIRE_ATTRIBUTE_HEAD + key_n + value_n)
		return false;
	out->type = (enum wire_type)(head[0] & (WIRE_KNOWN - 1));
	out->key = head[0] & WIRE_KNOWN ? wire_key(head[1])
					: (struct str){ row->p + WIRE_ATTRIBUTE_HEAD, key_n };
	out->value = (struct str){ row->p + WIRE_ATTRIBUTE_HEAD + key_n, value_n };
	*row = str_from(*row, out->whole.n);
	return true;
}
