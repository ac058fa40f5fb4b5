/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hook: what the launcher and the agent must agree on about the bootstrap hook (doc/bootstrap.md).
 *
 *     ORIEL_BOOTSTRAP            the hook's path; none (or 0, no, false, off): no hook at all
 *     ORIEL_BOOTSTRAP_TIMEOUT    how long it may take: 2, 0.5, 500ms, 2s, 1m
 *
 * and, between our own parts:
 *
 *     ORIEL_BOOTSTRAP_IN         DEVICE:INODE of the executable that the named hook ran in
 *     ORIEL_BOOTSTRAP_VERIFY     a descriptor: say there how it went, and end before main
 *     ORIEL_BOOT_FAILED          for the image that is executed anew when a hook failed
 *
 * Guests may use all of it; nothing here allocates.
 */
#pragma once

#include "base/str.h"

#define HOOK_VARIABLE "ORIEL_BOOTSTRAP"
#define HOOK_TIMEOUT_VARIABLE "ORIEL_BOOTSTRAP_TIMEOUT"
#define HOOK_IN_VARIABLE "ORIEL_BOOTSTRAP_IN"
#define HOOK_VERIFY_VARIABLE "ORIEL_BOOTSTRAP_VERIFY"
#define HOOK_FAILED_VARIABLE "ORIEL_BOOT_FAILED"
#define HOOK_PROBE_VARIABLE "ORIEL_PROBE"
#define HOOK_FUNCTION "oriel_bootstrap"
#define HOOK_FILE "oriel_bootstrap.so"
#define HOOK_LOGGER "oriel.bootstrap"

enum {
	HOOK_PATH_ROOM = 4096,
	HOOK_TIMEOUT_MS = 2000,
	HOOK_TIMEOUT_MOST_MS = 3600000,
};

bool hook_is_off(struct str value);

/* What ORIEL_BOOTSTRAP_TIMEOUT says; the default for what makes no sense, and *bad (may be NULL) set. */
unsigned hook_timeout_ms(struct str value, bool *bad);

/*
 * HOOK_FILE in the directory of the executable at the absolute path `program`. HOOK_NONE: there is
 * none, or no room for its path.
 */
enum hook_beside {
	HOOK_NONE,
	HOOK_TRUSTED,
	HOOK_OF_OTHERS, /* belongs neither to the program's owner nor to root */
	HOOK_WRITABLE,	/* group or others may write to it */
};
enum hook_beside hook_beside(char path[HOOK_PATH_ROOM], struct str program);

/* Why not to load it; static. */
const char *hook_beside_text(enum hook_beside beside);

/* A shared object, to be loaded? Else it is a script or a program, to be run. False if unreadable. */
bool hook_is_library(const char *path);
