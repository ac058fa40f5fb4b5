/* SPDX-License-Identifier: Apache-2.0 */
/* How long does it take to read a span of five attributes from OTLP's protobuf? Median of many passes. */
#include "base/clock.h"
#include "export/otlp-encode.h"
#include "receive/otlp.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_SPANS = 8192, N_PASSES = 101 };

static const struct scope scope = { { "oriel.microhttpd", 16 }, { "0.1.0", 5 } };

static struct attribute text(const char *key, const char *value)
{
	return (struct attribute){ str_of(key), { VALUE_STRING, .text = str_of(value) } };
}

static struct attribute number(const char *key, int64_t value)
{
	return (struct attribute){ str_of(key), { VALUE_INT, .integer = value } };
}

static void fill(struct batch *b)
{
	for (size_t i = 0; i < N_SPANS; i++) {
		struct span *s = batch_add_span(b);
		struct attribute *a = arena_take_n(&b->arena, struct attribute, 5);

		if (!s || !a)
			abort();
		a[0] = text("http.request.method", "GET");
		a[1] = text("url.path", "/api/v1/carts/8213/items");
		a[2] = text("http.route", "/api/v1/carts/{id}/items");
		a[3] = number("http.response.status_code", 200);
		a[4] = number("server.port", 8080);
		for (size_t k = 0; k < 16; k++)
			s->trace_id.b[k] = (uint8_t)(i * 31 + k);
		for (size_t k = 0; k < 8; k++)
			s->span_id.b[k] = s->parent_id.b[k] = (uint8_t)(i * 17 + k + 1);
		s->flags = 0x101;
		s->kind = SPAN_SERVER;
		s->start_ns = 1700000000000000000u + i * 1000;
		s->end_ns = s->start_ns + 1234567;
		s->name = STR("GET /api/v1/carts/{id}/items");
		s->scope = &scope;
		s->attributes = (struct attributes){ a, 5, 0 };
	}
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool measure(struct str body)
{
	static uint64_t took[N_PASSES];
	struct sources known;
	struct otlp_source from = { &known, { "", 0 }, NULL };
	bool whole = true;

	sources_init(&known);
	for (size_t i = 0; i < N_PASSES; i++) {
		struct receipt got = { 0 };
		uint64_t start = clock_mono_ns();

		whole &= otlp_decode(&got, SIGNAL_SPAN, body, &from) == 0;
		whole &= receipt_items(&got) == N_SPANS;
		receipt_fini(&got);
		took[i] = clock_mono_ns() - start;
	}
	sources_fini(&known);
	qsort(took, N_PASSES, sizeof(*took), by_value);
	double ns = (double)took[N_PASSES / 2] / N_SPANS;

	printf("otlp-decode, 5 attributes: %.1f ns/span, %.2f million spans/s, %.0f MB/s\n", ns,
	       1e3 / ns, (double)body.n / N_SPANS / ns * 1e3);
	return whole;
}

/* As the collector has it (collect/collector.c): what is freed is there for the next request. */
static void heap_keep(void)
{
	mallopt(M_MMAP_THRESHOLD, 8 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
}

int main(void)
{
	struct attribute who = text("service.name", "bench");
	struct resource *r = resource_new((struct attributes){ &who, 1, 0 }, STR(""), 1);
	struct batch *b = r ? batch_new(r) : NULL;
	struct out o = { 0 };
	bool whole;

	if (!b)
		return 1;
	heap_keep();
	fill(b);
	otlp_encode(&o, SIGNAL_SPAN, (struct otlp_slice){ &b, 1, 0, N_SPANS });
	whole = !o.error && measure(out_all(&o));
	out_fini(&o);
	batch_free(b);
	resource_free(r);
	return whole ? 0 : 1;
}
