/* SPDX-License-Identifier: Apache-2.0 */
#include "base/change.h"

#include "base/exclusion.h"
#include "base/pattern.h"
#include "base/ratio.h"
#include "base/severity.h"

static const char *level_read(struct change *out, struct str value)
{
	if (out->logger.n > CHANGE_LOGGER_MOST)
		return "no logger has so long a name";
	out->severity = severity_of(value);
	return out->back || out->severity
		       ? NULL
		       : "no such level: trace, debug, info, warning, error, critical, off";
}

static const char *sampling_read(struct change *out, struct str value)
{
	if (out->back)
		return NULL;
	if (str_eq_nocase(value, STR("always_on")))
		out->threshold = UINT64_MAX;
	else if (str_eq_nocase(value, STR("always_off")))
		out->threshold = 0;
	else if (!ratio_read(value, &out->threshold))
		return "not a number from 0 to 1, always_on or always_off";
	return NULL;
}

/* "none" is a list without a pattern. */
static const char *excluded_read(struct change *out, struct str value)
{
	struct str rest = value, pattern;
	struct pattern_error error;
	struct pattern compiled;
	int n = 0;

	out->patterns = str_eq_nocase(value, STR("none")) ? STR(",") : value;
	if (out->patterns.n > CHANGE_EXCLUDED_MOST)
		return "the list is too long";
	while (exclusion_next(&rest, &pattern)) {
		if (pattern_compile(&compiled, pattern, &error) != 0)
			return error.says;
		if (++n > CHANGE_PATTERNS_MOST)
			return "more than 16 patterns";
	}
	return NULL;
}

const char *change_read(struct change *out, struct str text)
{
	struct cut pair = str_cut(text, '='), name = str_cut(str_trim(pair.head), '.');
	struct str value = str_trim(pair.tail);

	*out = (struct change){ .back = value.n == 0, .logger = name.tail };
	if (!pair.found)
		return "not NAME=VALUE";
	if (str_eq(name.head, STR("level")) && (name.tail.n || !name.found)) {
		out->kind = CHANGE_LEVEL;
		return level_read(out, value);
	}
	if (str_eq(name.head, STR("sampling")) && !name.found) {
		out->kind = CHANGE_SAMPLING;
		return sampling_read(out, value);
	}
	if (str_eq(name.head, STR("excluded")) && !name.found) {
		out->kind = CHANGE_EXCLUDED;
		return excluded_read(out, value);
	}
	return "what can be set is level, level.LOGGER, sampling, excluded";
}
