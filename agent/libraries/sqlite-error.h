/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* "SQLITE_CONSTRAINT" of 19 and of its extended codes; static. */
const char *sqlite_error_name(int code);
