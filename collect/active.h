/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Active: http.server.active_requests, counted from the spans that are open: requests that are sampled out
 * aren't among them. By method and scheme; never by what a client says of the host.
 */
#pragma once

#include "collect/assemble.h"
#include "model/batch.h"

enum { ACTIVE_METHODS = 16, ACTIVE_METHOD = 24 };

/* What has been seen stays, with 0: a gauge that goes away doesn't say that nothing is there. */
struct active {
	struct active_series {
		char method[ACTIVE_METHOD];
		bool https;
		int64_t n;
		uint64_t start_ns;
	} series[ACTIVE_METHODS];
	size_t n;
};

/* `a` is the process's own; the points borrow from it. */
void active_points(struct active *a, struct assembler *open, struct batch *b, uint64_t now_real_ns);
