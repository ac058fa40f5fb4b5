/* SPDX-License-Identifier: Apache-2.0 */
/* A project's DSN, {scheme}://{key}[:{secret}]@{host}{path}/{project}: foreign bytes; and what is made of it. */
#pragma once

#include "base/str.h"

struct sentry_dsn {
	struct str scheme, key, host, path, project; /* slices; path is empty or begins with / */
};

/* What is wrong with it, to come after its name; NULL: nothing. */
const char *sentry_dsn_read(struct sentry_dsn *out, struct str text);
