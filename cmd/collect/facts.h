/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts: what the page asks of the running collector. Called from the server's threads.
 */
#pragma once

#include "cmd/collect/routes.h"
#include "receive/receive.h"
#include "view/view.h"

struct facts {
	struct collector *collector;
	struct routes *routes;
	const char *run_dir, *data_dir; /* data_dir is empty without a store */
	uint64_t started_ns;
	struct view *view;	 /* set once it listens */
	struct receive *receive; /* likewise; may be NULL */
};

extern const struct view_sources facts_sources; /* its `you` is a struct facts */

/* Has the page been asked for anything, or has anything been sent to us, within the last half minute? */
bool facts_looking(void *you);
