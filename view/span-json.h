/* SPDX-License-Identifier: Apache-2.0 */
/* Telemetry as JSON, by doc/api.md. Spans: view/view.h. */
#pragma once

#include "base/json.h"
#include "model/resource.h"
#include "model/telemetry.h"

void log_json(struct json *j, const struct log_record *l, const struct resource *r);

/* Members of what was recorded in it; NULL: none. */
void scope_json(struct json *j, const struct scope *s);

const char *kind_name(enum span_kind kind);
const char *status_name(enum span_status status);
