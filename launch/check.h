/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Check: settings in our environment that make no sense, told before the program starts. What reads
 * them later ignores them and goes on; it is a guest, or far away, and nobody sees it say so.
 *
 *     n = check_settings(tell, you);         tell(you, "ORIEL_EXCLUDED_URLS: ...") once for each
 *
 * The text is one line, and printable whatever the setting holds.
 */
#pragma once

#include <stddef.h>

size_t check_settings(void (*tell)(void *you, const char *text), void *you);
