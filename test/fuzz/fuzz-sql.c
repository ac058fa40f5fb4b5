/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a statement: nothing outside the buffers, and no string literal comes out. */
#include <stdint.h>
#include <stdlib.h>

#include "agent/sql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sql s;
	char *copy = malloc(size ? size : 1);

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	sql_read(&s, (struct str){ copy, size });
	free(copy);
	if (s.text.n > SQL_TEXT_MOST || s.summary.n > SQL_SUMMARY_MOST ||
	    s.operation.n > s.summary.n || s.collection.n > s.summary.n)
		abort();
	for (size_t i = 0; i < s.text.n; i++)
		if (s.text.p[i] == '\'' && s.text.n < SQL_TEXT_MOST && !memchr(s.text.p, '"', i) &&
		    !memchr(s.text.p, '`', i) && !memchr(s.text.p, '[', i))
			abort();
	return 0;
}
