/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protobuf, read: foreign bytes field by field, without copying or allocating.
 *
 *     struct proto_reader r = { .rest = body };
 *     struct proto_field f;
 *     while (proto_read(&r, &f))
 *             if (f.number == 1 && f.wire == PROTO_BYTES) ...f.bytes
 *     if (r.bad) ...                         cut short, or not protobuf at all
 *
 * A nested message is `bytes` to be read by another reader: how deep is the caller's decision.
 * Groups (which proto3 doesn't have) are bad.
 */
#pragma once

#include "export/protobuf.h"

struct proto_reader {
	struct str rest;
	bool bad;
};

struct proto_field {
	uint32_t number;
	enum proto_wire wire;
	uint64_t value;	  /* VARINT, FIXED64, FIXED32 */
	struct str bytes; /* BYTES; borrowed from what is read */
};

/* False at the end and from the first bad byte on. */
bool proto_read(struct proto_reader *r, struct proto_field *f);
