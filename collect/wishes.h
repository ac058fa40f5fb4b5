/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wishes: what was asked to be otherwise in services while they run (base/change.h), and its way into
 * their control blocks (wire/control.h).
 *
 *     r = wishes_add(&w, STR("shop"), &change);      a service's name, a pid, or * for all
 *     wishes_apply(&w, p);                           when a process comes, and once a second
 *
 * A wish holds for the processes that are there and for those that come while this collector lives.
 * Of several the one for a pid goes before the one for a service, and that before the one for all.
 */
#pragma once

#include "base/change.h"
#include "base/json.h"
#include "collect/process.h"

enum { WISHES_MOST = 256, WISH_TARGET_MOST = 127 };

struct wish;

struct wishes {
	struct wish *first;
	size_t n;
	uint64_t version; /* 0: nothing was ever wished */
};

/* 0, -ENOSPC or -ENOMEM. */
int wishes_add(struct wishes *w, struct str target, const struct change *change);
bool wishes_concern(struct str target, const struct process *p);

/* Writes what is otherwise than it should be. */
void wishes_apply(const struct wishes *w, struct process *p);

/* What holds in a process now: members of an open JSON object, as doc/api.md has them. */
void wishes_show(struct process *p, struct json *j);
void wishes_fini(struct wishes *w);
