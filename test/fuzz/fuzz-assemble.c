/* SPDX-License-Identifier: Apache-2.0 */
/* Any stream of records, with rounds in between, and the end of the process at any point. */
#include "collect/assemble.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The types that there are, so that most records are taken for something. */
static size_t next(struct assembler *a, const uint8_t *data, size_t size)
{
	_Alignas(8) unsigned char bytes[RECORD_MOST];
	struct record_head *h = (void *)bytes;
	size_t n = size < RECORD_MOST ? size & ~(size_t)7 : RECORD_MOST;

	memcpy(bytes, data, n);
	n = h->size & ~(size_t)7 && (h->size & ~(size_t)7) < n ? h->size & ~(size_t)7 : n;
	h->size = (uint16_t)n;
	if (h->type == 255)
		assemble_round(a);
	h->type = h->type % 10;
	assemble_record(a, h, 1);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct assemble_limits narrow = { 3, 2, 2, 2, 2, 2 };
	struct timeline t = { .tsc = 5, .mono = 7, .real = 11, .rate = 3ull << 30 };
	struct resource *resource = resource_new((struct attributes){ 0 }, STR(""), 1);
	struct assembler a;

	if (assembler_init(&a, &t, INSTANT_TSC, size % 2 ? &narrow : NULL) < 0)
		abort();
	assembler_set_resource(&a, resource);
	while (size >= sizeof(struct record_head)) {
		size_t n = next(&a, data, size);

		data += n;
		size -= n;
	}
	assemble_round(&a);
	assemble_gone(&a, STR("gone"), 0);
	batch_free(assembler_take(&a));
	assembler_fini(&a);
	resource_free(resource);
	return 0;
}
