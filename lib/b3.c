/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/b3.h"

#include "base/hex.h"

static bool any(const uint8_t *bytes, size_t n)
{
	uint8_t all = 0;

	for (size_t i = 0; i < n; i++)
		all |= bytes[i];
	return all != 0;
}

static bool read_ids(struct remote *b, struct str trace_id, struct str span_id)
{
	size_t n = trace_id.n == 16 ? 8 : 16;

	memset(b->trace_id, 0, sizeof(b->trace_id));
	b->has_ids = hex_read(b->trace_id + 16 - n, n, trace_id, true) &&
		     hex_read(b->span_id, 8, span_id, true) && any(b->trace_id, 16) &&
		     any(b->span_id, 8);
	return b->has_ids;
}

static bool read_sampling(enum remote_sampling *out, struct str text)
{
	if (str_eq(text, STR("0")))
		*out = REMOTE_DENIED;
	else if (str_eq(text, STR("1")))
		*out = REMOTE_ACCEPTED;
	else if (str_eq(text, STR("d")))
		*out = REMOTE_DEBUG;
	else
		return false;
	return true;
}

bool b3_single(struct remote *out, struct str field)
{
	struct cut trace, span, sampling;
	struct remote b = { 0 };
	uint8_t parent[8];

	field = str_trim(field);
	trace = str_cut(field, '-');
	if (!trace.found) {
		if (!read_sampling(&b.sampling, field))
			return false;
		*out = b;
		return true;
	}
	span = str_cut(trace.tail, '-');
	sampling = str_cut(span.tail, '-');
	if (!read_ids(&b, trace.head, span.head) ||
	    (span.found && !read_sampling(&b.sampling, sampling.head)) ||
	    (sampling.found && !hex_read(parent, 8, sampling.tail, true)))
		return false;
	*out = b;
	return true;
}

/* Ids that make no sense leave the decision standing. Some old libraries write true and false. */
bool b3_multi(struct remote *out, struct str trace_id, struct str span_id, struct str sampled,
	      struct str flags)
{
	struct remote b = { 0 };

	sampled = str_trim(sampled);
	if (str_eq(str_trim(flags), STR("1")) || str_eq(sampled, STR("d")))
		b.sampling = REMOTE_DEBUG;
	else if (str_eq(sampled, STR("1")) || str_eq_nocase(sampled, STR("true")))
		b.sampling = REMOTE_ACCEPTED;
	else if (str_eq(sampled, STR("0")) || str_eq_nocase(sampled, STR("false")))
		b.sampling = REMOTE_DENIED;
	if (!read_ids(&b, str_trim(trace_id), str_trim(span_id)) && b.sampling == REMOTE_DEFERRED)
		return false;
	*out = b;
	return true;
}

void b3_write(char out[B3_ROOM], const uint8_t trace_id[16], const uint8_t span_id[8],
	      enum remote_sampling sampling)
{
	hex_write(out, trace_id, 16);
	out[32] = '-';
	hex_write(out + 33, span_id, 8);
	out[49] = sampling == REMOTE_DEFERRED ? '\0' : '-';
	out[50] = sampling == REMOTE_DEBUG ? 'd' : sampling == REMOTE_ACCEPTED ? '1' : '0';
	out[51] = '\0';
}
