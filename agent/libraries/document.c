/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/libraries/document.h"

#include "base/utf8.h"

enum { DEPTH_MOST = 6, NAME_MOST = 64 };

static uint32_t number32(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;

	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

struct str document_elements(struct str bytes)
{
	uint32_t n = bytes.n >= 5 ? number32(bytes.p) : 0;

	if (n < 5 || n > bytes.n)
		return (struct str){ 0 };
	return (struct str){ bytes.p + 4, n - 5 };
}

static bool name_cut(struct str *in, struct str *name)
{
	const char *end = in->n ? memchr(in->p, 0, in->n) : NULL;

	if (!end)
		return false;
	*name = (struct str){ in->p, (size_t)(end - in->p) };
	*in = str_from(*in, name->n + 1);
	return true;
}

/* Bytes of a value of this type; SIZE_MAX: more than there is, or no such type. */
static size_t value_bytes(uint8_t type, struct str in)
{
	uint64_t length = in.n >= 4 ? number32(in.p) : SIZE_MAX;
	struct str rest = in, text;

	switch (type) {
	case 0x06: /* undefined, null, the least and the most */
	case 0x0a:
	case 0xff:
	case 0x7f:
		return 0;
	case 0x08:
		return 1;
	case DOCUMENT_INT32:
		return 4;
	case DOCUMENT_DOUBLE:
	case 0x09:
	case 0x11:
	case DOCUMENT_INT64:
		return 8;
	case 0x07:
		return 12;
	case 0x13:
		return 16;
	case DOCUMENT_STRING:
	case 0x0d:
	case 0x0e:
		return length >= 1 && length < in.n ? (size_t)length + 4 : SIZE_MAX;
	case 0x0c:
		return length >= 1 && length < in.n ? (size_t)length + 16 : SIZE_MAX;
	case DOCUMENT_DOCUMENT:
	case DOCUMENT_ARRAY:
	case 0x0f:
		return length >= 5 ? (size_t)length : SIZE_MAX;
	case 0x05:
		return length < in.n ? (size_t)length + 5 : SIZE_MAX;
	case 0x0b:
		return name_cut(&rest, &text) && name_cut(&rest, &text) ? in.n - rest.n : SIZE_MAX;
	}
	return SIZE_MAX;
}

bool document_next(struct str *in, struct document_value *v)
{
	size_t n;

	if (!in->n)
		return false;
	v->type = (uint8_t)in->p[0];
	*in = str_from(*in, 1);
	if (!name_cut(in, &v->name))
		return false;
	n = value_bytes(v->type, *in);
	if (n > in->n) {
		*in = (struct str){ 0 };
		return false;
	}
	v->value = str_first(*in, n);
	if (v->type == DOCUMENT_STRING)
		v->value = (struct str){ in->p + 4, n - 5 };
	*in = str_from(*in, n);
	return true;
}

bool document_find(struct str bytes, const char *name, struct document_value *v)
{
	struct str in = document_elements(bytes), wanted = str_of(name);

	while (document_next(&in, v))
		if (str_eq(v->name, wanted))
			return true;
	return false;
}

int64_t document_count(struct str bytes)
{
	struct str in = document_elements(bytes);
	struct document_value v;
	int64_t n = 0;

	while (document_next(&in, &v))
		n++;
	return n;
}

bool document_integer(const struct document_value *v, int64_t *out)
{
	uint64_t low, high;
	double number;

	switch (v->type) {
	case DOCUMENT_INT32:
		*out = (int32_t)number32(v->value.p);
		return true;
	case DOCUMENT_INT64:
		low = number32(v->value.p);
		high = number32(v->value.p + 4);
		*out = (int64_t)(high << 32 | low);
		return true;
	case DOCUMENT_DOUBLE:
		memcpy(&number, v->value.p, sizeof(number));
		if (!(number > -1e15 && number < 1e15))
			return false;
		*out = (int64_t)number;
		return true;
	}
	return false;
}

/* ---- the shape ----------------------------------------------------------------------------------- */

struct shape {
	char *out;
	size_t n, size;
	bool full;
};

static void add(struct shape *s, const char *p, size_t n)
{
	if (s->full || n >= s->size - s->n) {
		s->full = true;
		return;
	}
	memcpy(s->out + s->n, p, n);
	s->n += n;
}

/* In quotes; what is no text, or would end them, is a dot. */
static void add_text(struct shape *s, struct str text)
{
	text = str_first(text, NAME_MOST);
	add(s, "\"", 1);
	while (text.n) {
		size_t n = utf8_length(text);
		bool good = n > 1 || (n == 1 && text.p[0] >= ' ' && text.p[0] != '"' &&
				      text.p[0] != '\\' && text.p[0] != 0x7f);

		add(s, good ? text.p : ".", good ? n : 1);
		text = str_from(text, n ? n : 1);
	}
	add(s, "\"", 1);
}

static bool is_drivers(struct str name)
{
	return str_starts(name, STR("$db")) || str_starts(name, STR("$cluster")) ||
	       str_starts(name, STR("$read")) || str_eq(name, STR("lsid")) ||
	       str_eq(name, STR("txnNumber"));
}

static void add_document(struct shape *s, struct str bytes, int depth);

static void add_value(struct shape *s, const struct document_value *v, int depth)
{
	struct str in;
	struct document_value item;

	if (depth < DEPTH_MOST && v->type == DOCUMENT_DOCUMENT) {
		add_document(s, v->value, depth + 1);
	} else if (depth < DEPTH_MOST && v->type == DOCUMENT_ARRAY) {
		in = document_elements(v->value);
		add(s, "[", 1);
		if (document_next(&in, &item))
			add_value(s, &item, depth + 1);
		add(s, in.n ? ",...]" : "]", in.n ? 5 : 1);
	} else
		add(s, "\"?\"", 3);
}

static void add_document(struct shape *s, struct str bytes, int depth)
{
	struct str in = document_elements(bytes);
	struct document_value v;
	bool first = true;

	add(s, "{", 1);
	while (!s->full && document_next(&in, &v)) {
		if (!depth && is_drivers(v.name))
			continue;
		if (!first)
			add(s, ",", 1);
		add_text(s, v.name);
		add(s, ":", 1);
		if (!depth && first && v.type == DOCUMENT_STRING)
			add_text(s, v.value);
		else
			add_value(s, &v, depth);
		first = false;
	}
	add(s, "}", 1);
}

size_t document_shape(struct str bytes, char *out, size_t size)
{
	struct shape s = { .out = out, .size = size };

	add_document(&s, bytes, 0);
	return s.n;
}
