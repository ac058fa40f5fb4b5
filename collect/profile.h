/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profile: metrics of HTTP and databases by the names that a service's dashboards have already
 * (ORIEL_METRIC_PROFILE), in place of the conventions'.
 *
 *     fastapi      http_requests_total{method,endpoint,status}, http_request_duration_seconds{method,endpoint},
 *                  active_database_connections
 *     tomodachi    http.server.duration, http.server.active_requests; also where nothing is said, if
 *                  tomodachi's meter provider is named
 *
 * The program measures as ever; this is how it is told, by every exporter. doc/profiles.md has the rows.
 */
#pragma once

#include "model/batch.h"
#include "model/settings.h"

enum profile { PROFILE_NONE, PROFILE_FASTAPI, PROFILE_TOMODACHI };

/* What is no profile is none. */
enum profile profile_of(const struct settings *s);

/* Once a process: what is no profile is counted. */
void profile_check(const struct settings *s);

/* Of one process's points; those that are replaced are gone. No memory: what is left out is counted. */
void profile_apply(enum profile profile, struct batch *b);
