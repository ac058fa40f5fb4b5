/* SPDX-License-Identifier: Apache-2.0 */
/* Sampling rules from the environment: every slice lies in the text, and reading comes to an end. */
#include "base/sampling.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_lie_in(struct str s, struct str whole)
{
	if (s.n && (s.p < whole.p || s.p + s.n > whole.p + whole.n))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str whole = { (const char *)data, size };
	struct sampling_error error;
	struct sampling_rule rule;
	enum sampling_outcome r;
	struct str rest = whole;

	while ((r = sampling_next(&rest, &rule, &error)) != SAMPLING_END) {
		must_lie_in(error.what, whole);
		for (size_t i = 0; r == SAMPLING_FOUND && i < rule.n; i++) {
			must_lie_in(rule.condition[i].key, whole);
			must_lie_in(rule.condition[i].pattern, whole);
		}
	}
	return 0;
}
