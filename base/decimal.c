/* SPDX-License-Identifier: Apache-2.0 */
#include "base/decimal.h"

#include <string.h>

typedef unsigned __int128 wide;

enum { MANTISSA = 52, BIAS = 1075, DIGITS_LEAST = 15, DIGITS_MOST = 17, SCALE_MOST = 20 };

static const uint64_t power_of_5[SCALE_MOST + 1] = { 1ull,
						     5ull,
						     25ull,
						     125ull,
						     625ull,
						     3125ull,
						     15625ull,
						     78125ull,
						     390625ull,
						     1953125ull,
						     9765625ull,
						     48828125ull,
						     244140625ull,
						     1220703125ull,
						     6103515625ull,
						     30517578125ull,
						     152587890625ull,
						     762939453125ull,
						     3814697265625ull,
						     19073486328125ull,
						     95367431640625ull };

/* v = fraction * 2^-down, and its first digit stands at 10^exponent10. */
struct parts {
	uint64_t fraction;
	int down;
	int exponent10;
};

static int exponent10_of(double v)
{
	static const double at[] = { 1e-3, 1e-2, 1e-1, 1e0, 1e1,  1e2,	1e3,  1e4,  1e5,
				     1e6,  1e7,	 1e8,  1e9, 1e10, 1e11, 1e12, 1e13, 1e14 };
	int n = 0;

	while (n < (int)(sizeof(at) / sizeof(at[0])) && v >= at[n])
		n++;
	return n - 4;
}

static struct parts parts_of(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return (struct parts){ .fraction = (bits & ((1ull << MANTISSA) - 1)) | 1ull << MANTISSA,
			       .down = BIAS - (int)(bits >> MANTISSA),
			       .exponent10 = exponent10_of(v) };
}

/*
 * v * 10^scale = fraction * 5^scale * 2^(scale - down), which lies below 2^100. The nearest double
 * is 2^-down away, and half of that below a power of two.
 */
static bool decimal_try(const struct parts *p, int n_digits, struct decimal *out)
{
	unsigned scale = (unsigned)(n_digits - 1 - p->exponent10), shift;
	wide value = (wide)p->fraction * power_of_5[scale], half, nearest, off;
	uint64_t digits;

	shift = (unsigned)p->down - scale;
	half = shift ? (wide)1 << (shift - 1) : 0;
	digits = (uint64_t)((value + half) >> shift);
	digits -= digits % 2 && (value & (((wide)1 << shift) - 1)) == half && shift;
	nearest = (wide)digits << shift;
	off = nearest > value ? nearest - value : value - nearest;
	*out = (struct decimal){ digits, scale };
	if (p->fraction == 1ull << MANTISSA)
		off *= 2;
	return n_digits == DIGITS_MOST || off * 2 < power_of_5[scale];
}

bool decimal_of(double v, struct decimal *out)
{
	struct parts p;

	if (!(v >= 1e-4 && v < 1e15))
		return false;
	p = parts_of(v);
	for (int n = DIGITS_LEAST; n <= DIGITS_MOST; n++) {
		unsigned scale = (unsigned)(n - 1 - p.exponent10);

		if ((int)scale > p.down)
			return false;
		if (decimal_try(&p, n, out))
			break;
	}
	while (out->scale && out->digits % 10 == 0) {
		out->digits /= 10;
		out->scale--;
	}
	return true;
}
