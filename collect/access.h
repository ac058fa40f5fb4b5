/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access: a log record for each request that was served, made of its span, so that the service's
 * path doesn't pay for it.
 *
 *     struct access access;
 *     access_read(&access, &settings);          borrows them
 *     access_add(&access, batch);               behind the records that are there
 *
 * `request_completed` of the logger oriel.access: INFO, WARNING from 400 and ERROR from 500 on, or
 * when no response was sent; method, path, query, route, status_code, duration_ms, request_bytes,
 * response_bytes, client_address, user_agent, http_version, request_id, error. Of requests without a
 * span the service writes the same itself (agent/http/access.c).
 */
#pragma once

#include "model/batch.h"
#include "model/settings.h"

struct access {
	bool on;
	int severity;	   /* less isn't recorded */
	struct str ignore; /* ORIEL_ACCESS_LOG_IGNORE */
};

void access_read(struct access *a, const struct settings *s);
void access_add(const struct access *a, struct batch *b);
