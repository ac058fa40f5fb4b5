/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FNV-1a with 64 bits: a number for a text, the same everywhere and for ever. Whoever looks for two texts of
 * one number finds them: where that would hurt, base/siphash.h.
 *
 *     h = fnv_add(fnv_add(FNV_START, a.p, a.n), b.p, b.n);
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define FNV_START 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

static inline uint64_t fnv_add(uint64_t h, const void *bytes, size_t n)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * FNV_PRIME;
	return h;
}
