/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modules: the objects that are loaded, noted in the segment (wire/crash.h), so that addresses mean
 * something when this process is gone; and what unwind/ needs to walk through them.
 *
 *     n = unwind_walk(&modules_space, &registers, address, most, guess);
 *     modules_note(address[0]);               the one that has this address
 *     modules_note_all();
 *
 * Signal handlers may: glibc's _dl_find_object is made for them, the loader's list is read guardedly
 * (lib/readable.h), and nobody waits: with another thread at it, only a crash goes ahead.
 */
#pragma once

#include "unwind/unwind.h"
#include "wire/crash.h"

extern const struct unwind_space modules_space __attribute__((visibility("hidden")));

/* This process's; NULL: it has no segment that is its own. */
struct crash_block *modules_block(void);

void modules_note(struct crash_block *b, uint64_t address);
void modules_note_all(struct crash_block *b);

/* Nobody else is to come between any more: whoever is at it will not go on. */
void modules_seize(struct crash_block *b);
