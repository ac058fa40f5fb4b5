/* SPDX-License-Identifier: Apache-2.0 */
/* Deep copies of values into an arena, so that they outlive where they came from. */
#pragma once

#include "base/arena.h"
#include "model/telemetry.h"

struct value copy_value(struct arena *a, struct value v);
struct scope copy_scope(struct arena *a, const struct scope *from);
struct attributes copy_attributes(struct arena *a, struct attributes from);
