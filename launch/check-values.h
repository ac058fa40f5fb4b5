/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Check values: variables whose value is a number, a share, a port, or yes or no, and isn't. What is to stand
 * there is what the list of variables calls the option's argument (launch/variables.h).
 *
 *     n = check_values(get, from, tell, you);      tell(you, "OTEL_BSP_MAX_QUEUE_SIZE: ignoring ...")
 *
 * Who reads them later takes the default and is silent.
 */
#pragma once

#include "base/str.h"

size_t check_values(struct str (*get)(const void *from, struct str name), const void *from,
		    void (*tell)(void *you, const char *text), void *you);
