/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page: what a command asks of the collector's API (doc/api.md).
 *
 *     json_t *status;
 *     r = page_get(&status, "127.0.0.1:8321", "/api/status");
 *     ...
 *     json_decref(status);
 *
 * One GET over a plain connection, bounded in time and size. What comes back is foreign: the
 * accessors below take an absent member, or one of another type, as empty or zero.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

/* -EPROTO for what isn't a 200 with JSON. */
int page_get(json_t **out, const char *address, const char *path);

const char *page_text(const json_t *object, const char *key);
int64_t page_number(const json_t *object, const char *key); /* also digits in a string */
