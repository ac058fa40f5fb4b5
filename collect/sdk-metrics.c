/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/sdk-metrics.h"

#include "model/copy.h"
#include "model/stats.h"

static const struct scope scope = { .name = STR("oriel.sdk"), .version = STR(ORIEL_VERSION) };

/* ---- telling ---------------------------------------------------------------------------------------- */

struct metric_point *sdk_tell(const struct sdk_teller *t, enum metric_kind kind, struct str name,
			      struct str unit, struct str about, struct attributes attributes)
{
	static _Thread_local struct metric_point nowhere;
	struct attributes own = copy_attributes(&t->b->arena, attributes);
	struct metric_point *p = own.n == attributes.n ? batch_add_point(t->b) : NULL;

	if (!p) {
		stats_add(memory_dropped, 1);
		return &nowhere;
	}
	p->kind = kind;
	p->name = name;
	p->unit = unit;
	p->description = about;
	p->scope = &scope;
	p->attributes = own;
	p->start_ns = t->start_ns < t->now_ns ? t->start_ns : t->now_ns;
	p->time_ns = t->now_ns;
	return p;
}

void sdk_tell_time(const struct sdk_teller *t, const struct durations *took, struct str name,
		   struct str about, struct attributes attributes)
{
	uint64_t *buckets = arena_take_n(&t->b->arena, uint64_t, DURATIONS_BUCKETS);
	struct metric_point *p;

	if (!buckets || !took->n)
		return;
	memcpy(buckets, took->bucket, sizeof(took->bucket));
	p = sdk_tell(t, METRIC_HISTOGRAM, name, STR("s"), about, attributes);
	p->bounds = durations_bounds;
	p->buckets = buckets;
	p->n_bounds = DURATIONS_BUCKETS - 1;
	p->count = took->n;
	p->sum = took->sum;
	p->min = took->min;
	p->max = took->max;
}

bool sdk_metrics_are_wanted(const struct settings *s)
{
	return settings_bool(s, STR("ORIEL_SDK_METRICS"), NULL);
}

/* ---- a process ---------------------------------------------------------------------------------------- */

#define WORD(k, v) \
	{ \
		STR(k), \
		{ \
			VALUE_STRING, .text = STR(v) \
		} \
	}

static int64_t n_live(const struct assembler *a)
{
	int64_t n = 0;

	for (size_t i = 0; i < a->open.room; i++) {
		const struct open_span *o = a->open.slot[i].span;

		if (o && o->start && !o->has_end)
			n += ((const struct record_start *)o->start->bytes)->trace_flags &
			     SPAN_SAMPLED;
	}
	return n;
}

void sdk_process_points(struct assembler *a, const struct durations *reading, struct batch *b,
			uint64_t start_ns, uint64_t now_ns)
{
	static const struct attribute started[N_ORIGINS][2] = {
		[ORIGIN_NONE] = { WORD("otel.span.parent.origin", "none"),
				  WORD("otel.span.sampling_result", "RECORD_AND_SAMPLE") },
		[ORIGIN_LOCAL] = { WORD("otel.span.parent.origin", "local"),
				   WORD("otel.span.sampling_result", "RECORD_AND_SAMPLE") },
		[ORIGIN_REMOTE] = { WORD("otel.span.parent.origin", "remote"),
				    WORD("otel.span.sampling_result", "RECORD_AND_SAMPLE") },
	};
	static const struct attribute reader[] = {
		WORD("otel.component.name", "periodic_metric_reader/0"),
		WORD("otel.component.type", "periodic_metric_reader")
	};
	struct sdk_teller t = { b, start_ns, now_ns };

	for (size_t i = 0; i < N_ORIGINS; i++)
		if (a->n_started[i])
			sdk_tell(&t, METRIC_SUM, STR("otel.sdk.span.started"), STR("{span}"),
				 STR("Spans that were begun and are recorded"),
				 (struct attributes){ started[i], 2, 0 })
				->integer = (int64_t)a->n_started[i];
	sdk_tell(&t, METRIC_UP_DOWN, STR("otel.sdk.span.live"), STR("{span}"),
		 STR("Of those, such as have not ended"),
		 (struct attributes){ &started[ORIGIN_NONE][1], 1, 0 })
		->integer = n_live(a);
	sdk_tell(&t, METRIC_SUM, STR("otel.sdk.log.created"), STR("{log_record}"),
		 STR("Log records that were made and are recorded"), (struct attributes){ .n = 0 })
		->integer = (int64_t)a->n_logs;
	sdk_tell_time(&t, reading, STR("otel.sdk.metric_reader.collection.duration"),
		      STR("How long the service's metrics took to read"),
		      (struct attributes){ reader, 2, 0 });
}
