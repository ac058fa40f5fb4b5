/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL known: what was read of the texts that a program repeats, by the text and not where it lies.
 *
 *     sql_recall(&s, SQL_SQLITE, statement);     as sql_read; from the third time on, 3 instructions a byte
 *
 * A text is kept when it comes for the second time, so that those which carry their values, and come
 * once, don't fill the room; and only if it works on rows or has no literal, so that a password of
 * ALTER USER stays no longer than the program keeps it. The room is some 64 KiB of this process, its
 * pages untouched until they are used; once it is full, nothing is added and nothing thrown out.
 *
 * Any thread, and signal handlers: what is kept is written once, and then published.
 */
#pragma once

#include "agent/database/sql.h"

void sql_recall(struct sql *out, enum sql_dialect dialect, struct str statement);
