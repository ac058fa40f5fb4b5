/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as the JSON that people expect: no types around them, bytes as base64, null for none.
 *
 * What is nested deeper than 24 levels is replaced by a text that says so. OTLP's own mapping is
 * another one (export/otlp-json.h).
 */
#pragma once

#include "base/json.h"
#include "model/value.h"

void value_json(struct json *j, const struct value *v);
void attributes_json(struct json *j, struct attributes a);

/* For browsers: integers that a double would round are written as strings of digits. */
void value_json_exact(struct json *j, const struct value *v);
void attributes_json_exact(struct json *j, struct attributes a);
