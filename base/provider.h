/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Provider: what a name stands for that Python's OpenTelemetry loads a provider or a metric reader by
 * (OTEL_PYTHON_METER_PROVIDER=tomodachi_prometheus). One list: what the collector makes of it, and what
 * `oriel run` checks the variables against.
 */
#pragma once

#include "base/str.h"

enum provider {
	PROVIDER_UNKNOWN,
	PROVIDER_USUAL,	     /* the SDK's own: nothing more is asked for */
	PROVIDER_PROMETHEUS, /* be asked for metrics, by tomodachi's names for them */
};

/* `kind` is tracer, meter or logger. */
static inline enum provider provider_find(struct str name, struct str kind)
{
	static const struct str before[] = { STR("sdk_"), STR("default_") };

	if (str_eq(name, STR("tomodachi_prometheus")) && str_eq(kind, STR("meter")))
		return PROVIDER_PROMETHEUS;
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		struct str rest = str_from(name, before[i].n);

		if (str_starts(name, before[i]) && str_starts(rest, kind) &&
		    str_eq(str_from(rest, kind.n), STR("_provider")))
			return PROVIDER_USUAL;
	}
	return PROVIDER_UNKNOWN;
}
