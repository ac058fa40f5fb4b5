/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redis command: what a command in the protocol's form says, with no values in it.
 *
 *     *3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n      ->  operation SET, text "SET key ?"
 *
 *     size_t used = redis_command_read(&c, resp);          0: not a whole command
 *
 * Keys and the fields of hashes are shown, as OpenTelemetry's conventions do; whatever else a
 * command carries is a `?`, and AUTH and HELLO show nothing at all. What is not in the table shows
 * no argument. `operation` is as the program wrote it, or "_OTHER" if that is no name.
 */
#pragma once

#include <stdint.h>

#include "base/str.h"

enum { REDIS_TEXT_MOST = 240 };

enum redis_kind {
	REDIS_PLAIN,
	REDIS_LOOKUP, /* nil means that it found nothing */
	REDIS_SELECT, /* another database from here on */
	REDIS_STREAM, /* the answers are not one, or come when they like: SUBSCRIBE, MONITOR, ... */
};

struct redis_command {
	struct str operation; /* within what was read, or static */
	enum redis_kind kind;
	int index;     /* of SELECT, RESET: the database; -1: unknown */
	size_t text_n; /* not ended by NUL */
	char text[REDIS_TEXT_MOST];
};

size_t redis_command_read(struct redis_command *c, struct str resp);

enum redis_kind redis_kind_of(struct str operation);

/* "WRONGTYPE" of "WRONGTYPE Operation against a key ..."; "_OTHER" if it begins otherwise. */
struct str redis_error_prefix(struct str message);
