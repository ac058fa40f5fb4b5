/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes are most of what a request is made of, and most have a number or a short ASCII text.
 * Their length is known before they are written, so those take one reservation and one pass; the
 * pass looks for bytes that aren't ASCII while it copies. Everything else (arrays, maps, text that
 * has to be repaired) takes the general way.
 */
#include "export/otlp-value.h"

#include "export/otlp-fields.h"
#include "export/protobuf.h"

enum { NESTED_MOST = 24 };

static void key_value(struct out *o, uint32_t field, const struct attribute *a, unsigned depth);

/* The inside of an AnyValue. */
static void any_body(struct out *o, const struct value *v, unsigned depth)
{
	struct proto_message list;

	if (depth > NESTED_MOST) {
		proto_string(o, ANY_STRING, STR("(nested too deep)"));
		return;
	}
	switch (v->type) {
	case VALUE_EMPTY:
		break;
	case VALUE_BOOL:
		proto_u64_always(o, ANY_BOOL, v->boolean);
		break;
	case VALUE_INT:
		proto_u64_always(o, ANY_INT, (uint64_t)v->integer);
		break;
	case VALUE_DOUBLE:
		proto_double_always(o, ANY_DOUBLE, v->number);
		break;
	case VALUE_STRING:
		proto_string_always(o, ANY_STRING, v->text);
		break;
	case VALUE_BYTES:
		proto_bytes_always(o, ANY_BYTES, v->text.p, v->text.n);
		break;
	case VALUE_ARRAY:
		list = proto_open(o, ANY_ARRAY, PROTO_ABOUT_100);
		for (size_t i = 0; i < v->array.n; i++) {
			struct proto_message item = proto_open(o, LIST_VALUES, PROTO_ABOUT_100);

			any_body(o, &v->array.item[i], depth + 1);
			proto_close(o, item);
		}
		proto_close(o, list);
		break;
	case VALUE_MAP:
		list = proto_open(o, ANY_MAP, PROTO_ABOUT_100);
		for (size_t i = 0; i < v->map.n; i++)
			key_value(o, LIST_VALUES, &v->map.item[i], depth + 1);
		proto_close(o, list);
		break;
	}
}

void otlp_any_value(struct out *o, uint32_t field, const struct value *v)
{
	struct proto_message any = proto_open(o, field, PROTO_ABOUT_100);

	any_body(o, v, 0);
	proto_close(o, any);
}

static void key_value_general(struct out *o, uint32_t field, const struct attribute *a,
			      unsigned depth)
{
	struct proto_message pair = proto_open(o, field, PROTO_ABOUT_100);

	proto_string(o, KEY_VALUE_KEY, a->key);
	struct proto_message any = proto_open(o, KEY_VALUE_VALUE, PROTO_ABOUT_100);

	any_body(o, &a->value, depth);
	proto_close(o, any);
	proto_close(o, pair);
}

/* The bytes of an AnyValue whose length is known beforehand; 0 for those of the general way. */
static inline size_t any_size(const struct value *v)
{
	switch (v->type) {
	case VALUE_BOOL:
		return 2;
	case VALUE_INT:
		return 1 + proto_varint_size((uint64_t)v->integer);
	case VALUE_DOUBLE:
		return 1 + sizeof(double);
	case VALUE_STRING:
		return 1 + proto_varint_size(v->text.n) + v->text.n;
	default:
		return 0;
	}
}

static inline char *put_any(char *p, const struct value *v, uint64_t *seen)
{
	switch (v->type) {
	case VALUE_BOOL:
		return put_varint(put_tag(p, ANY_BOOL, PROTO_VARINT), v->boolean);
	case VALUE_INT:
		return put_varint(put_tag(p, ANY_INT, PROTO_VARINT), (uint64_t)v->integer);
	case VALUE_DOUBLE:
		return put_double(put_tag(p, ANY_DOUBLE, PROTO_FIXED64), v->number);
	default:
		p = put_varint(put_tag(p, ANY_STRING, PROTO_BYTES), v->text.n);
		return put_text(p, v->text, seen);
	}
}

static bool attribute_text_ok(const struct attribute *a)
{
	return proto_text_ok(a->key) &&
	       (a->value.type != VALUE_STRING || proto_text_ok(a->value.text));
}

static inline void key_value(struct out *o, uint32_t field, const struct attribute *a,
			     unsigned depth)
{
	size_t any = any_size(&a->value);
	uint64_t seen = 0;

	if (!any) {
		key_value_general(o, field, a, depth);
		return;
	}

	size_t key = 1 + proto_varint_size(a->key.n) + a->key.n;
	size_t pair = key + 1 + proto_varint_size(any) + any;
	char *p = proto_room(o, PUT_TAG_MOST + PUT_VARINT_MOST + pair);

	if (!p)
		return;
	p = put_varint(put_tag(p, field, PROTO_BYTES), pair);
	p = put_varint(put_tag(p, KEY_VALUE_KEY, PROTO_BYTES), a->key.n);
	p = put_text(p, a->key, &seen);
	p = put_varint(put_tag(p, KEY_VALUE_VALUE, PROTO_BYTES), any);
	p = put_any(p, &a->value, &seen);
	if (__builtin_expect(!(seen & PUT_NOT_ASCII), 1) || attribute_text_ok(a))
		proto_take(o, p);
	else
		key_value_general(o, field, a, depth);
}

void otlp_attributes(struct out *o, uint32_t field, uint32_t dropped, struct attributes a)
{
	for (size_t i = 0; i < a.n; i++)
		key_value(o, field, &a.item[i], 0);
	proto_u64(o, dropped, a.dropped);
}

void otlp_scope(struct out *o, uint32_t field, const struct scope *scope)
{
	if (!scope || (!scope->name.n && !scope->version.n && !scope->attributes.n))
		return;
	struct proto_message m = proto_open(o, field, PROTO_ABOUT_100);

	proto_string(o, SCOPE_NAME, scope->name);
	proto_string(o, SCOPE_VERSION, scope->version);
	otlp_attributes(o, SCOPE_ATTRIBUTES, SCOPE_DROPPED, scope->attributes);
	proto_close(o, m);
}
