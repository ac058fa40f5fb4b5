/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Setting: which environment variables are configuration of ours. One list: what travels to the
 * collector, and what a bootstrap hook may set.
 *
 *     setting_is(STR("OTEL_SERVICE_NAME=shop"))      also with the value
 */
#pragma once

#include "base/str.h"

static inline bool setting_is(struct str variable)
{
	static const struct str prefix[] = { STR("OTEL_"),	 STR("ORIEL_"),
					     STR("DD_"),	 STR("SENTRY_"),
					     STR("LOG_"),	 STR("PROMETHEUS_"),
					     STR("RELEASE_SHA"), STR("NO_COLOR"),
					     STR("TOMODACHI_"),	 STR("IS_TOMODACHI_") };

	for (size_t i = 0; i < sizeof(prefix) / sizeof(prefix[0]); i++)
		if (str_starts(variable, prefix[i]))
			return true;
	return false;
}
