/* SPDX-License-Identifier: Apache-2.0 */
/* Made, for tests: requests in protobuf, by the encoder or by hand. */
#pragma once

#include "export/otlp-encode.h"
#include "export/protobuf.h"
#include "receive/otlp.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define S(text) ((struct str){ "" text, sizeof(text) - 1 })

static const struct otlp_source nobody = { NULL, { "", 0 }, NULL };

/* What the encoder writes of a batch, read again. */
static inline void read_again(struct receipt *got, enum signal kind, struct batch *b)
{
	struct out o = { 0 };

	otlp_encode(&o, kind, (struct otlp_slice){ &b, 1, 0, batch_items(b) });
	assert_int_equal(otlp_decode(got, kind, out_all(&o), &nobody), 0);
	assert_int_equal(got->n, 1);
	assert_int_equal(got->n_rejected, 0);
	out_fini(&o);
}

static inline struct batch *batch_of(const char *service)
{
	struct attribute a = { STR("service.name"), { VALUE_STRING, .text = str_of(service) } };
	struct resource *r = resource_new((struct attributes){ &a, 1, 0 }, STR(""), 0);
	struct batch *b = batch_new(r);

	resource_free(r);
	return b;
}

static inline void assert_text(struct str is, const char *wanted)
{
	assert_int_equal(is.n, strlen(wanted));
	assert_memory_equal(is.p, wanted, is.n);
}

/* A request of one item in one scope, of bytes that the caller writes. */
struct made {
	struct out o;
	struct proto_message part, scoped, item;
};

static inline void make(struct made *m)
{
	*m = (struct made){ .o = { 0 } };
	m->part = proto_open(&m->o, 1, PROTO_ABOUT_1M);
	m->scoped = proto_open(&m->o, 2, PROTO_ABOUT_1M);
	m->item = proto_open(&m->o, 2, PROTO_ABOUT_1M);
}

static inline int made_decode(struct made *m, enum signal kind, struct receipt *got)
{
	int r;

	proto_close(&m->o, m->item);
	proto_close(&m->o, m->scoped);
	proto_close(&m->o, m->part);
	r = otlp_decode(got, kind, out_all(&m->o), &nobody);
	out_fini(&m->o);
	return r;
}
