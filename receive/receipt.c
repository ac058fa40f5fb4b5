/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/receipt.h"

#include <stdio.h>
#include <stdlib.h>

struct batch *receipt_add(struct receipt *r, struct resource *resource)
{
	struct batch *b;

	if (r->n == r->room) {
		size_t room = r->room ? r->room * 2 : 8;
		struct batch **more = realloc(r->batch, room * sizeof(*more));

		if (!more)
			return NULL;
		r->batch = more;
		r->room = room;
	}
	b = batch_new(resource);
	if (b)
		r->batch[r->n++] = b;
	return b;
}

void receipt_reject(struct receipt *r, uint64_t n, const char *why)
{
	if (!r->why[0])
		snprintf(r->why, sizeof(r->why), "%s", why);
	r->n_rejected += n;
}

size_t receipt_items(const struct receipt *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += batch_items(r->batch[i]);
	return n;
}

void receipt_fini(struct receipt *r)
{
	for (size_t i = 0; i < r->n; i++)
		batch_free(r->batch[i]);
	free(r->batch);
	*r = (struct receipt){ 0 };
}
