/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Handlers for the fatal signals, in front of what is there (lib/fault.c). */
void fault_install(void);
