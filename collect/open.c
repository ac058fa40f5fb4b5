/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/open.h"

#include "base/clock.h"
#include "base/fetch.h"

#include <stdlib.h>

enum { OPEN_FIRST = 256 };

/* Ids are the service's choice: the seed keeps it from choosing ones that fall on one place. */
static size_t open_home(const struct open_table *t, uint64_t id)
{
	uint64_t h = (id ^ t->seed) * 0x9e3779b97f4a7c15u;

	h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
	return (size_t)(h >> 32) & (t->room - 1);
}

struct open_span *open_find(const struct open_table *t, uint64_t id)
{
	if (!t->room)
		return NULL;
	for (size_t i = open_home(t, id); t->slot[i].span; i = (i + 1) & (t->room - 1))
		if (t->slot[i].id == id)
			return t->slot[i].span;
	return NULL;
}

static void open_place(struct open_table *t, struct open_span *o)
{
	size_t i = open_home(t, o->id);

	while (t->slot[i].span)
		i = (i + 1) & (t->room - 1);
	t->slot[i] = (struct open_slot){ o->id, o };
}

static bool open_resize(struct open_table *t, size_t room)
{
	size_t was = t->room;
	struct open_slot *slot = calloc(room, sizeof(*slot)), *old = t->slot;

	if (!slot)
		return false;
	if (!t->seed)
		t->seed = clock_mono_ns() * 0x2545f4914f6cdd1du ^ (uintptr_t)slot;
	t->slot = slot;
	t->room = room;
	for (size_t i = 0; i < was; i++)
		if (old[i].span)
			open_place(t, old[i].span);
	free(old);
	return true;
}

static bool open_widen(struct open_table *t)
{
	return open_resize(t, t->room ? t->room * 2 : OPEN_FIRST);
}

struct open_span *open_add(struct open_table *t, uint64_t id)
{
	struct open_span *o = t->spare;

	if (t->n >= OPEN_MOST || (t->n * 2 >= t->room && !open_widen(t)))
		return NULL;
	if (o) {
		t->spare = o->next;
		fetch_to_write(t->spare, sizeof(*o));
	} else {
		o = arena_take(&t->arena, sizeof(*o));
	}
	if (!o)
		return NULL;
	*o = (struct open_span){ .id = id };
	o->tail = &o->detail;
	open_place(t, o);
	t->n++;
	if (t->n > t->most)
		t->most = t->n;
	return o;
}

static uint32_t piece_class(size_t n)
{
	uint32_t class = PIECE_SMALL / 64;

	if (n <= PIECE_SMALL)
		return (uint32_t)((n + 63) / 64 - 1);
	for (size_t size = PIECE_SMALL * 2; size < n; size *= 2)
		class += 1;
	return class;
}

static size_t piece_room(uint32_t class)
{
	if (class < PIECE_SMALL / 64)
		return (class + 1) * 64u;
	return (size_t)PIECE_SMALL * 2 << (class - PIECE_SMALL / 64);
}

struct piece *open_copy(struct open_table *t, struct open_span *o, const struct record_head *h,
			uint32_t tid)
{
	uint32_t class = piece_class(sizeof(struct piece) + h->size);
	struct piece *p;

	if (class >= PIECE_CLASSES || o->memory + h->size > OPEN_SPAN_MEMORY)
		return NULL;
	p = t->spare_piece[class];
	if (p) {
		t->spare_piece[class] = p->next;
		fetch_to_write(p->next, sizeof(*p) + h->size);
	} else if (t->arena.total < OPEN_MEMORY) {
		p = arena_take(&t->arena, piece_room(class));
	}
	if (!p)
		return NULL;
	p->next = NULL;
	p->tid = tid;
	p->slab = class;
	p->place = t->here;
	t->n_copies++;
	memcpy(p->bytes, h, h->size);
	o->memory += h->size;
	return p;
}

bool open_keep(struct open_table *t, struct open_span *o, const struct record_head *h, uint32_t tid)
{
	struct piece *p = open_copy(t, o, h, tid);

	if (!p)
		return false;
	*o->tail = p;
	o->tail = &p->next;
	o->n_details++;
	return true;
}

static void piece_free(struct open_table *t, struct piece *p)
{
	p->next = t->spare_piece[p->slab];
	t->spare_piece[p->slab] = p;
}

/* Linear probing without tombstones: what probed past the hole moves into it. */
static void open_unplace(struct open_table *t, const struct open_span *o)
{
	size_t mask = t->room - 1, hole = open_home(t, o->id);

	while (t->slot[hole].span != o)
		hole = (hole + 1) & mask;
	for (size_t i = (hole + 1) & mask; t->slot[i].span; i = (i + 1) & mask) {
		size_t home = open_home(t, t->slot[i].id);

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			t->slot[hole] = t->slot[i];
			hole = i;
		}
	}
	t->slot[hole].span = NULL;
}

/* A table that is larger than need be is more to fetch. */
static void open_narrow(struct open_table *t)
{
	if (t->room > OPEN_FIRST && t->most * 8 < t->room)
		open_resize(t, t->room / 2);
	t->most -= t->most / 8;
}

static void open_shrink(struct open_table *t)
{
	arena_fini(&t->arena);
	free(t->slot);
	*t = (struct open_table){
		.seed = t->seed, .here = t->here, .n_copies = t->n_copies, .gone = t->gone
	};
}

/* Without memory the place is forgotten: its chunk then waits until it is needed. */
static void places_add(struct places *l, struct place place)
{
	if (!place.gen)
		return;
	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 64;
		struct place *item = realloc(l->item, room * sizeof(*item));

		if (!item)
			return;
		l->item = item;
		l->room = room;
	}
	l->item[l->n++] = place;
}

void open_remove(struct open_table *t, struct open_span *o)
{
	open_unplace(t, o);
	if (o->start) {
		places_add(&t->gone, o->start->place);
		piece_free(t, o->start);
	}
	for (struct piece *p = o->detail, *next; p; p = next) {
		next = p->next;
		p->place.at = 0;
		places_add(&t->gone, p->place);
		piece_free(t, p);
	}
	o->next = t->spare;
	t->spare = o;
	if (--t->n)
		return;
	if (t->arena.total > OPEN_MEMORY / 8)
		open_shrink(t);
	else
		open_narrow(t);
}

void open_fini(struct open_table *t)
{
	arena_fini(&t->arena);
	free(t->slot);
	free(t->gone.item);
	*t = (struct open_table){ 0 };
}
