/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Demangle: C++ names as people write them, by libstdc++'s own function, if that library is installed:
 * nothing is linked, and without it names stay as the compiler wrote them.
 */
#pragma once

#include "base/out.h"

/* Appends the name; false, and nothing, if it isn't one of those or there is nobody to ask. */
bool demangle(struct out *o, const char *name);
