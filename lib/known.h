/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known: attributes whose keys travel as numbers (wire/keys.h), for watchers. They are what the
 * functions of oriel.h make, and go wherever those do:
 *
 *     known_str(KEY_URL_SCHEME, "http")      for oriel_str("url.scheme", "http")
 *
 * Their type has WIRE_KNOWN in it, and where the others have their key's length is its number.
 */
#pragma once

#include "oriel.h"
#include "wire/keys.h"
#include "wire/record.h"

static inline struct oriel_attribute known_of(enum wire_key key, enum oriel_type type, size_t n)
{
	struct oriel_attribute a;

	a.key = wire_key(key).p;
	a.shape = (uint64_t)type | WIRE_KNOWN | (uint64_t)key << 8 |
		  (uint64_t)(n < UINT32_MAX ? n : UINT32_MAX) << 16;
	a.value.integer = 0;
	return a;
}

static inline struct oriel_attribute known_strn(enum wire_key key, const char *value, size_t n)
{
	struct oriel_attribute a = known_of(key, ORIEL_STR, n);

	a.value.p = value;
	return value ? a : oriel_strn(NULL, NULL, 0);
}

static inline struct oriel_attribute known_str(enum wire_key key, const char *value)
{
	return known_strn(key, value, oriel_length(value));
}

static inline struct oriel_attribute known_int(enum wire_key key, int64_t value)
{
	struct oriel_attribute a = known_of(key, ORIEL_INT, 8);

	a.value.integer = value;
	return a;
}

static inline struct oriel_attribute known_bool(enum wire_key key, bool value)
{
	struct oriel_attribute a = known_of(key, ORIEL_BOOL, 1);

	a.value.integer = value;
	return a;
}
