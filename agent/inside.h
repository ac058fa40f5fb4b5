/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside: does a call of a watched library come from within another one of it, on the same
 * connection? Libraries use their own exported functions through the PLT, so that such calls come
 * to the hooks too. Those within a call that is seen already are passed through; those of a helper
 * that isn't (mysql_commit's query, a large object's function call) are seen for what they are.
 *
 * The flag alone would stay set when a call is left by longjmp or by a cancelled thread, so the
 * return address has to agree: in the library, or in the agent itself, where the library jumped to
 * its last call.
 */
#pragma once

#include "agent/real.h"

void inside_ready(void); /* once, when such a library begins to be watched */

bool inside_call(bool inside, const struct real_library *l, const void *caller);
