/* SPDX-License-Identifier: Apache-2.0 */
/* B3 from anywhere: nothing is read past its end, and what is taken can be written and read again. */
#include "lib/b3.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const struct remote *b)
{
	char text[B3_ROOM];
	struct remote again;

	b3_write(text, b->trace_id, b->span_id, b->sampling);
	if (!b3_single(&again, str_of(text)) || memcmp(again.trace_id, b->trace_id, 16) != 0 ||
	    memcmp(again.span_id, b->span_id, 8) != 0)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct cut trace = str_cut(text, '\n'), span = str_cut(trace.tail, '\n'),
		   sampled = str_cut(span.tail, '\n');
	struct remote b;

	if (b3_single(&b, text) && b.has_ids)
		round_trip(&b);
	if (b3_multi(&b, trace.head, span.head, sampled.head, sampled.tail) && b.has_ids)
		round_trip(&b);
	return 0;
}
