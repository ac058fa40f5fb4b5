/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scopes, read: who recorded, by the number that records and instruments have (wire/record.h).
 *
 *     struct scope_book book = { .names = &names, .arena = arena };
 *     span->scope = scope_of(&book, number);
 *
 * What is in the arena is made once a book: who changes the arena begins a new one. A number that makes no sense is
 * the program's own scope.
 */
#pragma once

#include "collect/names.h"
#include "model/telemetry.h"
#include "wire/names.h"

struct scope_book {
	struct name_book *names;
	struct arena *arena;
	const struct scope *own[NAME_SCOPES];
};

const struct scope *scope_of(struct scope_book *book, uint8_t number);
