/* SPDX-License-Identifier: Apache-2.0 */
/* How long does it take to encode a span of five attributes as OTLP, and as Zipkin's JSON? Median of many passes. */
#include "base/clock.h"
#include "export/otlp-encode.h"
#include "export/otlp-json.h"
#include "export/zipkin-encode.h"

#include <inttypes.h>
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
			s->span_id.b[k] = s->parent_id.b[k] = (uint8_t)(i * 17 + k);
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

typedef void encoder(struct out *o, struct otlp_slice slice);

static void as_protobuf(struct out *o, struct otlp_slice slice)
{
	otlp_encode(o, SIGNAL_SPAN, slice);
}

static void as_json(struct out *o, struct otlp_slice slice)
{
	otlp_encode_json(o, SIGNAL_SPAN, slice);
}

static void as_zipkin(struct out *o, struct otlp_slice slice)
{
	size_t left_out;

	zipkin_encode(o, slice, &left_out);
}

static int measure(const char *name, encoder *encode, struct batch *b)
{
	static uint64_t took[N_PASSES];
	struct out o = { 0 };
	int error;

	for (size_t i = 0; i < N_PASSES; i++) {
		uint64_t start = clock_mono_ns();

		out_clear(&o);
		encode(&o, (struct otlp_slice){ &b, 1, 0, N_SPANS });
		took[i] = clock_mono_ns() - start;
	}
	qsort(took, N_PASSES, sizeof(*took), by_value);
	double ns = (double)took[N_PASSES / 2] / N_SPANS;

	printf("%s, 5 attributes: %.1f ns/span, %.2f million spans/s, %zu bytes/span\n", name, ns,
	       1e3 / ns, o.n / N_SPANS);
	error = o.error;
	out_fini(&o);
	return error;
}

int main(void)
{
	struct attribute who = text("service.name", "bench");
	struct resource *r = resource_new((struct attributes){ &who, 1, 0 }, STR(""), 1);
	struct batch *b = r ? batch_new(r) : NULL;
	int failed;

	if (!b)
		return 1;
	fill(b);
	failed = measure("otlp-encode", as_protobuf, b) | measure("otlp-encode-json", as_json, b) |
		 measure("zipkin-encode", as_zipkin, b);
	batch_free(b);
	resource_free(r);
	return failed != 0;
}
