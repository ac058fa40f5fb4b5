/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/life.h"

__thread struct life life_now;
