/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/sdk-metrics.h"

const struct scope sdk_scope = { .name = STR("oriel.sdk"), .version = STR(ORIEL_VERSION) };

void sdk_tell_time(const struct teller *t, const struct durations *took, struct str name,
		   struct str about, struct attributes attributes)
{
	uint64_t *buckets = arena_take_n(&t->b->arena, uint64_t, DURATIONS_BUCKETS);
	struct metric_point *p;

	if (!buckets || !took->n)
		return;
	memcpy(buckets, took->bucket, sizeof(took->bucket));
	p = teller_tell(t, METRIC_HISTOGRAM, name, STR("s"), about, attributes);
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
		[ORIGIN_NONE] = { TELLER_WORD("otel.span.parent.origin", "none"),
				  TELLER_WORD("otel.span.sampling_result", "RECORD_AND_SAMPLE") },
		[ORIGIN_LOCAL] = { TELLER_WORD("otel.span.parent.origin", "local"),
				   TELLER_WORD("otel.span.sampling_result", "RECORD_AND_SAMPLE") },
		[ORIGIN_REMOTE] = { TELLER_WORD("otel.span.parent.origin", "remote"),
				    TELLER_WORD("otel.span.sampling_result", "RECORD_AND_SAMPLE") },
	};
	static const struct attribute reader[] = {
		TELLER_WORD("otel.component.name", "periodic_metric_reader/0"),
		TELLER_WORD("otel.component.type", "periodic_metric_reader")
	};
	struct teller t = { b, &sdk_scope, start_ns, now_ns, false };

	for (size_t i = 0; i < N_ORIGINS; i++)
		if (a->n_started[i])
			teller_tell(&t, METRIC_SUM, STR("otel.sdk.span.started"), STR("{span}"),
				    STR("Spans that were begun and are recorded"),
				    (struct attributes){ started[i], 2, 0 })
				->integer = (int64_t)a->n_started[i];
	teller_tell(&t, METRIC_UP_DOWN, STR("otel.sdk.span.live"), STR("{span}"),
		    STR("Of those, such as have not ended"),
		    (struct attributes){ &started[ORIGIN_NONE][1], 1, 0 })
		->integer = n_live(a);
	teller_tell(&t, METRIC_SUM, STR("otel.sdk.log.created"), STR("{log_record}"),
		    STR("Log records that were made and are recorded"),
		    (struct attributes){ .n = 0 })
		->integer = (int64_t)a->n_logs;
	sdk_tell_time(&t, reading, STR("otel.sdk.metric_reader.collection.duration"),
		      STR("How long the service's metrics took to read"),
		      (struct attributes){ reader, 2, 0 });
}
