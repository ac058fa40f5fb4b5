/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/libraries/sqlite-error.h"

#include <sqlite3.h>
#include <stddef.h>

#define ERRORS(X) \
	X(ERROR) \
	X(INTERNAL) \
	X(PERM) \
	X(ABORT) \
	X(BUSY) \
	X(LOCKED) \
	X(NOMEM) \
	X(READONLY) \
	X(INTERRUPT) \
	X(IOERR) \
	X(CORRUPT) \
	X(NOTFOUND) \
	X(FULL) \
	X(CANTOPEN) \
	X(PROTOCOL) \
	X(EMPTY) \
	X(SCHEMA) \
	X(TOOBIG) \
	X(CONSTRAINT) \
	X(MISMATCH) \
	X(MISUSE) \
	X(NOLFS) \
	X(AUTH) \
	X(FORMAT) \
	X(RANGE) \
	X(NOTADB)

static const char *const names[] = {
#define X(name) [SQLITE_##name] = "SQLITE_" #name,
	ERRORS(X)
#undef X
};

const char *sqlite_error_name(int code)
{
	size_t primary = (size_t)(code & 0xff);

	if (primary >= sizeof(names) / sizeof(names[0]) || !names[primary])
		return "SQLITE_OTHER";
	return names[primary];
}
