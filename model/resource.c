/* SPDX-License-Identifier: Apache-2.0 */
#include "model/resource.h"

#include "model/copy.h"

#include <stdlib.h>

struct resource *resource_new(struct attributes attributes, struct str run, int32_t pid)
{
	struct resource *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	atomic_init(&r->refs, 1);
	r->attributes = copy_attributes(&r->arena, attributes);
	r->service = attributes_text(r->attributes, STR("service.name"));
	r->instance = attributes_text(r->attributes, STR("service.instance.id"));
	r->run = arena_copy(&r->arena, run);
	r->pid = pid;
	return r;
}

struct resource *resource_ref(struct resource *r)
{
	atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
	return r;
}

/* acq_rel: pairs with every other holder's release of its reference. */
struct resource *resource_free(struct resource *r)
{
	if (r && atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) == 1) {
		arena_fini(&r->arena);
		free(r);
	}
	return NULL;
}
