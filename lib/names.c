/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/names.h"

#include "lib/process.h"
#include "wire/names.h"

static struct names *names_area(void)
{
	return (struct names *)((char *)process.segment + process.segment->names_at);
}

static uint32_t entry_size(uint32_t head)
{
	uint32_t n = (uint32_t)offsetof(struct name_text, bytes) + (head & 0xffff);

	return (n + NAME_UNIT - 1) & ~(NAME_UNIT - 1u);
}

/* Acquire: pairs with names_add's release; the bytes come before their head. */
static uint16_t names_find(uint32_t head, struct str bytes)
{
	const struct names *area = names_area();
	uint32_t used = atomic_load_explicit(&area->used, memory_order_relaxed);

	if (used > process.segment->names_size)
		return 0;
	for (uint32_t at = sizeof(*area); at + sizeof(struct name_text) <= used;) {
		const struct name_text *e = (const void *)((const char *)area + at);
		uint32_t its = atomic_load_explicit(&e->head, memory_order_acquire);

		if (!its || entry_size(its) > used - at)
			return 0;
		if (its == head && memcmp(e->bytes, bytes.p, bytes.n) == 0)
			return (uint16_t)(at / NAME_UNIT);
		at += entry_size(its);
	}
	return 0;
}

/* Where `size` bytes are ours now; 0: there is no room for them. */
static uint32_t names_claim(uint32_t size)
{
	struct names *area = names_area();
	uint32_t at = atomic_load_explicit(&area->used, memory_order_relaxed);

	do
		if (at > process.segment->names_size || size > process.segment->names_size - at)
			return 0;
	while (!atomic_compare_exchange_weak_explicit(&area->used, &at, at + size,
						      memory_order_relaxed, memory_order_relaxed));
	return at;
}

static uint16_t names_add(uint32_t head, struct str bytes)
{
	uint32_t at = names_claim(entry_size(head));
	struct name_text *e = (struct name_text *)((char *)names_area() + at);

	if (!at) {
		process_lose(LOSS_names_no_room, 1);
		return 0;
	}
	memcpy(e->bytes, bytes.p, bytes.n);
	atomic_store_explicit(&e->head, head, memory_order_release);
	return (uint16_t)(at / NAME_UNIT);
}

static uint16_t names_entry(enum name_kind kind, struct str bytes)
{
	uint32_t head = NAME_HEAD(kind, bytes.n);
	uint16_t number = names_find(head, bytes);

	return number ? number : names_add(head, bytes);
}

uint16_t names_text(struct str text)
{
	if (!text.n || !process_is_ours())
		return 0;
	if (text.n > NAME_TEXT_MOST)
		text = str_from(text, text.n - NAME_TEXT_MOST);
	return names_entry(NAME_TEXT, text);
}

/* Release: who sees the number sees the row. */
void names_scope(uint32_t scope, struct str row)
{
	if (process_is_ours())
		atomic_store_explicit(&names_area()->scope[scope], names_entry(NAME_SCOPE, row),
				      memory_order_release);
}

uint16_t names_learn(struct oriel_site *site, uint32_t mark)
{
	struct name_site s = { .line = site->line };
	uint16_t number = 0;

	if (!process_is_ours())
		return 0;
	s.file = names_text(str_of(site->file));
	s.function = names_text(str_of(site->function));
	if (s.file)
		number = names_entry(NAME_SITE, (struct str){ (const char *)&s + sizeof(s.head),
							      offsetof(struct name_site, reserved) -
								      sizeof(s.head) });
	__atomic_store_n(&site->number, mark | number, __ATOMIC_RELAXED);
	return number;
}
