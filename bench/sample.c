/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/sample.h"

#include <stdlib.h>

static const struct scope scope = { .name = STR("oriel.microhttpd"), .version = STR("0.1.0") };

struct resource *sample_resource(void)
{
	struct attribute who = sample_text("service.name", STR("bench"));

	return resource_new((struct attributes){ &who, 1, 0 }, STR(""), 1);
}

struct batch *sample_spans(struct resource *r, size_t n)
{
	struct batch *b = batch_new(r);

	for (size_t i = 0; b && i < n; i++) {
		struct span *s = batch_add_span(b);
		struct attribute *a = arena_take_n(&b->arena, struct attribute, 5);

		if (!s || !a)
			abort();
		a[0] = sample_text("http.request.method", STR("GET"));
		a[1] = sample_text("url.path", STR("/api/v1/carts/8213/items"));
		a[2] = sample_text("http.route", STR("/api/v1/carts/{id}/items"));
		a[3] = sample_number("http.response.status_code", 200);
		a[4] = sample_number("server.port", 8080);
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
	return b;
}
