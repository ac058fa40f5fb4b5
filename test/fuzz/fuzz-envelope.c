/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes from anywhere: what becomes a span has ids, and nothing borrows from the request. */
#include "receive/envelope.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned char seen;

static void look(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		seen ^= (unsigned char)text.p[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct otlp_source from = { NULL, STR(""), NULL };
	struct receipt got = { 0 };
	char *copy = malloc(size + 1);

	memcpy(copy, data, size);
	envelope_decode(&got, (struct str){ copy, size }, &from);
	free(copy);
	for (size_t i = 0; i < got.n; i++) {
		const struct batch *b = got.batch[i];

		look(b->resource->service);
		for (size_t k = 0; k < b->n_spans; k++) {
			if (!trace_id_is_set(b->span[k].trace_id))
				__builtin_trap();
			look(b->span[k].name);
		}
		for (size_t k = 0; k < b->n_logs; k++) {
			look(b->log[k].body.text);
			look(attributes_text(b->log[k].attributes, STR("exception.type")));
		}
	}
	receipt_fini(&got);
	return 0;
}
