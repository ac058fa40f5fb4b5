/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server series: which series of the requests' duration a request is measured in, found by what it
 * is of: method, scheme, version, route and status. Without this each request would gather its labels
 * and look them up as texts.
 *
 *     s = server_series_find(q, status);          NULL: not known
 *     server_series_keep(q, status, s);           until there is no more room
 *
 * Any thread, without a lock. What is kept is kept for ever, and is whole before it can be found.
 */
#pragma once

#include "agent/http/server.h"

struct oriel_series *server_series_find(const struct server_request *q, unsigned status);
void server_series_keep(const struct server_request *q, unsigned status,
			struct oriel_series *series);
