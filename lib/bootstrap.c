/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refers to a program's bootstrap hook (oriel-bootstrap.h), so that the linker exports it where the
 * program is linked with -loriel, and the agent finds it there. Nothing here calls it: who calls
 * oriel_start is past the moment that a hook is for.
 */
#include "oriel-bootstrap.h"

#pragma weak oriel_bootstrap

__attribute__((used)) static int (*const hook)(struct oriel_bootstrap *) = oriel_bootstrap;
