/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     slots    hash -> [known][text][summary, NUL][batch, NUL][statement]      in `room`, one after another
 *     seen     the hash that came last, of each slot's texts
 *
 * Of a statement that was read, all before its buffers is kept as it is; its strings point into
 * buffers that were somewhere else then, at `from`.
 */
#include "agent/database/sql-known.h"

#include <stdatomic.h>

enum {
	ROOM_BYTES = 64 << 10,
	STATEMENT_MOST = 1024,
	SLOTS = 512,
	PROBES = 4,
	HEAD_BYTES = offsetof(struct sql, text_room),
};

struct known {
	uint64_t hash;
	size_t statement_n, text_n, summary_n;
	enum sql_dialect dialect;
	uintptr_t from;
	char head[HEAD_BYTES];
	char bytes[];
};

static _Alignas(struct known) char room[ROOM_BYTES];
static _Atomic size_t room_used;
static struct known *_Atomic slots[SLOTS]; /* stored with release, loaded with acquire */
static _Atomic uint32_t seen[SLOTS];	   /* a hint: relaxed */

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

static uint64_t word_at(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* Of eight bytes or more; the last eight may be hashed in part twice. */
static uint64_t hash_of(enum sql_dialect dialect, struct str s)
{
	uint64_t h = mix(s.n, dialect);

	for (size_t i = 0; i + 8 < s.n; i += 8)
		h = mix(h, word_at(s.p + i));
	return mix(h, word_at(s.p + s.n - 8));
}

static size_t part(char *to, const void *from, size_t n)
{
	memcpy(to, from, n);
	return n;
}

static size_t statement_at(const struct known *k)
{
	return k->text_n + k->summary_n + 1 + sizeof(((struct sql *)0)->batch_room);
}

static void moved(struct str *s, const struct sql *to, uintptr_t from)
{
	if (s->p)
		s->p = (const char *)to + ((uintptr_t)s->p - from);
}

static bool is_it(const struct known *k, uint64_t hash, enum sql_dialect dialect, struct str s)
{
	return k->hash == hash && k->statement_n == s.n && k->dialect == dialect &&
	       !memcmp(k->bytes + statement_at(k), s.p, s.n);
}

static const struct known *find(uint64_t hash, enum sql_dialect dialect, struct str s)
{
	for (unsigned i = 0; i < PROBES; i++) {
		const struct known *k =
			atomic_load_explicit(&slots[(hash + i) % SLOTS], memory_order_acquire);

		if (!k)
			return NULL;
		if (is_it(k, hash, dialect, s))
			return k;
	}
	return NULL;
}

static void recall(struct sql *out, const struct known *k)
{
	const char *p = k->bytes;

	memcpy(out, k->head, HEAD_BYTES);
	p += part(out->text_room, p, out->text.n);
	p += part(out->summary_room, p, out->summary.n + 1);
	if (out->statements > 1)
		memcpy(out->batch_room, p, sizeof(out->batch_room));
	moved(&out->text, out, k->from);
	moved(&out->summary, out, k->from);
	moved(&out->operation, out, k->from);
	moved(&out->collection, out, k->from);
	moved(&out->procedure, out, k->from);
}

/* Room for one, or NULL when there is none left. */
static struct known *room_take(size_t bytes)
{
	size_t at = atomic_load_explicit(&room_used, memory_order_relaxed);

	bytes = (bytes + _Alignof(struct known) - 1) & ~(_Alignof(struct known) - 1);
	do {
		if (bytes > ROOM_BYTES - at)
			return NULL;
	} while (!atomic_compare_exchange_weak_explicit(&room_used, &at, at + bytes,
							memory_order_relaxed,
							memory_order_relaxed));
	return (struct known *)(void *)(room + at);
}

static bool has_slot(uint64_t hash)
{
	for (unsigned i = 0; i < PROBES; i++)
		if (!atomic_load_explicit(&slots[(hash + i) % SLOTS], memory_order_relaxed))
			return true;
	return false;
}

static void publish(struct known *k)
{
	for (unsigned i = 0; i < PROBES; i++) {
		struct known *none = NULL;

		if (atomic_compare_exchange_strong_explicit(&slots[(k->hash + i) % SLOTS], &none, k,
							    memory_order_release,
							    memory_order_relaxed))
			return;
	}
}

static void keep(const struct sql *s, uint64_t hash, enum sql_dialect dialect, struct str statement)
{
	size_t all = sizeof(struct known) + s->text.n + s->summary.n + 1 + sizeof(s->batch_room) +
		     statement.n;
	struct known *k = has_slot(hash) ? room_take(all) : NULL;
	char *p;

	if (!k)
		return;
	k->hash = hash;
	k->statement_n = statement.n;
	k->text_n = s->text.n;
	k->summary_n = s->summary.n;
	k->dialect = dialect;
	k->from = (uintptr_t)s;
	memcpy(k->head, s, HEAD_BYTES);
	p = k->bytes;
	p += part(p, s->text_room, s->text.n);
	p += part(p, s->summary_room, s->summary.n + 1);
	p += part(p, s->batch_room, sizeof(s->batch_room));
	memcpy(p, statement.p, statement.n);
	publish(k);
}

/* Has it come before, as far as is known? From now on it has. */
static bool comes_again(uint64_t hash)
{
	_Atomic uint32_t *last = &seen[hash % SLOTS];
	uint32_t mark = (uint32_t)(hash >> 32);

	if (atomic_load_explicit(last, memory_order_relaxed) == mark)
		return true;
	atomic_store_explicit(last, mark, memory_order_relaxed);
	return false;
}

void sql_recall(struct sql *out, enum sql_dialect dialect, struct str statement)
{
	const struct known *k;
	uint64_t hash;

	if (statement.n < 8 || statement.n > STATEMENT_MOST) {
		sql_read(out, dialect, statement);
		return;
	}
	hash = hash_of(dialect, statement);
	k = find(hash, dialect, statement);
	if (k) {
		recall(out, k);
		return;
	}
	sql_read(out, dialect, statement);
	if ((out->rows || out->text.n == statement.n) && comes_again(hash))
		keep(out, hash, dialect, statement);
}
