/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a watched program that may be objects. */
#include "collect/json-line.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct value *v)
{
	if (v->type == VALUE_STRING && v->text.n && !v->text.p)
		abort();
	for (size_t i = 0; v->type == VALUE_ARRAY && i < v->array.n; i++)
		look(&v->array.item[i]);
	for (size_t i = 0; v->type == VALUE_MAP && i < v->map.n; i++)
		look(&v->map.item[i].value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attribute item[8];
	struct json_line line = { .item = item, .most = 8 };
	struct arena arena = { 0 };

	if (json_line_read(&line, (struct str){ (const char *)data, size }, &arena)) {
		if (line.n > 8 || line.severity < 0 || line.severity > 24)
			abort();
		for (size_t i = 0; i < line.n; i++)
			look(&item[i].value);
	}
	arena_fini(&arena);
	return 0;
}
