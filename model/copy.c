/* SPDX-License-Identifier: Apache-2.0 */
#include "model/copy.h"

struct value copy_value(struct arena *a, struct value v)
{
	if (v.type == VALUE_STRING || v.type == VALUE_BYTES) {
		v.text = arena_copy(a, v.text);
	} else if (v.type == VALUE_ARRAY) {
		struct value *to = v.array.n ? arena_take_n(a, struct value, v.array.n) : NULL;

		for (size_t i = 0; to && i < v.array.n; i++)
			to[i] = copy_value(a, v.array.item[i]);
		v.array.item = to;
		v.array.n = to ? v.array.n : 0;
	} else if (v.type == VALUE_MAP) {
		struct attributes m =
			copy_attributes(a, (struct attributes){ v.map.item, v.map.n, 0 });

		v.map.item = m.item;
		v.map.n = m.n;
	}
	return v;
}

struct attributes copy_attributes(struct arena *a, struct attributes from)
{
	struct attribute *to = from.n ? arena_take_n(a, struct attribute, from.n) : NULL;

	for (size_t i = 0; to && i < from.n; i++)
		to[i] = (struct attribute){ arena_copy(a, from.item[i].key),
					    copy_value(a, from.item[i].value) };
	return (struct attributes){ to, to ? from.n : 0, from.dropped };
}

struct scope copy_scope(struct arena *a, const struct scope *from)
{
	return (struct scope){ .name = arena_copy(a, from->name),
			       .version = arena_copy(a, from->version),
			       .schema_url = arena_copy(a, from->schema_url),
			       .attributes = copy_attributes(a, from->attributes) };
}
