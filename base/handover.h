/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handover: programs whose work is to start others. What they use themselves says nothing about the
 * service, and a bootstrap hook isn't for them.
 *
 *     handover_is(STR("env"))            true: by the name of the executable, without its directory
 */
#pragma once

#include "base/str.h"

bool handover_is(struct str name);
