/* SPDX-License-Identifier: Apache-2.0 */
/* Median of a handful of measurements, which it sorts. */
#pragma once

#include <stddef.h>

double median(double *value, size_t n);
