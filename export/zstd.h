/* SPDX-License-Identifier: Apache-2.0 */
/* One zstd frame of a whole text, at level 1: requests are packed while spans keep coming. */
#pragma once

#include "base/out.h"

/* Appends; -ENOMEM, or out's own error. */
int zstd_pack(struct out *to, struct str from);
