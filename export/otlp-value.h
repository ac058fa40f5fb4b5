/* SPDX-License-Identifier: Apache-2.0 */
/* OTLP's common messages: AnyValue, KeyValue and InstrumentationScope, for otlp-encode. */
#pragma once

#include "base/out.h"
#include "model/telemetry.h"

/* `field` is KeyValue's number in the message around it, `dropped` that of its dropped count. */
void otlp_attributes(struct out *o, uint32_t field, uint32_t dropped, struct attributes a);
void otlp_any_value(struct out *o, uint32_t field, const struct value *v);
void otlp_scope(struct out *o, uint32_t field, const struct scope *scope);
