/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that a program writes stay as they are in its tests, which then need no jansson. */
#include "collect/json-line.h"

bool json_line_read(struct json_line *line, struct str text, struct arena *arena)
{
	(void)line, (void)text, (void)arena;
	return false;
}
