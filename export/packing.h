/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packing: how a body is packed, by the names that Content-Encoding and grpc-encoding have in common.
 *
 *     enum packing p = packing_of(STR("zstd"));
 *     r = packing_pack(&out, p, body);             packing_name(p) says so in a header
 *
 * Unpacking is receive/inflate.h's.
 */
#pragma once

#include "base/out.h"

/* What we send is of the first three. */
enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD, PACKING_DEFLATE, PACKING_UNKNOWN };

/* "gzip", "zstd", "deflate", "identity" or nothing, in any case. */
enum packing packing_of(struct str name);

/* NULL: there is nothing to say. */
const char *packing_name(enum packing packing);

/* Appends; -ENOMEM, or out's own error. */
int packing_pack(struct out *to, enum packing packing, struct str from);
