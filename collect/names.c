/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/names.h"

#include "wire/control.h"
#include "wire/names.h"

#include <stdlib.h>

struct entry_step {
	const unsigned char *from;
	unsigned char *to;
	size_t room;
};

/* Bytes of an entry, its head included, in `room` bytes; 0: that is none. */
static size_t entry_size(uint32_t head, size_t room)
{
	size_t n = head & 0xffff, size = sizeof(head) + n;

	switch (head >> 16) {
	case NAME_TEXT:
		return n && n <= NAME_TEXT_MOST && size <= room ? size : 0;
	case NAME_SCOPE:
		return n >= NAME_SCOPE_TEXTS && n <= NAME_SCOPE_MOST && size <= room ? size : 0;
	case NAME_SITE:
		return size >= offsetof(struct name_site, reserved) && size <= room ? size : 0;
	default:
		return 0;
	}
}

/* Acquire: pairs with the writer's release of the head, which comes after the rest. */
static void entry_step(void *you)
{
	struct entry_step *s = you;
	uint32_t head = atomic_load_explicit((_Atomic uint32_t *)s->from, memory_order_acquire);
	size_t size = entry_size(head, s->room);

	if (!size)
		return;
	memcpy(s->to, &head, sizeof(head));
	memcpy(s->to + sizeof(head), s->from + sizeof(head), size - sizeof(head));
}

static uint32_t head_at(const unsigned char *p)
{
	uint32_t head;

	memcpy(&head, p, sizeof(head));
	return head;
}

/* The copy's entry of that kind and what follows its head; entries may overlap in a hostile one. */
static bool entry_of(struct name_book *book, uint16_t number, enum name_kind kind, struct str *out)
{
	struct intake *in = book->in;
	size_t at = (size_t)number * NAME_UNIT, room, size;

	if (!in || !number || at + NAME_UNIT > in->head.names_size)
		return false;
	if (!book->copy)
		book->copy = calloc(1, in->head.names_size);
	if (!book->copy)
		return false;
	room = in->head.names_size - at;
	if (!entry_size(head_at(book->copy + at), room) &&
	    intake_step(in, entry_step,
			&(struct entry_step){ in->map + in->head.names_at + at, book->copy + at,
					      room }) < 0)
		return false;
	size = entry_size(head_at(book->copy + at), room);
	if (!size || head_at(book->copy + at) >> 16 != (uint32_t)kind)
		return false;
	*out = (struct str){ (char *)book->copy + at + sizeof(uint32_t), size - sizeof(uint32_t) };
	return true;
}

bool names_text(struct name_book *book, uint16_t number, struct str *out)
{
	return entry_of(book, number, NAME_TEXT, out);
}

bool names_place(struct name_book *book, uint16_t number, struct code_place *out)
{
	uint16_t file, function;
	struct str site;

	if (!entry_of(book, number, NAME_SITE, &site))
		return false;
	*out = (struct code_place){ .function = STR("") };
	memcpy(&out->line, site.p, sizeof(out->line));
	memcpy(&file, site.p + 4, sizeof(file));
	memcpy(&function, site.p + 6, sizeof(function));
	names_text(book, function, &out->function);
	return names_text(book, file, &out->file);
}

struct logger_step {
	const struct control *control;
	uint8_t logger;
	uint16_t name;
};

static void logger_step(void *you)
{
	struct logger_step *s = you;

	s->name = atomic_load_explicit(&s->control->logger[s->logger], memory_order_relaxed);
}

bool names_logger(struct name_book *book, uint8_t logger, struct str *out)
{
	struct logger_step s = { .logger = logger };

	if (!book->in || !logger || logger >= CONTROL_LOGGERS)
		return false;
	s.control = (const void *)(book->in->map + book->in->head.control_at);
	return intake_step(book->in, logger_step, &s) == 0 && names_text(book, s.name, out);
}

struct scope_step {
	const struct names *names;
	unsigned scope;
	uint16_t row;
};

/* Acquire: pairs with the writer's release; the row is there. */
static void scope_step(void *you)
{
	struct scope_step *s = you;

	s->row = atomic_load_explicit(&s->names->scope[s->scope], memory_order_acquire);
}

bool names_scope(struct name_book *book, unsigned scope, struct str *out)
{
	struct scope_step s = { .scope = scope };

	if (!book->in || scope >= NAME_SCOPES)
		return false;
	s.names = (const void *)(book->in->map + book->in->head.names_at);
	return intake_step(book->in, scope_step, &s) == 0 && entry_of(book, s.row, NAME_SCOPE, out);
}

void name_book_fini(struct name_book *book)
{
	free(book->copy);
	*book = (struct name_book){ 0 };
}
