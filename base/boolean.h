/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boolean: what counts as yes and no. OpenTelemetry's own variables know "true" and "false", in any
 * case, and nothing else (Environment Variable Specification, "Boolean"); all others what people write.
 *
 *     boolean_of("OTEL_SDK_DISABLED", STR("1"))      BOOLEAN_BAD
 *     boolean_of("ORIEL_SDK_METRICS", STR("1"))      BOOLEAN_YES
 */
#pragma once

#include "base/str.h"

enum boolean { BOOLEAN_UNSET, BOOLEAN_NO, BOOLEAN_YES, BOOLEAN_BAD };

static inline bool boolean_is_yes(struct str text)
{
	return str_eq_nocase(text, STR("true")) || str_eq_nocase(text, STR("yes")) ||
	       str_eq_nocase(text, STR("on")) || str_eq(text, STR("1"));
}

static inline bool boolean_is_no(struct str text)
{
	return str_eq_nocase(text, STR("false")) || str_eq_nocase(text, STR("no")) ||
	       str_eq_nocase(text, STR("off")) || str_eq_nocase(text, STR("none")) ||
	       str_eq(text, STR("0"));
}

static inline enum boolean boolean_of(struct str name, struct str text)
{
	bool strict = str_starts(name, STR("OTEL_"));

	if (!text.n)
		return BOOLEAN_UNSET;
	if (strict ? str_eq_nocase(text, STR("true")) : boolean_is_yes(text))
		return BOOLEAN_YES;
	if (strict ? str_eq_nocase(text, STR("false")) : boolean_is_no(text))
		return BOOLEAN_NO;
	return BOOLEAN_BAD;
}
