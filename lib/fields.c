/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/fields.h"

#include "lib/context.h"
#include "lib/encode.h"
#include "lib/row.h"

#include <string.h>

struct str fields_row(unsigned char to[CARRY_FIELDS_MOST + 8], struct oriel_attributes fields)
{
	struct encode e = encode_fit(fields, CARRY_FIELDS_MOST);

	return (struct str){ (const char *)to, (size_t)(encode_put(to, &e) - to) };
}

static bool is_among(struct str key, struct oriel_attributes fields)
{
	for (size_t i = 0; i < fields.n; i++)
		if (str_eq(key, str_first(str_of(fields.item[i].key), UINT8_MAX)))
			return true;
	return false;
}

/* The old row without those that come anew, and these. */
static void fields_change(struct oriel_attributes leave, struct oriel_attributes add)
{
	struct thread *t = oriel_recording() ? thread_self() : NULL;
	unsigned char row[CARRY_FIELDS_MOST + 8];
	struct carried c;
	struct row_item item;
	struct str old;
	struct encode e;
	uint16_t carry;
	size_t n = 0;

	if (!t)
		return;
	c = carry_read(entry_carry(&t->entry[t->depth]));
	old = c.fields;
	while (row_next(&old, &item)) {
		if (is_among(item.key, leave) || is_among(item.key, add))
			continue;
		memcpy(row + n, item.whole.p, item.whole.n);
		n += item.whole.n;
	}
	e = encode_fit(add, CARRY_FIELDS_MOST - n);
	n = (size_t)(encode_put(row + n, &e) - row);
	c.fields = (struct str){ (char *)row, n };
	carry = carry_make(c);
	if (carry || carry_is_empty(&c))
		context_carry(&t->entry[t->depth], carry);
}

void oriel_fields_bind_all(struct oriel_attributes fields)
{
	fields_change(ORIEL_WITH(), fields);
}

void oriel_fields_unbind(const char *key)
{
	if (key)
		fields_change(ORIEL_WITH(oriel_bool(key, false)), ORIEL_WITH());
}

void oriel_fields_clear(void)
{
	struct thread *t = oriel_recording() ? thread_self() : NULL;
	struct carried c;
	uint16_t carry;

	if (!t)
		return;
	c = carry_read(entry_carry(&t->entry[t->depth]));
	c.fields = STR("");
	carry = carry_make(c);
	if (carry || carry_is_empty(&c))
		context_carry(&t->entry[t->depth], carry);
}
