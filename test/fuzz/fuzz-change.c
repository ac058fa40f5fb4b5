/* SPDX-License-Identifier: Apache-2.0 */
/* Changes as they come over the collector's socket: what is accepted finds its room. */
#include "base/change.h"
#include "base/severity.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct change c;

	while (text.n) {
		struct cut line = str_cut(text, '\n');

		if (!change_read(&c, line.head) &&
		    (c.logger.n > CHANGE_LOGGER_MOST || c.patterns.n > CHANGE_EXCLUDED_MOST ||
		     (c.kind == CHANGE_LEVEL && !c.back &&
		      (c.severity < 1 || c.severity > SEVERITY_OFF))))
			abort();
		text = line.tail;
	}
	return 0;
}
