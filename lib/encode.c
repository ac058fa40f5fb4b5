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

/* ---- secrets -------------------------------------------------------------------------------------- */

/* Of a text only so much is looked at as can matter for what is written of it. */
static struct str seen_of(struct str text)
{
	return str_first(text, RECORD_MOST + REDACT_AHEAD);
}

static enum redact_action action_of(const struct oriel_attribute *a)
{
	enum wire_key known = attribute_known(a);

	if (known)
		return (enum redact_action)(judged_known[known] & ~JUDGED_CLEAN);
	return redact_key(&process.redact, (struct str){ a->key, attribute_key_n(a) });
}

/* The bytes that a hash is made of. */
static struct str value_of(const struct oriel_attribute *a)
{
	switch (attribute_type(a)) {
	case ORIEL_STR:
	case ORIEL_BYTES:
		return (struct str){ a->value.p, attribute_n(a) };
	case ORIEL_BOOLS:
		return (struct str){ a->value.p, attribute_n(a) * sizeof(bool) };
	case ORIEL_INTS:
	case ORIEL_F64S:
		return (struct str){ a->value.p, (size_t)attribute_n(a) * 8 };
	case ORIEL_BOOL:
	case ORIEL_INT:
	case ORIEL_F64:
	case ORIEL_STRS:
		break;
	}
	return (struct str){ (const char *)&a->value, 8 };
}

/* At most `room` bytes, only counted if `to` is NULL. */
static size_t text_write(struct str text, unsigned char *to, size_t room)
{
	text = seen_of(text);
	if (redact_is_loud(text.p, text.n))
		return redact_text(&process.redact, text, (char *)to, room);
	text.n = encode_cut(text.p, text.n, room);
	if (to && text.n)
		memcpy(to, text.p, text.n);
	return text.n;
}

static size_t strings_write(const struct oriel_attribute *a, unsigned char *to, size_t room)
{
	const char *const *s = a->value.p;
	size_t at = 0;

	for (uint32_t i = 0; i < attribute_n(a) && at + 2 <= room; i++) {
		uint16_t n =
			(uint16_t)text_write(str_of(s[i]), to ? to + at + 2 : NULL, room - at - 2);

		if (to)
			memcpy(to + at, &n, sizeof(n));
		at += 2u + n;
	}
	return at;
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
		break; /* of what is written of them, that is counted */
	}
	return SIZE_MAX;
}

static size_t number_write(const struct oriel_attribute *a, unsigned char *to, size_t room)
{
	size_t n = encode_value_bytes(a);

	if (to && n <= room)
		memcpy(to, value_of(a).p, n);
	return n;
}

static size_t kept_write(const struct oriel_attribute *a, unsigned char *to, size_t room)
{
	if (attribute_type(a) == ORIEL_STRS)
		return strings_write(a, to, room);
	if (attribute_type(a) == ORIEL_STR || attribute_type(a) == ORIEL_BYTES)
		return text_write(value_of(a), to, room);
	return number_write(a, to, room);
}

/*
 * What goes out in place of a loud value: at most `room` bytes, which are counted only if `to` is
 * NULL. *type is what it is then; 0: nothing goes out, not even its key.
 */
static size_t value_write(const struct oriel_attribute *a, unsigned char *to, size_t room,
			  unsigned *type)
{
	enum redact_action action = action_of(a);
	char mark[REDACT_MARK_MOST];
	size_t n;

	*type = attribute_type(a);
	if (!action)
		return kept_write(a, to, room);
	/* Texts in an array lie here and there: their hash would be of where. */
	if (action == REDACT_HASH && *type == ORIEL_STRS)
		action = REDACT_MASK;
	*type = action == REDACT_DROP ? 0 : ORIEL_STR;
	n = redact_mark(&process.redact, action, value_of(a), mark);
	if (n > room)
		n = room;
	if (to)
		memcpy(to, mark, n);
	return n;
}

unsigned char *encode_loud(unsigned char *to, const struct oriel_attribute *a, size_t room)
{
	size_t key_n = attribute_key_n(a), before = WIRE_ATTRIBUTE_HEAD + key_n, n;
	uint32_t head;
	unsigned type;

	if (attribute_is_prepared(a))
		return room < attribute_n(a) ? to : encode_copy(to, a->value.p, attribute_n(a));
	if (attribute_is_none(a) || room < before)
		return to;
	n = value_write(a, to + before, room - before, &type);
	if (!type || n > room - before)
		return to;
	head = (uint32_t)(a->shape & (0xff00 | WIRE_KNOWN)) | type | (uint32_t)n << 16;
	memcpy(to, &head, sizeof(head));
	if (key_n)
		memcpy(to + WIRE_ATTRIBUTE_HEAD, a->key, key_n);
	return to + before + n;
}

/* Texts of arrays and bytes are looked into when they are written. */
static bool is_quiet_at_all(const struct oriel_attribute *a)
{
	if (attribute_is_prepared(a))
		return true;
	if (attribute_type(a) == ORIEL_STRS || attribute_n(a) > RECORD_MOST)
		return false;
	if (attribute_type(a) > ORIEL_BYTES)
		return attribute_known(a) ? !(judged_known[attribute_known(a)] & ~JUDGED_CLEAN)
					  : judged_key(a->key, attribute_key_n(a));
	return encode_is_quiet(a);
}

struct encode_text encode_text_slow(struct str text, size_t most)
{
	struct str seen = str_first(text, most + REDACT_AHEAD);
	struct encode_text t = { seen, 0, redact_is_loud(seen.p, seen.n) };

	t.n = text_write(seen, NULL, most);
	if (t.loud ? t.n == most : t.n < text.n)
		process_lose(LOSS_values_cut, 1);
	return t;
}

unsigned char *encode_text_loud(unsigned char *to, const struct encode_text *t)
{
	size_t n = redact_text(&process.redact, t->text, (char *)to, t->n);

	memset(to + n, ' ', t->n - n); /* another thread changed it meanwhile */
	return to + t->n;
}

/* ---- the longer way -------------------------------------------------------------------------------- */

/* What it takes, its head and key too; 0: nothing. */
static size_t encode_bytes(const struct oriel_attribute *a, bool quiet)
{
	size_t before = WIRE_ATTRIBUTE_HEAD + attribute_key_n(a), n;
	unsigned type = attribute_type(a);

	if (attribute_is_none(a))
		return 0;
	if (attribute_is_prepared(a))
		return attribute_n(a);
	n = quiet ? encode_value_bytes(a) : value_write(a, NULL, RECORD_MOST, &type);
	if (!type)
		return 0;
	return n > RECORD_MOST ? RECORD_MOST + 1 : before + n;
}

/* The last attribute that fits may be a string that is cut; the rest is left out and counted. */
static struct encode encode_short(struct encode e, struct oriel_attributes a, size_t most)
{
	const struct oriel_attribute *x = &a.item[e.n];
	size_t head = WIRE_ATTRIBUTE_HEAD + attribute_key_n(x), left = most - e.bytes;

	if (attribute_type(x) == ORIEL_STR && left >= head + 16) {
		e.cut = encode_is_loud(&e, e.n)
				? value_write(x, NULL, left - head, &(unsigned){ 0 })
				: encode_cut(x->value.p, attribute_n(x), left - head);
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
		bool quiet = attribute_is_none(x) || (e.n < 64 && is_quiet_at_all(x));
		size_t bytes = encode_bytes(x, quiet);

		if (!quiet && e.n < 64)
			e.loud |= 1ull << e.n;
		if (e.bytes + bytes > most)
			return encode_short(e, a, most);
		e.bytes += bytes;
	}
	return e;
}

unsigned char *encode_odd(unsigned char *to, const struct oriel_attribute *a, size_t *value_n)
{
	if (attribute_type(a) != ORIEL_STR)
		*value_n = encode_value_bytes(a);
	return *value_n ? encode_copy(to, a->value.p, *value_n) : to;
}

/* There is room for it. */
static inline unsigned char *encode_try_known(unsigned char *to, const struct oriel_attribute *x)
{
	uint64_t shape = x->shape, bits = (uint64_t)x->value.integer;
	unsigned type = shape & (WIRE_KNOWN - 1);
	uint8_t judged = judged_known[(uint8_t)(shape >> 8)];

	if (__builtin_expect(type > ORIEL_STR || (judged & ~JUDGED_CLEAN), 0))
		return NULL;
	memcpy(to, &(uint32_t){ (uint32_t)shape }, 4);
	to += WIRE_ATTRIBUTE_HEAD;
	if (type != ORIEL_STR) {
		memcpy(to, &bits, 8);
		return to + (uint32_t)(shape >> 16);
	}
	if (!judged && !judged_text((const char *)bits, (uint32_t)(shape >> 16)))
		return NULL;
	return encode_copy(to, (const char *)bits, (uint32_t)(shape >> 16));
}

/* What encode_try has no quick yes for: keys that are numbers, rows, and what is to be judged yet. */
static __attribute__((noinline)) unsigned char *encode_try_any(unsigned char *to,
							       const unsigned char *end,
							       struct oriel_attributes a)
{
	for (const struct oriel_attribute *x = a.item, *last = x + a.n; x < last; x++) {
		size_t key_n = attribute_key_n(x), value_n = attribute_n(x);
		unsigned char *value = to + WIRE_ATTRIBUTE_HEAD + key_n;

		if (value + value_n > end)
			return NULL;
		if (x->shape & WIRE_KNOWN) {
			to = encode_try_known(to, x);
			if (!to)
				return NULL;
			continue;
		}
		if (attribute_is_prepared(x)) {
			to = encode_copy(to, x->value.p, value_n);
			continue;
		}
		if (!encode_is_plain(x) || !encode_is_quiet(x))
			return NULL;
		memcpy(to, &(uint32_t){ (uint32_t)x->shape }, 4);
		encode_copy(to + WIRE_ATTRIBUTE_HEAD, x->key, key_n);
		if (attribute_type(x) == ORIEL_STR)
			encode_copy(value, x->value.p, value_n);
		else
			memcpy(value, &x->value, 8);
		to = value + value_n;
	}
	return to;
}

/*
 * Keys that are literals and judged, numbers, and short or judged texts; what comes from the first
 * other one on is somebody else's. A leaf, and all that is read of an attribute is read before anything
 * is written: no register is saved, and nothing read twice. A key of no length is never judged.
 */
unsigned char *encode_try(unsigned char *to, const unsigned char *end, struct oriel_attributes a)
{
	const struct oriel_attribute *x = a.item, *last = x + a.n;

	if (x->shape & WIRE_KNOWN)
		return encode_try_any(to, end, a);
	do {
		uint64_t shape = x->shape, bits = (uint64_t)x->value.integer;
		size_t key_n = (uint8_t)(shape >> 8), value_n = shape >> 16;
		const char *key = x->key;
		unsigned char *value = to + WIRE_ATTRIBUTE_HEAD + key_n;

		if (__builtin_expect(value + value_n > end || (uint8_t)shape > ORIEL_STR ||
					     judged_at(judged_keys, key) != (uintptr_t)key,
				     0))
			break;
		encode_copy(to + WIRE_ATTRIBUTE_HEAD, key, key_n);
		memcpy(to, &(uint32_t){ (uint32_t)shape }, 4);
		if ((uint8_t)shape != ORIEL_STR)
			memcpy(value, &bits, 8);
		else if (value_n < REDACT_LEAST || judged_at(judged_texts, (const char *)bits) ==
							   (bits | value_n << JUDGED_LENGTH_SHIFT))
			encode_copy(value, (const char *)bits, value_n);
		else
			break;
		to = value + value_n;
	} while (++x < last);
	if (__builtin_expect(x == last, 1))
		return to;
	return encode_try_any(to, end, (struct oriel_attributes){ x, (size_t)(last - x) });
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
