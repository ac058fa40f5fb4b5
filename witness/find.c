/* SPDX-License-Identifier: Apache-2.0 */
#include "witness/witness.h"

#include "base/hex.h"
#include "model/exponential.h"

#include <math.h>

/* ---- attributes ---------------------------------------------------------------------------------- */

static bool value_is(const struct value *have, const struct oriel_attribute *want)
{
	size_t n = (size_t)(want->shape >> 16);

	switch ((enum oriel_type)(uint8_t)want->shape) {
	case ORIEL_BOOL:
		return have->type == VALUE_BOOL && have->boolean == want->value.boolean;
	case ORIEL_INT:
		return have->type == VALUE_INT && have->integer == want->value.integer;
	case ORIEL_F64:
		return have->type == VALUE_DOUBLE && have->number == want->value.number;
	case ORIEL_STR:
		return have->type == VALUE_STRING &&
		       str_eq(have->text, (struct str){ want->value.p, n });
	case ORIEL_BYTES:
		return have->type == VALUE_BYTES &&
		       str_eq(have->text, (struct str){ want->value.p, n });
	default:
		return false; /* arrays can't be asked for */
	}
}

/* One that was made of NULL asks for nothing. */
static bool attributes_have(struct attributes have, struct oriel_attributes want)
{
	for (size_t i = 0; i < want.n; i++) {
		const struct oriel_attribute *a = &want.item[i];
		const struct value *v = a->key ? attributes_find(have, str_of(a->key)) : NULL;

		if (a->key && (!v || !value_is(v, a)))
			return false;
	}
	return true;
}

bool name_is(struct str have, const char *want)
{
	return !want || str_eq(have, str_of(want));
}

/* ---- metrics ------------------------------------------------------------------------------------- */

static bool is_wanted(const struct metric_point *p, const char *name, struct oriel_attributes a)
{
	return name_is(p->name, name) && attributes_have(p->attributes, a);
}

static double number_of(const struct metric_point *p)
{
	return p->is_double ? p->number : (double)p->integer;
}

static void point_add_to(struct oriel_test_metric *m, const struct metric_point *p)
{
	if (p->kind == METRIC_GAUGE)
		m->value = number_of(p);
	else
		m->value += number_of(p);
	if (p->count && (!m->count || p->min < m->min))
		m->min = p->min;
	if (p->count && (!m->count || p->max > m->max))
		m->max = p->max;
	m->count += p->count;
	m->sum += p->sum;
	m->n_series++;
	for (size_t i = 0; i < p->n_exemplars; i++)
		if (trace_id_is_set(p->exemplar[i].trace_id))
			hex_write(m->trace_id, p->exemplar[i].trace_id.b, 16);
}

static struct oriel_test_metric metric_in(const struct batch *b, const char *name,
					  struct oriel_attributes a)
{
	struct oriel_test_metric m = { .n_series = 0 };

	for (size_t i = 0; b && i < b->n_points; i++)
		if (is_wanted(&b->point[i], name, a))
			point_add_to(&m, &b->point[i]);
	return m;
}

/* What rises and falls counts from where it was, too: it began at 0 in what is tested. */
static bool is_absolute(const struct batch *b, const char *name)
{
	for (size_t i = 0; b && i < b->n_points; i++)
		if (name_is(b->point[i].name, name))
			return b->point[i].kind == METRIC_GAUGE ||
			       b->point[i].kind == METRIC_UP_DOWN;
	return false;
}

struct oriel_test_metric oriel_test_metric_all(const char *name, struct oriel_attributes attributes)
{
	const struct witness *w = witness_look();
	struct oriel_test_metric m = metric_in(w ? w->metrics : NULL, name, attributes), before;

	if (!w || is_absolute(w->metrics, name))
		return m;
	before = metric_in(w->before, name, attributes);
	m.value -= before.value;
	m.count -= before.count;
	m.sum -= before.sum;
	return m;
}

double oriel_test_quantile_all(const char *name, double quantile,
			       struct oriel_attributes attributes)
{
	const struct witness *w = witness_look();
	const struct batch *b = w ? w->metrics : NULL;

	for (size_t i = 0; b && i < b->n_points; i++) {
		const struct metric_point *p = &b->point[i];

		if (is_wanted(p, name, attributes) &&
		    (p->kind == METRIC_EXPONENTIAL || p->kind == METRIC_SUMMARY))
			return exponential_quantile(p, quantile);
	}
	return (double)NAN;
}

/* ---- spans --------------------------------------------------------------------------------------- */

static bool is_span(const struct seen_span *s, const char *name, struct oriel_attributes a)
{
	return name_is(s->span->name, name) && attributes_have(s->span->attributes, a);
}

const struct oriel_test_span *oriel_test_span_all(const char *name,
						  struct oriel_attributes attributes)
{
	const struct witness *w = witness_look();
	const struct oriel_test_span *last = NULL;

	for (const struct seen_span *s = w ? w->spans : NULL; s; s = s->next)
		if (is_span(s, name, attributes))
			last = &s->shown;
	return last;
}

size_t oriel_test_spans_all(const char *name, struct oriel_attributes attributes)
{
	const struct witness *w = witness_look();
	size_t n = 0;

	for (const struct seen_span *s = w ? w->spans : NULL; s; s = s->next)
		n += is_span(s, name, attributes);
	return n;
}

bool oriel_test_event_all(const struct oriel_test_span *span, const char *name,
			  struct oriel_attributes attributes)
{
	const struct span *s = span ? ((const struct seen_span *)span->inside)->span : NULL;

	for (size_t i = 0; s && i < s->n_events; i++)
		if (name_is(s->event[i].name, name) &&
		    attributes_have(s->event[i].attributes, attributes))
			return true;
	return false;
}

/* ---- log records --------------------------------------------------------------------------------- */

static bool is_log(const struct seen_log *l, const char *event, struct oriel_attributes a)
{
	return name_is(l->log->body.text, event) && attributes_have(l->log->attributes, a);
}

const struct oriel_test_log *oriel_test_log_all(const char *event,
						struct oriel_attributes attributes)
{
	const struct witness *w = witness_look();
	const struct oriel_test_log *last = NULL;

	for (const struct seen_log *l = w ? w->logs : NULL; l; l = l->next)
		if (is_log(l, event, attributes))
			last = &l->shown;
	return last;
}

size_t oriel_test_logs_all(const char *event, struct oriel_attributes attributes)
{
	const struct witness *w = witness_look();
	size_t n = 0;

	for (const struct seen_log *l = w ? w->logs : NULL; l; l = l->next)
		n += is_log(l, event, attributes);
	return n;
}
