/* SPDX-License-Identifier: Apache-2.0 */
#include "export/prometheus-labels.h"

#include "model/value-json.h"
#include "base/utf8.h"
#include "export/prometheus-name.h"

#include <stdlib.h>

enum { SCALAR_MOST = 32, SLACK = 16 };

/* ---- values ---------------------------------------------------------------------------------------- */

static char *escape_slowly(char *w, struct str *text, bool quotes, bool *replaced)
{
	size_t n = utf8_length(*text);
	char c = text->p[0];

	if (!n || !c) {
		memcpy(w, UTF8_REPLACEMENT, 3);
		*text = str_from(*text, 1);
		*replaced = true;
		return w + 3;
	}
	if (c == '\\' || c == '\n' || (c == '"' && quotes)) {
		*w++ = '\\';
		*w++ = c == '\n' ? 'n' : c;
	} else {
		memcpy(w, text->p, n);
		w += n;
	}
	*text = str_from(*text, n);
	return w;
}

typedef uint8_t sixteen __attribute__((vector_size(16)));

/* Bytes that need a second look, as ones in any of their bits. */
static inline sixteen odd_ones(sixteen v)
{
	return (sixteen)((v >= 0x80) | (v == 0) | (v == '\n') | (v == '"') | (v == '\\'));
}

static inline bool any(sixteen v)
{
	uint64_t half[2];

	memcpy(half, &v, sizeof(half));
	return half[0] | half[1];
}

/* Both ends, which overlap where it is short. */
static inline bool copy_short(char *w, struct str text)
{
	sixteen v = { 0 };

	v |= 'a';
	if (text.n >= 8) {
		memcpy(&v, text.p, 8);
		memcpy((char *)&v + 8, text.p + text.n - 8, 8);
		memcpy(w, &v, 8);
		memcpy(w + text.n - 8, (char *)&v + 8, 8);
	} else if (text.n >= 4) {
		memcpy(&v, text.p, 4);
		memcpy((char *)&v + 4, text.p + text.n - 4, 4);
		memcpy(w, &v, 4);
		memcpy(w + text.n - 4, (char *)&v + 4, 4);
	} else if (text.n) {
		v[0] = (uint8_t)text.p[0];
		v[1] = (uint8_t)text.p[text.n / 2];
		v[2] = (uint8_t)text.p[text.n - 1];
		w[0] = (char)v[0];
		w[text.n / 2] = (char)v[1];
		w[text.n - 1] = (char)v[2];
	}
	return !any(odd_ones(v));
}

/* Most values are plain: copied as they are. False: something in it isn't. */
static inline bool copy_plain(char *w, struct str text)
{
	sixteen v, odd = { 0 };

	if (text.n < 16)
		return copy_short(w, text);
	for (size_t i = 0; i + 16 < text.n; i += 16) {
		memcpy(&v, text.p + i, 16);
		memcpy(w + i, &v, 16);
		odd |= odd_ones(v);
	}
	memcpy(&v, text.p + text.n - 16, 16);
	memcpy(w + text.n - 16, &v, 16);
	return !any(odd | odd_ones(v));
}

static inline char *escape(char *w, struct str text, bool quotes, bool *replaced)
{
	if (copy_plain(w, text))
		return w + text.n;
	while (text.n)
		w = escape_slowly(w, &text, quotes, replaced);
	return w;
}

char *labels_escape(char *w, struct str text, bool quotes)
{
	bool replaced;

	return escape(w, text, quotes, &replaced);
}

void labels_scalar(struct out *o, const struct value *v)
{
	struct json j = { .out = o };

	if (v->type == VALUE_INT)
		out_i64(o, v->integer);
	else if (v->type != VALUE_EMPTY)
		value_json(&j, v);
}

static struct str value_text(struct labels *l, const struct value *v)
{
	if (v->type == VALUE_STRING)
		return v->text;
	out_clear(&l->text);
	labels_scalar(&l->text, v);
	return l->text.error ? STR("") : out_all(&l->text);
}

/* ---- the shape ------------------------------------------------------------------------------------- */

void labels_begin(struct labels *l, struct str own)
{
	l->n_fixed = 0;
	l->own = own;
	l->shaped = false;
	l->n_known = 0;
	l->may_clash = false;
}

void labels_fix(struct labels *l, struct str name, struct str value)
{
	if (l->n_fixed == LABELS_FIXED)
		return;
	l->fixed[l->n_fixed].name = name;
	l->fixed[l->n_fixed++].value = value;
}

void labels_fini(struct labels *l)
{
	out_fini(&l->names);
	out_fini(&l->text);
	out_fini(&l->line);
}

/* Most keys lie in one place for all. */
static inline bool same_key(struct str a, struct str b)
{
	return a.p == b.p ? a.n == b.n : str_eq(a, b);
}

static struct str name_of(const struct labels *l, const struct label *label)
{
	return (struct str){ l->names.p + label->at, label->n };
}

static int by_name(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int r = memcmp(a.p, b.p, n);

	return r ? r : (a.n > b.n) - (a.n < b.n);
}

/* Sorted in among those that are there; of equals, in the order in which they came: their values are joined. */
static void label_sort_in(struct labels *l, struct label label)
{
	size_t i = l->n_labels++;

	while (i && by_name(name_of(l, &l->label[i - 1]), name_of(l, &label)) > 0) {
		l->label[i] = l->label[i - 1];
		i--;
	}
	l->label[i] = label;
}

static bool is_taken(const struct labels *l, struct str name)
{
	if (l->own.n && str_eq(name, l->own))
		return true;
	for (size_t i = 0; i < l->n_fixed; i++)
		if (str_eq(l->fixed[i].name, name))
			return true;
	return false;
}

static void add_attribute(struct labels *l, struct str key, size_t i)
{
	size_t at = l->names.n;
	struct str name;

	prometheus_label_name(&l->names, key);
	if (l->names.error)
		return;
	name = (struct str){ l->names.p + at, l->names.n - at };
	if (is_taken(l, name)) {
		l->names.n = at;
		out_str(&l->names, STR("exported_"));
		prometheus_label_name(&l->names, key);
	}
	if (!l->names.error)
		label_sort_in(l, (struct label){ (uint32_t)at, (uint32_t)(l->names.n - at),
						 (int32_t)i });
}

static void add_fixed(struct labels *l, size_t i)
{
	uint32_t at = (uint32_t)l->names.n;

	out_str(&l->names, l->fixed[i].name);
	if (!l->names.error)
		label_sort_in(l,
			      (struct label){ at, (uint32_t)(l->names.n - at), -1 - (int32_t)i });
}

static void end_piece(struct labels *l, uint32_t at, int32_t from)
{
	uint32_t n = (uint32_t)l->names.n - at;

	l->piece[l->n_pieces++] = (struct label_piece){ at, n, from };
	l->pieces_n += n;
}

/* `name="`, with what ends the label before it; for one that is its equal just ";". */
static void write_name(struct labels *l, size_t i)
{
	const struct label *label = &l->label[i];

	if (!out_reserve(&l->names, label->n + 8))
		return;
	if (i && str_eq(name_of(l, label - 1), name_of(l, label))) {
		out_char(&l->names, ';');
		return;
	}
	if (i)
		out_str(&l->names, STR("\","));
	out_str(&l->names, name_of(l, label));
	out_str(&l->names, STR("=\""));
}

static void write_fixed_value(struct labels *l, struct str value)
{
	struct out *o = &l->names;

	if (out_reserve(o, value.n * 3))
		o->n = (size_t)(labels_escape(o->p + o->n, value, true) - o->p);
}

static void write_pieces(struct labels *l)
{
	uint32_t at = (uint32_t)l->names.n;

	for (size_t i = 0; i < l->n_labels; i++) {
		int32_t from = l->label[i].from;

		write_name(l, i);
		if (from < 0) {
			write_fixed_value(l, l->fixed[-1 - from].value);
			continue;
		}
		end_piece(l, at, from);
		at = (uint32_t)l->names.n;
	}
	if (l->n_labels)
		out_char(&l->names, '"');
	end_piece(l, at, -1);
	out_reserve(&l->names, SLACK);
}

static uint32_t mix(uint32_t hash, struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		hash = (hash ^ (unsigned char)text.p[i]) * 16777619u;
	return (hash ^ 0xff) * 16777619u;
}

/* A value that isn't of these kinds may have the text of another. */
static bool tells_apart(enum value_type type)
{
	return type == VALUE_STRING || type == VALUE_INT || type == VALUE_BOOL;
}

/* Is there another shape that is written as this one is? */
static void shape_know(struct labels *l)
{
	struct labels_known is = { 2166136261u, 2166136261u };

	for (size_t i = 0; i < l->n_labels; i++) {
		is.written = mix(is.written, name_of(l, &l->label[i]));
		l->may_clash |= i && str_eq(name_of(l, &l->label[i - 1]), name_of(l, &l->label[i]));
	}
	for (size_t i = 0; i < l->n_keys; i++) {
		is.from = (mix(is.from, l->key[i]) ^ (uint32_t)l->type[i]) * 16777619u;
		l->may_clash |= !tells_apart(l->type[i]);
	}
	for (size_t i = 0; i < l->n_known; i++)
		if (l->known[i].written == is.written) {
			l->may_clash |= l->known[i].from != is.from;
			return;
		}
	if (l->n_known == LABELS_SHAPES)
		l->may_clash = true;
	else
		l->known[l->n_known++] = is;
}

static bool labels_shape(struct labels *l, struct attributes a)
{
	size_t n = a.n;

	out_clear(&l->names);
	out_reserve(&l->names, 1); /* so that it is somewhere, even for no label at all */
	l->n_labels = 0;
	l->n_pieces = l->pieces_n = 0;
	for (size_t i = 0; i < l->n_fixed; i++)
		add_fixed(l, i);
	for (size_t i = 0; i < n; i++) {
		l->key[i] = a.item[i].key;
		l->type[i] = a.item[i].value.type;
		add_attribute(l, a.item[i].key, i);
	}
	l->n_keys = n;
	if (!l->names.error) {
		shape_know(l);
		write_pieces(l);
	}
	l->shaped = !l->names.error;
	return l->shaped;
}

/* ---- writing --------------------------------------------------------------------------------------- */

static size_t value_bound(struct labels *l, const struct value *v)
{
	if (v->type == VALUE_STRING)
		return v->text.n * 3;
	if (v->type == VALUE_INT || v->type == VALUE_DOUBLE || v->type == VALUE_BOOL)
		return SCALAR_MOST;
	return value_text(l, v).n * 3;
}

/* 0: it is of another shape. */
static inline size_t bound_of(struct labels *l, struct attributes a)
{
	size_t n = l->pieces_n + SLACK;

	if (!l->shaped || a.n != l->n_keys)
		return 0;
	for (size_t i = 0; i < a.n; i++) {
		const struct attribute *item = &a.item[i];

		if (item->value.type != l->type[i] || !same_key(item->key, l->key[i]))
			return 0;
		n += value_bound(l, &item->value);
	}
	return n;
}

size_t labels_bound(struct labels *l, const struct metric_point *p)
{
	struct attributes a = p->attributes;
	size_t n = bound_of(l, a);

	if (n)
		return n;
	if (a.n > LABELS_MOST) {
		a.n = LABELS_MOST;
		l->shaped = false;
	}
	return labels_shape(l, a) ? bound_of(l, a) : 0;
}

/* In whole sixteens: there is that much behind both. */
static inline char *copy_piece(char *w, const char *from, size_t n)
{
	for (size_t i = 0; i < n; i += SLACK) {
		sixteen v;

		memcpy(&v, from + i, SLACK);
		memcpy(w + i, &v, SLACK);
	}
	return w + n;
}

char *labels_copy(char *w, struct str text)
{
	return copy_piece(w, text.p, text.n);
}

char *labels_write(struct labels *l, char *w, const struct metric_point *p)
{
	for (const struct label_piece *piece = l->piece;; piece++) {
		w = copy_piece(w, l->names.p + piece->at, piece->n);
		if (piece->from < 0)
			return w;
		w = escape(w, value_text(l, &p->attributes.item[piece->from].value), true,
			   &l->may_clash);
	}
}

struct str labels_of(struct labels *l, const struct metric_point *p)
{
	size_t most = labels_bound(l, p);

	out_clear(&l->line);
	if (!most || !out_reserve(&l->line, most))
		return (struct str){ "", 0 };
	return (struct str){ l->line.p, (size_t)(labels_write(l, l->line.p, p) - l->line.p) };
}
