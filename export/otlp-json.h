/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OTLP encoder for JSON: the same requests as export/otlp-encode.h's, in OTLP's own JSON mapping.
 *
 *     struct out o = { .limit = 64 << 20 };
 *     otlp_encode_json(&o, SIGNAL_SPAN, all);
 *     if (o.error == -EFBIG) ...             encode a smaller slice
 *
 * Ids are hex, 64-bit integers are strings, enumerators are numbers, bytes are base64, NaN and the
 * infinities are strings; what has no value is left out. One line, without the line's end.
 */
#pragma once

#include "base/json.h"
#include "export/otlp-walk.h"

/* Appends an Export{Trace,Logs,Metrics}ServiceRequest. An empty slice writes {}. */
void otlp_encode_json(struct out *o, enum signal kind, struct otlp_slice slice);
