/* SPDX-License-Identifier: Apache-2.0 */
#include "base/named.h"

bool named_read(struct str item, struct str *kind, struct str *name)
{
	struct cut cut = str_cut(item, '/');

	if (!cut.found || !cut.head.n || !cut.tail.n || cut.tail.n > NAMED_MOST)
		return false;
	for (size_t i = 0; i < cut.tail.n; i++) {
		char l = str_lower(cut.tail.p[i]);

		if (!(l >= 'a' && l <= 'z') && !(l >= '0' && l <= '9') && l != '_')
			return false;
	}
	*kind = cut.head;
	*name = cut.tail;
	return true;
}

struct str named_prefix(struct str name, char room[NAMED_PREFIX_ROOM])
{
	size_t n = sizeof(NAMED_OF) - 1;

	memcpy(room, NAMED_OF, n);
	for (size_t i = 0; i < name.n && i < NAMED_MOST; i++)
		room[n++] =
			name.p[i] >= 'a' && name.p[i] <= 'z' ? (char)(name.p[i] - 32) : name.p[i];
	room[n++] = '_';
	return (struct str){ room, n };
}
