/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scope: who records, where the program or a library that it is linked with says so (oriel-scope.h).
 *
 * Scopes are the process's and stay; what they say lies in the segment (wire/names.h), each segment's own. Their
 * numbers are the same in all of them, so that records and instruments need no look at anything.
 */
#pragma once

#include "base/str.h"
#include "oriel-scope.h"

#include <stdint.h>

/* All of them into this process's segment. */
void scope_fill_all(void);

struct scope_texts {
	struct str name, version, schema_url;
};

/* Of a number as records have it. */
struct scope_texts scope_texts(uint8_t number);
