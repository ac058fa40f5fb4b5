/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names, written: texts and call sites into this process's segment (wire/names.h).
 *
 * Any thread, also in signal handlers: nothing waits, and who is interrupted leaves an entry that
 * others pass by. A site is told once a segment; a forked child tells its own again.
 */
#pragma once

#include "base/str.h"
#include "oriel.h"

/* Its number, an old one if it is there already; 0: no room (counted), or no text. */
uint16_t names_text(struct str text);

/* A scope's row (wire/names.h), under the door; what finds no room is counted, and the scope is told as the program's. */
void names_scope(uint32_t scope, struct str row);

/* Tells of it, and keeps the number, or that there is none, with this segment's mark in the site. */
uint16_t names_learn(struct oriel_site *site, uint32_t mark);
