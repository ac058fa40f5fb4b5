/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenTracing's basic tracers' propagator ("OT Trace").
 *
 *     ot-tracer-traceid   hex, 64 bits: the right half of ours; 128 bits are read too
 *     ot-tracer-spanid    hex
 *     ot-tracer-sampled   true, false
 *     ot-baggage-KEY      baggage, as it is
 */
#include "lib/propagate.h"

#include "base/hex.h"

static enum remote_sampling sampling_of(struct str text)
{
	if (str_eq_nocase(text, STR("true")) || str_eq(text, STR("1")))
		return REMOTE_ACCEPTED;
	if (str_eq_nocase(text, STR("false")) || str_eq(text, STR("0")))
		return REMOTE_DENIED;
	return REMOTE_DEFERRED;
}

static void ottrace_extract(struct found *f, const struct source *from)
{
	struct remote r = { .has_ids = true };

	if (hex_read_padded(r.trace_id, 16, str_trim(field(from, "ot-tracer-traceid"))) &&
	    hex_read_padded(r.span_id, 8, str_trim(field(from, "ot-tracer-spanid")))) {
		r.sampling = sampling_of(str_trim(field(from, "ot-tracer-sampled")));
		found_adopt(f, &r, STR(""));
	}
	found_baggage(f, from, STR("ot-baggage-"));
}

static void ottrace_inject(const struct current *c, const struct target *to)
{
	char id[17];

	if (c->entry->span_id) {
		id[16] = '\0';
		hex_write(id, current_trace_id(c) + 8, 8);
		to->set(to->carrier, "ot-tracer-traceid", id);
		hex_write(id, current_span_id(c), 8);
		to->set(to->carrier, "ot-tracer-spanid", id);
		if (current_sampling(c) != REMOTE_DEFERRED)
			to->set(to->carrier, "ot-tracer-sampled",
				current_sampling(c) == REMOTE_DENIED ? "false" : "true");
	}
}

static void ottrace_inject_baggage(const struct current *c, const struct target *to)
{
	inject_baggage_fields(c, to, STR("ot-baggage-"), BAGGAGE_PLAIN);
}

const struct propagator propagator_ottrace = { ottrace_extract, ottrace_inject,
					       ottrace_inject_baggage };
