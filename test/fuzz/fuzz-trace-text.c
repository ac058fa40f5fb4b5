/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trace for a terminal, from spans that are cut from the input: whatever their names and parents
 * are, each is shown once and no control character comes out.
 */
#include "view/trace-text.h"

#include <stdlib.h>

static struct str take(struct str *from, size_t n)
{
	struct str s = str_first(*from, n);

	*from = str_from(*from, n);
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str left = { (const char *)data, size };
	struct resource from = { .service = take(&left, 4) };
	struct trace_text *t = trace_text_new();
	struct out o = { 0 };
	size_t n_spans = 0, lines = 0;

	while (left.n > 4 && n_spans < 200) {
		struct str head = take(&left, 5);
		struct span s = { .start_ns = (unsigned char)head.p[2] };

		if (head.n < 5)
			break;
		s.span_id.b[0] = (uint8_t)head.p[0];
		s.parent_id.b[0] = (uint8_t)head.p[1];
		s.end_ns = (unsigned char)head.p[3];
		s.status = (enum span_status)(head.p[4] & 3);
		s.name = take(&left, (unsigned char)head.p[4] >> 2);
		trace_text_span(&s, &from, t);
		n_spans++;
	}
	trace_text_write(t, &(struct trace_text_look){ .width = size % 200 }, &o);
	for (size_t i = 0; i < o.n; i++) {
		lines += o.p[i] == '\n';
		if ((unsigned char)o.p[i] < 0x20 && o.p[i] != '\n')
			abort();
	}
	if (lines != n_spans + (n_spans != 0))
		abort();
	out_fini(&o);
	trace_text_free(t);
	return 0;
}
