/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity: whose telemetry this is, as OpenTelemetry's resource, from what the segment says and
 * from the service's own settings ("Resource SDK": the user's word goes before what was detected).
 */
#pragma once

#include "model/resource.h"
#include "model/settings.h"
#include "wire/segment.h"

/* What oriel_start was given; ended by NUL. */
struct identity_given {
	char service[128];
	char version[64];
};

/* NULL when out of memory. */
struct resource *identity_resource(const struct segment_header *h, const struct settings *settings,
				   const struct identity_given *given);

/* 16 hex digits, or the empty slice for anything else. */
struct str identity_run(const struct segment_header *h);
