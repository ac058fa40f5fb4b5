/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as OTEL_ENTITIES: what is found lies within it, and its pairs are pairs. */
#include "base/entity.h"

#include <stdint.h>
#include <stdlib.h>

static void must_lie_in(struct str part, struct str all)
{
	if (part.n && (part.p < all.p || part.p + part.n > all.p + all.n))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str all = { (const char *)data, n < 4096 ? n : 4096 }, rest = all;
	enum entity_kind kind;
	struct entity e;

	while ((kind = entity_last(&rest, &e)) != ENTITY_END) {
		must_lie_in(e.whole, all);
		if (kind == ENTITY_BAD)
			continue;
		must_lie_in(e.type, all);
		must_lie_in(e.schema, all);
		if (entity_pairs(e.identifying) < 1 || entity_pairs(e.describing) < 0)
			abort();
		(void)entity_is_told_again(all, &e);
	}
	return 0;
}
