/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assets: the page's files, as the build embeds them (web/web.cmake writes web-assets.c).
 *
 *     const struct view_asset view_assets[] = {
 *             { "/", "text/html; charset=utf-8", index_gz, sizeof(index_gz), "\"5f2c…\"", false },
 *             { "/app-5f2c.js", "text/javascript; charset=utf-8", app_gz, sizeof(app_gz), "\"…\"", true },
 *             { 0 },
 *     };
 *
 * `gzip` is one whole gzip member. `/` is the page itself. Static for the program's life.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct view_asset {
	const char *path;	  /* starts with '/'; NULL ends the table */
	const char *content_type; /* with its charset */
	const unsigned char *gzip;
	size_t size;	  /* of `gzip` */
	const char *etag; /* with its quotes */
	bool immutable;	  /* the name changes with the content: browsers may keep it for good */
};

extern const struct view_asset view_assets[];
