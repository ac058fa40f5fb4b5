/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics: a message for each instrument, in it one of five kinds of data, in that the points. What
 * stands outside of the points may come after them, so it is looked for first.
 */
#include "receive/decoding.h"

#include "base/err.h"

#include <errno.h>
#include <math.h>

enum { FLAG_NO_VALUE = 1, SCALE_LEAST = -10, SCALE_MOST = 20 };

/* A point on its way, and what isn't in it. */
struct draft {
	struct metric_point point;
	size_t mark;
	bool has_value, no_value; /* a number; the series has ended */
	const char *why;	  /* it is rejected */
};

/* ---- parts of points ---------------------------------------------------------------------------- */

static void decode_exemplar(struct decoding *d, struct str bytes)
{
	struct proto_reader r = { .rest = bytes };
	struct exemplar e = { .time_ns = 0 }, *slot;
	struct proto_field f;
	uint32_t dropped = 0;
	size_t mark = d->n_values;

	while (decoding_read(d, &r, &f)) {
		if (f.number == EXEMPLAR_TIME && f.wire == PROTO_FIXED64) {
			e.time_ns = f.value;
		} else if (f.number == EXEMPLAR_DOUBLE && f.wire == PROTO_FIXED64) {
			e.number = proto_double(f.value);
			e.is_double = true;
		} else if (f.number == EXEMPLAR_INT && f.wire == PROTO_FIXED64) {
			e.integer = (int64_t)f.value;
			e.is_double = false;
		} else if (f.number == EXEMPLAR_SPAN_ID && f.wire == PROTO_BYTES) {
			decode_span_id(f.bytes, &e.span_id);
		} else if (f.number == EXEMPLAR_TRACE_ID && f.wire == PROTO_BYTES) {
			decode_trace_id(f.bytes, &e.trace_id);
		} else if (f.number == EXEMPLAR_ATTRIBUTES && f.wire == PROTO_BYTES) {
			decode_key_value(d, f.bytes, mark, &dropped);
		}
	}
	e.attributes = decoded_attributes(d, mark, dropped);
	slot = d->n_exemplars < ATTRIBUTES_MOST ? DECODING_SLOT(d, exemplar) : NULL;
	if (slot)
		*slot = e;
}

static void add_number(struct decoding *d, int which, uint64_t v)
{
	uint64_t *slot = d->n_numbers[which] <= BUCKETS_MOST
				 ? decoding_slot(d, &d->number[which], &d->n_numbers[which],
						 &d->room_numbers[which], sizeof(v))
				 : NULL;

	if (slot)
		*slot = v;
}

/* A repeated number: packed, as it should be, or one by one. */
static void decode_numbers(struct decoding *d, int which, const struct proto_field *f,
			   enum proto_wire wire)
{
	struct str rest = f->bytes;
	uint64_t v;

	if (f->wire == wire)
		add_number(d, which, f->value);
	while (f->wire == PROTO_BYTES && rest.n) {
		if (!(wire == PROTO_FIXED64 ? proto_cut_fixed64(&rest, &v)
					    : proto_cut_varint(&rest, &v))) {
			d->bad = true;
			return;
		}
		add_number(d, which, v);
	}
}

static void decode_buckets(struct decoding *d, struct str bytes, struct exponential_buckets *to)
{
	struct proto_reader r = { .rest = bytes };
	struct proto_field f;

	d->n_numbers[0] = 0;
	*to = (struct exponential_buckets){ .offset = 0 };
	while (decoding_read(d, &r, &f)) {
		if (f.number == BUCKETS_OFFSET && f.wire == PROTO_VARINT)
			to->offset = (int32_t)proto_zigzag(f.value);
		else if (f.number == BUCKETS_COUNTS)
			decode_numbers(d, 0, &f, PROTO_VARINT);
	}
	to->n = d->n_numbers[0];
	to->count = decoding_keep(d, d->number[0], to->n, sizeof(*to->count));
}

static void decode_quantile(struct decoding *d, struct str bytes)
{
	struct proto_reader r = { .rest = bytes };
	struct quantile q = { 0, 0 }, *slot;
	struct proto_field f;

	while (decoding_read(d, &r, &f)) {
		if (f.number == QUANTILE_QUANTILE && f.wire == PROTO_FIXED64)
			q.quantile = proto_double(f.value);
		else if (f.number == QUANTILE_VALUE && f.wire == PROTO_FIXED64)
			q.value = proto_double(f.value);
	}
	slot = d->n_quantiles < ATTRIBUTES_MOST ? DECODING_SLOT(d, quantile) : NULL;
	if (slot)
		*slot = q;
}

/* ---- points of each kind ------------------------------------------------------------------------ */

static void number_field(struct decoding *d, struct draft *t, const struct proto_field *f)
{
	struct metric_point *p = &t->point;

	if (f->number == NUMBER_DOUBLE && f->wire == PROTO_FIXED64) {
		p->number = proto_double(f->value);
		p->is_double = t->has_value = true;
	} else if (f->number == NUMBER_INT && f->wire == PROTO_FIXED64) {
		p->integer = (int64_t)f->value;
		p->is_double = false;
		t->has_value = true;
	} else if (f->number == NUMBER_ATTRIBUTES && f->wire == PROTO_BYTES) {
		decode_key_value(d, f->bytes, t->mark, &p->attributes.dropped);
	} else if (f->number == NUMBER_EXEMPLARS && f->wire == PROTO_BYTES) {
		decode_exemplar(d, f->bytes);
	} else if (f->number == NUMBER_FLAGS && f->wire == PROTO_VARINT) {
		t->no_value = f->value & FLAG_NO_VALUE;
	}
}

static void number_end(struct decoding *d, struct draft *t)
{
	(void)d;
	if (!t->has_value)
		t->why = "a point without a number";
}

/* What a point leaves out is not known, which is said as NaN. */
static void histogram_field(struct decoding *d, struct draft *t, const struct proto_field *f)
{
	struct metric_point *p = &t->point;

	if (f->number == HISTOGRAM_COUNT && f->wire == PROTO_FIXED64)
		p->count = f->value;
	else if (f->number == HISTOGRAM_SUM && f->wire == PROTO_FIXED64)
		p->sum = proto_double(f->value);
	else if (f->number == HISTOGRAM_MIN && f->wire == PROTO_FIXED64)
		p->min = proto_double(f->value);
	else if (f->number == HISTOGRAM_MAX && f->wire == PROTO_FIXED64)
		p->max = proto_double(f->value);
	else if (f->number == HISTOGRAM_BUCKETS)
		decode_numbers(d, 0, f, PROTO_FIXED64);
	else if (f->number == HISTOGRAM_BOUNDS)
		decode_numbers(d, 1, f, PROTO_FIXED64);
	else if (f->number == HISTOGRAM_ATTRIBUTES && f->wire == PROTO_BYTES)
		decode_key_value(d, f->bytes, t->mark, &p->attributes.dropped);
	else if (f->number == HISTOGRAM_EXEMPLARS && f->wire == PROTO_BYTES)
		decode_exemplar(d, f->bytes);
	else if (f->number == HISTOGRAM_FLAGS && f->wire == PROTO_VARINT)
		t->no_value = f->value & FLAG_NO_VALUE;
}

static bool bounds_grow(const double *bounds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (isnan(bounds[i]) || (i && bounds[i] <= bounds[i - 1]))
			return false;
	return true;
}

/* One that has no buckets at all still has a count: a single bucket without a bound. */
static void histogram_end(struct decoding *d, struct draft *t)
{
	struct metric_point *p = &t->point;

	if (!d->n_numbers[0] && !d->n_numbers[1])
		add_number(d, 0, p->count);
	if (d->n_numbers[0] != d->n_numbers[1] + 1 || d->n_numbers[0] > BUCKETS_MOST) {
		t->why = "a histogram whose buckets don't fit its bounds";
		return;
	}
	p->n_bounds = d->n_numbers[1];
	p->buckets = decoding_keep(d, d->number[0], d->n_numbers[0], sizeof(*p->buckets));
	p->bounds = decoding_keep(d, d->number[1], p->n_bounds, sizeof(*p->bounds));
	if (!d->error && !bounds_grow(p->bounds, p->n_bounds))
		t->why = "a histogram whose bounds don't grow";
}

static void exponential_number(struct draft *t, const struct proto_field *f)
{
	struct metric_point *p = &t->point;

	if (f->number == EXPONENTIAL_COUNT && f->wire == PROTO_FIXED64)
		p->count = f->value;
	else if (f->number == EXPONENTIAL_SUM && f->wire == PROTO_FIXED64)
		p->sum = proto_double(f->value);
	else if (f->number == EXPONENTIAL_MIN && f->wire == PROTO_FIXED64)
		p->min = proto_double(f->value);
	else if (f->number == EXPONENTIAL_MAX && f->wire == PROTO_FIXED64)
		p->max = proto_double(f->value);
	else if (f->number == EXPONENTIAL_SCALE && f->wire == PROTO_VARINT)
		p->scale = (int32_t)proto_zigzag(f->value);
	else if (f->number == EXPONENTIAL_ZERO_COUNT && f->wire == PROTO_FIXED64)
		p->zero_count = f->value;
	else if (f->number == EXPONENTIAL_ZERO_THRESHOLD && f->wire == PROTO_FIXED64)
		p->zero_threshold = proto_double(f->value);
	else if (f->number == EXPONENTIAL_FLAGS && f->wire == PROTO_VARINT)
		t->no_value = f->value & FLAG_NO_VALUE;
}

static void exponential_field(struct decoding *d, struct draft *t, const struct proto_field *f)
{
	struct metric_point *p = &t->point;

	if (f->wire != PROTO_BYTES)
		exponential_number(t, f);
	else if (f->number == EXPONENTIAL_POSITIVE)
		decode_buckets(d, f->bytes, &p->positive);
	else if (f->number == EXPONENTIAL_NEGATIVE)
		decode_buckets(d, f->bytes, &p->negative);
	else if (f->number == EXPONENTIAL_ATTRIBUTES)
		decode_key_value(d, f->bytes, t->mark, &p->attributes.dropped);
	else if (f->number == EXPONENTIAL_EXEMPLARS)
		decode_exemplar(d, f->bytes);
}

static void exponential_end(struct decoding *d, struct draft *t)
{
	struct metric_point *p = &t->point;

	(void)d;
	if (p->scale < SCALE_LEAST || p->scale > SCALE_MOST)
		t->why = "an exponential histogram of a scale beyond -10 to 20";
	else if (p->positive.n > BUCKETS_MOST || p->negative.n > BUCKETS_MOST)
		t->why = "an exponential histogram of too many buckets";
}

static void summary_field(struct decoding *d, struct draft *t, const struct proto_field *f)
{
	struct metric_point *p = &t->point;

	if (f->number == SUMMARY_COUNT && f->wire == PROTO_FIXED64)
		p->count = f->value;
	else if (f->number == SUMMARY_SUM && f->wire == PROTO_FIXED64)
		p->sum = proto_double(f->value);
	else if (f->number == SUMMARY_QUANTILES && f->wire == PROTO_BYTES)
		decode_quantile(d, f->bytes);
	else if (f->number == SUMMARY_ATTRIBUTES && f->wire == PROTO_BYTES)
		decode_key_value(d, f->bytes, t->mark, &p->attributes.dropped);
	else if (f->number == SUMMARY_FLAGS && f->wire == PROTO_VARINT)
		t->no_value = f->value & FLAG_NO_VALUE;
}

static void summary_end(struct decoding *d, struct draft *t)
{
	t->point.n_quantiles = d->n_quantiles;
	t->point.quantile = decoding_keep(d, d->quantile, d->n_quantiles, sizeof(*d->quantile));
}

struct form {
	enum metric_kind kind;
	void (*field)(struct decoding *d, struct draft *t, const struct proto_field *f);
	void (*end)(struct decoding *d, struct draft *t);
};

static const struct form forms[] = {
	[METRIC_AS_GAUGE] = { METRIC_GAUGE, number_field, number_end },
	[METRIC_AS_SUM] = { METRIC_UP_DOWN, number_field, number_end },
	[METRIC_AS_HISTOGRAM] = { METRIC_HISTOGRAM, histogram_field, histogram_end },
	[METRIC_AS_EXPONENTIAL] = { METRIC_EXPONENTIAL, exponential_field, exponential_end },
	[METRIC_AS_SUMMARY] = { METRIC_SUMMARY, summary_field, summary_end },
};

/* ---- an instrument ------------------------------------------------------------------------------ */

static void point_add(struct decoding *d, struct draft *t)
{
	struct metric_point *p = &t->point, *slot;

	p->attributes = decoded_attributes(d, t->mark, p->attributes.dropped);
	p->n_exemplars = d->n_exemplars;
	p->exemplar = decoding_keep(d, d->exemplar, d->n_exemplars, sizeof(*d->exemplar));
	slot = d->error ? NULL : batch_add_point(d->batch);
	if (slot)
		*slot = *p;
	else
		d->error = ERR(-ENOMEM);
}

/* A series that says that it has no value any more has nothing to tell. */
static void decode_point(struct decoding *d, struct str bytes, const struct form *form,
			 const struct metric_point *like)
{
	struct draft t = { .point = *like, .mark = d->n_values };
	struct proto_reader r = { .rest = bytes };
	struct proto_field f;

	if (!decoding_room(d))
		return;
	d->n_exemplars = d->n_quantiles = d->n_numbers[0] = d->n_numbers[1] = 0;
	while (!d->error && decoding_read(d, &r, &f)) {
		if (f.number == POINT_START && f.wire == PROTO_FIXED64)
			t.point.start_ns = f.value;
		else if (f.number == POINT_TIME && f.wire == PROTO_FIXED64)
			t.point.time_ns = f.value;
		else
			form->field(d, &t, &f);
	}
	if (!t.no_value && !d->error && !d->bad) {
		form->end(d, &t);
		if (!t.why) {
			point_add(d, &t);
			return;
		}
		decoding_reject(d, t.why);
	}
	d->n_values = t.mark;
}

static void decode_points(struct decoding *d, struct str bytes, const struct form *form,
			  struct metric_point *like)
{
	struct proto_reader look = { .rest = bytes }, r = look;
	struct proto_field f;
	bool monotonic = false;

	while (decoding_read(d, &look, &f)) {
		if (f.number == DATA_TEMPORALITY && f.wire == PROTO_VARINT)
			like->delta = f.value == TEMPORALITY_DELTA;
		else if (f.number == DATA_MONOTONIC && f.wire == PROTO_VARINT)
			monotonic = f.value != 0;
	}
	like->kind = form->kind;
	if (like->kind == METRIC_UP_DOWN && monotonic)
		like->kind = METRIC_SUM;
	if (like->kind == METRIC_HISTOGRAM || like->kind == METRIC_EXPONENTIAL)
		like->sum = like->min = like->max = NAN;
	while (!d->error && !d->bad && decoding_read(d, &r, &f))
		if (f.number == DATA_POINTS && f.wire == PROTO_BYTES)
			decode_point(d, f.bytes, form, like);
}

void decode_metric(struct decoding *d, struct str bytes)
{
	struct str mine = decoding_copy(d, bytes), data = { "", 0 };
	struct metric_point like = { .name = { "", 0 }, .unit = { "", 0 } };
	struct proto_reader r = { .rest = mine };
	const struct form *form = NULL;
	struct proto_field f;

	while (!d->error && decoding_read(d, &r, &f)) {
		if (f.wire != PROTO_BYTES)
			continue;
		if (f.number == METRIC_NAME) {
			like.name = f.bytes;
		} else if (f.number == METRIC_DESCRIPTION) {
			like.description = f.bytes;
		} else if (f.number == METRIC_UNIT) {
			like.unit = f.bytes;
		} else if (f.number < sizeof(forms) / sizeof(*forms) && forms[f.number].field) {
			form = &forms[f.number];
			data = f.bytes;
		}
	}
	if (!form || d->error || d->bad)
		return;
	like.scope = decoding_scope(d);
	decode_points(d, data, form, &like);
}
