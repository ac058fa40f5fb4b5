/* SPDX-License-Identifier: Apache-2.0 */
/* Foreign text and values, made safe for a terminal and short enough; or whole, for a file. */
#pragma once

#include "base/out.h"
#include "model/value.h"

/* Text of a message or name: escapes, no quotes. */
void console_text(struct out *o, struct str s);
void console_text_whole(struct out *o, struct str s);

/* A value: texts with blanks, quotes or nothing in them get quotes. */
void console_value(struct out *o, const struct value *v);
void console_value_whole(struct out *o, const struct value *v);
