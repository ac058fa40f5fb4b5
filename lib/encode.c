/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/encode.h"

#include "lib/process.h"

size_t encode_cut(const char *text, size_t n, size_t most)
{
	if (n <= most)
		return n;
	while (most && ((unsigned char)text[most] & 0xc0) == 0x80)
		most--;
	return most;
}

static size_t encode_strings_bytes(const struct oriel_attribute *a)
{
	const char *const *s = a->value.p;
	size_t bytes = 0;

	for (uint32_t i = 0; i < attribute_n(a) && bytes <= RECORD_MOST; i++) {
		size_t n = s[i] ? strlen(s[i]) : 0;

		bytes += 2 + (n < RECORD_MOST ? n : RECORD_MOST);
	}
	return bytes;
}

static size_t encode_value_bytes(const struct oriel_attribute *a)
{
	switch (attribute_type(a)) {
	case ORIEL_BOOL:
		return 1;
	case ORIEL_INT:
	case ORIEL_F64:
		return 8;
	case ORIEL_STR:
	case ORIEL_BYTES:
	case ORIEL_BOOLS:
		return attribute_n(a);
	case ORIEL_INTS:
	case ORIEL_F64S:
		return (size_t)attribute_n(a) * 8;
	case ORIEL_STRS:
		return encode_strings_bytes(a);
	}
	return SIZE_MAX;
}

/* The last attribute that fits may be a string that is cut; the rest is left out and counted. */
static struct encode encode_short(struct encode e, struct oriel_attributes a, size_t most)
{
	const struct oriel_attribute *x = &a.item[e.n];
	size_t head = WIRE_ATTRIBUTE_HEAD + attribute_key_n(x), left = most - e.bytes;

	if (attribute_type(x) == ORIEL_STR && left >= head + 16) {
		e.cut = encode_cut(x->value.p, attribute_n(x), left - head);
		e.bytes += head + e.cut;
		e.n++;
		process_lose(LOSS_values_cut, 1);
	}
	if (a.n > e.n)
		process_lose(LOSS_attributes_no_room, a.n - e.n);
	return e;
}

struct encode encode_fit_slow(struct oriel_attributes a, size_t most)
{
	struct encode e = { .item = a.item, .cut = SIZE_MAX };

	for (; e.n < a.n; e.n++) {
		const struct oriel_attribute *x = &a.item[e.n];
		size_t value, head = WIRE_ATTRIBUTE_HEAD + attribute_key_n(x);

		if (attribute_is_none(x))
			continue;
		if (attribute_is_prepared(x)) {
			head = 0;
			value = attribute_n(x);
		} else {
			value = encode_value_bytes(x);
		}
		if (value > most || e.bytes + head + value > most)
			return encode_short(e, a, most);
		e.bytes += head + value;
	}
	return e;
}

static unsigned char *encode_strings(unsigned char *to, const struct oriel_attribute *a)
{
	const char *const *s = a->value.p;

	for (uint32_t i = 0; i < attribute_n(a); i++) {
		uint16_t n = (uint16_t)(s[i] ? strlen(s[i]) : 0);

		memcpy(to, &n, sizeof(n));
		to = encode_copy(to + sizeof(n), s[i], n);
	}
	return to;
}

unsigned char *encode_odd(unsigned char *to, const struct oriel_attribute *a, size_t *value_n)
{
	if (attribute_type(a) != ORIEL_STR)
		*value_n = encode_value_bytes(a);
	if (attribute_type(a) == ORIEL_STRS)
		return encode_strings(to, a);
	return *value_n ? encode_copy(to, a->value.p, *value_n) : to;
}

unsigned char *encode_try(unsigned char *to, const unsigned char *end, struct oriel_attributes a)
{
	const struct oriel_attribute *x = a.item, *last = x + a.n;

	do {
		uint64_t shape = x->shape;
		size_t key_n = attribute_key_n(x), value_n = shape >> 16;
		unsigned char *value = to + WIRE_ATTRIBUTE_HEAD + key_n;

		if (__builtin_expect(value + value_n > end || attribute_type(x) > ORIEL_STR, 0))
			return NULL;
		memcpy(to, &(uint32_t){ (uint32_t)shape }, 4);
		if (__builtin_expect(attribute_is_none(x), 0))
			return NULL;
		if (!(shape & WIRE_KNOWN))
			encode_copy(to + WIRE_ATTRIBUTE_HEAD, x->key, key_n);
		to = value + value_n;
		if (attribute_type(x) != ORIEL_STR)
			memcpy(value, &x->value, 8);
		else
			encode_copy(value, x->value.p, value_n);
	} while (++x < last);
	return to;
}

size_t oriel_prepare(void *to, size_t room, struct oriel_attributes attributes)
{
	struct encode e;
	size_t bytes = 0;

	for (size_t i = 0; i < attributes.n; i++) {
		const struct oriel_attribute *a = &attributes.item[i];

		bytes += WIRE_ATTRIBUTE_HEAD + attribute_key_n(a) + attribute_n(a);
		if (!encode_is_plain(a) || bytes > room)
			return 0;
	}
	e = encode_fit(attributes, room);
	encode_put(to, &e);
	return e.bytes;
}
