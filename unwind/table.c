/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/table.h"

#include "unwind/cursor.h"

enum {
	PE_ABSOLUTE = 0x00,
	PE_ULEB = 0x01,
	PE_U2 = 0x02,
	PE_U4 = 0x03,
	PE_U8 = 0x04,
	PE_SLEB = 0x09,
	PE_S2 = 0x0a,
	PE_S4 = 0x0b,
	PE_S8 = 0x0c,
	PE_FORMAT = 0x0f,
	PE_PC = 0x10,
	PE_DATA = 0x30,
	PE_RELATIVE = 0x70,
	PE_INDIRECT = 0x80,
	PE_NONE = 0xff,
	PE_SORTED = PE_DATA | PE_S4, /* the one form of the search table that linkers write */
	HEADER = 4,
	AUGMENTATION = 8,
	ROW = 8,
	RECORD_MOST = 1 << 24,
};

static uint64_t pointer_bare(struct cursor *c, uint8_t encoding)
{
	switch (encoding & PE_FORMAT) {
	case PE_ABSOLUTE:
	case PE_U8:
	case PE_S8:
		return cursor_word(c, 8);
	case PE_ULEB:
		return cursor_uleb(c);
	case PE_U2:
		return cursor_word(c, 2);
	case PE_U4:
		return cursor_word(c, 4);
	case PE_SLEB:
		return (uint64_t)cursor_sleb(c);
	case PE_S2:
		return (uint64_t)cursor_signed(c, 2);
	case PE_S4:
		return (uint64_t)cursor_signed(c, 4);
	default:
		c->bad = true;
		return 0;
	}
}

static uint64_t pointer(struct cursor *c, uint8_t encoding, uint64_t data)
{
	uint64_t at = c->at, v = pointer_bare(c, encoding);

	switch (encoding & PE_RELATIVE) {
	case 0:
		break;
	case PE_PC:
		v += at;
		break;
	case PE_DATA:
		v += data;
		break;
	default:
		c->bad = true;
	}
	if (encoding & PE_INDIRECT && !c->bad && !c->space->read(c->space->you, v, &v, sizeof(v)))
		c->bad = true;
	return v;
}

/* ---- the search table ------------------------------------------------------------------------- */

struct search {
	const struct unwind_space *space;
	uint64_t hdr, rows;
	uint64_t n;
};

static bool search_begin(struct search *s, const struct unwind_space *space,
			 const struct unwind_module *m)
{
	struct cursor c = cursor_at(space, m->eh_frame_hdr, m->end);
	uint8_t version = cursor_u8(&c), frame = cursor_u8(&c), count = cursor_u8(&c);
	uint8_t rows = cursor_u8(&c);

	if (c.bad || version != 1 || count == PE_NONE || rows != PE_SORTED)
		return false;
	pointer(&c, frame, m->eh_frame_hdr);
	s->n = pointer(&c, count, m->eh_frame_hdr);
	s->space = space;
	s->hdr = m->eh_frame_hdr;
	s->rows = c.at;
	return !c.bad && s->n && s->n <= (m->end - c.at) / ROW;
}

/* Row i: where the function begins and where its entry is, both told from the header. */
static bool search_row(const struct search *s, uint64_t i, uint64_t *begin, uint64_t *entry)
{
	int32_t row[2];

	if (!s->space->read(s->space->you, s->rows + i * ROW, row, sizeof(row)))
		return false;
	*begin = s->hdr + (uint64_t)(int64_t)row[0];
	*entry = s->hdr + (uint64_t)(int64_t)row[1];
	return true;
}

/* The last row that begins at or before pc. */
static bool search_find(const struct search *s, uint64_t pc, uint64_t *entry)
{
	uint64_t low = 0, high = s->n, begin;

	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (!search_row(s, middle, &begin, entry))
			return false;
		if (begin <= pc)
			low = middle;
		else
			high = middle;
	}
	return search_row(s, low, &begin, entry) && begin <= pc;
}

/* ---- entries ---------------------------------------------------------------------------------- */

/* The length of a record; its end bounds the cursor from here. */
static bool record_begin(struct cursor *c)
{
	uint64_t n = cursor_word(c, 4);

	if (n == 0xffffffff)
		n = cursor_word(c, 8);
	if (c->bad || !n || n > RECORD_MOST || n > c->end - c->at)
		return false;
	c->end = c->at + n;
	return true;
}

struct head {
	uint8_t encoding; /* of the function's addresses */
	bool sized;	  /* entries have a sized part for the augmentation */
};

static void head_augmentation(struct cursor *c, const char *text, struct head *h,
			      struct unwind_entry *e)
{
	uint64_t n, end;

	n = cursor_uleb(c);
	if (c->bad || n > c->end - c->at) {
		c->bad = true;
		return;
	}
	end = c->at + n;
	h->sized = true;
	for (text++; *text && !c->bad; text++) {
		if (*text == 'R')
			h->encoding = cursor_u8(c);
		else if (*text == 'L')
			cursor_u8(c);
		else if (*text == 'P')
			pointer_bare(c, cursor_u8(c));
		else if (*text == 'S')
			e->is_signal = true;
		else
			break;
	}
	c->at = end;
}

/* What entries have in common (CIE). */
static bool head_read(const struct unwind_space *s, uint64_t at, uint64_t limit, struct head *h,
		      struct unwind_entry *e)
{
	struct cursor c = cursor_at(s, at, limit);
	char text[AUGMENTATION] = "";
	uint8_t version;

	if (!record_begin(&c) || cursor_word(&c, 4) != 0)
		return false;
	version = cursor_u8(&c);
	if (version != 1 && version != 3 && version != 4)
		return false;
	for (unsigned i = 0; (text[i] = (char)cursor_u8(&c)); i++)
		if (i + 1 == AUGMENTATION)
			return false;
	if (version == 4)
		cursor_skip(&c, 2);
	e->code_factor = cursor_uleb(&c);
	e->data_factor = cursor_sleb(&c);
	e->return_register = version == 1 ? cursor_u8(&c) : cursor_uleb(&c);
	if (text[0] == 'z')
		head_augmentation(&c, text, h, e);
	else if (text[0])
		return false;
	e->first[0] = c.at;
	e->first[1] = c.end;
	return !c.bad && e->return_register < UNWIND_REGISTERS;
}

static bool entry_read(const struct unwind_space *s, const struct unwind_module *m, uint64_t at,
		       struct unwind_entry *e)
{
	struct cursor c = cursor_at(s, at, m->end);
	uint64_t where, head;
	struct head h = { PE_ABSOLUTE, false };

	if (at < m->begin || !record_begin(&c))
		return false;
	where = c.at;
	head = where - cursor_word(&c, 4);
	if (c.bad || head == where || head < m->begin || head >= where)
		return false;
	if (!head_read(s, head, m->end, &h, e))
		return false;
	e->begin = pointer(&c, h.encoding, m->eh_frame_hdr);
	e->end = e->begin + pointer_bare(&c, h.encoding);
	if (h.sized)
		cursor_skip(&c, cursor_uleb(&c));
	e->second[0] = c.at;
	e->second[1] = c.end;
	return !c.bad;
}

bool table_find(const struct unwind_space *s, const struct unwind_module *m, uint64_t pc,
		struct unwind_entry *out)
{
	struct search search;
	uint64_t at;

	*out = (struct unwind_entry){ .base = m->eh_frame_hdr };
	return m->eh_frame_hdr >= m->begin && m->eh_frame_hdr < m->end &&
	       search_begin(&search, s, m) && search_find(&search, pc, &at) &&
	       entry_read(s, m, at, out) && pc >= out->begin && pc < out->end;
}
