/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `value` is stored with release after the key was claimed and loaded with acquire by the lookup:
 * a key whose value is not there yet is unknown. Removing empties the value before the key. A value
 * is the key's if nothing was removed from the slot meanwhile: another key may have come, and gone again.
 */
#include "agent/table.h"

static struct table_slot *slot_at(const struct table *t, const void *key, size_t i)
{
	uint64_t h = (uint64_t)(uintptr_t)key * 0x9e3779b97f4a7c15u;

	return &t->slot[((h >> 32) + i) & (t->n - 1)];
}

static struct table_slot *slot_find(const struct table *t, const void *key)
{
	for (size_t i = 0; i < TABLE_REACH; i++) {
		struct table_slot *s = slot_at(t, key, i);

		if (atomic_load_explicit(&s->key, memory_order_acquire) == (uintptr_t)key)
			return s;
	}
	return NULL;
}

bool table_put(const struct table *t, const void *key, void *value)
{
	for (size_t i = 0; i < TABLE_REACH; i++) {
		struct table_slot *s = slot_at(t, key, i);
		uintptr_t none = 0;

		if (atomic_load_explicit(&s->key, memory_order_relaxed) ||
		    !atomic_compare_exchange_strong_explicit(&s->key, &none, (uintptr_t)key,
							     memory_order_acq_rel,
							     memory_order_relaxed))
			continue;
		atomic_store_explicit(&s->value, value, memory_order_release);
		return true;
	}
	return false;
}

/* The first look at the key may fall into its removal, the second one can't, unless another key went. */
void *table_get(const struct table *t, const void *key)
{
	const struct table_slot *s = key ? slot_find(t, key) : NULL;
	uint32_t removed;
	void *value;

	if (!s)
		return NULL;
	removed = atomic_load_explicit(&s->removed, memory_order_acquire);
	if (atomic_load_explicit(&s->key, memory_order_acquire) != (uintptr_t)key)
		return NULL;
	value = atomic_load_explicit(&s->value, memory_order_acquire);
	if (atomic_load_explicit(&s->key, memory_order_acquire) != (uintptr_t)key ||
	    atomic_load_explicit(&s->removed, memory_order_relaxed) != removed)
		return NULL;
	return value;
}

void *table_remove(const struct table *t, const void *key)
{
	struct table_slot *s = key ? slot_find(t, key) : NULL;
	void *value;

	if (!s)
		return NULL;
	value = atomic_exchange_explicit(&s->value, NULL, memory_order_acq_rel);
	atomic_fetch_add_explicit(&s->removed, 1, memory_order_release);
	atomic_store_explicit(&s->key, 0, memory_order_release);
	return value;
}
