/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches: numbers that a service gave the addresses of (struct watch in wire/series.h), read from its
 * memory now and put into their series' cells, where what was read last stays when it is gone.
 */
#pragma once

#include "collect/intake.h"

#include <sys/types.h>

/* `pid` as this collector sees it. What can't be read is counted, and keeps its value. */
int watches_read(struct intake *in, pid_t pid, uint64_t now_real_ns);
