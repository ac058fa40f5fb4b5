/* SPDX-License-Identifier: Apache-2.0 */
/* Receiving, for tests: a receiver whose sink counts and keeps the last batch, and requests to give it. */
#pragma once

#include "export/otlp-encode.h"
#include "export/otlp-json.h"
#include "receive/receiver.h"

struct receiving {
	struct receiver receiver;
	pthread_mutex_t lock;
	struct batch *last;
	size_t n_items;
	bool full;
};

static bool receiving_give(struct batch *b, void *you)
{
	struct receiving *r = you;
	bool full;

	pthread_mutex_lock(&r->lock);
	full = r->full;
	if (!full) {
		batch_free(r->last);
		r->last = batch_ref(b);
		r->n_items += batch_items(b);
	}
	pthread_mutex_unlock(&r->lock);
	return !full;
}

static void receiving_begin(struct receiving *r)
{
	struct receive_sink sink = { receiving_give, r };

	*r = (struct receiving){ .full = false };
	pthread_mutex_init(&r->lock, NULL);
	receiver_init(&r->receiver, &sink);
}

static void receiving_end(struct receiving *r)
{
	batch_free(r->last);
	receiver_fini(&r->receiver);
	pthread_mutex_destroy(&r->lock);
}

/* `n` spans of the service "shop", the first `n_bad` of them without ids. */
static void spans_request(struct out *o, enum receive_form form, size_t n, size_t n_bad)
{
	struct attribute who = { STR("service.name"), { VALUE_STRING, .text = STR("shop") } };
	struct resource *r = resource_new((struct attributes){ &who, 1, 0 }, STR(""), 0);
	struct batch *b = batch_new(r);

	for (size_t i = 0; i < n; i++) {
		struct span *s = batch_add_span(b);

		s->kind = SPAN_SERVER;
		s->name = STR("GET /");
		s->start_ns = s->end_ns = 1;
		memset(s->trace_id.b, i < n_bad ? 0 : 1, sizeof(s->trace_id.b));
		memset(s->span_id.b, i < n_bad ? 0 : 2, sizeof(s->span_id.b));
	}
	if (form == FORM_JSON)
		otlp_encode_json(o, SIGNAL_SPAN, (struct otlp_slice){ &b, 1, 0, n });
	else
		otlp_encode(o, SIGNAL_SPAN, (struct otlp_slice){ &b, 1, 0, n });
	batch_free(b);
	resource_free(r);
}
