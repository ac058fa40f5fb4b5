/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/scopes.h"

#include "collect/decode.h"
#include "model/copy.h"
#include "model/stats.h"
#include "wire/record.h"

enum { ATTRIBUTES_MOST = 32 };

static const struct scope built_in[N_SCOPES] = {
#define X(id, text) [SCOPE_##id] = { .name = STR(text), .version = STR(ORIEL_VERSION) },
	WIRE_SCOPES(X)
#undef X
};

/* The next `n` bytes of the row, as the text that stands at `i` among its sizes. */
static bool text_take(struct str *rest, const char *sizes, size_t i, struct str *out)
{
	uint16_t n;

	memcpy(&n, sizes + i * sizeof(n), sizeof(n));
	*out = str_first(*rest, n);
	*rest = str_from(*rest, n);
	return out->n == n;
}

static struct attributes attributes_of(struct arena *arena, struct str bytes)
{
	struct attribute item[ATTRIBUTES_MOST];
	struct attribute_list l = { .item = item, .most = ATTRIBUTES_MOST };

	if (!decode_attributes(&l, bytes, arena))
		stats_add(records_bad, 1);
	return copy_attributes(arena, (struct attributes){ item, l.n, l.dropped });
}

static bool row_read(struct scope *out, struct str row, struct arena *arena)
{
	struct str rest = str_from(row, NAME_SCOPE_TEXTS);

	if (!text_take(&rest, row.p, 0, &out->name) || !text_take(&rest, row.p, 1, &out->version) ||
	    !text_take(&rest, row.p, 2, &out->schema_url))
		return false;
	out->attributes = attributes_of(arena, rest);
	return true;
}

static const struct scope *own_make(struct scope_book *book, unsigned i)
{
	struct scope read = { 0 };
	struct scope *s;
	struct str row;

	if (!names_scope(book->names, i, &row))
		return NULL;
	s = arena_take_n(book->arena, struct scope, 1);
	row = arena_copy(book->arena, row);
	if (!s || row.n < NAME_SCOPE_TEXTS || !row_read(&read, row, book->arena))
		return NULL;
	*s = read;
	return s;
}

const struct scope *scope_of(struct scope_book *book, uint8_t number)
{
	unsigned i = number - (unsigned)SCOPE_OWN;

	if (number < N_SCOPES)
		return &built_in[number];
	if (number < SCOPE_OWN || i >= NAME_SCOPES)
		return &built_in[SCOPE_APPLICATION];
	if (!book->own[i])
		book->own[i] = own_make(book, i);
	return book->own[i] ? book->own[i] : &built_in[SCOPE_APPLICATION];
}
