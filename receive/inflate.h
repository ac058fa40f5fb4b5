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

#include "export/packing.h"

enum inflate_outcome { INFLATE_BAD = 1, INFLATE_TOO_BIG = 2 };

/* `to` holds what there was before it went wrong. */
int inflate_body(struct out *to, enum packing packing, struct str from);
