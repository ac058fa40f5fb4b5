/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server fields: what log records tell of requests that are often the same, their method and path, in contexts
 * that are made once and stay, so that a request need not make one of its own.
 */
#pragma once

#include "base/str.h"
#include "oriel.h"

/*
 * `make` fills a context for one that isn't known yet. Its carry stays: releasing it does nothing. An empty
 * context: there are too many, or the path is too long. Any thread.
 */
struct oriel_context server_fields(const char *method, struct str path,
				   void (*make)(struct oriel_context *c, const char *method,
						struct str path));
