/* SPDX-License-Identifier: Apache-2.0 */
/* What a hostile service left for its post-mortem. */
#include "collect/mortem.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mortem *m = calloc(1, sizeof(*m));
	char *bytes = malloc(size + 1);
	struct resource *r = resource_new((struct attributes){ 0 }, (struct str){ 0 }, 1);
	struct batch *b = r ? batch_new(r) : NULL;
	struct crumbs crumbs = { 0 };

	if (!m || !bytes || !b)
		abort();
	memcpy(bytes, data, size);
	if (wreck_take(&m->wreck, bytes, size, "/nowhere/program") == 0) {
		mortem_explains(m, -1, 0);
		/* No files: what they hold is another target's. */
		m->wreck.n_modules = 0;
		mortem_examine(m);
		mortem_log(m, b, mortem_time(m, 0), &crumbs);
	}
	mortem_free(m);
	batch_free(b);
	resource_free(r);
	return 0;
}
