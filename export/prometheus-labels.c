/* SPDX-License-Identifier: Apache-2.0 */
#include "export/prometheus-labels.h"

#include "model/value-json.h"
#include "base/utf8.h"
#include "export/prometheus-name.h"

#include <stdlib.h>

enum { SCALAR_MOST = 32 };

/* ---- values ---------------------------------------------------------------------------------------- */

static char *escape_slowly(char *w, struct str *text, bool quotes)
{
	size_t n = utf8_length(*text);
	char c = text->p[0];

	if (!n || !c) {
		memcpy(w, UTF8_REPLACEMENT, 3);
		*text = str_from(*text, 1);
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

#define EACH(byte) (0x0101010101010101ull * (byte))

/* A high bit for each byte that is zero; borrows may set more above it, which only costs time. */
static inline uint64_t zeros(uint64_t v)
{
	return (v - EACH(1)) & ~v & EACH(0x80);
}

/* Nothing in these eight bytes needs a second look. */
static inline bool is_plain(uint64_t v)
{
	return !((v & EACH(0x80)) | zeros(v) | zeros(v ^ EACH('\n')) | zeros(v ^ EACH('"')) |
		 zeros(v ^ EACH('\\')));
}

char *labels_escape(char *w, struct str text, bool quotes)
{
	while (text.n >= 8) {
		uint64_t v;

		memcpy(&v, text.p, 8);
		if (!is_plain(v)) {
			w = escape_slowly(w, &text, quotes);
			continue;
		}
		memcpy(w, &v, 8);
		w += 8;
		text = str_from(text, 8);
	}
	while (text.n) {
		unsigned char c = (unsigned char)text.p[0];

		if (c >= 0x80 || c < ' ' || c == '"' || c == '\\') {
			w = escape_slowly(w, &text, quotes);
		} else {
			*w++ = (char)c;
			text = str_from(text, 1);
		}
	}
	return w;
}

/* What isn't a string, as text: numbers and truths plainly, the rest as JSON. */
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
}

static bool has_shape(const struct labels *l, struct attributes a)
{
	if (!l->shaped || a.n != l->n_keys)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (!str_eq(a.item[i].key, l->key[i]))
			return false;
	return true;
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
}

static bool labels_shape(struct labels *l, struct attributes a)
{
	size_t n = a.n < LABELS_MOST ? a.n : LABELS_MOST;

	out_clear(&l->names);
	out_reserve(&l->names, 1); /* so that it is somewhere, even for no label at all */
	l->n_labels = 0;
	l->n_pieces = l->pieces_n = 0;
	for (size_t i = 0; i < l->n_fixed; i++)
		add_fixed(l, i);
	for (size_t i = 0; i < n; i++) {
		l->key[i] = a.item[i].key;
		add_attribute(l, a.item[i].key, i);
	}
	l->n_keys = n;
	if (!l->names.error)
		write_pieces(l);
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

size_t labels_bound(struct labels *l, const struct metric_point *p)
{
	size_t n;

	if (!has_shape(l, p->attributes) && !labels_shape(l, p->attributes))
		return 0;
	n = l->pieces_n;
	for (size_t i = 0; i < l->n_keys; i++)
		n += value_bound(l, &p->attributes.item[i].value);
	return n + 8;
}

char *labels_write(struct labels *l, char *w, const struct metric_point *p)
{
	for (const struct label_piece *piece = l->piece;; piece++) {
		memcpy(w, l->names.p + piece->at, piece->n);
		w += piece->n;
		if (piece->from < 0)
			return w;
		w = labels_escape(w, value_text(l, &p->attributes.item[piece->from].value), true);
	}
}
