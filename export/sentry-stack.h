/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stack: what an error knows of the code that it came from, as members of Sentry's event: of a record
 * with "oriel.frames" (doc/crash.md), be it a crash or not. Without them nothing is written.
 *
 *     sentry_stack_json(&j, attributes);       stacktrace, thread_id, mechanism; in exception.values[0]
 *     sentry_threads_json(&j, attributes);     threads, debug_meta; in the event
 */
#pragma once

#include "base/json.h"
#include "model/value.h"

void sentry_stack_json(struct json *j, struct attributes a);
void sentry_threads_json(struct json *j, struct attributes a);

/* Told elsewhere in the event, or of no use in it. */
bool sentry_stack_has(struct str key);
