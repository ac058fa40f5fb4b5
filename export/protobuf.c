/* SPDX-License-Identifier: Apache-2.0 */
#include "export/protobuf.h"

#include "base/utf8.h"

struct proto_message proto_open(struct out *o, uint32_t field, enum proto_guess guess)
{
	char *p = proto_room(o, PUT_TAG_MOST + PUT_VARINT_MOST);

	if (p)
		proto_take(o, put_tag(p, field, PROTO_BYTES) + guess);
	return (struct proto_message){ o->n, guess };
}

void proto_close(struct out *o, struct proto_message m)
{
	if (o->error)
		return;

	size_t n = o->n - m.body;
	size_t size = proto_varint_size(n);

	if (size != m.guess) {
		if (!proto_room(o, PUT_VARINT_MOST))
			return;
		char *body = o->p + m.body;

		memmove(body + size - m.guess, body, n);
		o->n = o->n + size - m.guess;
	}
	put_varint(o->p + m.body - m.guess, n);
}

void proto_u64_always(struct out *o, uint32_t field, uint64_t v)
{
	char *p = proto_room(o, PUT_TAG_MOST + PUT_VARINT_MOST);

	if (p)
		proto_take(o, put_varint(put_tag(p, field, PROTO_VARINT), v));
}

void proto_u64(struct out *o, uint32_t field, uint64_t v)
{
	if (v)
		proto_u64_always(o, field, v);
}

void proto_fixed64_always(struct out *o, uint32_t field, uint64_t v)
{
	char *p = proto_room(o, PUT_TAG_MOST + sizeof(v));

	if (p)
		proto_take(o, put_fixed64(put_tag(p, field, PROTO_FIXED64), v));
}

void proto_fixed64(struct out *o, uint32_t field, uint64_t v)
{
	if (v)
		proto_fixed64_always(o, field, v);
}

void proto_fixed32(struct out *o, uint32_t field, uint32_t v)
{
	char *p = v ? proto_room(o, PUT_TAG_MOST + sizeof(v)) : NULL;

	if (p)
		proto_take(o, put_fixed32(put_tag(p, field, PROTO_FIXED32), v));
}

void proto_double_always(struct out *o, uint32_t field, double v)
{
	char *p = proto_room(o, PUT_TAG_MOST + sizeof(v));

	if (p)
		proto_take(o, put_double(put_tag(p, field, PROTO_FIXED64), v));
}

void proto_bytes_always(struct out *o, uint32_t field, const void *bytes, size_t n)
{
	char *p = proto_room(o, PUT_TAG_MOST + PUT_VARINT_MOST);

	if (!p)
		return;
	proto_take(o, put_varint(put_tag(p, field, PROTO_BYTES), n));
	out_bytes(o, bytes, n);
}

void proto_bytes(struct out *o, uint32_t field, const void *bytes, size_t n)
{
	if (n)
		proto_bytes_always(o, field, bytes, n);
}

static struct str text_skip_ascii(struct str s)
{
	uint64_t word;

	while (s.n >= sizeof(word)) {
		memcpy(&word, s.p, sizeof(word));
		if (word & PUT_NOT_ASCII)
			break;
		s = str_from(s, sizeof(word));
	}
	return s;
}

bool proto_text_ok(struct str s)
{
	for (s = text_skip_ascii(s); s.n;) {
		size_t n = utf8_length(s);

		if (!n)
			return false;
		s = str_from(s, n);
	}
	return true;
}

/* Every byte that starts no valid character becomes one U+FFFD. */
static void text_repair(struct out *o, struct str s)
{
	while (s.n) {
		size_t n = utf8_length(s);

		if (n)
			out_bytes(o, s.p, n);
		else
			out_str(o, STR(UTF8_REPLACEMENT));
		s = str_from(s, n ? n : 1);
	}
}

void proto_string_always(struct out *o, uint32_t field, struct str s)
{
	if (proto_text_ok(s)) {
		proto_bytes_always(o, field, s.p, s.n);
	} else {
		struct proto_message m = proto_open(o, field, PROTO_ABOUT_100);

		text_repair(o, s);
		proto_close(o, m);
	}
}

void proto_string(struct out *o, uint32_t field, struct str s)
{
	if (s.n)
		proto_string_always(o, field, s);
}

void proto_packed_fixed64(struct out *o, uint32_t field, const uint64_t *v, size_t n)
{
	if (!n || n > SIZE_MAX / 16)
		return;
	char *p = proto_room(o, PUT_TAG_MOST + PUT_VARINT_MOST + 8 * n);

	if (!p)
		return;
	p = put_varint(put_tag(p, field, PROTO_BYTES), 8 * n);
	for (size_t i = 0; i < n; i++)
		p = put_fixed64(p, v[i]);
	proto_take(o, p);
}

void proto_packed_double(struct out *o, uint32_t field, const double *v, size_t n)
{
	if (!n || n > SIZE_MAX / 16)
		return;
	char *p = proto_room(o, PUT_TAG_MOST + PUT_VARINT_MOST + 8 * n);

	if (!p)
		return;
	p = put_varint(put_tag(p, field, PROTO_BYTES), 8 * n);
	for (size_t i = 0; i < n; i++)
		p = put_double(p, v[i]);
	proto_take(o, p);
}
