/* SPDX-License-Identifier: Apache-2.0 */
/* What routes tell of their destinations (otel.sdk.*, collect/sdk-metrics.h), as the collector's own metrics. */
#include "cmd/collect/routes-inside.h"

#include "base/clock.h"
#include "export/http-url.h"

#include <stdio.h>

static const struct {
	struct str word, unit; /* as in names */
	struct str processor;  /* NULL: there is none */
} signals[N_SIGNALS] = {
	{ STR("span"), STR("{span}"), STR("batching_span_processor") },
	{ STR("log"), STR("{log_record}"), STR("batching_log_processor") },
	{ STR("metric_data_point"), STR("{data_point}"), { NULL, 0 } },
};

enum { NAME = 128 };

struct telling {
	struct teller t;
	const struct leg *leg;
	size_t number; /* of the leg */
	size_t signal; /* place in signals */
	struct attribute attribute[SDK_ATTRIBUTES];
	size_t n;
	char name[NAME], type[NAME - DESTINATION_NAME], address[128];
};

static void say_of(struct telling *x, struct str key, struct str value)
{
	x->attribute[x->n++] = (struct attribute){ key, { VALUE_STRING, .text = value } };
}

/* otel.component.name and .type. */
static void begin(struct telling *x, const char *type)
{
	x->n = 0;
	snprintf(x->type, sizeof(x->type), "%s", type);
	if (strchr(destination_name(x->leg->destination), '/'))
		snprintf(x->name, sizeof(x->name), "%s/%s", x->type,
			 destination_name(x->leg->destination));
	else
		snprintf(x->name, sizeof(x->name), "%s/%zu", x->type, x->number);
	say_of(x, STR("otel.component.name"), str_of(x->name));
	say_of(x, STR("otel.component.type"), str_of(x->type));
}

/* "http://localhost:4318/x": server.address and server.port, where they are said. */
static void say_where(struct telling *x)
{
	struct str after = http_url_after_scheme(str_of(x->leg->endpoint)), place;
	const char *colon;
	uint64_t port;

	if (!after.n)
		return;
	place = str_cut(str_from(after, 3), '/').head;
	snprintf(x->address, sizeof(x->address), STR_FMT, STR_ARG(place));
	colon = strrchr(x->address, ':');
	if (!colon || !str_to_u64(str_of(colon + 1), &port)) {
		say_of(x, STR("server.address"), str_of(x->address));
		return;
	}
	say_of(x, STR("server.address"),
	       str_first(str_of(x->address), (size_t)(colon - x->address)));
	x->attribute[x->n++] =
		(struct attribute){ STR("server.port"), { VALUE_INT, .integer = (int64_t)port } };
}

/* One more point of the component that was begun; `error` may be NULL. */
static void tell(struct telling *x, enum metric_kind kind, const char *pattern, uint64_t value,
		 const char *error, struct str about)
{
	struct arena *arena = &x->t.b->arena;
	char name[NAME];
	size_t n = x->n;

	if (error)
		say_of(x, STR("error.type"), str_of(error));
	snprintf(name, sizeof(name), pattern, signals[x->signal].word.p);
	teller_tell(&x->t, kind, arena_copy(arena, str_of(name)), signals[x->signal].unit, about,
		    (struct attributes){ x->attribute, x->n, 0 })
		->integer = (int64_t)value;
	x->n = n;
}

static uint64_t over(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static void tell_processor(struct telling *x, const struct destination_counts *c)
{
	const struct destination_count *of = &c->of[x->signal];

	begin(x, signals[x->signal].processor.p);
	tell(x, METRIC_UP_DOWN, "otel.sdk.processor.%s.queue.size",
	     over(of->offered, of->full + of->written), NULL, STR("What waits to be exported"));
	tell(x, METRIC_UP_DOWN, "otel.sdk.processor.%s.queue.capacity", c->room, NULL,
	     STR("So many may wait, those being exported included"));
	tell(x, METRIC_SUM, "otel.sdk.processor.%s.processed", of->written, NULL,
	     STR("What was given to the exporter, or dropped"));
	if (of->full)
		tell(x, METRIC_SUM, "otel.sdk.processor.%s.processed", of->full, "queue_full",
		     STR("What was given to the exporter, or dropped"));
}

static void tell_exported(struct telling *x, uint64_t n, const char *error)
{
	if (n || !error)
		tell(x, METRIC_SUM, "otel.sdk.exporter.%s.exported", n, error,
		     STR("What the exporter is done with"));
}

static void tell_exporter(struct telling *x, const struct destination_counts *c)
{
	const struct destination_count *of = &c->of[x->signal];
	const char *speaks = destination_speaks(x->leg->destination, (enum signal)(1 << x->signal));
	char type[NAME - DESTINATION_NAME];

	snprintf(type, sizeof(type), "%.40s_%s_exporter", speaks,
		 x->signal == 2 ? "metric" : signals[x->signal].word.p);
	begin(x, type);
	say_where(x);
	tell(x, METRIC_UP_DOWN, "otel.sdk.exporter.%s.inflight",
	     over(of->written, of->sent + of->refused + of->retries + of->closing), NULL,
	     STR("What the exporter has, in memory and on disk"));
	tell_exported(x, of->sent, NULL);
	tell_exported(x, of->refused, "rejected");
	tell_exported(x, of->retries, "retries_exhausted");
	tell_exported(x, of->closing, "shutdown");
}

static void tell_writes(struct telling *x, const struct destination_counts *c)
{
	static const struct str name = STR("otel.sdk.exporter.operation.duration"),
				about = STR("How long an export took");

	sdk_tell_time(&x->t, &c->took[0], name, about,
		      (struct attributes){ x->attribute, x->n, 0 });
	say_of(x, STR("error.type"), STR("_OTHER"));
	sdk_tell_time(&x->t, &c->took[1], name, about,
		      (struct attributes){ x->attribute, x->n, 0 });
}

static void tell_leg(const struct teller *t, const struct leg *leg, size_t number)
{
	struct telling x = { .t = *t, .leg = leg, .number = number };
	struct destination_counts counts;
	bool first = true;

	destination_counts(leg->destination, &counts);
	for (x.signal = 0; x.signal < N_SIGNALS; x.signal++) {
		if (!(leg->signals & 1u << x.signal))
			continue;
		if (signals[x.signal].processor.p)
			tell_processor(&x, &counts);
		tell_exporter(&x, &counts);
		if (first)
			tell_writes(&x, &counts);
		first = false;
	}
}

static struct resource *who(const struct route *route)
{
	struct attribute a[] = {
		{ STR("service.name"), { VALUE_STRING, .text = STR("oriel-collect") } },
		{ STR("service.instance.id"), { VALUE_STRING, .text = str_of(route->run) } },
	};

	return resource_new((struct attributes){ a, route->run[0] ? 2 : 1, 0 }, str_of(route->run),
			    0);
}

static struct batch *sdk_batch(const struct route *route)
{
	struct resource *r = who(route);
	struct batch *b = r ? batch_new(r) : NULL;
	struct teller t = { b, &sdk_scope, route->since_ns, clock_real_ns(), false };

	resource_free(r);
	for (size_t i = 0; b && i < route->n_legs; i++)
		if (!route->leg[i].is_lines)
			tell_leg(&t, &route->leg[i], i);
	return b;
}

void sdk_give(struct route *route)
{
	struct batch *b = route->sdk ? sdk_batch(route) : NULL;

	for (size_t i = 0; b && i < route->n_legs; i++)
		if (!route->leg[i].is_lines)
			leg_give(&route->leg[i], b);
	batch_free(b);
}

void routes_second(uint64_t now_ns, void *you)
{
	struct routes *all = you;

	pthread_mutex_lock(&all->lock);
	for (struct route *route = all->head; route; route = route->next) {
		if (!route->sdk || route->is_closing || now_ns < route->next_sdk_ns)
			continue;
		route->next_sdk_ns = now_ns + route->spans.every_ns;
		sdk_give(route);
	}
	pthread_mutex_unlock(&all->lock);
}

/* So that who asks for metrics is told them as they are now. */
void routes_refresh(void *you)
{
	static const struct span_metrics_rules none = { .on = false };
	struct routes *all = you;
	struct batch *told[ROUTES_TOLD];
	size_t n = 0;

	pthread_mutex_lock(&all->lock);
	for (struct route *route = all->head; route && n < ROUTES_TOLD; route = route->next)
		if (route->sdk && (told[n] = sdk_batch(route)))
			n++;
	pthread_mutex_unlock(&all->lock);
	for (size_t i = 0; i < n; i++) {
		collector_received(all->collector, told[i], &none);
		batch_free(told[i]);
	}
}
