/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/decode.h"

bool decode_tail(struct record_tail *out, const struct record_head *h, size_t fixed)
{
	size_t used = (size_t)h->size - (h->pad_n < h->size ? h->pad_n : h->size);
	struct str rest = { (const char *)h, used };

	if (used < fixed || used - fixed < h->text_n)
		return false;
	rest = str_from(rest, fixed);
	out->text = str_first(rest, h->text_n);
	rest = str_from(rest, h->text_n);
	out->scope = h->type == RECORD_START ? h->code >> RECORD_KIND_BITS : 0;
	if (out->scope == SCOPE_FOLLOWS) {
		if (!rest.n)
			return false;
		out->scope = (uint8_t)*rest.p;
		rest = str_from(rest, 1);
	}
	out->trace_state = (struct str){ "", 0 };
	if (h->flags & RECORD_TRACESTATE) {
		uint16_t n;

		if (rest.n < sizeof(n))
			return false;
		memcpy(&n, rest.p, sizeof(n));
		rest = str_from(rest, sizeof(n));
		if (rest.n < n)
			return false;
		out->trace_state = str_first(rest, n);
		rest = str_from(rest, n);
	}
	out->attributes = rest;
	return true;
}

static int64_t read_int(const char *p)
{
	int64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static double read_double(const char *p)
{
	double v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static bool array_of(struct value *out, struct value *item, size_t n)
{
	out->type = VALUE_ARRAY;
	out->array.item = item;
	out->array.n = item ? n : 0;
	return item || !n;
}

static bool decode_numbers(struct value *out, uint8_t type, struct str v, struct arena *arena)
{
	size_t each = type == WIRE_BOOLS ? 1 : 8, n = v.n / each;
	struct value *item = n ? arena_take_n(arena, struct value, n) : NULL;

	if (v.n % each)
		return false;
	for (size_t i = 0; item && i < n; i++) {
		const char *p = v.p + i * each;

		item[i] =
			type == WIRE_BOOLS
				? (struct value){ .type = VALUE_BOOL, .boolean = *p != 0 }
			: type == WIRE_INTS
				? (struct value){ .type = VALUE_INT, .integer = read_int(p) }
				: (struct value){ .type = VALUE_DOUBLE, .number = read_double(p) };
	}
	return array_of(out, item, n);
}

static bool next_text(struct str *rest, struct str *text)
{
	uint16_t n;

	if (rest->n < sizeof(n))
		return false;
	memcpy(&n, rest->p, sizeof(n));
	*rest = str_from(*rest, sizeof(n));
	if (rest->n < n)
		return false;
	*text = str_first(*rest, n);
	*rest = str_from(*rest, n);
	return true;
}

static bool decode_strings(struct value *out, struct str v, struct arena *arena)
{
	struct str rest = v, text;
	size_t n = 0;

	while (rest.n) {
		if (!next_text(&rest, &text))
			return false;
		n++;
	}

	struct value *item = n ? arena_take_n(arena, struct value, n) : NULL;

	rest = v;
	for (size_t i = 0; item && i < n; i++) {
		next_text(&rest, &text);
		item[i] = (struct value){ .type = VALUE_STRING, .text = text };
	}
	return array_of(out, item, n);
}

/* `out` is written only when it makes sense. */
static bool decode_value(struct value *out, uint8_t type, struct str v, struct arena *arena)
{
	switch (type) {
	case WIRE_STRING:
	case WIRE_BYTES:
		out->type = type == WIRE_STRING ? VALUE_STRING : VALUE_BYTES;
		out->text = v;
		return true;
	case WIRE_INT:
		if (v.n != 8)
			return false;
		out->type = VALUE_INT;
		out->integer = read_int(v.p);
		return true;
	case WIRE_DOUBLE:
		if (v.n != 8)
			return false;
		out->type = VALUE_DOUBLE;
		out->number = read_double(v.p);
		return true;
	case WIRE_BOOL:
		if (v.n != 1)
			return false;
		out->type = VALUE_BOOL;
		out->boolean = *v.p != 0;
		return true;
	case WIRE_BOOLS:
	case WIRE_INTS:
	case WIRE_DOUBLES:
		return decode_numbers(out, type, v, arena);
	case WIRE_STRINGS:
		return decode_strings(out, v, arena);
	default:
		return false;
	}
}

static struct attribute *list_slot(struct attribute_list *l, struct str key)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->item[i].key, key))
			return &l->item[i];
	if (l->n == l->most) {
		l->dropped++;
		return NULL;
	}
	l->item[l->n].key = key;
	return &l->item[l->n++];
}

bool decode_attributes(struct attribute_list *l, struct str bytes, struct arena *arena)
{
	while (bytes.n) {
		uint8_t type = (uint8_t)bytes.p[0], key_n;
		uint16_t value_n;
		struct str key;

		if (bytes.n < WIRE_ATTRIBUTE_HEAD)
			return false;
		key_n = (uint8_t)bytes.p[1];
		memcpy(&value_n, bytes.p + 2, sizeof(value_n));
		bytes = str_from(bytes, WIRE_ATTRIBUTE_HEAD);
		key = str_first(bytes, key_n);
		if (type & WIRE_KNOWN) {
			key = wire_key(key_n);
			key_n = 0;
		}
		if (bytes.n < (size_t)key_n + value_n || !key.n)
			return false;

		size_t n = l->n;
		struct attribute *slot = list_slot(l, key);
		struct value dropped;

		if (!decode_value(slot ? &slot->value : &dropped, type & (WIRE_KNOWN - 1),
				  str_first(str_from(bytes, key_n), value_n), arena)) {
			l->n = n;
			return false;
		}
		bytes = str_from(bytes, (size_t)key_n + value_n);
	}
	return true;
}
