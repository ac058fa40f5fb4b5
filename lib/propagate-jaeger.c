/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jaeger's propagator ("Jaeger Propagation" of the Jaeger client libraries).
 *
 *     uber-trace-id   {trace id}:{span id}:{parent's id, unused}:{flags}   also percent-encoded
 *     uberctx-KEY     baggage, percent-encoded
 *
 * Ids are hex and may lack leading zeros. Flags: 1 sampled, 2 debug.
 */
#include "lib/propagate.h"

#include "base/hex.h"
#include "lib/w3c.h"

enum { JAEGER_ROOM = 128 };

static bool jaeger_read(struct remote *out, struct str text)
{
	struct cut trace = str_cut(text, ':'), span = str_cut(trace.tail, ':'),
		   parent = str_cut(span.tail, ':');
	struct remote r = { .has_ids = true };
	uint8_t flags;

	if (!parent.found || !hex_read_padded(r.trace_id, 16, trace.head) ||
	    !hex_read_padded(r.span_id, 8, span.head) || !hex_read_padded(&flags, 1, parent.tail))
		return false;
	r.sampling = flags & 2 ? REMOTE_DEBUG : flags & 1 ? REMOTE_ACCEPTED : REMOTE_DENIED;
	*out = r;
	return true;
}

static void jaeger_extract(struct found *f, const struct source *from)
{
	struct str header = str_trim(field(from, "uber-trace-id"));
	char text[JAEGER_ROOM];
	size_t n = w3c_decode(text, sizeof(text), header);
	struct remote r;

	if (n <= sizeof(text) && jaeger_read(&r, (struct str){ text, n }))
		found_adopt(f, &r, STR(""));
	found_baggage(f, from, STR("uberctx-"));
}

static void jaeger_inject(const struct current *c, const struct target *to)
{
	static const char flags[] = { [REMOTE_DEFERRED] = '0',
				      [REMOTE_DENIED] = '0',
				      [REMOTE_ACCEPTED] = '1',
				      [REMOTE_DEBUG] = '3' };
	char text[32 + 1 + 16 + 4 + 1];

	if (c->entry->span_id) {
		hex_write(text, current_trace_id(c), 16);
		text[32] = ':';
		hex_write(text + 33, current_span_id(c), 8);
		memcpy(text + 49, ":0:", 3);
		text[52] = flags[current_sampling(c)];
		text[53] = '\0';
		to->set(to->carrier, "uber-trace-id", text);
	}
}

static void jaeger_inject_baggage(const struct current *c, const struct target *to)
{
	inject_baggage_fields(c, to, STR("uberctx-"), BAGGAGE_ENCODED);
}

const struct propagator propagator_jaeger = { jaeger_extract, jaeger_inject,
					      jaeger_inject_baggage };
