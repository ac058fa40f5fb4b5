/* SPDX-License-Identifier: Apache-2.0 */
/* Foreign text on somebody's terminal: whatever it is, one line of UTF-8 without control characters. */
#include "base/utf8.h"
#include "export/console-text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct out *o)
{
	struct str s = out_all(o);

	while (s.n) {
		size_t n = utf8_length(s);

		if (!n || (unsigned char)s.p[0] < 0x20 || s.p[0] == 0x7f)
			abort();
		if (n == 2 && (unsigned char)s.p[0] == 0xc2 && (unsigned char)s.p[1] < 0xa0)
			abort();
		s = str_from(s, n);
	}
	out_fini(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct value v = { VALUE_STRING, .text = { (const char *)data, size } };
	struct out o = { 0 };

	console_text(&o, v.text);
	check(&o);
	console_value(&o, &v);
	check(&o);
	v.type = VALUE_BYTES;
	console_value(&o, &v);
	check(&o);
	return 0;
}
