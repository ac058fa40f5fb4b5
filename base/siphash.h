/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a short keyed hash that tells nothing about its input to
 * who doesn't have the key. Guest-safe.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t sip_left(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = sip_left(v[1], 13) ^ v[0];
	v[0] = sip_left(v[0], 32);
	v[2] += v[3];
	v[3] = sip_left(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = sip_left(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = sip_left(v[1], 17) ^ v[2];
	v[2] = sip_left(v[2], 32);
}

static inline void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
}

static inline uint64_t siphash(const uint64_t key[2], const void *bytes, size_t n)
{
	uint64_t v[4] = { key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du,
			  key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u };
	const unsigned char *p = bytes;
	uint64_t word, last = (uint64_t)n << 56;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&word, p, 8);
		sip_word(v, word);
	}
	for (size_t i = 0; i < n; i++)
		last |= (uint64_t)p[i] << 8 * i;
	sip_word(v, last);
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
