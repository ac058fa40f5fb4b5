/* SPDX-License-Identifier: Apache-2.0 */
/* Zipkin's propagators: b3 in one field, b3multi in several. Both read both, the single one first ("B3 Extract"). */
#include "lib/propagate.h"

#include "lib/b3.h"

static void b3_extract(struct found *f, const struct source *from)
{
	struct remote r;

	if (b3_single(&r, field(from, "b3")) ||
	    b3_multi(&r, field(from, "x-b3-traceid"), field(from, "x-b3-spanid"),
		     field(from, "x-b3-sampled"), field(from, "x-b3-flags")))
		found_adopt(f, &r, STR(""));
}

static void b3_inject(const struct current *c, const struct target *to)
{
	char text[B3_ROOM];

	if (!c->entry->span_id)
		return;
	b3_write(text, current_trace_id(c), current_span_id(c), current_sampling(c));
	to->set(to->carrier, "b3", text);
}

const struct propagator propagator_b3 = { b3_extract, b3_inject, NULL };

/* Debug says that it is sampled, so that isn't said again; what isn't decided isn't said at all. */
static void b3multi_inject(const struct current *c, const struct target *to)
{
	enum remote_sampling sampling = current_sampling(c);
	char text[B3_ROOM];

	if (!c->entry->span_id)
		return;
	b3_write(text, current_trace_id(c), current_span_id(c), sampling);
	text[32] = text[49] = '\0';
	to->set(to->carrier, "X-B3-TraceId", text);
	to->set(to->carrier, "X-B3-SpanId", text + 33);
	if (sampling == REMOTE_DEBUG)
		to->set(to->carrier, "X-B3-Flags", "1");
	else if (sampling != REMOTE_DEFERRED)
		to->set(to->carrier, "X-B3-Sampled", text + 50);
}

const struct propagator propagator_b3multi = { b3_extract, b3multi_inject, NULL };
