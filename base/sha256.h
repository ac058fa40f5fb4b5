/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4), for chains of records that show when one was changed. */
#pragma once

#include "base/str.h"

enum { SHA256_BYTES = 32 };

void sha256(struct str text, uint8_t out[SHA256_BYTES]);
