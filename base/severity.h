/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Severity: the names that people give to levels of log records, as OpenTelemetry's numbers.
 *
 *     severity_of(STR("WARNING"))      13; SEVERITY_OFF: nothing passes; 0: no such name
 */
#pragma once

#include "base/str.h"

enum {
	SEVERITY_TRACE = 1,
	SEVERITY_DEBUG = 5,
	SEVERITY_INFO = 9,
	SEVERITY_WARN = 13,
	SEVERITY_ERROR = 17,
	SEVERITY_FATAL = 21,
	SEVERITY_MOST = 24,
	SEVERITY_OFF = 25,
};

static inline int severity_of(struct str name)
{
	static const struct {
		struct str name;
		int severity;
	} known[] = {
		{ STR("TRACE"), SEVERITY_TRACE },    { STR("DEBUG"), SEVERITY_DEBUG },
		{ STR("INFO"), SEVERITY_INFO },	     { STR("NOTICE"), SEVERITY_INFO + 1 },
		{ STR("WARNING"), SEVERITY_WARN },   { STR("WARN"), SEVERITY_WARN },
		{ STR("ERROR"), SEVERITY_ERROR },    { STR("ERR"), SEVERITY_ERROR },
		{ STR("CRITICAL"), SEVERITY_FATAL }, { STR("FATAL"), SEVERITY_FATAL },
		{ STR("OFF"), SEVERITY_OFF },	     { STR("NONE"), SEVERITY_OFF },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq_nocase(name, known[i].name))
			return known[i].severity;
	return 0;
}

/* The name of the level that the least severity which passes belongs to; static. */
static inline const char *severity_name(int severity)
{
	static const char *const name[] = { "trace", "debug",	 "info", "warning",
					    "error", "critical", "off" };

	return name[severity < 1 ? 0 : severity > SEVERITY_MOST ? 6 : (severity - 1) / 4];
}
