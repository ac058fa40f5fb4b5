/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/thread.h"
#include "wire/series.h"

size_t metric_memory_size(void);
void metric_use(void *zeroed);
void metric_forked(void);
