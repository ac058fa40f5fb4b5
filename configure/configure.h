/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configure: OpenTelemetry's declarative configuration, as the variables that say the same.
 *
 *     r = configure(&c, text);              0, or -EINVAL with c.why: nothing of it counts
 *     c.setting[i]                          NAME=VALUE, each ended by NUL
 *     c.warning[i]                          "LINE: what": left out, the rest counts
 *     configured_free(&c);
 *
 * One list of variables is what everything else reads, so a file can say what variables can, and what
 * they can't is a warning: a second Prometheus, say. The part
 * `distribution: oriel:` has our own: a name there is the variable's without ORIEL_, in lower case. Where the
 * file is silent the specification's default counts: no provider, nothing of that signal leaves.
 */
#pragma once

#include "base/arena.h"
#include "base/out.h"

enum { CONFIGURE_SETTINGS = 160, CONFIGURE_WARNINGS = 32 };

struct configured {
	struct arena arena;
	const char *setting[CONFIGURE_SETTINGS];
	size_t n;
	const char *warning[CONFIGURE_WARNINGS];
	size_t n_warnings; /* those beyond are only counted */
	char why[200];
};

int configure(struct configured *out, struct str text);
void configured_free(struct configured *c);

/* The value of a variable in it; NULL: it isn't set. */
const char *configured_get(const struct configured *c, const char *name);
