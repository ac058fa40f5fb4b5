/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTLP in JSON, made into the same message in protobuf: then there is one reader for both.
 *
 *     struct out o = { .limit = 64 << 20 };
 *     if (otlp_from_json(&o, SIGNAL_SPAN, body, why))
 *             r = otlp_decode(&got, SIGNAL_SPAN, out_all(&o), &source);
 *
 * By OTLP's mapping, and more: ids are hex in either case, bytes base64, enumerators numbers or names,
 * numbers also strings, names lowerCamel or with underscores; what is null, or nobody knows, is left out.
 * False: no JSON, or of the wrong shape, `why` says where; or o->error is set.
 */
#pragma once

#include "base/out.h"
#include "export/exporter.h"
#include "receive/receipt.h"

bool otlp_from_json(struct out *o, enum signal kind, struct str body, char why[RECEIPT_WHY]);
