/* SPDX-License-Identifier: Apache-2.0 */
#include "export/prometheus-sample.h"

#include "base/hex.h"
#include "export/prometheus-labels.h"
#include "export/prometheus-name.h"
#include "model/point.h"
#include "model/stats.h"

#include <math.h>
#include <stdlib.h>

enum { NUMBER_MOST = 48, EXEMPLAR_CHARACTERS = 128 };

void samples_fini(struct samples *s)
{
	out_fini(&s->le);
	out_fini(&s->text);
	free(s->le_at);
	free(s->bounds);
}

/* ---- numbers --------------------------------------------------------------------------------------- */

static void out_number(struct out *o, double v)
{
	if (isnan(v))
		out_str(o, STR("NaN"));
	else if (isinf(v))
		out_str(o, v < 0 ? STR("-Inf") : STR("+Inf"));
	else
		out_f64(o, v);
}

/* "1.0": the same text for the same bound, whether it was given as 1 or 1.0. */
static void out_canonical(struct out *o, double v)
{
	size_t begin = o->n;

	out_number(o, v);
	for (size_t i = begin; i < o->n; i++)
		if (o->p[i] == '.' || o->p[i] == 'e' || o->p[i] == 'I')
			return;
	out_str(o, STR(".0"));
}

static void out_seconds(struct out *o, uint64_t ns)
{
	out_u64(o, ns / 1000000000);
	out_fmt(o, ".%03u", (unsigned)(ns / 1000000 % 1000));
}

/* ---- heads ----------------------------------------------------------------------------------------- */

/* Up to the value, or up to where another label may be added. */
static void out_head(struct out *o, struct str name, const char *suffix, struct str labels)
{
	size_t n = strlen(suffix);
	char *w;

	if (!out_reserve(o, name.n + n + labels.n + NUMBER_MOST))
		return;
	w = o->p + o->n;
	memcpy(w, name.p, name.n);
	memcpy(w + name.n, suffix, n);
	w += name.n + n;
	if (labels.n) {
		*w++ = '{';
		memcpy(w, labels.p, labels.n);
		w += labels.n;
	}
	o->n = (size_t)(w - o->p);
}

static void out_sample(struct out *o, struct str name, const char *suffix, struct str labels)
{
	out_head(o, name, suffix, labels);
	out_str(o, labels.n ? STR("} ") : STR(" "));
}

void samples_info(struct samples *s, struct str name, struct str labels)
{
	out_sample(s->o, name, "_info", labels);
	out_str(s->o, STR("1\n"));
}

static void write_created(struct samples *s, const struct family *f, const struct metric_point *p,
			  struct str labels)
{
	out_sample(s->o, f->name, "_created", labels);
	out_seconds(s->o, p->start_ns);
	out_char(s->o, '\n');
}

/* ---- exemplars ------------------------------------------------------------------------------------- */

static size_t characters(struct str text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
	return n;
}

static void out_escaped(struct out *o, struct str text)
{
	if (out_reserve(o, text.n * 3))
		o->n = (size_t)(labels_escape(o->p + o->n, text, true) - o->p);
}

/* `name="`; without a name it isn't there. */
static void exemplar_name(struct samples *s, struct str name)
{
	if (s->text.n)
		out_char(&s->text, ',');
	out_str(&s->text, name);
	out_str(&s->text, STR("=\""));
}

static size_t exemplar_id(struct samples *s, struct str name, const uint8_t *id, size_t n)
{
	exemplar_name(s, name);
	if (out_reserve(&s->text, 2 * n)) {
		hex_write(s->text.p + s->text.n, id, n);
		s->text.n += 2 * n;
	}
	out_char(&s->text, '"');
	return name.n + 2 * n;
}

/* Is this name there already? As one that another key became, or as one of the ids'. */
static bool has_name(const struct samples *s, struct str name)
{
	struct str text = out_all(&s->text);

	for (size_t i = 0; i + name.n + 2 <= text.n; i++)
		if ((i == 0 || text.p[i - 1] == ',') && memcmp(text.p + i, name.p, name.n) == 0 &&
		    memcmp(text.p + i + name.n, "=\"", 2) == 0)
			return true;
	return false;
}

/* Whole or not at all; what it takes of the 128 characters that all of them have. */
static size_t exemplar_attribute(struct samples *s, const struct attribute *a, size_t left)
{
	char text[EXEMPLAR_CHARACTERS * 4];
	struct out name = { text, 0, sizeof(text), sizeof(text), 0 };
	struct out value = { .n = 0 };
	struct str said = a->value.text;
	size_t n = 0;

	prometheus_label_name(&name, str_first(a->key, EXEMPLAR_CHARACTERS));
	if (a->value.type != VALUE_STRING) {
		labels_scalar(&value, &a->value);
		said = out_all(&value);
	}
	if (name.n && !name.error && a->key.n <= EXEMPLAR_CHARACTERS && said.n <= 4 * left)
		n = name.n + characters(said);
	if (n && n <= left && !has_name(s, out_all(&name))) {
		exemplar_name(s, out_all(&name));
		out_escaped(&s->text, said);
		out_char(&s->text, '"');
	} else {
		n = 0;
	}
	out_fini(&value);
	return n;
}

/* ` # {trace_id="...",span_id="..."} 0.67 1712345678.123`, in place of the line's end. */
static void write_exemplar(struct samples *s, const struct exemplar *e)
{
	size_t left = EXEMPLAR_CHARACTERS;

	out_clear(&s->text);
	if (trace_id_is_set(e->trace_id))
		left -= exemplar_id(s, STR("trace_id"), e->trace_id.b, sizeof(e->trace_id.b));
	if (span_id_is_set(e->span_id))
		left -= exemplar_id(s, STR("span_id"), e->span_id.b, sizeof(e->span_id.b));
	for (size_t i = 0; i < e->attributes.n; i++)
		left -= exemplar_attribute(s, &e->attributes.item[i], left);
	out_str(s->o, STR(" # {"));
	out_str(s->o, out_all(&s->text));
	out_str(s->o, STR("} "));
	out_number(s->o, e->is_double ? e->number : (double)e->integer);
	if (e->time_ns) {
		out_char(s->o, ' ');
		out_seconds(s->o, e->time_ns);
	}
}

static double exemplar_value(const struct exemplar *e)
{
	return e->is_double ? e->number : (double)e->integer;
}

/* The latest in (above, upto]. */
static const struct exemplar *exemplar_in(const struct metric_point *p, double above, double upto)
{
	const struct exemplar *found = NULL;

	for (size_t i = 0; i < p->n_exemplars; i++) {
		const struct exemplar *e = &p->exemplar[i];
		double v = exemplar_value(e);

		if (v > above && v <= upto && (!found || e->time_ns > found->time_ns))
			found = e;
	}
	return found;
}

static void end_line(struct samples *s, const struct exemplar *e)
{
	if (e)
		write_exemplar(s, e);
	out_char(s->o, '\n');
}

/* ---- numbers and quantiles ------------------------------------------------------------------------- */

static void write_value(struct out *o, const struct metric_point *p)
{
	if (p->is_double)
		out_number(o, p->number);
	else
		out_i64(o, p->integer);
}

bool samples_number(struct samples *s, struct str head, const struct metric_point *p,
		    struct labels *l)
{
	size_t most = labels_bound(l, p);
	struct out *o = s->o;
	char *w;

	if (!most || !out_reserve(o, head.n + most + NUMBER_MOST))
		return false;
	w = labels_copy(o->p + o->n, head);
	w = labels_write(l, w, p);
	*w++ = '}';
	*w++ = ' ';
	o->n = (size_t)(w - o->p);
	write_value(o, p);
	out_char(o, '\n');
	return !l->may_clash;
}

static void write_number(struct samples *s, const struct family *f, const struct metric_point *p,
			 struct str labels, struct samples_said said)
{
	bool counter = f->type == FAMILY_COUNTER;

	out_sample(s->o, f->name, counter && (said.open || !f->no_total) ? "_total" : "", labels);
	write_value(s->o, p);
	end_line(s, counter && said.exemplars && p->n_exemplars ? p->exemplar : NULL);
	if (counter && said.created)
		write_created(s, f, p, labels);
}

static void write_count(struct samples *s, const struct family *f, const struct metric_point *p,
			struct str labels, uint64_t count, struct samples_said said)
{
	out_sample(s->o, f->name, "_count", labels);
	out_u64(s->o, count);
	out_char(s->o, '\n');
	out_sample(s->o, f->name, "_sum", labels);
	out_number(s->o, p->sum);
	out_char(s->o, '\n');
	if (said.created)
		write_created(s, f, p, labels);
}

static void write_summary(struct samples *s, const struct family *f, const struct metric_point *p,
			  struct str labels, struct samples_said said)
{
	for (size_t i = 0; i < p->n_quantiles; i++) {
		out_head(s->o, f->name, "", labels);
		out_str(s->o, labels.n ? STR(",quantile=\"") : STR("{quantile=\""));
		out_canonical(s->o, p->quantile[i].quantile);
		out_str(s->o, STR("\"} "));
		out_number(s->o, p->quantile[i].value);
		out_char(s->o, '\n');
	}
	write_count(s, f, p, labels, p->count, said);
}

/* ---- histograms ------------------------------------------------------------------------------------ */

static void le_write(struct samples *s, size_t i, double bound)
{
	s->le_at[i] = (uint32_t)s->le.n;
	out_str(&s->le, STR("le=\""));
	out_canonical(&s->le, bound);
	out_str(&s->le, STR("\"} "));
}

static bool le_room(struct samples *s, size_t n)
{
	if (n <= s->le_room)
		return true;
	free(s->le_at);
	free(s->bounds);
	s->le_at = malloc((n + 2) * sizeof(*s->le_at));
	s->bounds = malloc(n * sizeof(*s->bounds));
	s->le_room = s->le_at && s->bounds ? n : 0;
	s->n_bounds = 0;
	s->error |= !s->le_room;
	return s->le_room;
}

/* Bounds that don't rise are none. */
static bool le_make(struct samples *s, const struct metric_point *p)
{
	if (s->le.n && s->n_bounds == p->n_bounds &&
	    (!p->n_bounds || memcmp(s->bounds, p->bounds, p->n_bounds * sizeof(*p->bounds)) == 0))
		return true;
	for (size_t i = 0; i < p->n_bounds; i++)
		if (!isfinite(p->bounds[i]) || (i && p->bounds[i] <= p->bounds[i - 1]))
			return false;
	if (!le_room(s, p->n_bounds + 1))
		return false;
	out_clear(&s->le);
	for (size_t i = 0; i < p->n_bounds; i++)
		le_write(s, i, p->bounds[i]);
	le_write(s, p->n_bounds, INFINITY);
	s->le_at[p->n_bounds + 1] = (uint32_t)s->le.n;
	if (p->n_bounds)
		memcpy(s->bounds, p->bounds, p->n_bounds * sizeof(*s->bounds));
	s->n_bounds = p->n_bounds;
	return !s->le.error;
}

static void write_buckets(struct samples *s, const struct family *f, const struct metric_point *p,
			  struct str labels, struct samples_said said)
{
	bool exemplars = said.exemplars && p->n_exemplars;
	uint64_t count = 0;

	if (!le_make(s, p)) {
		stats_add(scrape_conflicts, 1);
		return;
	}
	for (size_t i = 0; i <= p->n_bounds; i++) {
		count += p->buckets[i];
		out_head(s->o, f->name, "_bucket", labels);
		out_char(s->o, labels.n ? ',' : '{');
		out_bytes(s->o, s->le.p + s->le_at[i], s->le_at[i + 1] - s->le_at[i]);
		out_u64(s->o, count);
		end_line(s, exemplars ? exemplar_in(p, i ? p->bounds[i - 1] : -INFINITY,
						    i < p->n_bounds ? p->bounds[i] : INFINITY)
				      : NULL);
	}
	write_count(s, f, p, labels, count, said);
}

static void write_exponential(struct samples *s, const struct family *f,
			      const struct metric_point *p, struct str labels,
			      struct samples_said said)
{
	double bounds[EXPLICIT_MOST];
	uint64_t buckets[EXPLICIT_MOST + 1];
	struct metric_point told = *p;

	told.n_bounds = exponential_explicit(p, bounds, buckets);
	told.bounds = bounds;
	told.buckets = buckets;
	write_buckets(s, f, &told, labels, said);
}

void samples_write(struct samples *s, const struct family *f, const struct metric_point *p,
		   struct str labels, struct samples_said said)
{
	if (p->kind == METRIC_HISTOGRAM)
		write_buckets(s, f, p, labels, said);
	else if (p->kind == METRIC_EXPONENTIAL)
		write_exponential(s, f, p, labels, said);
	else if (p->kind == METRIC_SUMMARY)
		write_summary(s, f, p, labels, said);
	else
		write_number(s, f, p, labels, said);
}
