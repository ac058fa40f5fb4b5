/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inflate: a body that came packed.
 *
 *     enum packing p = packing_of(header);
 *     struct out o = { .limit = 64 << 20 };
 *     r = inflate_body(&o, p, body);         0, INFLATE_BAD, INFLATE_TOO_BIG, or -ENOMEM
 *
 * What it becomes is bounded by o->limit, whatever a few bytes promise.
 */
#pragma once

#include "base/out.h"

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_DEFLATE, PACKING_UNKNOWN };
enum inflate_outcome { INFLATE_BAD = 1, INFLATE_TOO_BIG = 2 };

/* "gzip", "deflate", "identity" or nothing, in any case. */
enum packing packing_of(struct str name);

int inflate_body(struct out *to, enum packing packing, struct str from);
