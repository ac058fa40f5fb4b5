/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table: from a library's own pointer (a connection, a handle) to what we know of it.
 *
 *     static struct table_slot slots[4096];
 *     static struct table handles = { slots, 4096 };           a power of two
 *
 * A key lies within TABLE_REACH slots of where it hashes to, so a lookup reads at most those, and a
 * removal leaves no trace. A key is put and removed by one thread at a time (whoever makes and
 * destroys the thing), and may be looked up by any other meanwhile. No locks; signal-safe.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_slot {
	_Atomic uintptr_t key;
	_Atomic(void *) value;
	_Atomic uint32_t removed; /* how often */
};

struct table {
	struct table_slot *slot;
	size_t n;
};

enum { TABLE_REACH = 16 };

bool table_put(const struct table *t, const void *key, void *value); /* false: no room */
void *table_get(const struct table *t, const void *key);	     /* NULL: unknown */
void *table_remove(const struct table *t, const void *key);	     /* its value, or NULL */
