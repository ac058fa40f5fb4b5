/* SPDX-License-Identifier: Apache-2.0 */
#include "model/stats.h"

struct stats stats;
