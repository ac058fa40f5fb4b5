/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passing: what OTEL_SDK_DISABLED=true leaves. Nothing is recorded, there is no segment and no collector, but
 * contexts go on by OTEL_PROPAGATORS: what comes in is current below, and goes out as it came.
 *
 *     struct thread *t = context_thread();      (lib/context.h) one of ours where nothing is recorded
 *
 * A thread here is a slot with nothing in it but its stack of contexts. Its `live` is THREAD_PASSES, so all
 * that records takes it for none, and need not ask whether it is one of these. A span is a place on that stack
 * with its parent's ids, as one of the API without an SDK.
 *
 * Slots are mapped at the start, behind a page that says which are taken; both are wiped by a fork, so that
 * children that nobody told of pass nothing. Signal-safe but for begin; errno is kept.
 */
#pragma once

#include "lib/thread.h"

/* At the start, with process.door shut. False: nothing will pass. Once is enough. */
bool passing_begin(void);

/* The calling thread's slot, taken at need. NULL: nothing passes here. */
struct thread *passing_thread(void);
void passing_leave(struct thread *t);

/* oriel_span_open where nothing is recorded; oriel_span_none() where nothing passes either. Returns `span`. */
struct oriel_span *passing_open(struct oriel_span *span, const struct oriel_span_options *options);

/* In a child that was told of: its only thread has the stack that `kept` has; NULL: it had none. */
void passing_forked(const struct entry *kept, uint32_t depth);
