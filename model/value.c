/* SPDX-License-Identifier: Apache-2.0 */
#include "model/value.h"

const struct value *attributes_find(struct attributes a, struct str key)
{
	for (size_t i = 0; i < a.n; i++)
		if (str_eq(a.item[i].key, key))
			return &a.item[i].value;
	return NULL;
}

struct str attributes_text(struct attributes a, struct str key)
{
	const struct value *v = attributes_find(a, key);

	return v && v->type == VALUE_STRING ? v->text : (struct str){ "", 0 };
}

int64_t attributes_int(struct attributes a, struct str key, int64_t otherwise)
{
	const struct value *v = attributes_find(a, key);

	return v && v->type == VALUE_INT ? v->integer : otherwise;
}
