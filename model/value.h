/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Value and attribute: OpenTelemetry's AnyValue, as everything at home passes it on.
 *
 * Borrowed throughout: strings, arrays and maps lie in the arena of the batch (or resource) that
 * they came with. Strings may hold any bytes; whoever writes a text format replaces what isn't UTF-8.
 */
#pragma once

#include "base/str.h"

enum value_type {
	VALUE_EMPTY,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_DOUBLE,
	VALUE_STRING,
	VALUE_BYTES,
	VALUE_ARRAY,
	VALUE_MAP,
};

struct attribute;

struct value {
	enum value_type type;
	union {
		bool boolean;
		int64_t integer;
		double number;
		struct str text; /* STRING and BYTES */
		struct {
			const struct value *item;
			size_t n;
		} array;
		struct {
			const struct attribute *item;
			size_t n;
		} map;
	};
};

struct attribute {
	struct str key;
	struct value value;
};

struct attributes {
	const struct attribute *item;
	size_t n;
	uint32_t dropped; /* by a limit */
};

/* NULL when absent. */
const struct value *attributes_find(struct attributes a, struct str key);

/* The text of a STRING attribute, or the empty slice. */
struct str attributes_text(struct attributes a, struct str key);

/* The number of an INT attribute, or `otherwise`. */
int64_t attributes_int(struct attributes a, struct str key, int64_t otherwise);

/*
 * In this order: the same. Maps are never equal. The hash is of this process alone, and not against people
 * who look for collisions: those are compared.
 */
bool attributes_same(struct attributes a, struct attributes b);
uint32_t attributes_hash(struct attributes a, uint64_t seed);
