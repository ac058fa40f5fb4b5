/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/thread.h"

/* Write the END of a span that this thread opened and that an outer end found still open. */
void span_abandon(struct thread *t, uint64_t span_id);
