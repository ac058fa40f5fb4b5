/* SPDX-License-Identifier: Apache-2.0 */
#include "export/msgpack.h"

enum {
	MAP_16 = 0xde,
	MAP_32 = 0xdf,
	ARRAY_16 = 0xdc,
	ARRAY_32 = 0xdd,
	STR_8 = 0xd9,
	STR_16 = 0xda,
	STR_32 = 0xdb,
	UINT_8 = 0xcc,
	UINT_16 = 0xcd,
	UINT_32 = 0xce,
	UINT_64 = 0xcf,
	FLOAT_64 = 0xcb,
};

/* A type's byte, and `n` bytes of `v`, the highest first. */
static void put(struct out *o, uint8_t type, uint64_t v, unsigned n)
{
	uint8_t bytes[9] = { type };

	for (unsigned i = 0; i < n; i++)
		bytes[1 + i] = (uint8_t)(v >> (8 * (n - 1 - i)));
	out_bytes(o, bytes, 1 + n);
}

void msgpack_map(struct out *o, uint32_t n)
{
	if (n < 16)
		put(o, (uint8_t)(0x80 | n), 0, 0);
	else
		put(o, n <= UINT16_MAX ? MAP_16 : MAP_32, n, n <= UINT16_MAX ? 2 : 4);
}

void msgpack_array(struct out *o, uint32_t n)
{
	if (n < 16)
		put(o, (uint8_t)(0x90 | n), 0, 0);
	else
		put(o, n <= UINT16_MAX ? ARRAY_16 : ARRAY_32, n, n <= UINT16_MAX ? 2 : 4);
}

void msgpack_str(struct out *o, struct str text)
{
	uint32_t n = text.n < UINT32_MAX ? (uint32_t)text.n : UINT32_MAX;

	if (n < 32)
		put(o, (uint8_t)(0xa0 | n), 0, 0);
	else if (n <= UINT8_MAX)
		put(o, STR_8, n, 1);
	else
		put(o, n <= UINT16_MAX ? STR_16 : STR_32, n, n <= UINT16_MAX ? 2 : 4);
	out_bytes(o, text.p, n);
}

void msgpack_u64(struct out *o, uint64_t v)
{
	if (v < 128)
		put(o, (uint8_t)v, 0, 0);
	else if (v <= UINT8_MAX)
		put(o, UINT_8, v, 1);
	else if (v <= UINT16_MAX)
		put(o, UINT_16, v, 2);
	else if (v <= UINT32_MAX)
		put(o, UINT_32, v, 4);
	else
		put(o, UINT_64, v, 8);
}

void msgpack_f64(struct out *o, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	put(o, FLOAT_64, bits, 8);
}
