/* SPDX-License-Identifier: Apache-2.0 */
#include "model/value-json.h"

enum { NESTED_MOST = 24 };

static const int64_t exact_most = (1ll << 53) - 1; /* in a browser's number */

struct form {
	bool exact;
	unsigned depth;
};

static void put_value(struct json *j, const struct value *v, struct form f);

static void put_items(struct json *j, const struct attribute *item, size_t n, struct form f)
{
	json_open(j, '{');
	for (size_t i = 0; i < n; i++) {
		json_key(j, item[i].key);
		put_value(j, &item[i].value, f);
	}
	json_close(j, '}');
}

static void put_integer(struct json *j, int64_t v, bool exact)
{
	if (exact && (v > exact_most || v < -exact_most))
		json_i64_text(j, v);
	else
		json_i64(j, v);
}

static void put_value(struct json *j, const struct value *v, struct form f)
{
	if (f.depth++ > NESTED_MOST) {
		json_str(j, STR("(nested too deep)"));
		return;
	}
	switch (v->type) {
	case VALUE_EMPTY:
		json_null(j);
		break;
	case VALUE_BOOL:
		json_bool(j, v->boolean);
		break;
	case VALUE_INT:
		put_integer(j, v->integer, f.exact);
		break;
	case VALUE_DOUBLE:
		json_f64(j, v->number);
		break;
	case VALUE_STRING:
		json_str(j, v->text);
		break;
	case VALUE_BYTES:
		json_base64(j, v->text);
		break;
	case VALUE_ARRAY:
		json_open(j, '[');
		for (size_t i = 0; i < v->array.n; i++)
			put_value(j, &v->array.item[i], f);
		json_close(j, ']');
		break;
	case VALUE_MAP:
		put_items(j, v->map.item, v->map.n, f);
		break;
	}
}

void value_json(struct json *j, const struct value *v)
{
	put_value(j, v, (struct form){ 0 });
}

void value_json_exact(struct json *j, const struct value *v)
{
	put_value(j, v, (struct form){ .exact = true });
}

void attributes_json(struct json *j, struct attributes a)
{
	put_items(j, a.item, a.n, (struct form){ 0 });
}

void attributes_json_exact(struct json *j, struct attributes a)
{
	put_items(j, a.item, a.n, (struct form){ .exact = true });
}
