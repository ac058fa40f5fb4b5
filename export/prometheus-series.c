/* SPDX-License-Identifier: Apache-2.0 */
#include "export/prometheus-series.h"

#include "base/err.h"
#include "model/point.h"
#include "model/stats.h"

#include <errno.h>
#include <stdlib.h>

enum { ROOM_FIRST = 256, LABELS_USUAL = 256 };

void series_fini(struct series *s)
{
	free(s->item);
	free(s->slot);
	out_fini(&s->text);
	arena_fini(&s->arena);
	*s = (struct series){ 0 };
}

static inline uint64_t word_at(const char *p)
{
	uint64_t word;

	memcpy(&word, p, 8);
	return word;
}

static inline uint64_t mixed(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Not against people who look for collisions: those cost time, and labels are compared. */
static uint32_t hash_of(struct str text)
{
	uint64_t h = text.n ^ 0x9e3779b97f4a7c15u, last[2] = { 0 };

	for (; text.n >= 16; text = str_from(text, 16))
		h = mixed(word_at(text.p) ^ 0x2545f4914f6cdd1du, word_at(text.p + 8) ^ h);
	memcpy(last, text.p, text.n);
	h = mixed(last[0] ^ 0x2545f4914f6cdd1du, last[1] ^ h);
	return (uint32_t)(h ^ h >> 32);
}

/* At least every second slot stays empty: looking further costs more than room. */
static bool series_room(struct series *s, size_t n)
{
	size_t slots = ROOM_FIRST;

	if (n <= s->room)
		return true;
	while (slots < n * 2)
		slots *= 2;
	if (n > UINT32_MAX / 4)
		return false;
	free(s->item);
	free(s->slot);
	s->item = malloc(n * sizeof(*s->item));
	s->slot = calloc(slots, sizeof(*s->slot));
	s->room = s->item && s->slot ? n : 0;
	s->n_slots = s->slot ? slots : 0;
	return s->room;
}

void series_begin(struct series *s, size_t n_points)
{
	s->n = 0;
	s->expected = n_points;
	out_clear(&s->text);
	if (s->n_slots)
		memset(s->slot, 0, s->n_slots * sizeof(*s->slot));
	if (!series_room(s, n_points))
		s->error = ERR(-ENOMEM);
}

static bool series_join(struct series *s, struct series_item *item, const struct metric_point *p)
{
	struct point_room room = { .n_buckets = 0 };
	struct metric_point *sum;

	if (!point_can_add(item->point, p)) {
		stats_add(scrape_duplicates, 1);
		return true;
	}
	sum = arena_take_n(&s->arena, struct metric_point, 1);
	if (!sum)
		return false;
	*sum = *item->point;
	item->point = sum;
	return point_add(sum, &room, p, &s->arena);
}

static uint32_t *series_find(struct series *s, struct str text, uint32_t hash)
{
	size_t at = hash & (s->n_slots - 1);

	for (; s->slot[at]; at = (at + 1) & (s->n_slots - 1)) {
		const struct series_item *i = &s->item[s->slot[at] - 1];

		if (i->hash == hash && i->n == text.n &&
		    memcmp(s->text.p + i->at, text.p, text.n) == 0)
			break;
	}
	return &s->slot[at];
}

void series_add(struct series *s, const struct metric_point *p, struct labels *l)
{
	size_t most = labels_bound(l, p);
	struct str text;
	uint32_t hash, *slot;

	if (!most || !out_reserve(&s->text, most) || s->n == s->room) {
		s->error = ERR(-ENOMEM);
		return;
	}
	text.p = s->text.p + s->text.n;
	text.n = (size_t)(labels_write(l, s->text.p + s->text.n, p) - text.p);
	hash = hash_of(text);
	slot = series_find(s, text, hash);
	if (*slot) {
		if (!series_join(s, &s->item[*slot - 1], p))
			s->error = ERR(-ENOMEM);
		return;
	}
	/* The others will be about as long. */
	if (!s->n)
		out_reserve(&s->text,
			    (text.n < LABELS_USUAL ? text.n + 16 : LABELS_USUAL) * s->expected);
	s->item[s->n] = (struct series_item){ p, s->text.n, (uint32_t)text.n, hash };
	s->text.n += text.n;
	*slot = (uint32_t)++s->n;
}
