/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/decoding.h"

static void any_value(struct decoding *d, struct str bytes, struct value *to, unsigned depth);
static void key_value(struct decoding *d, struct str bytes, unsigned depth);

/* Its items go onto the stack, and from there to where they stay. */
static void array_value(struct decoding *d, struct str bytes, struct value *to, unsigned depth)
{
	struct proto_reader r = { .rest = bytes };
	struct value *item = NULL;
	struct proto_field f;
	size_t mark = d->n_values, n;

	while (!d->error && decoding_read(d, &r, &f)) {
		struct value v = { VALUE_EMPTY, { 0 } };
		struct attribute *slot;

		if (f.number != LIST_VALUES || f.wire != PROTO_BYTES || !d->values_left ||
		    d->n_values - mark == LIST_MOST)
			continue;
		any_value(d, f.bytes, &v, depth);
		slot = DECODING_SLOT(d, value);
		if (slot)
			slot->value = v;
		d->values_left -= d->values_left != 0;
	}
	n = d->n_values - mark;
	if (n && !d->error)
		item = arena_take_n(&d->batch->arena, struct value, n);
	for (size_t i = 0; item && i < n; i++)
		item[i] = d->value[mark + i].value;
	d->n_values = mark;
	*to = (struct value){ VALUE_ARRAY, .array = { item, item ? n : 0 } };
}

static void map_value(struct decoding *d, struct str bytes, struct value *to, unsigned depth)
{
	struct proto_reader r = { .rest = bytes };
	struct proto_field f;
	struct attributes all;
	size_t mark = d->n_values;

	while (!d->error && decoding_read(d, &r, &f))
		if (f.number == LIST_VALUES && f.wire == PROTO_BYTES && d->values_left &&
		    d->n_values - mark < LIST_MOST)
			key_value(d, f.bytes, depth);
	all = decoded_attributes(d, mark, 0);
	*to = (struct value){ VALUE_MAP, .map = { all.item, all.n } };
}

/* Lists are told by where they are: what is nested too deep is a text that says so. */
static void list_value(struct decoding *d, struct proto_field *f, struct value *to, unsigned depth)
{
	if (depth >= NESTED_MOST)
		*to = (struct value){ VALUE_STRING, .text = STR("(nested too deep)") };
	else if (f->number == ANY_ARRAY)
		array_value(d, f->bytes, to, depth + 1);
	else
		map_value(d, f->bytes, to, depth + 1);
}

/* A field of the wrong wire type is none of ours. The last one is it, as protobuf has it. */
static void any_value(struct decoding *d, struct str bytes, struct value *to, unsigned depth)
{
	struct proto_reader r = { .rest = bytes };
	struct proto_field f;

	*to = (struct value){ VALUE_EMPTY, { 0 } };
	while (decoding_read(d, &r, &f)) {
		if (f.wire == PROTO_BYTES && f.number == ANY_STRING)
			*to = (struct value){ VALUE_STRING, .text = f.bytes };
		else if (f.wire == PROTO_VARINT && f.number == ANY_INT)
			*to = (struct value){ VALUE_INT, .integer = (int64_t)f.value };
		else if (f.wire == PROTO_VARINT && f.number == ANY_BOOL)
			*to = (struct value){ VALUE_BOOL, .boolean = f.value != 0 };
		else if (f.wire == PROTO_FIXED64 && f.number == ANY_DOUBLE)
			*to = (struct value){ VALUE_DOUBLE, .number = proto_double(f.value) };
		else if (f.wire == PROTO_BYTES && f.number == ANY_BYTES)
			*to = (struct value){ VALUE_BYTES, .text = f.bytes };
		else if (f.wire == PROTO_BYTES && (f.number == ANY_ARRAY || f.number == ANY_MAP))
			list_value(d, &f, to, depth);
	}
}

/*
 * As nearly all are written: the key, then a value of one field, nothing longer than 127 bytes.
 * False: it is written otherwise, which may be just as right.
 */
static inline bool quick_key_value(struct str bytes, struct attribute *to)
{
	const unsigned char *p = (const unsigned char *)bytes.p, *v;
	size_t n = bytes.n, n_key, n_value;

	if (n < 6 || p[0] != (KEY_VALUE_KEY << 3 | PROTO_BYTES) || p[1] > n - 6)
		return false;
	n_key = p[1];
	v = p + 2 + n_key;
	n_value = n - 4 - n_key;
	if (n_value >= 0x80 || n_key >= 0x80 || v[0] != (KEY_VALUE_VALUE << 3 | PROTO_BYTES) ||
	    v[1] != n_value)
		return false;
	v += 2;
	to->key = (struct str){ (const char *)p + 2, n_key };
	if (v[0] == (ANY_STRING << 3 | PROTO_BYTES) && v[1] == n_value - 2) {
		to->value = (struct value){ VALUE_STRING,
					    .text = { (const char *)v + 2, n_value - 2 } };
		return true;
	}
	if (v[0] == (ANY_INT << 3 | PROTO_VARINT) && n_value <= 3 && !(v[n_value - 1] & 0x80) &&
	    (n_value == 2 || v[1] & 0x80)) {
		uint64_t number = n_value == 2 ? v[1] : (v[1] & 0x7fu) | (uint64_t)v[2] << 7;

		to->value = (struct value){ VALUE_INT, .integer = (int64_t)number };
		return true;
	}
	return false;
}

static void slow_key_value(struct decoding *d, struct str bytes, unsigned depth,
			   struct attribute *to)
{
	struct proto_reader r = { .rest = bytes };
	struct proto_field f;

	*to = (struct attribute){ { "", 0 }, { VALUE_EMPTY, { 0 } } };
	while (decoding_read(d, &r, &f)) {
		if (f.wire != PROTO_BYTES)
			continue;
		if (f.number == KEY_VALUE_KEY)
			to->key = f.bytes;
		else if (f.number == KEY_VALUE_VALUE)
			any_value(d, f.bytes, &to->value, depth);
	}
}

static inline void key_value(struct decoding *d, struct str bytes, unsigned depth)
{
	struct attribute found;

	if (!quick_key_value(bytes, &found))
		slow_key_value(d, bytes, depth, &found);
	if (__builtin_expect(d->n_values == d->room_values, 0)) {
		if (!DECODING_SLOT(d, value))
			return;
		d->n_values--;
	}
	d->value[d->n_values++] = found;
	d->values_left -= d->values_left != 0;
}

void decode_any_value(struct decoding *d, struct str bytes, struct value *to)
{
	any_value(d, bytes, to, 0);
}

void decode_key_value(struct decoding *d, struct str bytes, size_t mark, uint32_t *dropped)
{
	if (d->values_left && d->n_values - mark < ATTRIBUTES_MOST)
		key_value(d, bytes, 0);
	else
		++*dropped;
}

struct attributes decoded_attributes(struct decoding *d, size_t mark, uint32_t dropped)
{
	struct attributes a = { .n = d->n_values - mark, .dropped = dropped };

	if (a.n && !d->error)
		a.item = decoding_keep(d, d->value + mark, a.n, sizeof(*a.item));
	if (!a.item)
		a.n = 0;
	d->n_values = mark;
	return a;
}
