/* SPDX-License-Identifier: Apache-2.0 */
/* Base64, read: both alphabets of RFC 4648, padded or not. It is written by json_base64. */
#pragma once

#include "base/str.h"

/* False: it isn't base64, or more than `room` bytes; `to` may have been written to, `*n` not. */
bool base64_read(char *to, size_t room, struct str text, size_t *n);
