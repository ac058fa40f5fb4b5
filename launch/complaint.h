/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Complaint: a line about a setting that makes no sense, printable whatever the setting holds.
 *
 *     complain(&c, "%s: ignoring '%s': no number", name, quote(value, quoted));
 */
#pragma once

#include "base/str.h"

enum { COMPLAINT_ROOM = 512, QUOTE_ROOM = 120 };

struct complaints {
	void (*tell)(void *you, const char *text);
	void *you;
	size_t n;
};

__attribute__((format(printf, 2, 3))) void complain(struct complaints *c, const char *format, ...);

/* As much of it as fits, on one line. */
const char *quote(struct str text, char out[QUOTE_ROOM]);
