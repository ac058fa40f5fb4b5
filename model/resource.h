/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resource: who a batch is from. One per process that was watched; immutable, counted references.
 *
 * `service` and `instance` borrow from the attributes. `run` is the id of the `oriel run` that the
 * process belongs to (16 hex digits), or empty.
 */
#pragma once

#include "base/arena.h"
#include "model/value.h"

#include <stdatomic.h>

struct resource {
	_Atomic uint32_t refs;
	struct arena arena;
	struct attributes attributes;
	struct str service, instance, run;
	struct str schema_url; /* others'; set before it is shared */
	int32_t pid;
};

/*
 * Copies everything. service.name and service.instance.id are looked up in the attributes;
 * NULL when out of memory.
 */
struct resource *resource_new(struct attributes attributes, struct str run, int32_t pid);
struct resource *resource_ref(struct resource *r);
struct resource *resource_free(struct resource *r);
