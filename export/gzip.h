/* SPDX-License-Identifier: Apache-2.0 */
/* Gzip of a whole text, at zlib's fastest level: requests are packed while spans keep coming. */
#pragma once

#include "base/out.h"

/* Appends; -ENOMEM, or out's own error. */
int gzip_pack(struct out *to, struct str from);
