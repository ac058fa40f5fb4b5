/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as rules, up to the first NUL, and as a key and a text behind it: nothing outside the
 * buffers, the same length whether it is written or only measured, what is cut is the beginning of the
 * whole, and what is called quiet has no secret.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/redact.h"

static void compare(const struct redact *r, struct str text)
{
	size_t room = text.n * 12 + REDACT_MARK_MOST, n, some, part_n;
	char *whole = malloc(room), *part;

	if (!whole)
		return;
	n = redact_text(r, text, whole, room);
	if (n > room || redact_text(r, text, NULL, room) != n)
		abort();
	if (!redact_is_loud(text.p, text.n) && !str_eq(text, (struct str){ whole, n }))
		abort();
	some = n / 2;
	part = malloc(some ? some : 1);
	part_n = part ? redact_text(r, text, part, some) : 0;
	if (part_n > some || (part_n && memcmp(part, whole, part_n) != 0) ||
	    (part && redact_text(r, text, NULL, some) != part_n))
		abort();
	free(part);
	free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t rules_n = strnlen((const char *)data, size);
	size_t n = size - rules_n;
	char *text = malloc(n ? n : 1);
	static struct redact r;

	if (!text)
		return 0;
	redact_default(&r);
	redact_read(&r, (struct str){ (const char *)data, rules_n }, NULL);
	if (n)
		memcpy(text, data + rules_n + 1, --n);
	redact_key(&r, (struct str){ text, n });
	redact_words(&r, (struct str){ text, n });
	redact_parameter(&r, (struct str){ text, n });
	compare(&r, (struct str){ text, n });
	free(text);
	return 0;
}
