/* SPDX-License-Identifier: Apache-2.0 */
/* MessagePack, written: maps and arrays say how many come before they come. */
#pragma once

#include "base/out.h"

void msgpack_map(struct out *o, uint32_t n);
void msgpack_array(struct out *o, uint32_t n);
void msgpack_str(struct out *o, struct str text);
void msgpack_u64(struct out *o, uint64_t v);
void msgpack_f64(struct out *o, double v);
