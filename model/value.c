/* SPDX-License-Identifier: Apache-2.0 */
#include "model/value.h"

#include "model/telemetry.h"

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

static uint64_t hash_bytes(uint64_t h, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	uint64_t word = 0;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&word, p, 8);
		h = (h ^ word) * 0x2545f4914f6cdd1du;
		h ^= h >> 29;
	}
	word = 0;
	if (n)
		memcpy(&word, p, n);
	h = (h ^ word) * 0x2545f4914f6cdd1du;
	return h ^ h >> 29;
}

/* Arrays and maps by their size only: those that are equal so far are compared. */
static uint64_t hash_value(uint64_t h, const struct value *v)
{
	h = (h ^ (uint64_t)v->type) * 0x100000001b3u;
	switch (v->type) {
	case VALUE_STRING:
	case VALUE_BYTES:
		return v->text.n ? hash_bytes(h, v->text.p, v->text.n) : h;
	case VALUE_INT:
		return hash_bytes(h, &v->integer, sizeof(v->integer));
	case VALUE_DOUBLE:
		return hash_bytes(h, &v->number, sizeof(v->number));
	case VALUE_BOOL:
		return h + v->boolean;
	case VALUE_ARRAY:
		return h + v->array.n;
	default:
		return h;
	}
}

uint32_t attributes_hash(struct attributes a, uint64_t seed)
{
	uint64_t h = seed;

	for (size_t i = 0; i < a.n; i++)
		h = hash_value(hash_bytes(h, a.item[i].key.p, a.item[i].key.n), &a.item[i].value);
	return (uint32_t)(h ^ h >> 32);
}

static bool same_value(const struct value *a, const struct value *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case VALUE_STRING:
	case VALUE_BYTES:
		return str_eq(a->text, b->text);
	case VALUE_INT:
		return a->integer == b->integer;
	case VALUE_DOUBLE:
		return memcmp(&a->number, &b->number, sizeof(a->number)) == 0;
	case VALUE_BOOL:
		return a->boolean == b->boolean;
	case VALUE_ARRAY:
		if (a->array.n != b->array.n)
			return false;
		for (size_t i = 0; i < a->array.n; i++)
			if (!same_value(&a->array.item[i], &b->array.item[i]))
				return false;
		return true;
	default:
		return a->type == VALUE_EMPTY;
	}
}

bool attributes_same(struct attributes a, struct attributes b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (!str_eq(a.item[i].key, b.item[i].key) ||
		    !same_value(&a.item[i].value, &b.item[i].value))
			return false;
	return true;
}

bool scope_same(const struct scope *a, const struct scope *b)
{
	static const struct scope none;

	if (a == b)
		return true;
	a = a ? a : &none;
	b = b ? b : &none;
	return str_eq(a->name, b->name) && str_eq(a->version, b->version) &&
	       str_eq(a->schema_url, b->schema_url) &&
	       attributes_same(a->attributes, b->attributes);
}
