/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/ledger-point.h"

enum { DEPTH_MOST = 4, LIST_MOST = 65536, ATTRIBUTES_MOST = 1024 };

/* ---- writing --------------------------------------------------------------------------------------- */

void ledger_put_u64(struct out *o, uint64_t v)
{
	out_bytes(o, &v, sizeof(v));
}

static void put_f64(struct out *o, double v)
{
	out_bytes(o, &v, sizeof(v));
}

void ledger_put_text(struct out *o, struct str text)
{
	ledger_put_u64(o, text.n);
	out_str(o, text);
}

static void put_list(struct out *o, const void *list, size_t n, size_t size)
{
	ledger_put_u64(o, list ? n : 0);
	if (list)
		out_bytes(o, list, n * size);
}

/* Maps and what is nested deeper become nothing. */
static void put_value(struct out *o, const struct value *v, unsigned depth)
{
	bool deep = depth > DEPTH_MOST || v->type == VALUE_MAP;

	out_char(o, (char)(deep ? VALUE_EMPTY : v->type));
	switch (deep ? VALUE_EMPTY : v->type) {
	case VALUE_BOOL:
		out_char(o, v->boolean);
		break;
	case VALUE_INT:
		ledger_put_u64(o, (uint64_t)v->integer);
		break;
	case VALUE_DOUBLE:
		put_f64(o, v->number);
		break;
	case VALUE_STRING:
	case VALUE_BYTES:
		ledger_put_text(o, v->text);
		break;
	case VALUE_ARRAY:
		ledger_put_u64(o, v->array.n);
		for (size_t i = 0; i < v->array.n; i++)
			put_value(o, &v->array.item[i], depth + 1);
		break;
	default:
		break;
	}
}

void ledger_put_attributes(struct out *o, struct attributes a)
{
	ledger_put_u64(o, a.n);
	for (size_t i = 0; i < a.n; i++) {
		ledger_put_text(o, a.item[i].key);
		put_value(o, &a.item[i].value, 0);
	}
}

static void put_buckets(struct out *o, const struct exponential_buckets *b)
{
	ledger_put_u64(o, (uint64_t)(int64_t)b->offset);
	put_list(o, b->count, b->n, sizeof(*b->count));
}

static void put_counted(struct out *o, const struct metric_point *p)
{
	ledger_put_u64(o, p->count);
	put_f64(o, p->sum);
	put_f64(o, p->min);
	put_f64(o, p->max);
	if (p->kind == METRIC_HISTOGRAM) {
		put_list(o, p->bounds, p->n_bounds, sizeof(*p->bounds));
		put_list(o, p->buckets, p->n_bounds + 1, sizeof(*p->buckets));
		return;
	}
	ledger_put_u64(o, (uint64_t)(int64_t)p->scale);
	ledger_put_u64(o, p->zero_count);
	put_f64(o, p->zero_threshold);
	put_buckets(o, &p->positive);
	put_buckets(o, &p->negative);
	put_list(o, p->quantile, p->n_quantiles, sizeof(*p->quantile));
}

void ledger_put_point(struct out *o, const struct metric_point *p)
{
	static const struct scope none;
	const struct scope *scope = p->scope ? p->scope : &none;

	out_char(o, (char)p->kind);
	out_char(o, p->is_double);
	out_char(o, p->observed);
	out_char(o, (char)p->mode);
	ledger_put_text(o, p->name);
	ledger_put_text(o, p->unit);
	ledger_put_text(o, p->description);
	ledger_put_text(o, scope->name);
	ledger_put_text(o, scope->version);
	ledger_put_text(o, scope->schema_url);
	ledger_put_attributes(o, scope->attributes);
	ledger_put_attributes(o, p->attributes);
	ledger_put_u64(o, p->start_ns);
	ledger_put_u64(o, p->time_ns);
	ledger_put_u64(o, p->set_ns);
	ledger_put_u64(o, (uint64_t)p->integer);
	put_f64(o, p->number);
	if (p->kind >= METRIC_HISTOGRAM)
		put_counted(o, p);
}

/* ---- reading --------------------------------------------------------------------------------------- */

static bool take(struct ledger_bytes *b, void *to, size_t n)
{
	if (b->bad || b->left.n < n) {
		b->bad = true;
		memset(to, 0, n);
		return false;
	}
	memcpy(to, b->left.p, n);
	b->left = str_from(b->left, n);
	return true;
}

static uint8_t get_byte(struct ledger_bytes *b)
{
	uint8_t v;

	take(b, &v, 1);
	return v;
}

uint64_t ledger_get_u64(struct ledger_bytes *b)
{
	uint64_t v;

	take(b, &v, sizeof(v));
	return v;
}

static double get_f64(struct ledger_bytes *b)
{
	double v;

	take(b, &v, sizeof(v));
	return v;
}

struct str ledger_get_text(struct ledger_bytes *b)
{
	uint64_t n = ledger_get_u64(b);
	struct str text = { b->left.p, n };

	if (b->bad || n > b->left.n) {
		b->bad = true;
		return (struct str){ "", 0 };
	}
	b->left = str_from(b->left, n);
	return text;
}

/* Copied: where they lie in the bytes they need not be aligned. */
static void *get_list(struct ledger_bytes *b, size_t *n, size_t size, struct arena *a)
{
	uint64_t count = ledger_get_u64(b);
	void *list;

	*n = 0;
	if (b->bad || count > LIST_MOST || count * size > b->left.n) {
		b->bad = true;
		return NULL;
	}
	if (!count)
		return NULL;
	list = arena_take(a, count * size);
	if (!list || !take(b, list, count * size)) {
		b->bad = true;
		return NULL;
	}
	*n = count;
	return list;
}

static struct value get_value(struct ledger_bytes *b, struct arena *a, unsigned depth);

static void get_array(struct ledger_bytes *b, struct value *v, struct arena *a, unsigned depth)
{
	uint64_t n = ledger_get_u64(b);
	struct value *item =
		n <= LIST_MOST && n <= b->left.n ? arena_take_n(a, struct value, n) : NULL;

	if (!item || depth >= DEPTH_MOST) {
		b->bad = true;
		return;
	}
	for (uint64_t i = 0; i < n; i++)
		item[i] = get_value(b, a, depth + 1);
	v->array.item = item;
	v->array.n = n;
}

static struct value get_value(struct ledger_bytes *b, struct arena *a, unsigned depth)
{
	struct value v = { .type = VALUE_EMPTY };
	uint8_t type = get_byte(b);

	if (type >= VALUE_MAP)
		b->bad = true;
	else
		v.type = (enum value_type)type;
	switch (v.type) {
	case VALUE_BOOL:
		v.boolean = get_byte(b) != 0;
		break;
	case VALUE_INT:
		v.integer = (int64_t)ledger_get_u64(b);
		break;
	case VALUE_DOUBLE:
		v.number = get_f64(b);
		break;
	case VALUE_STRING:
	case VALUE_BYTES:
		v.text = ledger_get_text(b);
		break;
	case VALUE_ARRAY:
		get_array(b, &v, a, depth);
		break;
	default:
		break;
	}
	return v;
}

struct attributes ledger_get_attributes(struct ledger_bytes *b, struct arena *a)
{
	uint64_t n = ledger_get_u64(b);
	struct attribute *item = n <= ATTRIBUTES_MOST ? arena_take_n(a, struct attribute, n) : NULL;

	if (!item) {
		b->bad = true;
		return (struct attributes){ 0 };
	}
	for (uint64_t i = 0; i < n; i++) {
		item[i].key = ledger_get_text(b);
		item[i].value = get_value(b, a, 0);
	}
	return (struct attributes){ item, n, 0 };
}

static void get_buckets(struct ledger_bytes *b, struct exponential_buckets *to, struct arena *a)
{
	to->offset = (int32_t)ledger_get_u64(b);
	to->count = get_list(b, &to->n, sizeof(*to->count), a);
	if ((int64_t)to->offset + (int64_t)to->n > INT32_MAX)
		b->bad = true;
}

static void get_explicit(struct ledger_bytes *b, struct metric_point *p, struct arena *a)
{
	size_t n;

	p->bounds = get_list(b, &p->n_bounds, sizeof(*p->bounds), a);
	p->buckets = get_list(b, &n, sizeof(*p->buckets), a);
	if (n != p->n_bounds + 1)
		b->bad = true;
}

static void get_counted(struct ledger_bytes *b, struct metric_point *p, struct arena *a)
{
	p->count = ledger_get_u64(b);
	p->sum = get_f64(b);
	p->min = get_f64(b);
	p->max = get_f64(b);
	if (p->kind == METRIC_HISTOGRAM) {
		get_explicit(b, p, a);
		return;
	}
	p->scale = (int32_t)ledger_get_u64(b);
	p->zero_count = ledger_get_u64(b);
	p->zero_threshold = get_f64(b);
	get_buckets(b, &p->positive, a);
	get_buckets(b, &p->negative, a);
	p->quantile = get_list(b, &p->n_quantiles, sizeof(*p->quantile), a);
}

static const struct scope *get_scope(struct ledger_bytes *b, struct arena *a)
{
	struct scope *scope = arena_take_n(a, struct scope, 1), got = { .name = { "", 0 } };

	got.name = ledger_get_text(b);
	got.version = ledger_get_text(b);
	got.schema_url = ledger_get_text(b);
	got.attributes = ledger_get_attributes(b, a);
	if (!scope || (!got.name.n && !got.version.n && !got.schema_url.n && !got.attributes.n))
		return NULL;
	*scope = got;
	return scope;
}

static void get_kind(struct ledger_bytes *b, struct metric_point *p)
{
	uint8_t kind = get_byte(b), is_double = get_byte(b), observed = get_byte(b),
		mode = get_byte(b);

	if (kind > METRIC_SUMMARY || mode > GAUGE_MOSTRECENT) {
		b->bad = true;
		return;
	}
	p->kind = (enum metric_kind)kind;
	p->is_double = is_double != 0;
	p->observed = observed != 0;
	p->mode = (enum gauge_mode)mode;
}

bool ledger_get_point(struct ledger_bytes *b, struct metric_point *p, struct arena *a)
{
	*p = (struct metric_point){ .kind = METRIC_SUM };
	get_kind(b, p);
	p->name = ledger_get_text(b);
	p->unit = ledger_get_text(b);
	p->description = ledger_get_text(b);
	p->scope = get_scope(b, a);
	p->attributes = ledger_get_attributes(b, a);
	p->start_ns = ledger_get_u64(b);
	p->time_ns = ledger_get_u64(b);
	p->set_ns = ledger_get_u64(b);
	p->integer = (int64_t)ledger_get_u64(b);
	p->number = get_f64(b);
	if (p->kind >= METRIC_HISTOGRAM)
		get_counted(b, p, a);
	return !b->bad;
}
