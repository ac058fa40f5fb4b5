/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as X-Forwarded-For, Forwarded and a list of proxies: nothing outside the buffers, and who is
 * found is never one that is trusted.
 */
#include <stdint.h>
#include <stdlib.h>

#include "agent/http/forwarded.h"

static struct str cut(struct str *rest)
{
	struct cut c = str_cut(*rest, '\n');

	*rest = c.tail;
	return c.head;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	struct str rest = { copy, size };
	struct forwarded_seen seen;
	struct forwarded_rules rules;
	uint8_t peer[16] = { 0 }, out[16];

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	forwarded_rules_read(&rules, cut(&rest), STR(""));
	proxies_read(&rules.trusted, STR("::/128, 10.0.0.0/8"), NULL);
	seen.peer = peer;
	seen.x_forwarded_for = cut(&rest);
	seen.forwarded = rest;
	if (forwarded_client(&rules, &seen, out) && proxies_have(&rules.trusted, out))
		abort();
	free(copy);
	return 0;
}
