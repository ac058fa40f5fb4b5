/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sampler name: what OTEL_TRACES_SAMPLER may say, in any case. One list for liboriel, which samples by it,
 * and for `oriel run`, which checks it.
 *
 *     struct sampler_name n;
 *     sampler_name_read(STR("parentbased_always_on"), &n)     n.kind SAMPLER_NAME_ON, n.parent_based
 */
#pragma once

#include "base/str.h"

enum sampler_kind {
	SAMPLER_NAME_ON,
	SAMPLER_NAME_OFF,
	SAMPLER_NAME_RATIO,
	SAMPLER_NAME_JAEGER_REMOTE,
	N_SAMPLER_NAMES,
};

struct sampler_name {
	enum sampler_kind kind;
	bool parent_based;
};

/* False: unset or unknown, and what it then is: parentbased_always_on. */
static inline bool sampler_name_read(struct str text, struct sampler_name *out)
{
	static const struct str names[N_SAMPLER_NAMES] = {
		[SAMPLER_NAME_ON] = STR("always_on"),
		[SAMPLER_NAME_OFF] = STR("always_off"),
		[SAMPLER_NAME_RATIO] = STR("traceidratio"),
		[SAMPLER_NAME_JAEGER_REMOTE] = STR("jaeger_remote"),
	};
	const struct str before = STR("parentbased_");
	bool parent_based = str_eq_nocase(str_first(text, before.n), before);
	struct str name = parent_based ? str_from(text, before.n) : text;

	*out = (struct sampler_name){ SAMPLER_NAME_ON, true };
	for (int i = 0; i < N_SAMPLER_NAMES; i++) {
		if (!str_eq_nocase(name, names[i]))
			continue;
		*out = (struct sampler_name){ (enum sampler_kind)i, parent_based };
		return true;
	}
	return false;
}
