/* SPDX-License-Identifier: Apache-2.0 */
/* What a bootstrap script prints, what an image that is executed anew is told, how long a hook may take. */
#include "agent/bootstrap/outcome.h"
#include "base/hook.h"
#include "base/notice.h"
#include "launch/bootstrap.h"

#include <stdlib.h>

static bool look(void *you, struct str name, struct str value)
{
	size_t *n = you;

	if (memchr(name.p, '=', name.n) || memchr(value.p, '\n', value.n) ||
	    memchr(value.p, '\0', value.n))
		abort();
	*n += name.n + value.n;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size }, bad;
	char name[OUTCOME_NAME], says[400], line[NOTICE_MOST], wire[OUTCOME_WIRE];
	char *whole = strndup((const char *)data, size);
	struct outcome o, again;
	size_t n = 0;

	bootstrap_parse(text, look, &n, &bad);
	if (hook_timeout_ms(text, NULL) > HOOK_TIMEOUT_MOST_MS)
		abort();
	if (whole && outcome_read(&o, 1, name, whole)) {
		outcome_says(&o, says, sizeof(says));
		outcome_write(&o, 1, name, wire);
		if (!outcome_read(&again, 1, name, wire) || again.detail != o.detail)
			abort();
	}
	if (whole)
		for (int json = 0; json < 2; json++)
			if (notice_format(line, json, size * 1000000007u, "l", whole) >=
			    NOTICE_MOST)
				abort();
	free(whole);
	return 0;
}
