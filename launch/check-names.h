/* SPDX-License-Identifier: Apache-2.0 */
/* Check names: variables that look like ours and that nobody reads, and exporters with a name (base/named.h). */
#pragma once

#include "launch/complaint.h"

void check_names(struct complaints *c);
