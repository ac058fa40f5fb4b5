/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking: services' callbacks are called when somebody reads. A word in the segment says so, their
 * helper thread waits for it (lib/observe.c), and another word is its answer.
 */
#pragma once

#include "collect/process.h"

bool process_ask(struct process *p); /* and doesn't wait; false: it has no callbacks */
bool process_has_answered(struct process *p);
