/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/otlp-json.h"

#include "base/base64.h"
#include "base/hex.h"
#include "export/protobuf.h"
#include "receive/json-read.h"
#include "receive/otlp-schema.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MOST = 128, NUMBER_MOST = 64 };

struct shaping {
	struct json_reader in;
	struct out *o;
	const char *field; /* the one that is of the wrong shape */
};

static void shape(struct shaping *s, const struct schema *message, unsigned depth);

static void wrong(struct shaping *s, const struct schema_field *f)
{
	if (!s->in.bad)
		s->field = f->name;
	s->in.bad = true;
}

/* ---- plain values ------------------------------------------------------------------------------- */

/* A number's digits, which may stand in a text. */
static bool take_number(struct shaping *s, const struct schema_field *f, char to[NUMBER_MOST])
{
	struct str digits = { "", 0 };
	enum json_kind kind = json_peek(&s->in);

	if (kind == JSON_IS_TEXT)
		json_text(&s->in, &digits);
	else if (kind == JSON_IS_NUMBER)
		json_number(&s->in, &digits);
	if (s->in.bad)
		return false;
	if (!digits.n || digits.n >= NUMBER_MOST) {
		wrong(s, f);
		return false;
	}
	memcpy(to, digits.p, digits.n);
	to[digits.n] = '\0';
	return true;
}

static bool digits_to_double(const char *digits, double *v)
{
	char *end;

	*v = strtod(digits, &end);
	return end != digits && !*end;
}

/* Any 64 bits, with a sign or without; also a whole number in another form, such as 1e3. */
static bool digits_to_bits(const char *digits, uint64_t *v)
{
	bool minus = digits[0] == '-';
	uint64_t size;
	double number;

	if (str_to_u64(str_of(digits + minus), &size)) {
		*v = minus ? -size : size;
		return !minus || size <= (uint64_t)INT64_MAX + 1;
	}
	if (!digits_to_double(digits, &number) || number != floor(number) ||
	    !(number >= -0x1p63 && number < 0x1p63))
		return false;
	*v = (uint64_t)(int64_t)number;
	return true;
}

static void write_bits(struct shaping *s, const struct schema_field *f, uint64_t v)
{
	if (f->type == SCHEMA_FIXED64)
		proto_fixed64_always(s->o, f->number, v);
	else if (f->type == SCHEMA_FIXED32)
		proto_fixed32(s->o, f->number, (uint32_t)v);
	else if (f->type == SCHEMA_ZIGZAG)
		proto_u64_always(s->o, f->number, (v << 1) ^ -(v >> 63));
	else
		proto_u64_always(s->o, f->number, v);
}

static void shape_bits(struct shaping *s, const struct schema_field *f)
{
	char digits[NUMBER_MOST];
	uint64_t v;

	if (!take_number(s, f, digits))
		return;
	if (digits_to_bits(digits, &v))
		write_bits(s, f, v);
	else
		wrong(s, f);
}

static void shape_double(struct shaping *s, const struct schema_field *f)
{
	char digits[NUMBER_MOST];
	double v;

	if (!take_number(s, f, digits))
		return;
	if (strcmp(digits, "NaN") == 0)
		v = NAN;
	else if (!digits_to_double(digits, &v)) /* which knows the infinities */
		wrong(s, f);
	if (!s->in.bad)
		proto_double_always(s->o, f->number, v);
}

/* A name that nobody knows is as good as none. */
static void shape_enum(struct shaping *s, const struct schema_field *f)
{
	const struct schema_name *n = f->names;
	struct str name;

	if (json_peek(&s->in) != JSON_IS_TEXT) {
		shape_bits(s, f);
		return;
	}
	if (!json_text(&s->in, &name))
		return;
	while (n->name && !str_eq(name, str_of(n->name)))
		n++;
	if (n->name)
		proto_u64_always(s->o, f->number, n->value);
}

/* What is no id is empty, so that the one item is rejected, and not all of them. */
static void shape_id(struct shaping *s, const struct schema_field *f)
{
	uint8_t id[16];
	struct str digits;

	if (!json_text(&s->in, &digits))
		return;
	if (digits.n <= 2 * sizeof(id) && hex_read(id, digits.n / 2, digits, true))
		proto_bytes(s->o, f->number, id, digits.n / 2);
	else
		proto_bytes(s->o, f->number, "?", 1);
}

/* As OpenTelemetry's exporter for Node writes them: { "0": 255, "1": 7 }. */
static void shape_numbered_bytes(struct shaping *s, const struct schema_field *f)
{
	struct json_loop in = { 0 };
	struct out bytes = { 0 };
	struct str key, digits;
	uint64_t v = 0;

	while (json_member(&s->in, &in, &key) && json_number(&s->in, &digits)) {
		if (!str_to_u64(digits, &v) || v > UINT8_MAX)
			wrong(s, f);
		out_char(&bytes, (char)v);
	}
	proto_bytes_always(s->o, f->number, bytes.p, bytes.n);
	out_fini(&bytes);
}

static void shape_bytes(struct shaping *s, const struct schema_field *f)
{
	struct str digits;
	size_t room, n;
	char *to;

	if (json_peek(&s->in) == JSON_IS_OBJECT) {
		shape_numbered_bytes(s, f);
		return;
	}
	if (!json_text(&s->in, &digits))
		return;
	room = digits.n / 4 * 3 + 3;
	to = arena_take(&s->in.scratch, room);
	if (to && base64_read(to, room, digits, &n))
		proto_bytes_always(s->o, f->number, to, n);
	else
		wrong(s, f);
}

static void shape_string(struct shaping *s, const struct schema_field *f)
{
	struct str text;

	if (json_text(&s->in, &text))
		proto_string_always(s->o, f->number, text);
}

static void shape_bool(struct shaping *s, const struct schema_field *f)
{
	bool truth;

	if (json_truth(&s->in, &truth))
		proto_u64_always(s->o, f->number, truth);
}

/* ---- messages ----------------------------------------------------------------------------------- */

/* What is nested so deep that nobody would read it is left empty. */
static void shape_message(struct shaping *s, const struct schema_field *f, unsigned depth)
{
	enum proto_guess guess = depth < 3 ? PROTO_ABOUT_1M : PROTO_ABOUT_100;
	struct proto_message m;

	if (json_peek(&s->in) != JSON_IS_OBJECT) {
		wrong(s, f);
		return;
	}
	m = proto_open(s->o, f->number, guess);
	if (depth < DEPTH_MOST)
		shape(s, f->message, depth + 1);
	else
		json_skip(&s->in);
	proto_close(s->o, m);
}

static void shape_one(struct shaping *s, const struct schema_field *f, unsigned depth)
{
	switch (f->type) {
	case SCHEMA_MESSAGE:
		shape_message(s, f, depth);
		break;
	case SCHEMA_STRING:
		shape_string(s, f);
		break;
	case SCHEMA_BYTES:
		shape_bytes(s, f);
		break;
	case SCHEMA_ID:
		shape_id(s, f);
		break;
	case SCHEMA_BOOL:
		shape_bool(s, f);
		break;
	case SCHEMA_ENUM:
		shape_enum(s, f);
		break;
	case SCHEMA_DOUBLE:
		shape_double(s, f);
		break;
	case SCHEMA_VARINT:
	case SCHEMA_ZIGZAG:
	case SCHEMA_FIXED32:
	case SCHEMA_FIXED64:
		shape_bits(s, f);
		break;
	}
	if (s->in.bad && !s->field)
		s->field = f->name;
}

static void shape_field(struct shaping *s, const struct schema_field *f, unsigned depth)
{
	struct json_loop in = { 0 };

	if (!f || json_peek(&s->in) == JSON_IS_NULL)
		json_skip(&s->in);
	else if (!f->repeated)
		shape_one(s, f, depth);
	else
		while (json_element(&s->in, &in) && !s->o->error)
			shape_one(s, f, depth);
}

static void shape(struct shaping *s, const struct schema *message, unsigned depth)
{
	struct json_loop in = { 0 };
	struct str key;

	while (!s->o->error && json_member(&s->in, &in, &key))
		shape_field(s, schema_find(message, key), depth);
}

bool otlp_from_json(struct out *o, enum signal kind, struct str body, char why[RECEIPT_WHY])
{
	struct shaping s = { .in = { .at = body.p, .end = body.p + body.n }, .o = o };
	bool whole;

	shape(&s, schema_request(kind), 0);
	whole = !o->error && json_whole(&s.in);
	if (!whole)
		snprintf(why, RECEIPT_WHY, "this is no such message in JSON: byte %zu%s%s",
			 (size_t)(s.in.at - body.p), s.field ? ", " : "", s.field ? s.field : "");
	json_reader_fini(&s.in);
	return whole;
}
