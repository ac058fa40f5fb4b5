/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ledger point: points and attributes as bytes of a ledger's file (collect/ledger-file.h), and back.
 *
 * What is read is foreign. A reader that runs out of bytes, or finds what can't be, is bad from there on,
 * and everything that it gives is zero. Texts borrow from the bytes; lists lie in the arena, and are never
 * larger than the bytes that they were read from.
 */
#pragma once

#include "base/arena.h"
#include "base/out.h"
#include "model/telemetry.h"

struct ledger_bytes {
	struct str left;
	bool bad;
};

void ledger_put_u64(struct out *o, uint64_t v);
void ledger_put_text(struct out *o, struct str text);
void ledger_put_attributes(struct out *o, struct attributes a);
void ledger_put_point(struct out *o, const struct metric_point *p);

uint64_t ledger_get_u64(struct ledger_bytes *b);
struct str ledger_get_text(struct ledger_bytes *b);
struct attributes ledger_get_attributes(struct ledger_bytes *b, struct arena *a);
bool ledger_get_point(struct ledger_bytes *b, struct metric_point *p, struct arena *a);
