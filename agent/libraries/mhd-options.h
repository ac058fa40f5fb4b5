/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of MHD_start_daemon: a list of mixed types on the stack, read into an array that
 * MHD takes by MHD_OPTION_ARRAY. The two callbacks that we stand in for are taken out of it.
 */
#pragma once

#include <microhttpd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum { MHD_OPTIONS_MOST = 48 };

typedef void *(*mhd_uri_log)(void *cls, const char *uri, struct MHD_Connection *connection);

struct mhd_options {
	mhd_uri_log uri_log;
	void *uri_log_cls;
	MHD_RequestCompletedCallback completed;
	void *completed_cls;
	unsigned n;
	struct MHD_OptionItem item[MHD_OPTIONS_MOST + 3];
};

/* False: an option that we don't know, or too many. `options` is left as it was. */
bool mhd_options_read(struct mhd_options *o, va_list options);

/* Three more fit after reading. */
void mhd_options_add(struct mhd_options *o, enum MHD_OPTION option, intptr_t value, void *pointer);
