/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decode: what lies in a record, as values. The record is a private copy already, so what was
 * checked stays true; its content is still foreign.
 *
 * Strings borrow the record's bytes. Arrays are made in the arena.
 */
#pragma once

#include "model/value.h"
#include "base/arena.h"
#include "wire/keys.h"
#include "wire/record.h"

/* What stands after a record's fixed part. */
struct record_tail {
	struct str text;
	struct str trace_state;
	struct str attributes;
	uint8_t scope; /* of START; any number */
};

/* False if the record is too short for what it says it holds. `fixed` is its struct's size. */
bool decode_tail(struct record_tail *out, const struct record_head *h, size_t fixed);

/* Attributes by the rules of the specification: a key once, the last value wins, so many at most. */
struct attribute_list {
	struct attribute *item;
	size_t n, most;
	uint32_t dropped;
};

/* False if `bytes` don't make sense from some point on; what came before is in the list. */
bool decode_attributes(struct attribute_list *l, struct str bytes, struct arena *arena);
