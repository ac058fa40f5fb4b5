/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collector, started from a program that nobody launched.
 *
 * Only if none lives in the run directory, and never from PID 1 or a subreaper (its end would be
 * seen there). The program sees nothing of it: no SIGCHLD, nothing to wait for, no descriptor.
 */
#pragma once

#include <stdbool.h>

bool collector_expect(bool start);
