/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity: whose telemetry this is, as OpenTelemetry's resource, from what the segment says and
 * from the service's own settings ("Resource SDK": the user's word goes before what was detected).
 */
#pragma once

#include "collect/host.h"
#include "model/resource.h"
#include "model/settings.h"
#include "wire/segment.h"

/* What oriel_start was given; ended by NUL. */
struct identity_given {
	char service[128];
	char version[64];
};

/* What can be seen from outside; each may be NULL. */
struct identity_around {
	const struct host *host;
	const struct outside *outside;
};

/* NULL when out of memory. */
struct resource *identity_resource(const struct segment_header *h, const struct settings *settings,
				   const struct identity_given *given,
				   struct identity_around around);

/* Does the service want its arguments told? (ORIEL_COMMAND_ARGS) */
bool identity_wants_words(const struct settings *settings);

/* 16 hex digits, or the empty slice for anything else. */
struct str identity_run(const struct segment_header *h);
