/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named: exporters with a name of their own, "otlp/eu" in a list. What is said of one alone is said in
 * ORIEL_OF_EU_ and a variable's name.
 */
#pragma once

#include "base/str.h"

#define NAMED_OF "ORIEL_OF_"

enum { NAMED_MOST = 24, NAMED_PREFIX_ROOM = sizeof(NAMED_OF) + NAMED_MOST + 1 };

/* False: it is none, "console" or "./mine.so". Letters, digits and underscores make a name. */
bool named_read(struct str item, struct str *kind, struct str *name);

/* "ORIEL_OF_EU_", in `room`. */
struct str named_prefix(struct str name, char room[NAMED_PREFIX_ROOM]);
