/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One OTLP request of each signal, with every kind of value, for other people's decoders:
 *
 *     otlp-sample DIRECTORY        writes traces.bin, logs.bin and metrics.bin there, and each as .json
 *     otlp-sample EXPORTER NAME=VALUE...  gives them to an exporter with these settings, once, and
 *                                         prints what came of it
 *
 * test/interop/ knows what must come out.
 */
#include "export/otlp-encode.h"
#include "export/otlp-json.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { START_S = 1700000000 };

#define NS(seconds) ((uint64_t)(seconds)*1000000000u + 123456789u)

static const struct scope shop = { .name = { "shop", 4 }, .version = { "1.2.3", 5 } };
static const struct scope hooks = { .name = { "oriel.microhttpd", 16 }, .version = { "0.1.0", 5 } };

static struct value text(const char *s)
{
	return (struct value){ VALUE_STRING, .text = str_of(s) };
}

static struct value integer(int64_t v)
{
	return (struct value){ VALUE_INT, .integer = v };
}

static const struct value list[] = {
	{ VALUE_STRING, .text = { "a", 1 } },
	{ VALUE_INT, .integer = 2 },
	{ VALUE_EMPTY, .integer = 0 },
	{ VALUE_BOOL, .boolean = true },
};
static const struct attribute map[] = {
	{ { "inner", 5 }, { VALUE_DOUBLE, .number = 0.5 } },
	{ { "list", 4 }, { VALUE_ARRAY, .array = { list, 4 } } },
};

static const struct attribute every_type[] = {
	{ { "empty", 5 }, { VALUE_EMPTY, .integer = 0 } },
	{ { "true", 4 }, { VALUE_BOOL, .boolean = true } },
	{ { "false", 5 }, { VALUE_BOOL, .boolean = false } },
	{ { "int", 3 }, { VALUE_INT, .integer = 42 } },
	{ { "zero", 4 }, { VALUE_INT, .integer = 0 } },
	{ { "least", 5 }, { VALUE_INT, .integer = INT64_MIN } },
	{ { "most", 4 }, { VALUE_INT, .integer = INT64_MAX } },
	{ { "double", 6 }, { VALUE_DOUBLE, .number = 3.25 } },
	{ { "tiny", 4 }, { VALUE_DOUBLE, .number = 5e-324 } },
	{ { "no number", 9 }, { VALUE_DOUBLE, .number = NAN } },
	{ { "infinity", 8 }, { VALUE_DOUBLE, .number = INFINITY } },
	{ { "text", 4 }, { VALUE_STRING, .text = { "plain", 5 } } },
	{ { "no text", 7 }, { VALUE_STRING, .text = { "", 0 } } },
	{ { "utf8", 4 },
	  { VALUE_STRING, .text = { "sm\xc3\xb8rrebr\xc3\xb8"
				    "d",
				    12 } } },
	{ { "broken", 6 },
	  { VALUE_STRING, .text = { "a\xff"
				    "b\xe2\x82",
				    5 } } },
	{ { "br\xfeken", 6 }, { VALUE_INT, .integer = 1 } },
	{ { "bytes", 5 }, { VALUE_BYTES, .text = { "\0\1\xff", 3 } } },
	{ { "array", 5 }, { VALUE_ARRAY, .array = { list, 4 } } },
	{ { "no array", 8 }, { VALUE_ARRAY, .array = { NULL, 0 } } },
	{ { "map", 3 }, { VALUE_MAP, .map = { map, 2 } } },
};

enum { N_TYPES = sizeof(every_type) / sizeof(*every_type) };

static struct resource *make_resource(const char *service)
{
	struct attribute a[] = {
		{ STR("service.name"), text(service) },
		{ STR("process.pid"), integer(4711) },
	};

	return resource_new((struct attributes){ a, 2, 5 }, STR(""), 4711);
}

static void number_id(uint8_t *id, size_t n, uint8_t first)
{
	for (size_t i = 0; i < n; i++)
		id[i] = (uint8_t)(first + i);
}

static void fill_span(struct span *s, const struct span_event *event, const struct span_link *link)
{
	number_id(s->trace_id.b, 16, 1);
	number_id(s->span_id.b, 8, 0x21);
	number_id(s->parent_id.b, 8, 0x31);
	s->flags = 0x301;
	s->kind = SPAN_SERVER;
	s->status = STATUS_ERROR;
	s->status_message = STR("it broke");
	s->start_ns = NS(START_S);
	s->end_ns = NS(START_S + 2);
	s->name = STR("GET /cart/{id}");
	s->trace_state = STR("vendor=1,other=2");
	s->scope = &shop;
	s->attributes = (struct attributes){ every_type, N_TYPES, 7 };
	s->event = event;
	s->n_events = 2;
	s->link = link;
	s->n_links = 1;
	s->dropped_events = 8;
	s->dropped_links = 9;
}

/* The second is all defaults, the third of another scope, the fourth of another resource. */
static void fill_spans(struct batch *one, struct batch *two)
{
	static const struct attribute because = { { "because", 7 }, { VALUE_INT, .integer = 1 } };
	static const struct span_event event[] = {
		{ NS(START_S + 1), { "exception", 9 }, { &because, 1, 2 } },
		{ 0, { "", 0 }, { NULL, 0, 0 } },
	};
	static struct span_link link = { .flags = 0x101,
					 .trace_state = { "x=y", 3 },
					 .attributes = { &because, 1, 3 } };
	struct span *s = batch_add_span(one);

	number_id(link.trace_id.b, 16, 0x41);
	number_id(link.span_id.b, 8, 0x51);
	fill_span(s, event, &link);
	batch_add_span(one)->scope = &hooks;
	s = batch_add_span(one);
	s->scope = &shop;
	s->name = STR("third");
	s->kind = SPAN_CONSUMER;
	s->status = STATUS_OK;
	s = batch_add_span(two);
	s->name = STR("fourth");
	s->kind = SPAN_INTERNAL;
}

static void fill_logs(struct batch *b)
{
	struct log_record *l = batch_add_log(b);

	l->time_ns = NS(START_S);
	l->observed_ns = NS(START_S + 1);
	number_id(l->trace_id.b, 16, 1);
	number_id(l->span_id.b, 8, 0x21);
	l->flags = 1;
	l->severity = 17;
	l->severity_text = STR("ERROR");
	l->event_name = STR("order.failed");
	l->body = (struct value){ VALUE_MAP, .map = { map, 2 } };
	l->scope = &shop;
	l->attributes = (struct attributes){ every_type, N_TYPES, 4 };
	l = batch_add_log(b);
	l->body = text("hello");
	l->scope = &shop;
}

static struct metric_point *add_point(struct batch *b, enum metric_kind kind, const char *name,
				      const char *unit)
{
	struct metric_point *p = batch_add_point(b);

	p->kind = kind;
	p->name = str_of(name);
	p->unit = str_of(unit);
	p->description = STR("What it is");
	p->scope = &shop;
	p->start_ns = NS(START_S);
	p->time_ns = NS(START_S + 60);
	return p;
}

static void fill_points(struct batch *b)
{
	static const double bounds[] = { 0.005, 0.1, 10 };
	static const uint64_t buckets[] = { 1, 0, 300, 4 }, none[4];
	static const struct attribute book = { { "product", 7 },
					       { VALUE_STRING, .text = { "book", 4 } } };
	static const struct attribute pen = { { "product", 7 },
					      { VALUE_STRING, .text = { "pen", 3 } } };
	struct metric_point *p = add_point(b, METRIC_SUM, "orders", "{order}");

	p->integer = 42;
	p->attributes = (struct attributes){ &book, 1, 0 };
	p = add_point(b, METRIC_SUM, "orders", "{order}");
	p->integer = INT64_MAX;
	p->attributes = (struct attributes){ &pen, 1, 0 };
	p = add_point(b, METRIC_UP_DOWN, "queue", "1");
	p->integer = -3;
	p = add_point(b, METRIC_GAUGE, "temperature", "Cel");
	p->is_double = true;
	p->number = -0.5;
	p = add_point(b, METRIC_HISTOGRAM, "http.server.request.duration", "s");
	p->bounds = bounds;
	p->buckets = buckets;
	p->n_bounds = 3;
	p->count = 305;
	p->sum = 12.5;
	p->min = 0.001;
	p->max = 11;
	p->attributes = (struct attributes){ &book, 1, 0 };
	p = add_point(b, METRIC_HISTOGRAM, "nothing", "");
	p->bounds = bounds;
	p->buckets = none;
	p->n_bounds = 3;
	add_point(b, METRIC_SUM, "zero", "")->is_double = true;
}

static void make_example(struct exemplar *e, const struct attribute *dropped)
{
	*e = (struct exemplar){ .time_ns = NS(START_S + 30),
				.is_double = true,
				.number = 0.25,
				.attributes = { dropped, 1, 0 } };
	for (size_t i = 0; i < sizeof(e->trace_id.b); i++)
		e->trace_id.b[i] = (uint8_t)(i + 1);
	for (size_t i = 0; i < sizeof(e->span_id.b); i++)
		e->span_id.b[i] = (uint8_t)(i + 0x20);
}

static void fill_more_points(struct batch *b)
{
	static const struct attribute cart = { { "cart", 4 }, { VALUE_INT, .integer = 7 } };
	static const uint64_t below[] = { 1 }, above[] = { 3, 0, 300 };
	static const struct quantile quantile[] = { { 0.5, 0.25 }, { 0.99, 4 } };
	static struct exemplar example[2];
	struct metric_point *p = add_point(b, METRIC_EXPONENTIAL, "exponential", "s");

	make_example(&example[0], &cart);
	example[1] = (struct exemplar){ .integer = -2 };
	p->scale = 3;
	p->count = 306;
	p->sum = 99.5;
	p->min = -2;
	p->max = 5;
	p->zero_count = 2;
	p->zero_threshold = 0.001;
	p->positive = (struct exponential_buckets){ -5, above, 3 };
	p->negative = (struct exponential_buckets){ 7, below, 1 };
	p->exemplar = example;
	p->n_exemplars = 2;
	p = add_point(b, METRIC_EXPONENTIAL, "coarse", "s");
	p->scale = -10;
	p = add_point(b, METRIC_SUMMARY, "summary", "s");
	p->count = 4;
	p->sum = 9;
	p->quantile = quantile;
	p->n_quantiles = 2;
	p = add_point(b, METRIC_SUM, "since", "");
	p->delta = true;
	p->integer = 3;
	p->exemplar = example;
	p->n_exemplars = 1;
}

static int write_file(const char *directory, const char *name, const char *end, struct out *o)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.%s", directory, name, end);
	f = o->error ? NULL : fopen(path, "wb");
	if (!f || fwrite(o->p, 1, o->n, f) != o->n || fclose(f)) {
		perror(path);
		return 1;
	}
	out_fini(o);
	return 0;
}

static int write_request(const char *directory, const char *name, enum signal kind,
			 struct batch *const *batch, size_t n)
{
	struct otlp_slice all = { batch, n, 0, otlp_count(kind, batch, n) };
	struct out bin = { 0 }, json = { 0 };

	otlp_encode(&bin, kind, all);
	otlp_encode_json(&json, kind, all);
	return write_file(directory, name, "bin", &bin) ||
	       write_file(directory, name, "json", &json);
}

static int send(const char *exporter, char **setting, struct batch *const *batch, size_t n)
{
	const struct exporter *x = exporter_find(str_of(exporter));
	struct export_place place = { .signals = SIGNAL_ALL, .out_fd = 1 };
	struct export_result result = { .n_rejected = 0 };
	struct out block = { 0 };
	char why[160] = "";
	void *state;
	int r;

	for (; *setting; setting++)
		out_bytes(&block, *setting, strlen(*setting) + 1);
	struct settings settings = { out_all(&block) };

	place.signals = (enum signal)(place.signals & x->takes);
	r = x->open(&state, &settings, &place, why);
	if (r) {
		fprintf(stderr, "open=%d %s\n", r, why);
		return 1;
	}
	r = x->write(state, batch, n, &result);
	fprintf(stderr, "write=%d rejected=%llu after=%u done=%zu,%zu,%zu %s\n", r,
		(unsigned long long)result.n_rejected, result.retry_after_ms, result.n_done[0],
		result.n_done[1], result.n_done[2], result.why);
	x->close(state);
	out_fini(&block);
	return 0;
}

int main(int argc, char **argv)
{
	struct resource *one = make_resource("shop"), *two = make_resource("other");
	struct batch *batch[] = { batch_new(one), batch_new(two) };
	int failed;

	if (argc < 2) {
		fprintf(stderr, "usage: otlp-sample DIRECTORY | EXPORTER NAME=VALUE...\n");
		return 2;
	}
	fill_spans(batch[0], batch[1]);
	fill_logs(batch[0]);
	fill_points(batch[0]);
	fill_more_points(batch[0]);
	if (exporter_find(str_of(argv[1])))
		failed = send(argv[1], argv + 2, batch, 2);
	else
		failed = write_request(argv[1], "traces", SIGNAL_SPAN, batch, 2) ||
			 write_request(argv[1], "logs", SIGNAL_LOG, batch, 2) ||
			 write_request(argv[1], "metrics", SIGNAL_METRIC, batch, 2);
	for (size_t i = 0; i < 2; i++)
		batch_free(batch[i]);
	resource_free(one);
	resource_free(two);
	return failed;
}
