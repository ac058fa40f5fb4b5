/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names, read: the texts and call sites of a process that its log records name by number.
 *
 *     struct name_book book = { .in = in };
 *     if (names_place(&book, number, &place)) ... place.file, place.line, place.function ...
 *     name_book_fini(&book);
 *
 * Each entry is copied under the guard when it is first asked for; what comes back borrows from the
 * book until the next question. A number that makes no sense is false, and no more.
 */
#pragma once

#include "collect/intake.h"

struct name_book {
	struct intake *in; /* NULL: nothing has a name */
	unsigned char *copy;
};

struct code_place {
	struct str file, function; /* function may be empty */
	uint32_t line;
};

bool names_text(struct name_book *book, uint16_t number, struct str *out);
bool names_place(struct name_book *book, uint16_t number, struct code_place *out);

/* A logger's name; its number is that in wire/control.h. */
bool names_logger(struct name_book *book, uint8_t logger, struct str *out);

/* The row of one of the process's own scopes (wire/names.h): NAME_SCOPE_TEXTS bytes at least. */
bool names_scope(struct name_book *book, unsigned scope, struct str *out);
void name_book_fini(struct name_book *book);
