/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminal text: foreign text in columns of a terminal.
 *
 * What would move the cursor, change colours or turn the writing direction (control characters,
 * C1, bidirectional overrides) becomes a dot, what isn't UTF-8 becomes U+FFFD; wide characters count
 * as two columns, combining ones as none.
 */
#pragma once

#include "base/out.h"

/* At most `columns`, a longer text ends in "…"; returns the columns that were used. */
size_t terminal_text(struct out *o, struct str text, size_t columns);

/* The columns that it would take. */
size_t terminal_columns(struct str text);

void terminal_blanks(struct out *o, size_t n);

/* "1.2 s", "14.2 ms", "830 µs", "12 ns"; returns columns. */
size_t terminal_duration(struct out *o, uint64_t ns);
