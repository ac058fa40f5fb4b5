/* SPDX-License-Identifier: Apache-2.0 */
/* Views: ORIEL_VIEWS (base/view.h) as this process had it when it started, and what it does to instruments. */
#include "lib/watcher.h"
#include "lib/encode.h"
#include "lib/metric.h"
#include "lib/scope.h"

#include <stdlib.h>

enum { TEXT_MOST = 8192 };

static char text[TEXT_MOST]; /* for ever: views borrow from it */
static _Atomic uint32_t text_n;
static _Atomic bool exponential; /* what histograms are that no view says more of */

static void complain(const struct view_error *error)
{
	watcher_warn("view ignored", oriel_str("oriel.setting", "ORIEL_VIEWS"),
		     oriel_strn("oriel.view", error->what.p, error->what.n),
		     oriel_str("error.message", error->says));
	oriel_add(oriel_counter("oriel.settings.bad", "{setting}",
				"Settings of the service that made no sense and were ignored"),
		  1, oriel_str("oriel.setting", "ORIEL_VIEWS"));
}

/* Whole views only. */
static size_t text_fit(struct str given)
{
	size_t n = given.n;

	if (n <= TEXT_MOST)
		return n;
	process_lose(LOSS_settings_no_room, 1);
	for (n = TEXT_MOST; n && given.p[n - 1] != ';' && given.p[n - 1] != '\n';)
		n--;
	return n;
}

void views_read(void)
{
	static bool read;
	struct str rest = str_of(getenv("ORIEL_VIEWS"));
	struct view_error error;
	enum view_outcome r;
	struct view view;

	if (read)
		return;
	read = true;
	atomic_store_explicit(
		&exponential,
		str_eq_nocase(str_trim(str_of(getenv(
				      "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION"))),
			      STR("base2_exponential_bucket_histogram")),
		memory_order_relaxed);
	rest.n = text_fit(rest);
	if (rest.n)
		memcpy(text, rest.p, rest.n);
	atomic_store_explicit(&text_n, (uint32_t)rest.n, memory_order_release);
	while ((r = view_next(&rest, &view, &error)) != VIEW_END)
		if (r == VIEW_BAD)
			complain(&error);
}

static struct str kind_name(uint8_t kind)
{
	static const struct str names[] = {
		[INSTRUMENT_COUNTER] = STR("counter"),
		[INSTRUMENT_UP_DOWN] = STR("up_down"),
		[INSTRUMENT_GAUGE] = STR("gauge"),
		[INSTRUMENT_HISTOGRAM] = STR("histogram"),
		[INSTRUMENT_EXPONENTIAL] = STR("exponential"),
		[INSTRUMENT_SUMMARY] = STR("summary"),
	};

	return names[kind];
}

struct str views_all(void)
{
	return (struct str){ text, atomic_load_explicit(&text_n, memory_order_acquire) };
}

bool views_next(struct str *rest, struct view *out, const struct handle *asked)
{
	struct scope_texts meter = scope_texts(asked->scope);
	struct view_subject s = { .instrument = asked->name,
				  .kind = kind_name(asked->kind),
				  .unit = asked->unit,
				  .meter_name = meter.name,
				  .meter_version = meter.version,
				  .meter_schema_url = meter.schema_url };
	struct view_error error;
	enum view_outcome r;

	while ((r = view_next(rest, out, &error)) != VIEW_END)
		if (r == VIEW_FOUND && view_selects(out, &s))
			return true;
	return false;
}

/* Bounds that come with the instrument are advice for the other aggregation alone. */
void views_default(struct handle *h)
{
	if (h->kind != INSTRUMENT_HISTOGRAM ||
	    !atomic_load_explicit(&exponential, memory_order_relaxed))
		return;
	h->kind = INSTRUMENT_EXPONENTIAL;
	h->n_bounds = 0;
}

static uint8_t kind_of(enum view_aggregation aggregation, uint8_t asked)
{
	switch (aggregation) {
	case VIEW_AGGREGATE_SUM: /* of what a gauge was set to, nobody wants one */
		return is_histogram(asked) ? INSTRUMENT_COUNTER : asked;
	case VIEW_AGGREGATE_LAST_VALUE:
		return INSTRUMENT_GAUGE;
	case VIEW_AGGREGATE_HISTOGRAM:
		return INSTRUMENT_HISTOGRAM;
	case VIEW_AGGREGATE_EXPONENTIAL:
		return INSTRUMENT_EXPONENTIAL;
	case VIEW_AGGREGATE_SUMMARY:
		return INSTRUMENT_SUMMARY;
	default:
		return asked;
	}
}

/* What it had is good for what it was. */
static void bounds_apply(struct handle *h, const struct handle *asked, const struct view *v,
			 double room[VIEW_NUMBERS_MOST])
{
	enum view_member which = h->kind == INSTRUMENT_SUMMARY ? VIEW_quantiles : VIEW_buckets;
	size_t n = view_numbers(v, which, room);

	if (h->kind != INSTRUMENT_HISTOGRAM && h->kind != INSTRUMENT_SUMMARY) {
		h->n_bounds = 0;
	} else if (n) {
		h->bounds = room;
		h->n_bounds = (uint16_t)n;
	} else if (h->kind != asked->kind) {
		h->bounds = bounds_usual((enum instrument_kind)h->kind, h->unit, &h->n_bounds);
	}
}

bool views_apply(struct handle *h, const struct handle *asked, const struct view *v,
		 double room[VIEW_NUMBERS_MOST])
{
	if (v->aggregation == VIEW_AGGREGATE_DROP)
		return false;
	h->kind = kind_of(v->aggregation, asked->kind);
	if (v->aggregation == VIEW_AGGREGATE_DEFAULT && !view_says(v, VIEW_buckets))
		views_default(h);
	if (asked->observed && is_histogram(h->kind))
		h->kind = asked->kind; /* what is there now, again and again, has no distribution */
	h->is_double = is_histogram(h->kind) || asked->is_double;
	bounds_apply(h, asked, v, room);
	if (view_says(v, VIEW_name))
		h->name = v->member[VIEW_name];
	if (view_says(v, VIEW_description))
		h->description = v->member[VIEW_description];
	if (v->limit)
		h->limit = v->limit < UINT32_MAX ? (uint32_t)v->limit : UINT32_MAX;
	if (view_says(v, VIEW_attributes) || view_says(v, VIEW_without))
		h->filter = metric_keep(v, sizeof(*v));
	return true;
}

static struct str key_of(const struct oriel_attribute *a)
{
	enum wire_key known = attribute_known(a);

	return known ? wire_key(known) : (struct str){ a->key, attribute_key_n(a) };
}

void filtered_make(struct filtered *f, const struct handle *h, struct oriel_attributes a)
{
	size_t kept = 0, out = ATTRIBUTES_COUNT_MOST;

	f->kept = a;
	f->out = (struct oriel_attributes){ NULL, 0 };
	f->of = h;
	if (a.n > ATTRIBUTES_COUNT_MOST)
		return;
	for (size_t i = 0; i < a.n; i++)
		if (!attribute_is_none(&a.item[i]))
			f->item[view_keeps(h->filter, key_of(&a.item[i])) ? kept++ : --out] =
				a.item[i];
	f->kept = (struct oriel_attributes){ f->item, kept };
	f->out = (struct oriel_attributes){ f->item + out, ATTRIBUTES_COUNT_MOST - out };
}
